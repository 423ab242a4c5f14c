"""The published schemas are what the elements declare: name by name, with type and occurrence."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest
from lxml import etree

from notigateway.contract import (
    issuing_v1,
    push_v1,
    v1,
    v1_contacts,
    v1_decisions,
    v1_following,
    v1_marks,
    v1_push,
    v1_representation,
    v1_users,
    wscn,
)
from notigateway.contract.bounds import bounds
from notigateway.contract.versions import EARLIEST
from notigateway.contract.xml import Builtin, Description, Part, VersionedRequest, describe
from notigateway.evidence import statement
from notigateway.published import published_folder

XS = "{http://www.w3.org/2001/XMLSchema}"
MODULES: dict[str, tuple[ModuleType, ...]] = {
    "notigateway-v1": (
        v1,
        v1_contacts,
        v1_decisions,
        v1_following,
        v1_marks,
        v1_push,
        v1_representation,
        v1_users,
    ),
    "notigateway-issuing-v1": (issuing_v1,),
    "notigateway-push-v1": (push_v1,),
    "wscn-v1": (wscn,),
    "wscn-pruebas-v1": (wscn,),
}
TYPES = {
    Builtin.TEXT: "string",
    Builtin.WORD: "string",
    Builtin.UUID: "string",
    Builtin.INT: "int",
    Builtin.LONG: "long",
    Builtin.INTEGER: "integer",
    Builtin.BOOLEAN: "boolean",
    Builtin.INSTANT: "dateTime",
    Builtin.DURATION: "duration",
    Builtin.BASE64: "base64Binary",
    Builtin.FACT: "Fact",
}


def declared(contract: str) -> dict[str, type[Part]]:
    """Return every element that the code declares, by its name in the schema."""
    kinds = {
        kind.__name__: kind
        for module in MODULES[contract]
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and "__match_args__" in vars(kind)
    }
    if not contract.startswith("wscn"):
        return kinds
    names = {"ExcepcionSistema": {"wscn-v1": "WSCN"}.get(contract, "WSCNPruebas") + "ExcepcionSistema"}
    return {names.get(name, name[0].lower() + name[1:]): kind for name, kind in kinds.items()}


def root_of(contract: str) -> etree._Element:
    """Return the published schema."""
    return etree.parse(published_folder("wsdl") / f"{contract}.xsd").getroot()


def published(contract: str) -> dict[str, list[tuple[str, str, str, str]]]:
    """Return every complex type or element of the schema with the shape of its children."""
    root = root_of(contract)
    types = {one.get("name"): one for one in root.iterfind(f"{XS}simpleType")}

    def builtin(name: str) -> str:
        prefix, _, local = name.rpartition(":")
        simple = types.get(local)
        if simple is None or prefix in {"xs", "xsd"}:
            return local
        restriction = simple.find(f"{XS}restriction")
        assert restriction is not None
        return builtin(str(restriction.get("base")))

    owners = [*root.iterfind(f"{XS}complexType"), *(e for e in root.iterfind(f"{XS}element") if len(e))]
    return {
        str(owner.get("name")): [
            (
                str(e.get("name")),
                builtin(str(e.get("type"))),
                e.get("minOccurs", "1"),
                e.get("maxOccurs", "1"),
            )
            for e in owner.iter(f"{XS}element")
            if e is not owner
        ]
        for owner in owners
    }


def shape(one: Description, names: dict[type[Part], str]) -> tuple[str, str, str, str]:
    """Return a child as it is published: repeated without bound, as every generator reads lists."""
    kind = TYPES[one.type] if isinstance(one.type, Builtin) else names[one.type]
    return one.name, kind, str(one.least), "unbounded" if one.is_many else str(one.most)


def wrappers(contract: str) -> set[str]:
    """Return what only wraps another element: a fact is a text, a WSCN answer has one child."""
    if contract.startswith("wscn"):
        return {f"{operation}Response" for operation in wscn.REQUESTS}
    return {"Fact", "FactText"} & published(contract).keys()


@pytest.mark.parametrize("contract", MODULES)
def test_every_published_element_is_declared_and_no_other(contract: str) -> None:
    assert declared(contract).keys() == published(contract).keys() - wrappers(contract)


@pytest.mark.parametrize(
    ("contract", "name"), [(contract, name) for contract in MODULES for name in sorted(declared(contract))]
)
def test_an_element_is_published_as_it_is_declared(contract: str, name: str) -> None:
    kinds = declared(contract)
    names = {kind: name for name, kind in kinds.items()}
    assert [shape(one, names) for one in describe(kinds[name])] == published(contract)[name]


@pytest.mark.parametrize("contract", ["notigateway-v1", "notigateway-issuing-v1"])
def test_what_a_later_version_added_is_optional_and_says_so(contract: str) -> None:
    said = f"{XS}annotation/{XS}documentation"
    for name, kind in declared(contract).items():
        later = {one.name: one for one in describe(kind) if one.since > EARLIEST}
        assert not [one.name for one in later.values() if one.least]
        owner = root_of(contract).find(f"*[@name='{name}']")
        assert owner is not None
        documented = {str(e.get("name")): e.findtext(said, "") for e in owner.iter(f"{XS}element")}
        since = {child: text for child, text in documented.items() if text.startswith("Since 1.")}
        assert since.keys() == later.keys()
        assert all(since[child].startswith(f"Since {one.since}: ") for child, one in later.items())


@pytest.mark.parametrize("contract", ["notigateway-v1", "notigateway-issuing-v1"])
def test_what_a_request_may_repeat_says_how_often(contract: str) -> None:
    root = root_of(contract)
    for (owner, child), most in bounds(str(root.get("targetNamespace"))).items():
        said = root.findtext(f"*[@name='{owner}']//{XS}element[@name='{child}']//{XS}documentation", "")
        assert owner.endswith("Response") or f" {most}" in said, (owner, child)


def test_the_schema_of_the_fault_says_what_the_contract_says_of_it() -> None:
    """So that other contracts need not import all the rest beside it."""
    contract = {str(one.get("name")): one for one in root_of("notigateway-v1") if one.get("name")}
    alone = [one for one in root_of("notigateway-fault-v1") if one.get("name")]
    assert [one.get("name") for one in alone] == ["FactText", "Fact", "CorrelationId", "GatewayFault"]
    for one in alone:
        assert text_of(one) == text_of(contract[str(one.get("name"))])


def text_of(one: etree._Element) -> bytes:
    return b"".join(etree.tostring(one, method="c14n2", strip_text=True).split())


@pytest.mark.parametrize("contract", ["notigateway-v1", "notigateway-issuing-v1"])
def test_every_request_may_say_its_version_and_no_answer_does(contract: str) -> None:
    kinds = declared(contract)
    requests = {name for name in kinds if f"{name}Response" in kinds}
    assert requests == {name for name, kind in kinds.items() if issubclass(kind, VersionedRequest)}


RECEIPT_PARTS: dict[str, type[Part]] = {
    **{one.name: one.type for one in describe(statement.Parties) if not isinstance(one.type, Builtin)},
    "Document": statement.AttestedDocument,
}
# Receipts of earlier policies lack these; what is issued now always has them.
ALWAYS_NOW = {"AlgorithmPolicy", "Outcome", "Means", "Level"}


@pytest.mark.parametrize("name", RECEIPT_PARTS)
def test_a_part_of_a_receipt_is_published_as_it_is_declared(name: str) -> None:
    ours = [(one.name, *shape(one, {})[2:]) for one in plain(RECEIPT_PARTS[name])]
    theirs = published("notigateway-evidence-1")[name]
    assert ours == [(child, "1" if child in ALWAYS_NOW else least, most) for child, _, least, most in theirs]


def test_the_parts_of_a_receipt_stand_in_their_published_order() -> None:
    names = [one.name for one in describe(statement.Parties)]
    assert [child for child, *_ in published("notigateway-evidence-1")["Evidence"] if child in names] == names


def plain(kind: type[Part]) -> list[Description]:
    """Return the children without their types: receipts are read by few, so the schema narrows them."""
    return [replace(one, type=Builtin.TEXT) for one in describe(kind)]


@pytest.mark.parametrize("contract", ["wscn-v1", "wscn-pruebas-v1"])
def test_a_wscn_answer_wraps_the_element_that_is_declared_for_it(contract: str) -> None:
    names = {kind: name for name, kind in declared(contract).items()}
    for operation, (child, kind) in wscn.ANSWERS.items():
        assert published(contract)[f"{operation}Response"] == [(child, names[kind], "0", "1")]
        assert names[wscn.REQUESTS[operation]] == operation
