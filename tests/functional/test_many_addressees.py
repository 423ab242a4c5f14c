"""One message about what as many addressees have as a message may name."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.world import nif_of

from notigateway.law.representation import PowerScope
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.engine import writing
from notigateway.repository.rights import Power
from pki import PERSON_NIF, pki
from stack import texts

if TYPE_CHECKING:
    from uuid import UUID

    from stack import Stack

MOST, MOST_RETRIEVED = 500, 100


def publish_to_each(stack: Stack) -> list[UUID]:
    """Put one act at the disposal of each of many addressees, who have all granted the person a power."""
    publish = stack.office.publishing.publish
    found = []
    with writing(stack.engine) as session:
        for number in range(2, 2 + MOST):
            nif = nif_of(number)
            grantor = ensure_addressee(session, identifier=nif, name=nif)
            session.add(general_power(stack, grantor.id))
            deposit = stack.deposit(f"ACT-{number}", addressee=nif)
            found.append(publish(session, deposit, now=stack.now).notification.id)
    return found


def general_power(stack: Stack, grantor_id: int) -> Power:
    return Power(
        id=uuid4(),
        grantor_id=grantor_id,
        attorney=PERSON_NIF,
        attorney_name="Ana",
        scope=PowerScope.GENERAL,
        value=None,
        special_category=False,
        is_void=False,
        registered_at=stack.now,
        accepted_at=stack.now,
        expires_at=stack.now + timedelta(days=300),
    )


def test_what_five_hundred_addressees_have_is_accepted_and_retrieved_in_their_name(stack: Stack) -> None:
    ids = publish_to_each(stack)
    person = pki().person
    listed = stack.ask("ListNotifications", "<pageSize>1000</pageSize>", holder=person)
    assert texts(listed.tree, "notification/id") == [str(one) for one in ids]
    outcomes = stack.accept(*ids, holder=person)
    assert Counter(one.findtext("{*}outcome") for one in outcomes) == {"decided": MOST}
    # A repeat, the other way round: each is told apart, in the order that was asked for.
    again = stack.accept(*ids[::-1], holder=person)
    assert [one.findtext("{*}id") for one in again] == [str(one) for one in ids[::-1]]
    assert Counter(one.findtext("{*}outcome") for one in again) == {"already_decided_by_you": MOST}
    wanted = "".join(f"<id>{one}</id>" for one in ids[:MOST_RETRIEVED])
    answer = stack.ask("RetrieveNotifications", wanted, holder=person)
    assert len(answer.tree.findall(".//{*}content")) == MOST_RETRIEVED
    changes = stack.ask("ListChanges", "<pageSize>1000</pageSize>", holder=person)
    assert Counter(texts(changes.tree, "change/state")) == {"available": MOST, "accepted": MOST}
