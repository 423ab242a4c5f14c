"""Every known mistake, made from right requests: its cause is told, and no other as sure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from client_shapes import CLIENT_SHAPES
from explained import told_of
from mistake_corpus import MISTAKES
from mistake_table import DOCUMENT, asserted, document
from mistakes import LIST, SHAPES, Mistake, made
from notigateway.explaining.cause import Certainty
from notigateway.explaining.causes import KNOWN
from notigateway.explaining.explain_text import explanation_json, explanation_text
from pki import pki

if TYPE_CHECKING:
    from notigateway.explaining.explanation import Explanation

pytestmark = pytest.mark.once

CASES = [(one, shape) for one in MISTAKES for shape in one.shapes]


def sure(told: Explanation) -> set[str]:
    return {cause.name for cause in told.causes if cause.certainty is Certainty.SURE}


@pytest.mark.parametrize(
    ("mistake", "shape"),
    CASES,
    ids=[f"{number}-{one.cause}-{shape}" for number, (one, shape) in enumerate(CASES)],
)
def test_the_mistake_is_named_and_nothing_else_is_asserted(mistake: Mistake, shape: str) -> None:
    told = told_of(made(mistake, shape=shape), way=mistake.way)
    assert told.error is not None
    names = {cause.name for cause in told.causes}
    assert mistake.cause in names, names
    assert asserted(told) <= {mistake.cause, *mistake.also}
    if mistake.is_sure:
        assert mistake.cause in sure(told)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("after", [b"SignatureValue>", b"BinarySecurityToken "])
def test_a_damaged_octet_that_no_digest_covers_is_no_certain_encoding(shape: str, after: bytes) -> None:
    """Read as Latin-1 it parses, and every digest of the parts holds: the signature must hold as well."""
    data = made(shape=shape)
    at = data.index(b">", data.index(after)) + 3
    told = told_of(data[:at] + bytes([data[at] | 0x80]) + data[at + 1 :])
    assert told.error is not None
    assert sure(told) == set()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_right_request_has_no_cause(shape: str) -> None:
    told = told_of(made(shape=shape))
    assert (told.error, told.causes) == (None, ())


@pytest.mark.parametrize("shape", CLIENT_SHAPES)
def test_a_right_message_of_any_client_has_no_cause(shape: str) -> None:
    for pair in (pki().company_seal, pki().ec_company):
        told = told_of(CLIENT_SHAPES[shape](pair))
        # The `text` in it is the test's own: a name of the schema, but of another element.
        assert {cause.name for cause in told.causes} <= {"schema"}


def test_every_cause_is_known_once() -> None:
    names = Counter(known.name for rows in KNOWN.values() for known in rows)
    assert {name for name, count in names.items() if count > 1} == set()
    assert {one.cause for one in MISTAKES} <= set(names)


PAIRABLE = [one for one in MISTAKES if one.content == LIST]
# What is true of a message because of both: SignedInfo is another than was signed, a digest or value is of
# another method than the second mistake states, a part is signed that the first leaves alone, two ways of
# writing are one with a name of its own (UTF-16 of UTF-16 is UTF-32), a token is left and not the one that
# KeyInfo points to, two exchanges undo each other but for the prefixes. Every pair was tried.
TRUE_OF_BOTH = {
    "other-octets-signed",
    "digest-of-another-hash",
    "value-of-another-method",
    "username-token-signed",
    "references-exchanged",
    "digest-of-another-part",
    "token-not-one-path",
    "token-of-another-id",
    "prefix-list-not-applied",
    "hex-in-base64",
    "utf-32",
}


@given(
    first=st.sampled_from(PAIRABLE), second=st.sampled_from(PAIRABLE), shape=st.sampled_from(sorted(SHAPES))
)
@settings(max_examples=200, deadline=None)
def test_two_mistakes_never_make_a_third_sure(first: Mistake, second: Mistake, shape: str) -> None:
    assume(shape in first.shapes and shape in second.shapes)
    try:
        data = made(first, second, shape=shape)
    except (LookupError, ValueError, StopIteration, TypeError, AssertionError, etree.LxmlError):
        return  # one message cannot have both
    told = told_of(data)
    assert sure(told) <= {first.cause, second.cause, *first.also, *second.also, *TRUE_OF_BOTH}


@given(data=st.binary(max_size=400), at=st.integers(0, 6000), shape=st.sampled_from(sorted(SHAPES)))
@settings(max_examples=150, deadline=None)
def test_whatever_is_in_it_it_is_explained(data: bytes, at: int, shape: str) -> None:
    right = made(shape=shape)
    place = at % len(right)
    told = told_of(right[:place] + data + right[place + len(data) :])
    assert explanation_text(told)
    assert explanation_json(told)


def test_the_document_is_what_is_told() -> None:
    assert DOCUMENT.read_text("utf-8") == document()
    assert "falsely asserted **0**" in document()
