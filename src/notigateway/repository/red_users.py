"""Who works under a holder's RED authorisation, or for an entity, and when (Orden ISM/903/2020 art. 6.2)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, Uuid, and_, exists, or_, select, true
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.aliases import alias_of
from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime
from notigateway.repository.last_done import end_after, last_done
from notigateway.repository.model import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.asking_party import Instant, Party
    from notigateway.repository.session import Session
    from notigateway.repository.windows import RedWindow

# Instead of an authorisation: the holder is an entity, which says itself who works for it.
OF_THE_ENTITY: Final = ""


class RedUser(Row):
    """A person who works under a holder's RED authorisation, or for it as an entity; from when until when.

    What it works for, `user_clients` and `user_matters` say where it is not everything. None of that ever
    changes but the end: another scope is another registration.
    """

    __tablename__ = "red_users"
    __table_args__ = (
        Index(None, "person"),
        Index(None, "holder", "authorisation"),
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    holder: Mapped[str] = mapped_column(String(9))
    authorisation: Mapped[str] = mapped_column(String(16))
    person: Mapped[str] = mapped_column(String(9))
    person_name: Mapped[str] = mapped_column(String(255))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Of an entity's users alone: its name as it was then; under a RED authorisation everybody works for all.
    holder_name: Mapped[str | None] = mapped_column(String(255))
    all_clients: Mapped[bool] = mapped_column(server_default=true(), default=True)
    all_matters: Mapped[bool] = mapped_column(server_default=true(), default=True)
    may_decide: Mapped[bool] = mapped_column(server_default=true(), default=True)
    # Who signed for the entity, and the hash of what was signed: the proof of a registration and of its end.
    granted_by: Mapped[str | None] = mapped_column(String(9))
    granted_sha256: Mapped[str | None] = mapped_column(SHA256_HEX)
    ended_by: Mapped[str | None] = mapped_column(String(9))
    ended_sha256: Mapped[str | None] = mapped_column(SHA256_HEX)


def works_at(user: type[RedUser], person: Party, now: Instant) -> list[ColumnElement[bool]]:
    """Return the conditions of a registration by which the person works under an authorisation at `now`."""
    return [user.person == person, user.starts_at <= now, or_(user.ends_at.is_(None), user.ends_at > now)]


def is_under(user: type[RedUser], title: type[RedWindow]) -> list[ColumnElement[bool]]:
    """Return the conditions by which a registration is of the title's holder and authorisation."""
    return [user.holder == title.red_party, user.authorisation == title.authorisation]


def is_for(window: type[RedWindow], party: Party, now: Instant) -> ColumnElement[bool]:
    """Say that a window is the party's, or of a holder under whose authorisation it works at `now`."""
    user = alias_of(RedUser, "for")
    under = exists().where(*works_at(user, party, now), *is_under(user, window))
    return or_(window.red_party == party, under)


def lock_registrations(session: Session, person: str, now: datetime) -> set[UUID]:
    """Lock by what the person works for others, and return it: an end waits for what is decided by it."""
    query = select(RedUser.id).where(*works_at(RedUser, person, now)).order_by(RedUser.id)
    return set(session.scalars(query.with_for_update(read=True)))


def instant_of_end(session: Session, user: RedUser, at: datetime) -> datetime:
    """Return when a secondary user's registration ends that is to end then: after what was done by it.

    It must be locked.
    """
    by = and_(
        Event.by_secondary_user,
        Event.signer == user.person,
        Event.party == user.holder,
        Event.title == user.authorisation,
    )
    return end_after([last_done(session, by, since=at)], at)


def list_registrations(session: Session, *, holder: str | None = None) -> Sequence[RedUser]:
    """Return the register of secondary users, by holder, authorisation and time."""
    query = select(RedUser).where(RedUser.authorisation != OF_THE_ENTITY)
    if holder is not None:
        query = query.where(RedUser.holder == holder)
    return session.scalars(
        query.order_by(RedUser.holder, RedUser.authorisation, RedUser.starts_at, RedUser.id)
    ).all()


def list_of_person(session: Session, person: str, *, holder: str, authorisation: str) -> Sequence[RedUser]:
    """Return when the person works, or worked, under that authorisation."""
    query = select(RedUser).where(
        RedUser.person == person, RedUser.holder == holder, RedUser.authorisation == authorisation
    )
    return session.scalars(query.order_by(RedUser.starts_at, RedUser.id)).all()
