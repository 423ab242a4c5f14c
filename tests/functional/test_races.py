"""Two processes decide the same notification at the same time: one decision stands, and both know which."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from notigateway.law.lifecycle import State
from notigateway.repository.model import Event, Notification, Receipt
from notigateway.wss.ns import NOTIGATEWAY_V1
from pki import COMPANY_NIF, REPRESENTATIVE_NIF, pki
from rivals import compete

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from notigateway.pki.keys import KeyPair
    from rivals import Told
    from stack import Stack

pytestmark = pytest.mark.once


def decision(stack: Stack, operation: str, ids: Sequence[UUID], holder: KeyPair) -> bytes:
    inner = "".join(f"<id>{one}</id>" for one in ids)
    return stack.sign(f'<{operation} xmlns="{NOTIGATEWAY_V1}">{inner}</{operation}>', holder)


def assert_one_decision_each(
    stack: Stack, ids: Sequence[UUID], *told: list[list[Told]]
) -> Counter[str | None]:
    """Prove that one rival decided each notification, that the other was told so, and what is stored."""
    winners: Counter[str | None] = Counter()
    items = [{one.id: one for message in rival for one in message} for rival in told]
    for wanted in map(str, ids):
        both = [rival[wanted] for rival in items]
        (winner,) = [one for one in both if one.outcome == "decided"]
        (loser,) = [one for one in both if one is not winner]
        assert loser.outcome == "already_decided"
        assert (loser.state, loser.signer, loser.receipt) == (winner.state, winner.signer, winner.receipt)
        winners[winner.state] += 1
    with Session(stack.engine) as session:
        stored = session.execute(
            select(Notification.id, Notification.state, Event.state, Event.signer, Receipt.sha256)
            .join(Event, Event.notification_code == Notification.code)
            .join(Receipt, Receipt.event_id == Event.id)
            .where(Event.decisive)
        ).all()
        decided_ones = select(func.count()).select_from(Receipt).where(Receipt.state != State.AVAILABLE)
        assert session.scalar(decided_ones) == len(ids)
    assert sorted(str(row[0]) for row in stored) == sorted(map(str, ids))
    for id_, state, decided, signer, receipt in stored:
        one = items[0][str(id_)]
        assert (str(state), str(decided), signer, receipt) == (one.state, one.state, one.signer, one.receipt)
    return winners


@pytest.mark.parametrize("count", [40, pytest.param(200, marks=pytest.mark.soak)])
def test_of_two_processes_that_accept_and_reject_at_once_one_wins_each_time(stack: Stack, count: int) -> None:
    ids = stack.publish_many(count)
    accepting = [decision(stack, "AcceptNotifications", [one], pki().company_seal) for one in ids]
    rejecting = [decision(stack, "RejectNotifications", [one], pki().representative) for one in ids]
    told = compete(stack.overrides, stack.now, [accepting, rejecting])
    winners = assert_one_decision_each(stack, ids, *told)
    assert set(winners) <= {"accepted", "rejected"}
    # The proof of will of the winner alone is kept, once for each.
    assert stack.rows()["request_envelopes"] == count
    assert {one.signer for rival in told for (one,) in rival} <= {COMPANY_NIF, REPRESENTATIVE_NIF}


def test_batches_in_opposite_order_do_not_wait_for_each_other(stack: Stack) -> None:
    """Two batches that lock the same rows the other way round would wait for ever."""
    ids = stack.publish_many(60)
    batches = [ids[first : first + 12] for first in range(0, 60, 12)]
    accepting = [decision(stack, "AcceptNotifications", one, pki().company_seal) for one in batches]
    rejecting = [decision(stack, "RejectNotifications", one[::-1], pki().representative) for one in batches]
    told = compete(stack.overrides, stack.now, [accepting, rejecting])
    assert_one_decision_each(stack, ids, *told)


@pytest.mark.soak
def test_four_processes_and_five_hundred_notifications(stack: Stack) -> None:
    ids = stack.publish_many(500)
    holders = (pki().company_seal, pki().representative)
    messages = [
        [decision(stack, f"{word}Notifications", [one], holder) for one in ids]
        for word in ("Accept", "Reject")
        for holder in holders
    ]
    told = compete(stack.overrides, stack.now, messages)
    for number, wanted in enumerate(ids):
        outcomes = Counter(rival[number][0].outcome for rival in told)
        assert outcomes["decided"] == 1, wanted
        # Who wanted the same as the winner, for the same party, is told that it already is so.
        assert outcomes["already_decided_by_you"] == 1
        assert outcomes["already_decided"] == 2
        assert len({rival[number][0].receipt for rival in told}) == 1
    rows = stack.rows()
    assert (stack.decisions(), rows["request_envelopes"]) == (500, 500)
