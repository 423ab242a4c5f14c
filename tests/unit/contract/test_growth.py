"""What is published today is contract 1.0 as it was, and what came later behind it."""

from __future__ import annotations

import pytest
from lxml import etree

from contracts import schema_1_0
from notigateway.contract.bounds import bounds
from notigateway.contract.versions import EARLIEST
from notigateway.contract.xml import VersionedRequest, describe
from unit.contract.test_published import XS, declared, root_of, shape

CONTRACTS = ["notigateway-v1", "notigateway-issuing-v1"]
# The one change of a type: every value of the narrower one is one of the wider one.
WIDENED = {("code", "int"): "long"}
# Other names for the same values.
RENAMED = {("correlationId", "Uuid"): "CorrelationId", ("contractVersion", "string"): "ContractVersion"}


def children(root: etree._Element, name: str) -> list[tuple[str, str, str, str]]:
    """Return what an element or type declares: codes as they are today, bounds as they are kept."""
    owner = next(one for one in root if one.get("name") == name and one.tag != f"{XS}simpleType")
    bound = bounds(str(root.get("targetNamespace")))
    return [
        (
            str(one.get("name")),
            today_called(str(one.get("name")), local(one)),
            one.get("minOccurs", "1"),
            str(bound.get((name, str(one.get("name"))), one.get("maxOccurs", "1"))),
        )
        for one in owner.iter(f"{XS}element")
        if one is not owner
    ]


def today_called(child: str, kind: str) -> str:
    """Return what a type of 1.0 is today."""
    if kind == "Instant":
        return "DateTime"
    return {**WIDENED, **RENAMED}.get((child, kind), kind)


def local(child: etree._Element) -> str:
    return str(child.get("type")).rpartition(":")[2]


def names(root: etree._Element) -> list[str]:
    return [str(one.get("name")) for one in root if one.get("name") and one.tag != f"{XS}simpleType"]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_element_of_1_0_is_as_it_was_and_what_came_later_stands_behind_it(contract: str) -> None:
    """Of a request a child may be required no longer: who was generated from 1.0 sends it all the same."""
    then, now, kinds = schema_1_0(contract), root_of(contract), declared(contract)
    for name in names(then):
        earlier, today = children(then, name), children(now, name)
        if issubclass(kinds.get(name, object), VersionedRequest):
            no_longer = {child for child, _, least, _ in today if least == "0"}
            earlier = [(one[0], one[1], "0" if one[0] in no_longer else one[2], one[3]) for one in earlier]
        assert today[: len(earlier)] == earlier, name
        assert all(least == "0" for _, _, least, _ in today[len(earlier) :]), name


def answered(root: etree._Element) -> set[str]:
    """Return the names of everything that an answer can hold, types and words included."""
    by_name = {str(one.get("name")): one for one in root if one.get("name")}
    found: set[str] = set()
    waiting = [name for name in by_name if name.endswith("Response") or name == "GatewayFault"]
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found.add(name)
            waiting += [local(one) for one in by_name[name].iter(f"{XS}element") if one.get("type")]
    return found


@pytest.mark.parametrize("contract", CONTRACTS)
def test_what_was_bounded_in_1_0_has_the_same_bound(contract: str) -> None:
    then = schema_1_0(contract)
    bound = bounds(str(then.get("targetNamespace")))
    for owner in then:
        for one in owner.iter(f"{XS}element"):
            if one.get("maxOccurs", "1") not in {"1", "unbounded"}:
                assert bound[str(owner.get("name")), str(one.get("name"))] == int(str(one.get("maxOccurs")))


@pytest.mark.parametrize("contract", CONTRACTS)
def test_what_an_answer_of_1_0_may_hold_is_what_it_could_hold(contract: str) -> None:
    then, kinds = schema_1_0(contract), declared(contract)
    today = {kind: name for name, kind in kinds.items()}
    for name in set(names(then)) & answered(root_of(contract)) & kinds.keys():
        written = [shape(one, today)[0] for one in describe(kinds[name]) if one.since == EARLIEST]
        assert written == [child for child, *_ in children(then, name)], name


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_word_of_1_0_is_still_one_and_later_ones_of_answers_say_so(contract: str) -> None:
    """In requests a new word is free: who sends it knows it."""
    then, now = (
        {str(kind.get("name")): words(kind) for kind in root.iterfind(f"{XS}simpleType")}
        for root in (schema_1_0(contract), root_of(contract))
    )
    told = answered(root_of(contract))
    for name, earlier in then.items():
        assert earlier.keys() <= now[name].keys(), name
        later = [said for word, said in now[name].items() if word not in earlier]
        assert name not in told or all(said.startswith("Since 1.") for said in later), name


def words(kind: etree._Element) -> dict[str, str]:
    """Return the words of an enumeration and what is said of each."""
    return {
        str(word.get("value")): "".join(map(str, word.itertext())).strip()
        for word in kind.iter(f"{XS}enumeration")
    }
