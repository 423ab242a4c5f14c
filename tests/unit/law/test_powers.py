"""What a power may say and name, and how it and its items end; also in `test_recorded_channels.py`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import items_of as drawn_items
from notigateway.errors import (
    PowerIndivisibleError,
    PowerInvalidError,
    PowerItemUnknownError,
    PowerNotInForceError,
    PowerTooLongError,
)
from notigateway.law.powers import (
    Named,
    PowerPolicy,
    PowerTerms,
    check_power,
    comes_to_end,
    is_void,
    item_comes_to_end,
    items_of,
    names_the_same,
    one_value,
)
from notigateway.law.representation import ItemKind, Power, PowerItem, PowerScope, PowerState, latest_expiry

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
COMPANY, ATTORNEY = "B12345674", "12345678Z"
MATTER, OTHER = Named(ItemKind.MATTER, "collection"), Named(ItemKind.MATTER, "contribution")
GROUP, PROCEDURE = Named(ItemKind.GROUP, "rates"), Named(ItemKind.PROCEDURE, "203546")
CATALOGUE = {
    MATTER: frozenset[str](),
    OTHER: frozenset[str](),
    GROUP: frozenset({"202301", "202302"}),
    PROCEDURE: frozenset[str](),
}
TERMS = PowerTerms(
    attorney=ATTORNEY, attorney_name="Ana", scope=PowerScope.GENERAL, expires_at=latest_expiry(NOW)
)


def terms(**changed: Any) -> PowerTerms:  # noqa: ANN401  (fields of PowerTerms)
    return replace(TERMS, **changed)


def power(scope: PowerScope, *named: Named, **changed: Any) -> Power:  # noqa: ANN401  (fields of Power)
    said = Power(
        scope=scope,
        items=tuple(PowerItem(one.kind, one.value) for one in named),
        registered_at=NOW,
        accepted_at=NOW,
        expires_at=NOW + 300 * DAY,
    )
    return replace(said, **changed)


def test_a_power_runs_five_years_at_most() -> None:
    assert check_power(TERMS, grantor=COMPANY, registered_at=NOW) == TERMS
    too_long = terms(expires_at=latest_expiry(NOW) + MILLISECOND)
    with pytest.raises(PowerTooLongError):
        check_power(too_long, grantor=COMPANY, registered_at=NOW)


def test_a_power_of_the_old_rule_is_void_unless_adapted() -> None:
    old, new = datetime(2021, 4, 1, 21, 59, 59, tzinfo=UTC), datetime(2021, 4, 1, 22, tzinfo=UTC)
    assert is_void(old, is_adapted=False)
    assert not is_void(old, is_adapted=True)
    assert not is_void(new, is_adapted=False)


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"items": (MATTER,)}, "item", "not_allowed"),
        ({"value": "collection"}, "value", "not_allowed"),
        ({"scope": PowerScope.MATTER}, "value", "required"),
        ({"scope": PowerScope.PROCEDURE}, "value", "required"),
        ({"scope": PowerScope.MATTER, "value": " "}, "value", "required"),
        ({"scope": PowerScope.MATTER, "items": (GROUP,)}, "item", "not_of_this_scope"),
        ({"scope": PowerScope.MATTER, "items": (MATTER, PROCEDURE)}, "item", "not_of_this_scope"),
        ({"scope": PowerScope.PROCEDURE, "items": (MATTER,)}, "item", "not_of_this_scope"),
        ({"scope": PowerScope.MATTER, "value": "collection", "items": (MATTER,)}, "item", "repeated"),
        ({"scope": PowerScope.MATTER, "value": "m" * 65}, "value", "length"),
        ({"scope": PowerScope.PROCEDURE, "items": (replace(PROCEDURE, value="1" * 17),)}, "item", "length"),
        ({"expires_at": NOW}, "expires_at", "in_the_past"),
    ],
)
def test_a_power_names_what_its_type_names(changed: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(PowerInvalidError) as refusal:
        check_power(terms(**changed), grantor=COMPANY, registered_at=NOW)
    assert refusal.value.facts == {"field": field, "problem": problem}


def test_what_a_power_names_is_in_the_catalogue_and_its_groups_stay_as_they_were() -> None:
    said = terms(scope=PowerScope.PROCEDURE, value="203546", items=(GROUP,))
    assert items_of(said, CATALOGUE) == (
        PowerItem(ItemKind.PROCEDURE, "203546"),
        PowerItem(ItemKind.GROUP, "rates", frozenset({"202301", "202302"})),
    )
    for changed, field in (({"value": "203547"}, "value"), ({"items": (replace(GROUP, value="x"),)}, "item")):
        with pytest.raises(PowerInvalidError) as refusal:
            items_of(replace(said, **changed), CATALOGUE)
        assert refusal.value.facts == {"field": field, "problem": "not_in_catalogue"}


def test_the_one_value_of_a_power_is_told_where_there_is_one() -> None:
    assert one_value(TERMS) is None
    assert one_value(terms(scope=PowerScope.MATTER, value="collection")) == "collection"
    assert one_value(terms(scope=PowerScope.MATTER, items=(MATTER,))) == "collection"
    assert one_value(terms(scope=PowerScope.PROCEDURE, items=(GROUP,))) is None
    assert one_value(terms(scope=PowerScope.MATTER, items=(MATTER, OTHER))) is None


def test_two_powers_name_the_same_in_any_order() -> None:
    both = power(PowerScope.MATTER, MATTER, OTHER)
    assert names_the_same(both, power(PowerScope.MATTER, OTHER, MATTER))
    assert not names_the_same(both, power(PowerScope.MATTER, MATTER))
    assert not names_the_same(power(PowerScope.GENERAL), power(PowerScope.PROCEDURE))


@pytest.mark.parametrize(
    ("said", "item"),
    [
        (power(PowerScope.GENERAL), MATTER),
        (power(PowerScope.GENERAL), PROCEDURE),
        (power(PowerScope.MATTER, MATTER), PROCEDURE),
        (power(PowerScope.MATTER, MATTER, OTHER), GROUP),
    ],
)
def test_nothing_is_taken_out_of_a_general_power_or_a_matter(said: Power, item: Named) -> None:
    with pytest.raises(PowerIndivisibleError) as refusal:
        item_comes_to_end(said, item, PowerState.REVOKED, NOW + DAY)
    assert refusal.value.facts == {"scope": str(said.scope)}


def test_procedures_and_groups_end_separately_and_a_repeat_changes_nothing() -> None:
    said = power(PowerScope.PROCEDURE, PROCEDURE, GROUP)
    assert item_comes_to_end(said, PROCEDURE, PowerState.REVOKED, NOW + DAY)
    ended = replace(said.items[0], ended_at=NOW + DAY, end_cause=PowerState.REVOKED)
    after = replace(said, items=(ended, said.items[1]))
    assert not item_comes_to_end(after, PROCEDURE, PowerState.REVOKED, NOW + 2 * DAY)
    assert item_comes_to_end(after, GROUP, PowerState.RENOUNCED, NOW + 2 * DAY)
    with pytest.raises(PowerNotInForceError) as refusal:
        item_comes_to_end(after, PROCEDURE, PowerState.RENOUNCED, NOW + 2 * DAY)
    assert refusal.value.facts == {"state": "revoked"}
    with pytest.raises(PowerItemUnknownError):
        item_comes_to_end(said, replace(PROCEDURE, value="1"), PowerState.REVOKED, NOW)
    with pytest.raises(PowerNotInForceError):
        item_comes_to_end(said, GROUP, PowerState.REVOKED, said.expires_at)


def test_whether_one_of_several_matters_ends_alone_is_a_policy() -> None:
    two, one = power(PowerScope.MATTER, MATTER, OTHER), power(PowerScope.MATTER, MATTER)
    whole = PowerPolicy(matters_end_alone=False)
    assert item_comes_to_end(two, MATTER, PowerState.REVOKED, NOW)
    assert item_comes_to_end(one, MATTER, PowerState.REVOKED, NOW, policy=whole)
    with pytest.raises(PowerIndivisibleError):
        item_comes_to_end(two, MATTER, PowerState.REVOKED, NOW, policy=whole)


INSTANTS = st.builds(lambda day: NOW + day * DAY, st.integers(0, 400))


@given(st.data(), st.sampled_from([PowerScope.MATTER, PowerScope.PROCEDURE]), INSTANTS)
def test_an_item_ends_only_where_the_whole_power_could(
    data: st.DataObject, scope: PowerScope, now: datetime
) -> None:
    said = power(scope, items=data.draw(drawn_items(scope, INSTANTS)))
    item = data.draw(st.sampled_from(said.items))
    try:
        ends = item_comes_to_end(said, Named(item.kind, item.value), PowerState.REVOKED, now)
    except PowerNotInForceError:
        with pytest.raises(PowerNotInForceError):
            comes_to_end(said, PowerState.REVOKED, now)
    else:
        assert ends is (item.end_cause is None)
