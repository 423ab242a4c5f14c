"""What the schemas say for the sake of generators changes no message: the same ones are valid as in 1.0."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from contracts import schema_1_0
from instances import Instances
from notigateway.contract.bounds import bounds
from unit.contract.test_published import XS, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRACTS = ["notigateway-v1", "notigateway-issuing-v1", "notigateway-fault-v1", "wscn-v1", "wscn-pruebas-v1"]
OLD = ["notigateway-v1", "notigateway-issuing-v1"]
# A text that may be missing is of the same type in Java as one that may not.
TEXTS = {"ng:ContractVersion", "ng:DeliveryChannel"}
OTHER = "2026-02-30T25:00:00"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def schema(contract: str) -> etree.XMLSchema:
    return etree.XMLSchema(root_of(contract))


def of_1_0(contract: str) -> list[etree._Element]:
    """Return a complete message of each element of 1.0, in that version."""
    made = Instances(contract, schema_1_0(contract))
    messages = [made.of(name) for name in made.names()]
    for message in messages:
        for version in message.iterfind("{*}contractVersion"):
            version.text = "1.0"  # a text by its type there
    return messages


def changed(message: etree._Element) -> Iterator[etree._Element]:
    """Yield the message with each of its elements in turn left out, twice, emptied, and with another text."""
    for place in range(1, sum(1 for _ in message.iter())):
        for change in ("leave out", "twice", "empty", "strange"):
            copied = deepcopy(message)
            one = list(copied.iter())[place]
            owner = one.getparent()
            assert owner is not None
            if change == "leave out":
                owner.remove(one)
            elif change == "twice":
                one.addnext(deepcopy(one))
            else:
                one.text = "" if change == "empty" else OTHER
            yield copied


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_complete_message_of_each_element_is_valid(contract: str) -> None:
    made, published = Instances(contract), schema(contract)
    for name in made.names():
        published.assertValid(made.of(name))


@pytest.mark.parametrize("contract", OLD)
def test_what_was_valid_in_1_0_is_valid_and_what_breaks_a_type_is_not(contract: str) -> None:
    """But for words that came later, requests that need less, and an answer's version: one, not any text."""
    then, now = etree.XMLSchema(schema_1_0(contract)), schema(contract)
    for message in of_1_0(contract):
        assert then.validate(message)
        assert now.validate(message)
        for one in changed(message):
            if then.validate(one):
                assert now.validate(one) or one.findtext("{*}contractVersion") in {"", OTHER}, etree.tostring(
                    one
                )
            elif now.validate(one):
                assert is_request(contract, one), etree.tostring(one)


def is_request(contract: str, message: etree._Element) -> bool:
    names = Instances(contract).names()
    return f"{etree.QName(message).localname}Response" in names


@pytest.mark.parametrize("contract", OLD)
def test_a_type_may_be_stated_by_the_name_that_it_had(contract: str) -> None:
    then, now = etree.XMLSchema(schema_1_0(contract)), schema(contract)
    types = {
        (str(owner.get("name")), str(one.get("name"))): str(one.get("type")).rpartition(":")[2]
        for owner in schema_1_0(contract)
        for one in owner.iter(f"{XS}element")
        if one.get("type", "xs:").partition(":")[0] != "xs"
    }
    for message in of_1_0(contract):
        name = etree.QName(message).localname
        if not is_request(contract, message):
            continue
        stated = etree.fromstring(
            etree.tostring(message).replace(b" xmlns=", b' xmlns:n="%s" xmlns=' % ns(message), 1)
        )
        for child in stated:
            kind = types.get((name, etree.QName(child).localname))
            if kind is not None:
                child.set(XSI_TYPE, f"n:{kind}")
        then.assertValid(stated)
        now.assertValid(stated)


def ns(message: etree._Element) -> bytes:
    return str(etree.QName(message).namespace).encode()


@pytest.mark.parametrize("contract", OLD)
def test_a_name_of_a_request_and_of_its_answer_is_one_type(contract: str) -> None:
    """JAX-WS makes one parameter of both in its wrapper style (§2.3.1.2): of numbers, where both may miss."""
    children = {
        str(owner.get("name")): {str(one.get("name")): one for one in owner.iter(f"{XS}element")}
        for owner in root_of(contract).iterfind(f"{XS}element")
    }
    shared = [
        (asked[name], children[f"{request}Response"][name])
        for request, asked in children.items()
        for name in asked.keys() & children.get(f"{request}Response", {}).keys()
    ]
    assert contract != "notigateway-v1" or len(shared) > 1
    for asked, answered in shared:
        assert asked.get("type") == answered.get("type"), asked.get("name")
        if asked.get("type") not in TEXTS:
            assert is_always_there(asked) == is_always_there(answered), asked.get("name")


def is_always_there(child: etree._Element) -> bool:
    return child.get("minOccurs", "1") == "1" and child.get("nillable") != "true"


def test_a_schema_has_no_bound_of_its_own() -> None:
    """Some generators make no list of what has one."""
    for contract in CONTRACTS:
        declared = root_of(contract).iter(f"{XS}element")
        assert {one.get("maxOccurs", "1") for one in declared} <= {"1", "unbounded"}, contract
    assert len(bounds("urn:notigateway:v1")) > 1
