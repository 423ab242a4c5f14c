from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from notigateway.errors import InvalidActError
from notigateway.law.metadata import as_text, pairs_of
from notigateway.law.submission import MEDIA_TYPES, SCHEDULED_AHEAD_MAX, available_from, check_act
from submissions import ACT, COMPANY, MEGABYTE, PDF


def refusal(**changes: Any) -> tuple[object, object]:  # noqa: ANN401
    with pytest.raises(InvalidActError) as caught:
        check_act(replace(ACT, **changes), document_max_bytes=MEGABYTE)
    assert str(caught.value.facts["field"]) in caught.value.detail
    return caught.value.facts["field"], caught.value.facts["problem"]


def test_a_valid_act_passes_unchanged() -> None:
    assert check_act(ACT, document_max_bytes=MEGABYTE) == ACT


def test_identifiers_and_instants_get_their_one_form() -> None:
    madrid_winter = timezone(timedelta(hours=1))
    submission = replace(
        ACT,
        addressee=replace(COMPANY, identifier="b-1234567-4", ccc="28/1234567/42", naf="28 12345678 40"),
        available_at=datetime(2026, 12, 1, 8, 0, 0, 123456, tzinfo=madrid_winter),
    )
    checked = check_act(submission, document_max_bytes=MEGABYTE)
    assert checked.addressee == replace(COMPANY, naf="281234567840")
    assert checked.available_at == datetime(2026, 12, 1, 7, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("field", ["reference", "subject", "procedure", "matter"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("  ", "empty"),
        (" padded", "white_space"),
        ("padded\n", "white_space"),
        ("x" * 256, "too_long"),
        ("a\tb", "character"),
        ("a\x00b", "character"),
        ("a\x1bb", "character"),
        ("a\ud800b", "character"),
        ("a\uffffb", "character"),
        ("gpj\u202efdp", "character"),
        ("a\u2028b", "character"),
    ],
)
def test_a_text_that_cannot_be_shown_as_it_is_is_refused(field: str, text: str, problem: str) -> None:
    assert refusal(**{field: text}) == (field, problem)


@pytest.mark.parametrize(
    ("pairs", "field", "problem"),
    [
        ([("", "1")], "metadata[0].key", "empty"),
        ([("period", " 1")], "metadata[0].value", "white_space"),
        ([("period", "1"), ("x" * 65, "1")], "metadata[1].key", "too_long"),
        ([("period", "x" * 256)], "metadata[0].value", "too_long"),
        ([("a\tb", "1")], "metadata[0].key", "character"),
        ([("period", "a\nb")], "metadata[0].value", "character"),
        ([("period=", "1")], "metadata[0].key", "character"),
        ([("period", "1"), ("period", "2")], "metadata[1].key", "repeated"),
        ([(f"k{number}", "1") for number in range(21)], "metadata", "count"),
    ],
)
def test_metadata_that_cannot_be_shown_or_told_apart_is_refused(
    pairs: list[tuple[str, str]], field: str, problem: str
) -> None:
    assert refusal(metadata=tuple(pairs)) == (field, problem)


def test_metadata_is_stored_and_read_in_its_order() -> None:
    pairs = tuple((f"k{number}", f"= {number} =") for number in reversed(range(20)))
    checked = check_act(replace(ACT, metadata=pairs), document_max_bytes=MEGABYTE)
    assert pairs_of(as_text(checked.metadata)) == pairs
    assert as_text(()) is None
    assert pairs_of(None) == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issuing_body": "E0492140"}, "issuing_body"),
        ({"addressee": replace(COMPANY, identifier="B12345678")}, "addressee.identifier"),
        ({"addressee": replace(COMPANY, ccc="28123456743")}, "addressee.ccc"),
        ({"addressee": replace(COMPANY, naf="281234567841")}, "addressee.naf"),
    ],
)
def test_a_wrong_check_digit_is_refused_with_its_field(changes: dict[str, Any], field: str) -> None:
    assert refusal(**changes) == (field, "identifier")


@pytest.mark.parametrize(
    ("documents", "field", "problem"),
    [
        ((), "documents", "count"),
        ((PDF,) * 101, "documents", "count"),
        ((PDF, PDF), "documents[1].name", "repeated"),
        ((replace(PDF, name="../etc/passwd"),), "documents[0].name", "path"),
        ((replace(PDF, name="a\\b"),), "documents[0].name", "path"),
        ((replace(PDF, name=".."),), "documents[0].name", "path"),
        ((replace(PDF, media_type="text/html"),), "documents[0].media_type", "not_allowed"),
        ((replace(PDF, media_type="application/PDF"),), "documents[0].media_type", "not_allowed"),
        ((replace(PDF, content=b""),), "documents[0].content", "size"),
        ((PDF, replace(PDF, name="b", content=bytes(MEGABYTE + 1))), "documents[1].content", "size"),
    ],
)
def test_a_document_that_cannot_be_notified_is_refused_with_its_place(
    documents: tuple[Any, ...], field: str, problem: str
) -> None:
    assert refusal(documents=documents) == (field, problem)


def test_the_refusal_of_a_media_type_says_which_are_allowed() -> None:
    with pytest.raises(InvalidActError, match="application/pdf"):
        check_act(replace(ACT, documents=(replace(PDF, media_type="x"),)), document_max_bytes=MEGABYTE)
    assert "text/html" not in MEDIA_TYPES


def test_an_instant_without_zone_is_refused() -> None:
    assert refusal(available_at=datetime(2026, 12, 1)) == ("available_at", "no_zone")  # noqa: DTZ001


def test_an_instant_that_utc_cannot_express_is_refused() -> None:
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    assert refusal(available_at=first) == ("available_at", "out_of_range")


def test_an_act_is_at_disposal_at_once_or_within_a_year_and_never_in_the_past() -> None:
    now, millisecond = datetime(2026, 11, 2, 9, tzinfo=UTC), timedelta(milliseconds=1)
    latest = now + SCHEDULED_AHEAD_MAX
    assert available_from(None, now) == now
    assert [available_from(at, now) for at in (now, latest)] == [now, latest]
    for wrong, problem in ((now - millisecond, "in_the_past"), (latest + millisecond, "too_far_ahead")):
        with pytest.raises(InvalidActError) as refused:
            available_from(wrong, now)
        assert refused.value.facts == {"field": "available_at", "problem": problem}


@given(st.text(max_size=300))
def test_every_text_is_refused_or_survives_xml(text: str) -> None:
    try:
        checked = check_act(replace(ACT, subject=text), document_max_bytes=MEGABYTE)
    except InvalidActError:
        return
    element = etree.Element("subject")
    element.text = checked.subject
    assert etree.fromstring(etree.tostring(element)).text == text
