"""Whose document store it is: an identity that the database keeps, and the store too, in its marker.

A store that is away looks like an empty one: a folder whose disk is not mounted, a bucket of another name.
So what is not found is damage only where the marker is found.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.instants import instant_text
from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from notigateway.repository.session import Session

_THE_ONE: Final = 1
_GATEWAY: Final = "gateway"


class StoreOwner(Row):
    """The identity under which this gateway has marked its document store: one row at most."""

    __tablename__ = "store_owner"
    __table_args__ = (CheckConstraint(f"id = {_THE_ONE}", name="one_owner"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gateway: Mapped[UUID]
    since: Mapped[datetime] = mapped_column(UtcDateTime)


def find_owner(session: Session) -> UUID | None:
    """Return the gateway's identity; None while it has marked no store."""
    row = session.get(StoreOwner, _THE_ONE)
    return None if row is None else row.gateway


def keep_owner(session: Session, gateway: UUID | None, *, now: datetime) -> UUID:
    """Keep that identity, or a new one, unless there is one; return the one that counts.

    Of two commands at once the first one's counts.
    """
    insert_if_absent(session, StoreOwner, id=_THE_ONE, gateway=gateway or uuid4(), since=now)
    return session.scalars(select(StoreOwner.gateway)).one()


def marker_of(gateway: UUID, *, now: datetime) -> bytes:
    """Return the marker's bytes, for people too."""
    said = {_GATEWAY: str(gateway), "marked_at": instant_text(now)}
    return f"{json.dumps(said)}\n".encode()


def gateway_in(marker: bytes) -> UUID | None:
    """Return whose marker it is; None where it is no marker of ours."""
    try:
        return UUID(json.loads(marker)[_GATEWAY])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
