"""A log with two checkpoints, and what tests do with one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from notigateway.log.access import AccessNotes
from notigateway.log.auditing import Audited, audit_log
from notigateway.log.growing import advance
from notigateway.pki.identity import read_caller
from notigateway.repository.engine import reading
from notigateway.repository.log import LogCheckpoint
from notigateway.repository.model import Receipt
from notigateway.tlog.checkpoint import Checkpoint
from notigateway.uuids import uuid7
from pki import pki

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.pki.keys import KeyPair
    from stack import Stack

ORIGIN = "notigateway.example/log"
# How many leaves the two checkpoints of the log `kept` cover.
FIRST, SECOND = 7, 12
CALLER = read_caller(pki().company_seal.certificate)


def advanced(stack: Stack) -> LogCheckpoint:
    found = advance(stack.engine, seal=stack.office.seal, origin=ORIGIN, now=stack.now)
    assert found is not None
    return found


def audited(stack: Stack, *heads: Checkpoint, authority: KeyPair | None = None) -> Audited:
    return audit_log(
        stack.engine,
        seal_certificates=[pki().seal.certificate],
        origin=ORIGIN,
        authorities=[authority.certificate] if authority else [],
        heads=heads,
    )


def receipt_ids(stack: Stack) -> list[UUID]:
    with reading(stack.engine) as session:
        return list(session.scalars(select(Receipt.id).order_by(Receipt.id)))


@pytest.fixture
def kept(stack: Stack) -> Stack:
    """Give a gateway with such a log."""
    keep(stack)
    return stack


def keep(stack: Stack) -> None:
    """Make a log of ten receipts (put at disposal, decided) and two access records, with two checkpoints."""
    first = stack.publish_many(3, stem="FIRST")
    stack.accept(*first)
    advanced(stack)
    stack.pass_time(seconds=30)
    stack.reject(*stack.publish_many(2, stem="SECOND"))
    advanced(stack)


def access(stack: Stack, number: int) -> AccessNotes:
    """Return what a request leaves."""
    now = stack.now + timedelta(milliseconds=number)
    return AccessNotes(CALLER, correlation_id=uuid7(now), now=now)
