"""wsdl-tsclient for TypeScript and zeep for Python: what they make of contracts, and read."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.request import urlopen

import zeep
from lxml import etree

from interop.clients import build_with_npm
from interop.generators import Contracts, Made, Texts, plain, texts_of
from interop.generators.compiled import run

if TYPE_CHECKING:
    from collections.abc import Iterator

_NODE: Final = Path(__file__).parent / "node"


# --- wsdl-tsclient --------------------------------------------------------------------------------


def tsclient(contracts: Contracts, name: str) -> Made:
    """Generate a client; `tsc` compiles it together with what reads messages by it."""
    folder = _typescript(contracts)
    wsdl = folder / f"{name}.wsdl"
    with urlopen(contracts.addresses[name]) as served:  # noqa: S310  (our own service)
        wsdl.write_bytes(served.read())
    run(str(folder / "node_modules/.bin/wsdl-tsclient"), "--quiet", str(wsdl), "-o", name, folder=folder)
    made = Made()
    for file in (folder / name).glob("*/definitions/*.ts"):
        made.classes.add(file.stem.lower())
        children = re.findall(r"^\s+(\w+)\??: Array<", file.read_text("utf-8"), re.MULTILINE)
        made.lists |= {(file.stem.lower(), child.lower()) for child in children}
    (client,) = (folder / name).glob("*/client.ts")
    made.operations = {
        one.lower() for one in re.findall(r"^\s+(\w+)Async\(", client.read_text("utf-8"), re.MULTILINE)
    }
    return made


@cache
def _install() -> None:
    build_with_npm(_NODE)


def _typescript(contracts: Contracts) -> Path:
    folder = contracts.folder / "ts"
    if not folder.is_dir():
        _install()
        folder.mkdir()
        (folder / "node_modules").symlink_to(_NODE / "node_modules")
        shutil.copy(_NODE / "read.ts", folder)
    return folder


def compile_typescript(contracts: Contracts, *names: str) -> None:
    """Compile all that was generated, strictly. Raises: `RuntimeError` with what the compiler said."""
    folder = _typescript(contracts)
    options = (
        "--strict",
        "--skipLibCheck",
        "--module",
        "commonjs",
        "--target",
        "es2022",
        "--esModuleInterop",
    )
    indices = [str(next((folder / name).glob("*/index.ts"))) for name in names]
    tsc = str(folder / "node_modules/.bin/tsc")
    run(tsc, *options, "--types", "node", "--outDir", "js", "read.ts", *indices, folder=folder)


def read_with_typescript(contracts: Contracts) -> dict[tuple[str, str], Texts]:
    """Return what node-soap, by the WSDL, gives to who uses the generated types."""
    folder = _typescript(contracts)
    wsdls = (contracts.addresses[name] for name in ("v1", "issuing"))
    told = run("node", "js/read.js", str(contracts.messages), *wsdls, folder=folder)
    found: dict[tuple[str, str], Texts] = {}
    for line in told.splitlines():
        contract, message, read = line.split("\t", 2)
        found[contract, message] = Counter(_texts_in(json.loads(read)[message], ""))
    return found


def _texts_in(read: Any, place: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401  (JSON)
    if isinstance(read, dict):
        for name, value in read.items():
            if name == "attributes":
                yield from ((f"{place}/@{one}", text) for one, text in value.items())
            else:
                yield from _texts_in(value, place if name == "$value" else f"{place}/{name}")
    elif isinstance(read, list):
        for one in read:
            yield from _texts_in(one, place)
    else:
        text = str(read).lower() if isinstance(read, bool) else str(read)
        yield place, plain(text)


# --- zeep -----------------------------------------------------------------------------------------


def strict_zeep(contracts: Contracts, name: str) -> Made:
    """Read a contract; zeep makes its types as it goes."""
    client = zeep.Client(contracts.addresses[name])  # type: ignore[no-untyped-call]
    made = Made()
    for kind in client.wsdl.types.types:
        owner = str(kind.name or "").lower()
        made.classes.add(owner)
    for element in client.wsdl.types.elements:
        made.classes.add(str(element.name).lower())
        made.lists |= set(_lists(str(element.name), getattr(element, "type", None)))
    for kind in client.wsdl.types.types:
        made.lists |= set(_lists(str(kind.name or ""), kind))
    for binding in client.wsdl.bindings.values():
        made.operations |= {str(one).lower() for one in binding.all()}  # type: ignore[no-untyped-call]
    return made


def _lists(owner: str, kind: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  (zeep has no types)
    for child, element in getattr(kind, "elements", ()):
        if element.accepts_multiple:
            yield owner.lower(), str(child).lower()


def read_with_zeep(contracts: Contracts) -> dict[tuple[str, str], Texts]:
    """Return what zeep writes of what it read, strictly."""
    found = {}
    for folder in contracts.messages.iterdir():
        client = zeep.Client(contracts.addresses[folder.name])  # type: ignore[no-untyped-call]
        for file in folder.iterdir():
            message = etree.parse(file).getroot()
            element = client.get_element(str(message.tag))  # type: ignore[no-untyped-call]
            again = etree.Element("again")
            element.render(again, element.parse(message, client.wsdl.types))
            found[folder.name, file.stem] = texts_of(again[0])
    return found
