"""What a RED assignment may say, and when it ends; powers in `test_powers.py`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notigateway.errors import RedAssignmentInvalidError
from notigateway.law.titles import (
    RedTerms,
    check_red,
    check_red_addressee,
    check_red_ground,
    ends_red,
)

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
COMPANY, ACCOUNT, RED_PARTY = "B12345674", "28123456742", "12345678Z"
TERMS = RedTerms(
    addressee=COMPANY,
    account=ACCOUNT,
    red_party=RED_PARTY,
    red_name="Gestoría",
    authorisation="123456",
    starts_at=NOW,
)


def checked(**changed: object) -> RedTerms:
    return check_red(replace(TERMS, **changed), addressee=COMPANY, accounts=[ACCOUNT])  # type: ignore[arg-type]


def test_a_red_assignment_is_brought_into_its_one_form() -> None:
    said = checked(red_party=" 12345678-z", account="0111" + ACCOUNT, starts_at=NOW + MILLISECOND / 2)
    assert said == TERMS
    for written in ("12 3456", "00123456", "123.456", " 123456"):
        assert checked(authorisation=written) == TERMS


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"red_party": "12345678A"}, "red_party", "identifier"),
        ({"red_party": COMPANY}, "red_party", "is_the_addressee"),
        ({"account": "nonsense"}, "account", "identifier"),
        ({"account": "281234567840"}, "account", "not_the_addressees"),
        ({"red_name": " "}, "red_name", "length"),
        ({"red_name": "n" * 256}, "red_name", "length"),
        ({"authorisation": ""}, "authorisation", "identifier"),
        ({"authorisation": "0"}, "authorisation", "identifier"),
        ({"authorisation": "123456789"}, "authorisation", "identifier"),
        ({"authorisation": "RED1"}, "authorisation", "identifier"),
        ({"ends_at": NOW}, "ends_at", "not_after_the_start"),
        ({"ends_at": NOW + MILLISECOND / 2}, "ends_at", "not_after_the_start"),
    ],
)
def test_a_red_assignment_that_cannot_be_is_refused_by_its_field(
    changed: dict[str, object], field: str, problem: str
) -> None:
    with pytest.raises(RedAssignmentInvalidError) as refusal:
        checked(**changed)
    assert refusal.value.facts == {"field": field, "problem": problem}


def test_an_addressee_without_account_has_nothing_to_assign() -> None:
    with pytest.raises(RedAssignmentInvalidError):
        check_red(TERMS, addressee=COMPANY, accounts=[])


def test_addressee_and_account_are_read_in_their_one_form() -> None:
    assert check_red_addressee(TERMS) == (COMPANY, ACCOUNT)
    with_naf = replace(TERMS, account="28/12345678/40")
    assert check_red_addressee(with_naf) == (COMPANY, "281234567840")
    with pytest.raises(RedAssignmentInvalidError):
        check_red_addressee(replace(TERMS, addressee="nonsense"))


def test_an_assignment_ends_now_or_later_and_once() -> None:
    assert ends_red(None, NOW, NOW)
    assert ends_red(NOW + 2 * DAY, NOW + DAY, NOW)
    assert not ends_red(NOW + DAY, NOW + DAY, NOW)
    assert not ends_red(NOW - DAY, NOW - 2 * DAY, NOW)
    with pytest.raises(RedAssignmentInvalidError) as refusal:
        ends_red(None, NOW - MILLISECOND, NOW)
    assert refusal.value.facts == {"field": "ends_at", "problem": "in_the_past"}


def test_a_correction_moves_an_end_either_way_and_a_repeat_nothing() -> None:
    assert ends_red(None, NOW - DAY, NOW, is_correction=True)
    assert ends_red(NOW - 2 * DAY, NOW - DAY, NOW, is_correction=True)
    assert not ends_red(NOW - DAY, NOW - DAY, NOW, is_correction=True)
    assert not ends_red(NOW - DAY, NOW - DAY, NOW, is_correction=True, gives_until=NOW - DAY)
    # It has given until later: what was given since its end is taken.
    assert ends_red(NOW - DAY, NOW - DAY, NOW, is_correction=True, gives_until=NOW)


@pytest.mark.parametrize(
    ("ground", "at", "problem"),
    [(" ", NOW, "required"), ("a\nb", NOW, "text"), ("told late", NOW + MILLISECOND, "not_in_the_past")],
)
def test_a_correction_names_its_ground_and_corrects_what_has_been(
    ground: str, at: datetime, problem: str
) -> None:
    assert check_red_ground(None, at, NOW) is None
    assert check_red_ground(" told late ", NOW, NOW) == "told late"
    with pytest.raises(RedAssignmentInvalidError) as refusal:
        check_red_ground(ground, at, NOW)
    assert refusal.value.facts == {"field": "ground", "problem": problem}
