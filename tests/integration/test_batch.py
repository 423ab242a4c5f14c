"""A batch of decisions is written as the session would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm.exc import StaleDataError

from notigateway.addressee.mailbox import Will
from notigateway.law import transitions
from notigateway.law.assurance import SIGNED
from notigateway.law.lifecycle import Decision, State
from notigateway.pki.identity import read_caller
from notigateway.receipts.asking import Asking, RequestProof
from notigateway.repository.changes import events_with_place
from notigateway.repository.engine import writing
from notigateway.repository.log import LogLeaf
from notigateway.repository.model import Event, IssuingBody, Notification, Receipt
from notigateway.repository.notifications import lock_visible
from notigateway.repository.receipts import RequestEnvelope
from notigateway.repository.session import Session
from notigateway.uuids import uuid7
from pki import COMPANY_NIF, pki

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import DeclarativeBase

    from notigateway.addressee.mailbox import Outcome
    from stack import Stack


def decide(stack: Stack, session: Session, ids: list[UUID]) -> list[Outcome]:
    caller = read_caller(pki().company_seal.certificate)
    proof = RequestProof(uuid7(stack.now), b"<signed/>", "rsa-sha256")
    asking = Asking(caller=caller, assurance=SIGNED, now=stack.now, proof=proof)
    return stack.office.mailbox.decide_all(session, asking, ids, Will(Decision.ACCEPT))


def values(row: DeclarativeBase) -> dict[str, object]:
    return {one.key: getattr(row, one.key) for one in row.__table__.columns}


def test_every_column_is_what_was_decided_and_sealed(stack: Stack) -> None:
    ids = [stack.publish(name) for name in "ABC"]
    stack.pass_time(days=1)
    with writing(stack.engine) as session:
        outcomes = decide(stack, session, [*ids, ids[0]])
    assert [one.problem is None for one in outcomes] == [True, True, True, False]
    assert outcomes[3].is_repeat
    assert outcomes[3].receipt is outcomes[0].receipt
    with Session(stack.engine) as session:
        for one in outcomes[:3]:
            assert one.event is not None
            assert one.receipt is not None
            event, receipt = session.get_one(Event, one.event.id), session.get_one(Receipt, one.receipt.id)
            assert values(event) == values(one.event)
            assert values(receipt) == values(one.receipt) | {"timestamp_attempts": 0}
            row = session.get_one(Notification, event.notification_code)
            assert (row.state, row.decided_at, row.version) == (State.ACCEPTED, stack.now, 2)
            leaf = session.get_one(LogLeaf, receipt.id).leaf
            assert leaf.speaks_of(receipt.xml, session.get_one(LogLeaf, receipt.id).salt or b"")
            assert events_with_place(session, [event.id])
        assert session.scalars(select(RequestEnvelope.xml)).all() == [b"<signed/>"]


def test_a_notification_that_changed_since_it_was_read_is_not_overwritten(stack: Stack) -> None:
    wanted = stack.publish()

    def overtaken() -> None:
        with writing(stack.engine) as session:
            found = lock_visible(session, [wanted], party=COMPANY_NIF, now=stack.now)
            session.execute(text("UPDATE notifications SET version = version + 1"))
            row = found[wanted]
            row.happen(transitions.decide(row.standing, Decision.ACCEPT, stack.now), now=stack.now)

    with pytest.raises(StaleDataError):
        overtaken()
    with Session(stack.engine) as session:
        assert session.scalars(select(Notification.state)).all() == [State.AVAILABLE]


def test_decisions_beside_other_changes_are_written_with_them(stack: Stack) -> None:
    wanted = stack.publish()
    with writing(stack.engine) as session:
        session.add(IssuingBody(dir3="E04921401", acronym="X", name="X", nif="Q2827003A"))
        (outcome,) = decide(stack, session, [wanted])
    assert outcome.event is not None
    assert outcome.receipt is not None
    with Session(stack.engine) as session:
        assert session.scalars(select(IssuingBody.dir3).where(IssuingBody.dir3 == "E04921401")).one()
        assert session.scalars(select(Notification.state)).all() == [State.ACCEPTED]
        assert session.get_one(LogLeaf, outcome.receipt.id).leaf.subject == outcome.receipt.id
        assert events_with_place(session, [outcome.event.id]) == {outcome.event.id}


def test_content_that_is_handed_over_leaves_the_notification_as_it_was(stack: Stack) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    with Session(stack.engine) as session:
        assert session.scalars(select(Notification.version)).all() == [2]
        states = session.scalars(select(Receipt.state).order_by(Receipt.position)).all()
    assert states == [State.AVAILABLE, State.ACCEPTED, State.READ]
