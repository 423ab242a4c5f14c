"""Compares what callers were told with what is stored: nothing lost, nothing doubled, everything whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from notigateway.law.lifecycle import State
from notigateway.repository.engine import connected, reading
from notigateway.repository.model import Event, Notification, Receipt

if TYPE_CHECKING:
    from chaos.callers import Record
    from chaos.installation import Installation


def differences(one: Installation, record: Record) -> list[str]:
    """Return what callers were told and is not so, and what was decided and nobody was told."""
    with connected(one.settings) as engine, reading(engine) as session:
        pairs = (
            select(Notification.id, Receipt.id)
            .join(Receipt, Receipt.notification_code == Notification.code)
            .where(Receipt.state == State.ACCEPTED)
        )
        kept: dict[str, list[str]] = {}
        for id_, receipt in session.execute(pairs):
            kept.setdefault(str(id_), []).append(str(receipt))
        twice = session.execute(
            select(Event.notification_code)
            .where(Event.decisive)
            .group_by(Event.notification_code)
            .having(func.count() > 1)
        ).all()
    lost = [
        f"{id_}: told and not kept" for id_, told in record.receipts.items() if told not in kept.get(id_, [])
    ]
    doubled = [f"{id_}: {len(found)} receipts" for id_, found in kept.items() if len(found) > 1]
    untold = [f"{id_}: decided and never told" for id_ in kept.keys() - record.receipts.keys()]
    return [*lost, *doubled, *untold, *(f"{code}: decided twice" for (code,) in twice)]
