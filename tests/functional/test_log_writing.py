"""The log's leaves: every writer gets them and cannot avoid them, and erasing leaves them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from kept_log import CALLER, SECOND, access, advanced, audited
from notigateway.log.access import AccessNotes
from notigateway.log.growing import erase, inclusion_of
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import reading, writing
from notigateway.repository.log import LogLeaf
from notigateway.tlog.leaf import LeafKind
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from stack import Stack


def add_and_fail(session: Session, notes: AccessNotes) -> None:
    session.add(AccessRecord(**notes.columns()))
    raise RuntimeError


def test_a_record_that_any_writer_adds_gets_its_leaf(stack: Stack) -> None:
    said = {"party": CALLER.party, "operation": "Ping", "result": "OK"}
    with writing(stack.engine) as session:
        session.add(AccessRecord(id=uuid7(stack.now), at=stack.now, record=b"{}", **said))
    with reading(stack.engine) as session:
        assert session.scalar(select(func.count()).select_from(LogLeaf)) == 1


def test_what_is_rolled_back_leaves_no_leaf(stack: Stack) -> None:
    with writing(stack.engine) as session:
        session.add(AccessRecord(**access(stack, 1).columns()))
        with suppress(RuntimeError), session.begin_nested():
            add_and_fail(session, access(stack, 2))
    with suppress(RuntimeError), writing(stack.engine) as session:
        add_and_fail(session, access(stack, 3))
    with reading(stack.engine) as session:
        assert session.scalar(select(func.count()).select_from(LogLeaf)) == 1
        assert session.scalar(select(func.count()).select_from(AccessRecord)) == 1


def test_a_bulk_insert_that_nothing_would_log_is_refused(stack: Stack) -> None:
    with pytest.raises(TypeError, match="added to a session"), writing(stack.engine) as session:
        session.execute(insert(AccessRecord).values(record=b""))


def test_a_crash_between_state_change_and_leaf_leaves_neither(stack: Stack) -> None:
    wanted = stack.publish()
    with stack.engine.begin() as connection:
        connection.execute(text("ALTER TABLE log_leaves RENAME TO hidden"))
    assert stack.ask("AcceptNotifications", f"<id>{wanted}</id>").code == "INTERNAL_ERROR"
    with stack.engine.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO log_leaves"))
    assert stack.rows()["receipts"] == 1  # put at disposal
    with reading(stack.engine) as session:
        assert session.scalar(select(func.count()).select_from(AccessRecord)) == 0
    (again,) = stack.accept(wanted)
    assert again.findtext("ng:outcome", namespaces={"ng": "urn:notigateway:v1"}) == "decided"


def test_an_erased_record_leaves_every_proof_valid(kept: Stack) -> None:
    with reading(kept.engine) as session:
        subject = session.scalars(select(AccessRecord.id).order_by(AccessRecord.at)).first()
        assert subject is not None
        before = inclusion_of(session, subject)
    assert before is not None
    assert erase(kept.engine, before=kept.now) == 1
    with reading(kept.engine) as session:
        after = inclusion_of(session, subject)
        assert after is not None
        assert after.salt is None
        assert (after.leaf, after.index, after.proof) == (before.leaf, before.index, before.proof)
        assert session.get(AccessRecord, subject) is None
    found = audited(kept)
    assert (found.leaves, found.erased, found.records[LeafKind.ACCESS]) == (SECOND, 1, 1)


def test_what_no_checkpoint_covers_is_not_erased(stack: Stack) -> None:
    stack.ask("Ping")
    assert erase(stack.engine, before=stack.pass_time(days=1)) == 0
    advanced(stack)
    assert erase(stack.engine, before=stack.now) == 1
    assert audited(stack).erased == 1
