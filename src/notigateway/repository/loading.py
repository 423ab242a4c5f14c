"""What comes with a notification that an answer or a receipt will tell of: all of it, in a few queries."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import joinedload, selectinload

from notigateway.repository.model import Act, Notification

WHOLE: Final = (
    joinedload(Notification.act, innerjoin=True).joinedload(Act.issuing_body, innerjoin=True),
    joinedload(Notification.act, innerjoin=True).selectinload(Act.documents),
    joinedload(Notification.addressee, innerjoin=True),
    selectinload(Notification.events),
    selectinload(Notification.receipts),
)
