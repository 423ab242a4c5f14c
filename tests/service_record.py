"""What the service knows of all that somebody may see, as plain values: an archive is compared with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from following import Follower
from notigateway.repository.engine import reading
from notigateway.repository.model import Act, Addressee, Document, Event, Notification, Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.caller import Caller
    from stack import Stack


@dataclass(frozen=True)
class Recorded:
    """What the service knows of a notification; receipts and documents are identifier and SHA-256."""

    id: str
    reference: str
    addressee: str
    role: str
    state: str
    available_at: datetime
    deadline: datetime | None
    decided_at: datetime | None
    # Of each event its state, instant, and since when it was known here where another channel told it.
    events: tuple[tuple[str, datetime, datetime | None], ...]
    receipts: tuple[tuple[str, str], ...]
    documents: tuple[tuple[str, str], ...]


def record(stack: Stack, caller: Caller) -> Mapping[str, Recorded]:
    """Return it by identifier, of whatever a full list shows now."""
    seen = Follower(stack, caller).whole()
    events: dict[int, list[tuple[str, datetime, datetime | None]]] = defaultdict(list)
    receipts: dict[int, list[tuple[str, str]]] = defaultdict(list)
    documents: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    with reading(stack.engine) as session:
        for event in session.execute(
            select(Event.notification_code, Event.state, Event.at, Event.reported_at).order_by(
                Event.notification_code, Event.position
            )
        ):
            events[event.notification_code].append((event.state, event.at, event.reported_at))
        for receipt in session.execute(
            select(Receipt.notification_code, Receipt.id, Receipt.sha256).order_by(
                Receipt.notification_code, Receipt.position
            )
        ):
            receipts[receipt.notification_code].append((str(receipt.id), receipt.sha256))
        for one in session.execute(
            select(Document.act_id, Document.id, Document.sha256).order_by(Document.act_id, Document.position)
        ):
            documents[one.act_id].append((str(one.id), one.sha256))
        rows = session.execute(
            select(Notification, Act.reference, Addressee.identifier)
            .join(Act, Act.id == Notification.act_id)
            .join(Addressee, Addressee.id == Notification.addressee_id)
        )
        return {
            str(row.id): Recorded(
                id=str(row.id),
                reference=reference,
                addressee=addressee,
                role=seen[row.code][1],
                state=row.state,
                available_at=row.available_at,
                deadline=row.deadline,
                decided_at=row.decided_at,
                events=tuple(events[row.code]),
                receipts=tuple(receipts[row.code]),
                documents=tuple(documents[row.act_id]),
            )
            for row, reference, addressee in rows
            if row.code in seen
        }
