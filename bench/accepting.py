"""Accepts of one core, in batches of 500: decision, sealed receipt, access record and log leaves."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from bench.measure import Cpu
from notigateway.log.auditing import audit_log
from notigateway.log.growing import advance
from notigateway.repository.engine import reading
from notigateway.repository.model import Notification
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.gateway import Gateway

BATCH = 500
BATCHES = 10


def measure_accepts(gateway: Gateway) -> Cpu:
    """Return the CPU milliseconds of a batch, the log's ordering and its checkpoint included.

    Every receipt is in the log when the time ends, and the log is proven whole afterwards.
    """
    office = gateway.application.gate.office
    with reading(office.engine) as session:
        ids = list(session.scalars(select(Notification.id).order_by(Notification.code)))
    batches = [ids[start : start + BATCH] for start in range(0, BATCH * (BATCHES + 1), BATCH)]
    requests = [gateway.signed(_accept(batch)) for batch in batches]

    def work() -> None:
        answer = gateway.answer(requests.pop())
        advance(office.engine, seal=office.seal, origin=office.proving.log_origin, now=datetime.now(UTC))
        if answer.count(b"<outcome>decided</outcome>") != BATCH:
            raise SystemExit("a batch was not accepted")

    work()  # the first one also fills caches
    gc.collect()
    cpu = Cpu.of(work for _ in range(BATCHES))
    found = audit_log(
        office.engine, seal_certificates=[office.seal.certificate], origin=office.proving.log_origin
    )
    if found.waiting or sum(found.records.values()) != found.leaves:
        raise SystemExit("the log does not hold everything")
    return cpu


def _accept(ids: Sequence[object]) -> bytes:
    inner = "".join(f"<id>{one}</id>" for one in ids)
    return f'<AcceptNotifications xmlns="{NOTIGATEWAY_V1}">{inner}</AcceptNotifications>'.encode()
