"""Code generators read the contracts as they are served, compile, and lose nothing of a message.

Which version each is, and what its user has to know: `docs/integration.md`, whose table is held to this lane.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zeep
from lxml import etree

from instances import Instances
from interop.clients import need, not_here
from interop.generators import Contracts, Made, Texts, texts_of
from interop.generators.compiled import go_module, gowsdl, gsoap, read_with_go
from interop.generators.java import JAXB, TOOLS, java, read_with_jaxb
from interop.generators.typed import (
    compile_typescript,
    read_with_typescript,
    read_with_zeep,
    strict_zeep,
    tsclient,
)
from notigateway.published import published_folder
from notigateway.soap.wscn.environment import PRODUCTION, TEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.interop
GENERATORS = Path(__file__).parent / "generators"
SCHEMAS = {
    "v1": "notigateway-v1",
    "issuing": "notigateway-issuing-v1",
    "wscn": "wscn-v1",
    "wscnpruebas": "wscn-pruebas-v1",
    "v1soap12": "notigateway-v1",
}
READ = ("v1", "issuing")
PATHS = {
    "v1": "/notigateway/v1?wsdl",
    "issuing": "/notigateway/issuing/v1?wsdl",
    "wscn": f"{PRODUCTION.path}?wsdl",
    "wscnpruebas": f"{TEST.path}?wsdl",
    "v1soap12": "/notigateway/v1?wsdl=soap12",
}
# Axis 1.4 is older than the WSDL of SOAP 1.2.
UNKNOWN = {("axis", "v1soap12")}
FAULT = "GatewayFault"
XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory, sandbox: Running) -> Contracts:
    """Name the contracts as they are served, and write a complete message of each element."""
    folder = tmp_path_factory.mktemp("generators")
    for name in READ:
        made = Instances(SCHEMAS[name])
        messages = folder / "messages" / name
        messages.mkdir(parents=True)
        for element in made.names():
            (messages / f"{element}.xml").write_bytes(etree.tostring(made.of(element)))
    host = sandbox.url.removesuffix("/notigateway/v1")
    return Contracts({name: f"{host}{path}" for name, path in PATHS.items()}, folder)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be there of a contract, in lower case."""

    fault: str
    operations: frozenset[str]
    lists: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, name: str) -> Wanted:
        """Read it in the published files."""
        folder = published_folder("wsdl")
        schema = etree.parse(folder / f"{SCHEMAS[name]}.xsd").getroot()
        operations = etree.parse(folder / f"{SCHEMAS[name]}.wsdl").iterfind("{*}portType/{*}operation")
        lists = {
            (str(owner.get("name")).lower(), str(child.get("name")).lower())
            for owner in schema
            for child in owner.iter(f"{XS}element")
            if child.get("maxOccurs") == "unbounded"
        }
        faults = [str(one.get("name")) for one in schema if "Excepcion" in str(one.get("name"))]
        names = frozenset(str(one.get("name")).lower() for one in operations)
        return cls((faults or [FAULT])[0].lower(), names, frozenset(lists))


def needs(*programs: str) -> None:
    """Skip without these; in CI none is missing."""
    need(not_here(*programs))


def check(made: Made, name: str, *, own_names: bool = False, faults: bool = True) -> None:
    """Check that nothing is missing; with `own_names` the generator names types by a rule of its own."""
    wanted = Wanted.of(name)
    assert not made.failed
    assert not faults or wanted.fault in made.classes
    assert wanted.operations <= made.operations
    lists = {(owner, child) for owner, child in wanted.lists if owner in made.classes or not own_names}
    assert lists <= made.lists
    assert len(lists) * 2 > len(wanted.lists)


def check_read(
    read: Mapping[tuple[str, str], Texts], contracts: Contracts, *, and_nothing: bool = True
) -> None:
    """Check that no text of any message is missing, and that there are no others."""
    files = list(contracts.messages.glob("*/*.xml"))
    assert read.keys() == {(file.parent.name, file.stem) for file in files}
    for file in files:
        wanted, found = texts_of(etree.parse(file).getroot()), read[file.parent.name, file.stem]
        assert not wanted - found, file.stem
        assert not and_nothing or wanted == found, file.stem


# --- Java -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_by_java(contracts: Contracts) -> Mapping[tuple[str, str], Made]:
    needs("java", "mvn")
    return java(contracts)


@pytest.mark.parametrize(
    ("tool", "name"), [(tool, name) for tool in TOOLS for name in SCHEMAS if (tool, name) not in UNKNOWN]
)
def test_java_is_generated_and_compiles(
    made_by_java: Mapping[tuple[str, str], Made], tool: str, name: str
) -> None:
    check(made_by_java[tool, name], name, own_names=tool == "axis")


@pytest.mark.parametrize("tool", JAXB)
def test_jaxb_reads_whole_messages(
    made_by_java: Mapping[tuple[str, str], Made], contracts: Contracts, tool: str
) -> None:
    assert made_by_java
    check_read(read_with_jaxb(contracts, tool), contracts)


# --- C++ and Go -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
def test_gsoap_is_generated_and_compiles(contracts: Contracts, name: str) -> None:
    needs("wsdl2h", "soapcpp2", "g++")
    check(gsoap(contracts, name), name)


@pytest.fixture(scope="module")
def module(contracts: Contracts) -> Path:
    needs("go")
    return go_module(contracts)


def test_gowsdl_is_generated_compiles_and_reads_whole_messages(contracts: Contracts, module: Path) -> None:
    """It does not tell a boolean that is missing from a false one: what it holds beside is not looked at."""
    for name in SCHEMAS:
        check(gowsdl(contracts, module, name), name)
    check_read(read_with_go(contracts, module), contracts, and_nothing=False)


# --- TypeScript and Python ------------------------------------------------------------------------


def test_typescript_is_generated_compiles_and_reads_whole_messages(contracts: Contracts) -> None:
    needs("node", "npm")
    for name in SCHEMAS:
        check(tsclient(contracts, name), name, own_names=True, faults=False)
    compile_typescript(contracts, *SCHEMAS)
    check_read(read_with_typescript(contracts), contracts)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_strict_zeep_reads_each_contract(contracts: Contracts, name: str) -> None:
    check(strict_zeep(contracts, name), name)


def test_a_strict_zeep_reads_whole_messages(contracts: Contracts) -> None:
    check_read(read_with_zeep(contracts), contracts)


# --- the table ------------------------------------------------------------------------------------


def test_the_table_of_generators_is_this_lane() -> None:
    """Versions are those of the lock files, and of what is installed."""
    pom = etree.parse(GENERATORS / "pom.xml")
    versions = [
        *(str(one.text) for one in pom.iter("{*}version") if "$" not in str(one.text)),
        *(pom.findtext(f"{{*}}properties/{{*}}{name}.version", "") for name in ("cxf", "axis2", "axis")),
        *re.findall(r"v(\S+)$", (GENERATORS / "go/go.mod").read_text(), re.MULTILINE),
        *json.loads((GENERATORS / "node/package.json").read_text())["devDependencies"].values(),
        zeep.__version__,
    ]
    text = (published_folder("wsdl").parent / "docs/integration.md").read_text("utf-8")
    table = re.findall(
        r"^\| (.+?) \| (.+?) \|", text.partition("## Generators")[2].partition("\n## ")[0], re.MULTILINE
    )
    listed = dict(table[1:])
    assert len(listed) == len(TOOLS) - 1 + len(("gSOAP", "gowsdl", "wsdl-tsclient", "zeep"))
    assert not [name for name, version in listed.items() if version not in versions and "gSOAP" not in name]
