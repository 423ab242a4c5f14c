"""How requests are checked: wider than the published schema in white space and xsi:nil, in nothing else."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import notigateway.soap  # noqa: F401  (makes Spyne importable)
from notigateway.errors import InvalidRequestError
from notigateway.soap.contract import Contract, not_nil
from notigateway.wss.ns import NOTIGATEWAY_V1, XSI

V1 = Contract(
    "notigateway-v1", NOTIGATEWAY_V1, "https://gateway.example/v1", "https://gateway.example/errors"
)
SPACES = st.text(st.sampled_from(" \t\r\n"), max_size=5)


@given(SPACES, SPACES, st.uuids(), st.booleans())
def test_white_space_around_an_identifier_is_no_part_of_it(
    before: str, after: str, wanted: UUID, is_upper: bool
) -> None:
    spelled = str(wanted).upper() if is_upper else str(wanted)
    element = etree.Element(f"{{{NOTIGATEWAY_V1}}}RetrieveReceipts")
    etree.SubElement(element, f"{{{NOTIGATEWAY_V1}}}id").text = f"{before}{spelled}{after}"
    kept = etree.tostring(element)
    V1.check_request(element)
    assert etree.tostring(element) == kept  # what was signed stays what it is
    if before or after:
        with pytest.raises(InvalidRequestError):
            V1.check(element)


@given(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), st.uuids(), st.booleans())
def test_no_other_character_is_white_space(character: str, wanted: UUID, is_before: bool) -> None:
    if character == " ":
        return
    element = etree.Element(f"{{{NOTIGATEWAY_V1}}}RetrieveReceipts")
    text = f"{character}{wanted}" if is_before else f"{wanted}{character}"
    etree.SubElement(element, f"{{{NOTIGATEWAY_V1}}}id").text = text
    with pytest.raises(InvalidRequestError):
        V1.check_request(element)


@pytest.mark.parametrize("nil", ["true", "1", " false "])
def test_an_element_that_is_nil_is_read_as_the_same_empty_one(nil: str) -> None:
    element = etree.fromstring(f'<n:Ping xmlns:n="{NOTIGATEWAY_V1}" xmlns:x="{XSI}" x:nil="{nil}"/>')
    read = not_nil(element)
    assert (read.tag, dict(read.attrib), len(read), read.text) == (element.tag, {}, 0, None)
    assert element.get(f"{{{XSI}}}nil") == nil  # what was signed stays what it is
    plain = etree.fromstring(f'<n:Ping xmlns:n="{NOTIGATEWAY_V1}"/>')
    assert not_nil(plain) is plain
