"""What is published today is contract 1.0 as it was, and what came later behind it."""

from __future__ import annotations

import pytest
from lxml import etree

from contracts import schema_1_0
from notigateway.contract.versions import EARLIEST
from notigateway.contract.xml import VersionedRequest, describe
from unit.contract.test_published import XS, declared, root_of, shape

CONTRACTS = ["notigateway-v1", "notigateway-issuing-v1"]
# The one change of a type: every value of the narrower one is one of the wider one.
WIDENED = {("code", "int"): "long"}


def children(root: etree._Element, name: str) -> list[tuple[str, str, str, str]]:
    """Return what an element or type of a schema declares, codes as they are today."""
    owner = next(one for one in root if one.get("name") == name and one.tag != f"{XS}simpleType")
    return [
        (
            str(one.get("name")),
            WIDENED.get((str(one.get("name")), local(one)), local(one)),
            one.get("minOccurs", "1"),
            one.get("maxOccurs", "1"),
        )
        for one in owner.iter(f"{XS}element")
        if one is not owner
    ]


def local(child: etree._Element) -> str:
    return str(child.get("type")).rpartition(":")[2]


def names(root: etree._Element) -> list[str]:
    return [str(one.get("name")) for one in root if one.get("name") and one.tag != f"{XS}simpleType"]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_element_of_1_0_is_as_it_was_and_what_came_later_stands_behind_it(contract: str) -> None:
    then, now = schema_1_0(contract), root_of(contract)
    for name in names(then):
        earlier, today = children(then, name), children(now, name)
        assert today[: len(earlier)] == earlier, name
        assert all(least == "0" for _, _, least, _ in today[len(earlier) :]), name


@pytest.mark.parametrize("contract", CONTRACTS)
def test_what_an_answer_of_1_0_may_hold_is_what_it_could_hold(contract: str) -> None:
    then, kinds = schema_1_0(contract), declared(contract)
    today = {kind: name for name, kind in kinds.items()}
    for name in names(then):
        kind = kinds.get(name)
        if kind is None or issubclass(kind, VersionedRequest):  # requests may hold what came later
            continue
        written = [shape(one, today)[0] for one in describe(kind) if one.since == EARLIEST]
        assert written == [child for child, *_ in children(then, name)], name


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_word_of_1_0_is_still_one_and_has_its_meaning(contract: str) -> None:
    then, now = schema_1_0(contract), root_of(contract)
    for one in then.iterfind(f"{XS}simpleType"):
        same = next(kind for kind in now.iterfind(f"{XS}simpleType") if kind.get("name") == one.get("name"))
        earlier, today = (
            [(word.get("value"), "".join(word.itertext()).strip()) for word in kind.iter(f"{XS}enumeration")]
            for kind in (one, same)
        )
        assert set(earlier) <= set(today), one.get("name")
        later = [said for value, said in today if (value, said) not in earlier]
        assert all(said.startswith("Since 1.") for said in later), one.get("name")
