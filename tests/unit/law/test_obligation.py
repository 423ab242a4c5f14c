"""Who is obliged, on which ground and since when; who may choose; and what lapses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import ChannelObligedError
from notigateway.law.grounds import NAMEABLE_GROUNDS, RED_GROUNDS, Ground, Paper
from notigateway.law.lifecycle import Kind
from notigateway.law.obligation import (
    Access,
    Issued,
    Obligation,
    ObligationPolicy,
    access_to,
    changes_channel,
    channel_in_force,
    ground_of,
    is_obliged,
    obligation_by_account,
    obligations_by_nature,
    obligations_by_power,
    standing_obligations,
)
from notigateway.law.representation import DeliveryChannel, ItemKind, Power, PowerItem, PowerScope

ELECTRONIC, POSTAL = DeliveryChannel.ELECTRONIC, DeliveryChannel.POSTAL
NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
COMPANY, PERSON = "B12345674", "12345678Z"
ACT = Issued(kind=Kind.NOTIFICATION, matter="collection", procedure="203546")
POWER = Power(
    scope=PowerScope.PROCEDURE,
    items=(
        PowerItem(ItemKind.GROUP, "g", procedures=frozenset({"1", "2"})),
        PowerItem(ItemKind.PROCEDURE, "3", ended_at=NOW + 3 * DAY),
    ),
    registered_at=NOW - DAY,
    accepted_at=NOW,
    expires_at=NOW + 10 * DAY,
    ended_at=NOW + 5 * DAY,
)
CONFIDING = ObligationPolicy(issuing_body_grounds=True)
STRICT = ObligationPolicy(issuing_body_grounds=False)

INSTANTS = st.builds(
    lambda day, edge: NOW + day * DAY + edge * MILLISECOND, st.integers(0, 9), st.integers(-1, 1)
)
NAMES = st.frozensets(st.sampled_from(["collection", "contribution"]), max_size=1)
OBLIGATIONS = st.builds(
    Obligation,
    st.sampled_from(Ground),
    st.none() | INSTANTS,
    st.none() | INSTANTS,
    NAMES,
    st.frozensets(st.sampled_from(["203546", "202301"]), max_size=1),
)
ISSUED = st.builds(
    Issued,
    kind=st.sampled_from(Kind),
    matter=st.sampled_from(["collection", "contribution"]),
    procedure=st.sampled_from(["203546", "202301"]),
    named_ground=st.none() | st.sampled_from(sorted(NAMEABLE_GROUNDS)),
    paper=st.none() | st.sampled_from(Paper),
)
CHOICES = st.none() | st.sampled_from(DeliveryChannel)
POLICIES = st.builds(ObligationPolicy, st.booleans(), st.booleans())


# --- grounds


@pytest.mark.parametrize("nif", ["B12345674", "A28000016", "E12345672", "Q2827003A"])
def test_legal_persons_and_entities_without_personality_are_obliged_by_their_nif(nif: str) -> None:
    assert ground_of(obligations_by_nature(nif), ACT, at=NOW) is Ground.A
    assert obligation_by_account(nif, since=NOW) == ()


@pytest.mark.parametrize("nif", ["12345678Z", "X1234567L"])
def test_natural_persons_are_obliged_by_their_main_account_from_its_beginning(nif: str) -> None:
    assert obligations_by_nature(nif) == ()
    known = obligation_by_account(nif, since=NOW, until=NOW + DAY)
    at = (NOW - MILLISECOND, NOW, NOW + DAY - MILLISECOND, NOW + DAY)
    assert [ground_of(known, ACT, at=one) for one in at] == [None, Ground.B, Ground.B, None]


def test_professionals_are_obliged_only_for_acts_of_their_activity() -> None:
    lawyer = (Obligation(Ground.A, NOW, matters=frozenset({"appeals"}), procedures=frozenset({"203546"})),)
    assert ground_of(lawyer, ACT, at=NOW) is Ground.A
    assert ground_of(lawyer, replace(ACT, procedure="1"), at=NOW) is None
    assert ground_of(lawyer, replace(ACT, procedure="1", matter="appeals"), at=NOW) is Ground.A
    assert not is_obliged(lawyer, NOW)  # so it chooses the channel of all else


def by_power(power: Power, *, is_attorney: bool, obliges: bool = False) -> tuple[Obligation, ...]:
    policy = ObligationPolicy(attorney_obliges_grantor=obliges)
    return obligations_by_power(power, is_attorney=is_attorney, policy=policy)


def test_the_attorney_is_obliged_by_a_power_from_its_acceptance_to_its_end() -> None:
    attorney = by_power(POWER, is_attorney=True)
    at = (NOW - MILLISECOND, NOW, NOW + 5 * DAY - MILLISECOND, NOW + 5 * DAY)
    assert [ground_of(attorney, ACT, at=one) for one in at] == [None, Ground.D, Ground.D, None]
    for nothing in ({"accepted_at": None}, {"is_void": True}, {"ended_at": NOW}):
        assert by_power(replace(POWER, **nothing), is_attorney=True) == ()


def test_the_grantor_is_not_obliged_but_by_policy_for_what_the_power_covers() -> None:
    assert by_power(POWER, is_attorney=False) == ()
    grantor = by_power(POWER, is_attorney=False, obliges=True)

    def ground(days: int, *, procedure: str) -> Ground | None:
        return ground_of(grantor, replace(ACT, procedure=procedure), at=NOW + days * DAY)

    assert [ground(1, procedure=one) for one in ("1", "2", "3", "4")] == [Ground.D, Ground.D, Ground.D, None]
    assert ground(4, procedure="1") is Ground.D
    assert ground(4, procedure="3") is None  # this one was revoked alone
    general = by_power(replace(POWER, scope=PowerScope.GENERAL, items=()), is_attorney=False, obliges=True)
    assert ground_of(general, ACT, at=NOW) is Ground.D


def test_red_receives_of_the_grounds_a_and_b_only() -> None:
    assert {Ground.A, Ground.B} == RED_GROUNDS


@given(st.lists(OBLIGATIONS, max_size=4), ISSUED, INSTANTS)
def test_the_first_letter_that_stands_and_covers_is_the_ground(
    known: list[Obligation], issued: Issued, at: datetime
) -> None:
    letters = [
        one.ground
        for one in known
        if (one.since is None or one.since <= at)
        and (one.until is None or at < one.until)
        and (
            not (one.matters or one.procedures)
            or issued.matter in one.matters
            or issued.procedure in one.procedures
        )
    ]
    assert ground_of(known, issued, at=at) == (min(letters) if letters else None)
    assert sorted(standing_obligations(known, at), key=repr) == sorted(
        (one for one in known if one.stands_at(at)), key=repr
    )


# --- what lapses


@given(st.lists(OBLIGATIONS, max_size=4), ISSUED, CHOICES, INSTANTS, POLICIES)
def test_nothing_lapses_without_a_ground_or_a_choice(
    known: list[Obligation],
    issued: Issued,
    choice: DeliveryChannel | None,
    at: datetime,
    policy: ObligationPolicy,
) -> None:
    access = access_to(issued, known, choice=choice, at=at, policy=policy)
    is_electronic = access.ground is not None or choice is ELECTRONIC
    assert access.lapses is (is_electronic and issued.kind is Kind.NOTIFICATION and issued.paper is None)


@given(st.lists(OBLIGATIONS, max_size=4), ISSUED, CHOICES, INSTANTS, POLICIES)
def test_the_register_decides_whatever_the_body_says_and_whatever_was_chosen(
    known: list[Obligation],
    issued: Issued,
    choice: DeliveryChannel | None,
    at: datetime,
    policy: ObligationPolicy,
) -> None:
    access = access_to(issued, known, choice=choice, at=at, policy=policy)
    ground = ground_of(known, issued, at=at)
    if ground is not None or any(one.ground is issued.named_ground for one in known) or choice is POSTAL:
        assert access.ground is ground
    else:
        assert access.ground is (issued.named_ground if policy.issuing_body_grounds else None)


def test_who_is_not_obliged_and_has_not_chosen_never_lapses() -> None:
    assert access_to(ACT, (), choice=None, at=NOW) == Access(None, lapses=False)
    assert access_to(ACT, (), choice=POSTAL, at=NOW) == Access(None, lapses=False)
    assert access_to(ACT, (), choice=ELECTRONIC, at=NOW) == Access(None, lapses=True)


def test_a_ground_that_the_body_names_counts_where_the_register_is_silent_by_policy() -> None:
    named = replace(ACT, named_ground=Ground.C)
    assert access_to(named, (), choice=None, at=NOW, policy=CONFIDING) == Access(Ground.C, lapses=True)
    assert access_to(named, (), choice=None, at=NOW, policy=STRICT) == Access(None, lapses=False)
    # What the register knows to be over is over, and who has chosen paper is believed.
    over = (Obligation(Ground.C, NOW - 2 * DAY, NOW - DAY),)
    assert access_to(named, over, choice=None, at=NOW, policy=CONFIDING).ground is None
    assert access_to(named, (), choice=POSTAL, at=NOW, policy=CONFIDING).ground is None


@pytest.mark.parametrize("paper", Paper)
def test_what_is_practised_on_paper_is_here_too_and_never_lapses(paper: Paper) -> None:
    on_paper = replace(ACT, paper=paper)
    access = access_to(on_paper, obligations_by_nature(COMPANY), choice=None, at=NOW)
    assert access == Access(Ground.A, lapses=False)


def test_a_communication_never_lapses() -> None:
    note = replace(ACT, kind=Kind.COMMUNICATION)
    assert access_to(note, obligations_by_nature(COMPANY), choice=None, at=NOW) == Access(
        Ground.A, lapses=False
    )


# --- choosing


def test_an_obligation_overrides_a_choice() -> None:
    assert channel_in_force(POSTAL, obliged=True) is ELECTRONIC
    assert channel_in_force(POSTAL, obliged=False) is POSTAL
    assert channel_in_force(None, obliged=False) is None


def test_a_choice_is_new_once() -> None:
    assert changes_channel(POSTAL, None, obliged=False)
    assert changes_channel(ELECTRONIC, POSTAL, obliged=False)
    assert not changes_channel(POSTAL, POSTAL, obliged=False)


def test_who_is_obliged_cannot_choose_paper_and_needs_not_choose_otherwise() -> None:
    assert not changes_channel(ELECTRONIC, None, obliged=True)
    with pytest.raises(ChannelObligedError):
        changes_channel(POSTAL, None, obliged=True)
