"""RED windows as rows, and the rule of `representation.red_covers` as conditions of a query.

Rows follow from the registers (`repository/planning.py`); only what has not opened yet, or an end that
lies ahead, is ever planned anew, except by a correction.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Uuid,
    and_,
    exists,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.grounds import RED_GROUNDS
from notigateway.law.representation import Role
from notigateway.law.spans import Span
from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime
from notigateway.repository.model import Act, Notification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.asking_party import Instant
    from notigateway.repository.model import Addressee
    from notigateway.repository.rights import RedAssignment
    from notigateway.repository.session import Session


class RedWindow(Row):
    """In which time what is put at disposal for an addressee is also for a RED person."""

    __tablename__ = "red_windows"
    __table_args__ = (
        # Whatever visibility asks of a window stands in the index.
        Index(None, "red_party", "addressee_id", "opens_at", "closes_at"),
        Index(None, "red_party", "authorisation", "opens_at"),
        Index(None, "addressee_id"),
        CheckConstraint("closes_at IS NULL OR closes_at > opens_at", name="closes_after_opening"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("red_assignments.id"))
    red_party: Mapped[str] = mapped_column(String(9))
    authorisation: Mapped[str] = mapped_column(String(16))
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    if TYPE_CHECKING:  # given by `rights.py`, which knows both
        assignment: Mapped[RedAssignment]


class RedOptOut(Row):
    """That an addressee receives alone, whoever is assigned, until it takes that back (art. 6.1)."""

    __tablename__ = "red_opt_outs"
    __table_args__ = (Index(None, "addressee_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    # What is put at disposal from then on is withheld.
    withheld_from: Mapped[datetime] = mapped_column(UtcDateTime)
    withheld_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    chosen_by: Mapped[str] = mapped_column(String(9))
    request_sha256: Mapped[str] = mapped_column(SHA256_HEX)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(9))
    withdrawal_sha256: Mapped[str | None] = mapped_column(SHA256_HEX)

    @property
    def span(self) -> Span:
        """In which time nothing is for a RED person."""
        return Span(self.withheld_from, self.withheld_until)


def list_windows(session: Session, addressee: Addressee) -> Sequence[RedWindow]:
    """Return every window of what is put at disposal for the addressee, in order of time."""
    known = None if session.ahead is None else session.ahead.of(RedWindow, "addressee_id", addressee.id)
    if known is not None:
        return sorted(known, key=lambda row: (row.opens_at, row.id))
    query = select(RedWindow).where(RedWindow.addressee_id == addressee.id)
    return session.scalars(query.order_by(RedWindow.opens_at, RedWindow.id)).all()


def list_opt_outs(session: Session, addressee: Addressee) -> Sequence[RedOptOut]:
    """Return when the addressee received alone, oldest first."""
    known = None if session.ahead is None else session.ahead.of(RedOptOut, "addressee_id", addressee.id)
    if known is not None:
        return sorted(known, key=lambda row: (row.chosen_at, row.id))
    query = select(RedOptOut).where(RedOptOut.addressee_id == addressee.id)
    return session.scalars(query.order_by(RedOptOut.chosen_at, RedOptOut.id)).all()


def find_standing_opt_out(session: Session, addressee: Addressee) -> RedOptOut | None:
    """Return the opt-out that was not withdrawn; at most one stands."""
    query = select(RedOptOut).where(RedOptOut.addressee_id == addressee.id, RedOptOut.withdrawn_at.is_(None))
    return session.scalars(query).one_or_none()


def is_of_red_ground() -> ColumnElement[bool]:
    """Say that the addressee was obliged on a ground by which RED-authorised persons receive (art. 6.1).

    A row without ground that the release before this one has written says so in its own way.
    """
    return or_(
        # One by one: a statement that is compiled once has no list whose length may change.
        *(Notification.ground == ground for ground in sorted(RED_GROUNDS)),
        and_(Notification.ground.is_(None), Notification.is_obliged.is_(True)),
    )


def _has_opened(window: type[RedWindow], now: Instant, rights: RightsPolicy) -> ColumnElement[bool]:
    """Say that the window was open when it was put at disposal; by policy, that it has opened since."""
    was_open = window.opens_at <= Notification.available_at
    if not rights.red_sees_backlog:
        return was_open
    is_withheld = exists().where(
        RedOptOut.addressee_id == Notification.addressee_id,
        RedOptOut.withheld_from <= Notification.available_at,
        or_(RedOptOut.withheld_until.is_(None), RedOptOut.withheld_until > Notification.available_at),
    )
    # The row may stand several queries further out.
    return and_(window.opens_at <= now, or_(was_open, ~is_withheld.correlate(Notification)))


def red_covers(window: type[RedWindow], now: Instant, rights: RightsPolicy) -> list[ColumnElement[bool]]:
    """Say `representation.red_covers` in SQL; the query must join Act."""
    conditions: list[ColumnElement[bool]] = [
        window.addressee_id == Notification.addressee_id,
        _has_opened(window, now, rights),
        or_(window.closes_at.is_(None), Notification.available_at < window.closes_at),
        is_of_red_ground(),
    ]
    if Role.RED not in rights.special_category_roles:
        conditions.append(~Act.special_category)
    return conditions
