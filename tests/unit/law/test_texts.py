"""What a text that people will read may hold: all that is written here, nothing that hides."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import (
    CatalogueInvalidError,
    GatewayError,
    InvalidActError,
    PowerInvalidError,
    RedAssignmentInvalidError,
    RedUserInvalidError,
    TextInvalidError,
)
from notigateway.law.accounts import check_ground
from notigateway.law.catalogue import Entry, check_catalogue
from notigateway.law.employees import check_words
from notigateway.law.powers import PowerTerms, check_grantor, check_power
from notigateway.law.red_users import UserTerms, check_user
from notigateway.law.representation import ItemKind, PowerScope
from notigateway.law.submission import check_text
from notigateway.law.texts import check_reason, hidden_at, is_a_line
from notigateway.law.titles import RedTerms, check_red

if TYPE_CHECKING:
    from collections.abc import Callable

WRITTEN = [
    "No procede: la cuota del 3.º trimestre (1.234,56 €) está pagada — véase «justificante».",
    "Il·lustríssim senyor, l'acte és nul; ça va, àèéíòóúïü",
    "Ñandú, aragonés Ánchel, occitan aranés: còrn·hèr, Çò",
    "Euskaraz: ez dagokit; Ŕ ḷ ḥ e\u0301 decomposed",
    "Łódź, Ångström, Škoda, Ελλάς, Москва, 中文, שלום, سلام",
    "a\u00a0b\u202fc 100\u2009%",
    "❤\ufe0f ☎\ufe0e 👍",
    "",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_here_is_welcome(text: str) -> None:
    assert hidden_at(text) is None
    check_reason(text)


def test_every_control_format_enclosing_and_private_character_is_refused() -> None:
    for code in range(sys.maxunicode + 1):
        one = chr(code)
        category = unicodedata.category(one)
        is_nobodys = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
        if category in {"Cc", "Cf", "Co", "Cs", "Me", "Zl", "Zp"} or is_nobodys:
            assert hidden_at(f"ab{one}c") == 3, hex(code)
            assert (hidden_at(f"ab{one}c", lines=True) is None) == (one in "\t\n\r"), hex(code)
            assert not is_a_line(f"a{one}")


@pytest.mark.parametrize(
    "one",
    [
        *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",  # direction
        *"\u200b\u200c\u200d\u2060\u00ad\ufeff\u034f\u180e",  # no room
        *"\u115f\u1160\u3164\uffa0\u2800",  # blank letters
        *"\ufe00\ufe0d\U000e0001\U000e0041\U000e0100\U000e01ef",  # selectors and tags
        *"\u0335\u0336\u0337\u0338\u20d2\u20dd\u20e0\u20e5\u20eb\u0488",  # struck out, enclosed
        *"\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff\ue000\uf8ff\U000f0000",  # of nobody, private
        *"\u0600\u0605\u06dd\U000110bd\U00013430",  # arranging others
    ],
)
def test_what_hides_is_refused_with_its_place(one: str) -> None:
    with pytest.raises(TextInvalidError) as refusal:
        check_reason(f"línea\n1{one}23")
    assert refusal.value.facts == {"field": "reason", "position": 8}


@pytest.mark.parametrize("blank", [" ", "\n\t ", "\u00a0", "\u2003\u3000"])
def test_a_reason_in_which_there_is_nothing_to_read_is_refused(blank: str) -> None:
    with pytest.raises(TextInvalidError) as refusal:
        check_reason(blank)
    assert refusal.value.facts == {"field": "reason", "position": 1}
    check_reason(None)
    check_reason(f"{blank}x{blank}")


@given(st.text())
def test_a_text_is_told_by_its_first_hidden_character(text: str) -> None:
    position = hidden_at(text)
    if position is None:
        assert all(hidden_at(one) is None for one in text)
    else:
        assert hidden_at(text[: position - 1]) is None
        assert hidden_at(text[position - 1]) == 1


def test_an_act_is_told_the_place_too() -> None:
    with pytest.raises(InvalidActError) as refusal:
        check_text("subject", "Reclamación\u202e", longest=255)
    assert refusal.value.facts == {"field": "subject", "problem": "character", "position": 12}


AT = datetime(2026, 6, 1, tzinfo=UTC)
HIDING = "Ana\u200b"
POWER = PowerTerms(
    attorney="12345678Z", attorney_name="Ana", scope=PowerScope.GENERAL, expires_at=AT + timedelta(days=9)
)
RED = RedTerms(
    addressee="B99999997",
    account="28123456742",
    red_party="12345678Z",
    red_name="Ana",
    authorisation="123",
    starts_at=AT,
)
USER = UserTerms(holder="B99999997", authorisation="123", person="12345678Z", person_name="Ana", starts_at=AT)


def refuse_power(**changed: Any) -> object:  # noqa: ANN401  (of any field)
    return check_power(replace(POWER, **changed), grantor="B99999997", registered_at=AT)


def refuse_matter(value: str) -> object:
    return refuse_power(scope=PowerScope.MATTER, value=value)


@pytest.mark.parametrize(
    ("refuse", "family", "facts"),
    [
        (
            partial(refuse_power, attorney_name=HIDING),
            PowerInvalidError,
            {"field": "attorney_name", "position": 4},
        ),
        (
            partial(refuse_power, grantor_contact=HIDING),
            PowerInvalidError,
            {"field": "grantor_contact", "position": 4},
        ),
        (
            partial(refuse_power, attorney_contact="\u202e"),
            PowerInvalidError,
            {"field": "attorney_contact", "position": 1},
        ),
        (partial(refuse_matter, HIDING), PowerInvalidError, {"field": "value", "position": 4}),
        (
            partial(check_grantor, "B99999997", HIDING),
            PowerInvalidError,
            {"field": "grantor_name", "position": 4},
        ),
        (
            partial(check_red, replace(RED, red_name=HIDING), addressee="B99999997", accounts=[RED.account]),
            RedAssignmentInvalidError,
            {"field": "red_name", "position": 4},
        ),
        (
            partial(check_user, replace(USER, person_name=HIDING), authorisations=["123"]),
            RedUserInvalidError,
            {"field": "person_name", "position": 4},
        ),
        (
            partial(check_catalogue, [(1, Entry(kind=ItemKind.MATTER, code="M", name=HIDING))]),
            CatalogueInvalidError,
            {"line": 1},
        ),
    ],
)
def test_no_name_hides_anything(
    refuse: Callable[[], object], family: type[GatewayError], facts: dict[str, object]
) -> None:
    with pytest.raises(family) as refusal:
        refuse()
    assert refusal.value.facts == {**facts, "problem": "character"}


@pytest.mark.parametrize("refuse", [check_ground, partial(check_words, "ground")])
@pytest.mark.parametrize("text", [HIDING, "a\ufe00", "a\u3164", "a\u2800"])
def test_no_ground_hides_anything(refuse: Callable[[str], object], text: str) -> None:
    with pytest.raises(GatewayError) as refusal:
        refuse(text)
    assert refusal.value.facts == {"field": "ground", "problem": "text"}
