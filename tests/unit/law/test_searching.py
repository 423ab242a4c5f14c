from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.law.searching import folded, is_found, is_same_account, searched, ways_to_quote, words_of

SUBJECT = "Revisión de tipos de COTIZACIÓN, año 2026; 1ª instancia (ﬁnal) Ğ"


@pytest.mark.parametrize(
    "wanted",
    [
        "cotizacion",
        "Cotización",
        "COTIZACIO\u0301N",
        "  tipos   revision ",
        "tizac",
        "ano 2026",
        "año",
        "1a",
        "final",
        "REF-7",
        "ref cotizacion",
        "(ﬁnal)",
        "g",
        "2026;",
    ],
)
def test_what_a_person_types_is_found_in_subject_or_reference(wanted: str) -> None:
    assert is_found(words_of(wanted), searched(SUBJECT, "REF-7/2026"))


@pytest.mark.parametrize(
    "wanted", ["cotizaciones", "cotiza_ion", "cotiza%", "tiposde", "ref-8", "cotizacion x"]
)
def test_what_does_not_stand_there_is_not_found(wanted: str) -> None:
    assert not is_found(words_of(wanted), searched(SUBJECT, "REF-7/2026"))


def test_no_word_reaches_from_the_subject_into_the_reference() -> None:
    assert not is_found(words_of("ab"), searched("a", "b"))


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u0301", " \u00b4 "])
def test_blanks_are_no_words(blank: str) -> None:
    assert words_of(blank) == ()


@given(st.text(max_size=40))
def test_a_text_is_found_in_itself_however_it_is_written(written: str) -> None:
    assert is_found(words_of(written), searched(written, ""))
    assert is_found(words_of(written.upper()), searched(written.upper(), "x"))
    assert folded(folded(written)) == folded(written)


@pytest.mark.parametrize(
    ("wanted", "quoted", "is_same"),
    [
        ("28123456742", "28123456742", True),
        ("28123456742", "011128123456742", True),
        ("011128123456742", "28123456742", True),
        ("011128123456742", "011128123456742", True),
        ("011128123456742", "016328123456742", False),
        ("28123456742", "28123456843", False),
        ("28123456742", None, False),
    ],
)
def test_an_account_is_the_same_with_its_regime_and_without(
    wanted: str, quoted: str | None, is_same: bool
) -> None:
    assert is_same_account(wanted, quoted) is is_same
    ways = ways_to_quote(wanted)
    assert ways is None or (quoted in ways) is is_same
