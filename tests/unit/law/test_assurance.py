"""Which means of access open data of a special category, at which level, and for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notigateway.law.assurance import SIGNED, Assurance, Level, Means, opens_special_category, rights_by
from notigateway.law.grounds import Ground
from notigateway.law.representation import Item, RightsPolicy, Role, Window, red_covers, role_of

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
HEALTH = Item(
    available_at=START,
    closed_at=None,
    matter="benefits",
    procedure="203547",
    special_category=True,
    ground=Ground.A,
)
WINDOW = Window(START)
ORDER = (Level.LOW, Level.SUBSTANTIAL, Level.HIGH)


@pytest.mark.parametrize("least", Level)
@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("means", Means)
def test_a_certificate_and_clave_permanente_open_special_categories(
    means: Means, level: Level, least: Level
) -> None:
    is_named = means in {Means.CERTIFICATE, Means.CLAVE_PERMANENTE}
    is_enough = ORDER.index(level) >= ORDER.index(least)
    assert opens_special_category(Assurance(means, level), least) == (is_named and is_enough)


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("means", Means)
def test_by_other_means_nobody_sees_special_categories_and_the_rest_stays(means: Means, level: Level) -> None:
    policy = RightsPolicy(special_category_roles=frozenset(Role))
    rights = rights_by(Assurance(means, level), policy)

    def role(item: Item) -> Role | None:
        return role_of(item, is_addressee=True, windows=[], powers=[], now=START, rights=rights)

    opens = means in {Means.CERTIFICATE, Means.CLAVE_PERMANENTE}
    assert role(HEALTH) is (Role.OWN if opens else None)
    assert role(replace(HEALTH, special_category=False)) is Role.OWN


def test_a_signed_request_has_the_rights_of_the_policy() -> None:
    policy = RightsPolicy(special_category_level=Level.HIGH)
    assert rights_by(SIGNED, policy) is policy


def test_red_sees_special_categories_only_by_policy() -> None:
    now = START + timedelta(days=1)
    assert not red_covers(WINDOW, HEALTH, now)
    assert red_covers(WINDOW, HEALTH, now, RightsPolicy(special_category_roles=frozenset({Role.RED})))
