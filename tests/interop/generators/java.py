"""wsimport, CXF, Axis2 and Axis 1.4, all in one JVM: see `src/main/java/example/Generators.java`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree

from interop.clients import build_with_maven
from interop.generators import Contracts, Made, Texts, texts_of
from interop.generators.compiled import run

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE: Final = Path(__file__).parent
TOOLS: Final = ("wsimport", "cxf", "cxf-bare", "axis2", "axis")
JAXB: Final = ("wsimport", "cxf", "cxf-bare")


def java(contracts: Contracts) -> Mapping[tuple[str, str], Made]:
    """Generate, compile and read with all of them; what each made of each contract."""
    jar = build_with_maven(_HERE, "generators")
    pairs = [word for pair in contracts.addresses.items() for word in pair]
    options = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(jar))
    told = run("java", *options, str(contracts.folder), *pairs, folder=contracts.folder)
    found: dict[tuple[str, str], Made] = {}
    for line in told.splitlines():
        tool, contract, what, which = line.split("\t")
        made = found.setdefault((tool, contract), Made())
        if what == "failed":
            made.failed = which
        elif what == "class":
            made.classes.add(which.lower())
        elif what == "operation":
            made.operations.add(which.lower())
        else:
            owner, _, child = which.lower().partition(".")
            made.lists.add((owner, child))
    return found


def read_with_jaxb(contracts: Contracts, tool: str) -> dict[tuple[str, str], Texts]:
    """Return what the classes of that tool wrote of what they read."""
    files = (contracts.folder / "read" / tool).glob("*/*.xml")
    return {(file.parent.name, file.stem): texts_of(etree.parse(file).getroot()) for file in files}
