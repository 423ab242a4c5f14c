"""Who takes whose place: the rules one by one, and over random histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import SuccessionInvalidError
from notigateway.law.succession import (
    BY_POLICY,
    Cause,
    Concerned,
    Succession,
    check_no_circle,
    check_succession,
    concerns,
    ends_guardianship,
    overlaps,
    passed_on,
    shows,
    successor_of,
)

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
A, B, C = "12345678Z", "00000007F", "00000008P"
BODY = "EA0041485"
DEATH = Succession(predecessor=A, successor=B, cause=Cause.DEATH, fact_at=NOW, communicated_at=NOW + 10 * DAY)
ACT = Concerned(body=BODY, procedure="203546", account=None)


def test_the_successor_sees_what_came_since_the_fact_from_the_communication_on() -> None:
    told = DEATH.communicated_at
    assert shows(DEATH, ACT, available_at=NOW, now=told)
    assert not shows(DEATH, ACT, available_at=NOW, now=told - MILLISECOND)
    assert not shows(DEATH, ACT, available_at=NOW - MILLISECOND, now=told)
    number = replace(DEATH, cause=Cause.NUMBER_CHANGE)
    assert shows(number, ACT, available_at=NOW - 900 * DAY, now=told)


def test_a_body_a_procedure_and_an_account_narrow_it() -> None:
    assert concerns(DEATH, ACT)
    assert not concerns(replace(DEATH, body="EA0021234"), ACT)
    assert not concerns(replace(DEATH, procedures=frozenset({"1"})), ACT)
    subrogation = replace(DEATH, account="28123456742")
    assert not concerns(subrogation, ACT)
    assert concerns(subrogation, replace(ACT, account="011128123456742"))


def test_what_comes_later_follows_from_successor_to_successor() -> None:
    second = replace(DEATH, predecessor=B, successor=C, communicated_at=NOW + 20 * DAY)
    known = [second, DEATH]
    days = (9, 10, 19, 20)
    assert [successor_of(A, ACT, known, at=NOW + day * DAY) for day in days] == [A, B, B, C]
    ward = replace(DEATH, cause=Cause.GUARDIANSHIP)
    assert successor_of(A, ACT, [ward], at=NOW + 20 * DAY) == A


def test_who_succeeds_a_successor_is_given_what_that_one_had() -> None:
    second = replace(DEATH, predecessor=B, successor=C, communicated_at=NOW + 20 * DAY, body=BODY)
    given = passed_on(DEATH, second)
    assert given == replace(DEATH, successor=C, communicated_at=NOW + 20 * DAY, body=BODY)
    assert passed_on(DEATH, replace(second, procedures=frozenset({"1"}))) is None
    assert passed_on(replace(DEATH, body="EA0021234"), second) is None
    assert passed_on(second, DEATH) is None
    assert passed_on(replace(DEATH, cause=Cause.GUARDIANSHIP), second) is None


def test_a_place_is_taken_once_and_guardians_are_many() -> None:
    other = replace(DEATH, successor=C)
    assert overlaps(DEATH, other)
    assert not overlaps(replace(DEATH, body=BODY), replace(other, body="EA0021234"))
    one, another = frozenset({"1"}), frozenset({"2"})
    assert not overlaps(replace(DEATH, procedures=one), replace(other, procedures=another))
    ward = replace(DEATH, cause=Cause.GUARDIANSHIP)
    assert not overlaps(ward, replace(ward, successor=C))


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=12))
def test_there_are_never_circles(pairs: list[tuple[str, str]]) -> None:
    followers: dict[str, frozenset[str]] = {}
    for predecessor, successor in pairs:
        one = replace(DEATH, predecessor=predecessor, successor=successor)
        try:
            check_no_circle(one, followers)
        except SuccessionInvalidError:
            continue
        followers[predecessor] = followers.get(predecessor, frozenset()) | {successor}
    for start, first in followers.items():
        reached, waiting = set[str](), [*first]
        while waiting:
            found = waiting.pop()
            assert found != start
            if found not in reached:
                reached.add(found)
                waiting.extend(followers.get(found, ()))


def test_a_guardianship_ends_and_nothing_else_does() -> None:
    ward = replace(DEATH, cause=Cause.GUARDIANSHIP)
    assert ends_guardianship(ward, NOW + DAY, NOW)
    assert not ends_guardianship(replace(ward, ends_at=NOW), NOW + DAY, NOW)
    for one, at in ((DEATH, NOW + DAY), (ward, NOW - DAY)):
        with pytest.raises(SuccessionInvalidError):
            ends_guardianship(one, at, NOW)


@pytest.mark.parametrize("cause", sorted(BY_POLICY))
def test_what_the_article_does_not_name_is_a_policy(cause: Cause) -> None:
    account = "28123456742" if cause is Cause.ACCOUNT_SUBROGATION else None
    one = replace(DEATH, cause=cause, account=account)
    assert check_succession(one, document="x", policies=BY_POLICY, now=NOW + DAY).cause is cause
    with pytest.raises(SuccessionInvalidError):
        check_succession(one, document="x", policies=frozenset(), now=NOW + DAY)
