"""Which notices are to be told now, with everything that is said of them; and what is not told any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, delete, exists, func, literal, null, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from notigateway.law.contacts import NoticeDelivery, NoticeKind
from notigateway.law.lifecycle import State
from notigateway.repository.columns import UtcDateTime, Word
from notigateway.repository.contacts import Contact
from notigateway.repository.mails import Mail
from notigateway.repository.model import Act, Addressee, IssuingBody, Notification
from notigateway.repository.notices import Notice, insert_notices, readers
from notigateway.repository.power_items import PowerItem
from notigateway.repository.rights import Power, RedAssignment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import InstrumentedAttribute

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.session import Session

T = TypeVar("T")

_UNDECIDED = (State.AVAILABLE, State.RECEIPT_REQUESTED)
# No statement names more messages at once.
_MAILINGS_AT_MOST = 500


def queue_deadlines(
    session: Session, *, until: Sequence[tuple[int, datetime]], rights: RightsPolicy, now: datetime
) -> int:
    """Queue what approaches: for contacts with so many days, undecided deadlines up to each instant.

    Returns how many are new.
    """
    written = 0
    for days, last in until:
        which = (
            Notification.state.in_(_UNDECIDED),
            Notification.deadline > now,
            Notification.deadline <= last,
        )
        seen = readers(rights, now, *which, contact=(Contact.deadline_days == days,)).subquery()
        told = select(Notice.notification_code, Notice.party).where(
            Notice.kind == NoticeKind.DEADLINE, Notice.notification_code.is_not(None)
        )
        query = select(
            literal(NoticeKind.DEADLINE, Word(NoticeKind)),
            seen.c.party,
            seen.c.code,
            null(),
            literal(now, UtcDateTime()),
            literal(now, UtcDateTime()),
            seen.c.available_at,
            seen.c.deadline,
            null(),
        ).where(tuple_(seen.c.code, seen.c.party).not_in(told))
        written += insert_notices(session, query)
    return written


def list_deadline_days(session: Session) -> Sequence[int]:
    """Return how many days before a deadline anybody wants to be told."""
    query = select(Contact.deadline_days).where(Contact.replaced_at.is_(None), Contact.deadline_days > 0)
    return session.scalars(query.distinct()).all()


def queue_expired(session: Session, *, since: datetime, now: datetime) -> int:
    """Queue that powers have expired by time; return how many notices are new (art. 7.2)."""
    query = (
        select(
            literal(NoticeKind.POWER_ENDED, Word(NoticeKind)),
            Contact.party,
            null(),
            Power.id,
            literal(now, UtcDateTime()),
            literal(now, UtcDateTime()),
            Power.expires_at,
            null(),
            Addressee.name,
        )
        .join(Addressee, Addressee.id == Power.grantor_id)
        .join(Contact, or_(Contact.party == Power.attorney, Contact.party == Addressee.identifier))
        .where(
            Power.expires_at.between(since, now),
            Power.accepted_at.is_not(None),
            or_(~Power.needs_statement, Power.stated_at.is_not(None)),
            Power.ended_at.is_(None),
            ~Power.is_void,
            Contact.replaced_at.is_(None),
        )
    )
    return insert_notices(session, query)


def has_undue(session: Session, *, now: datetime) -> bool:
    """Tell whether anything is not to be told any more: a notice, or a message that waits."""
    undue = exists().where(Notice.due_at <= now, Notice.mailing.is_(None), _is_undue(now))
    return bool(session.scalar(select(or_(undue, exists().where(*_is_outdated(now))))))


def drop_undue(session: Session, *, now: datetime) -> int:
    """Take back what is not to be told any more; return how many notices.

    A deadline that was moved or met, what was withdrawn, and whatever is for nobody's contact.
    """
    _take_back(session, now)
    dropped = session.execute(
        delete(Notice)
        .where(Notice.due_at <= now, Notice.mailing.is_(None), _is_undue(now))
        .execution_options(synchronize_session=False, preserve_rowcount=True)
    )
    return int(dropped.rowcount)  # type: ignore[attr-defined]


def _take_back(session: Session, now: datetime) -> None:
    """Take back messages that wait for an address that does not stand any more, or tell what is over.

    What else they tell is told anew, at what stands now; what one address was told already, to none again.
    """
    found = session.execute(
        delete(Mail)
        .where(*_is_outdated(now))
        .returning(Mail.mailing)
        .execution_options(synchronize_session=False)
    )
    mailings = list({one.mailing for one in found})
    for start in range(0, len(mailings), _MAILINGS_AT_MOST):
        those = Notice.mailing.in_(mailings[start : start + _MAILINGS_AT_MOST])
        nowhere_told = ~exists().where(Mail.mailing == Notice.mailing)
        session.execute(
            update(Notice)
            .where(those, nowhere_told)
            .values(mailing=None)
            .execution_options(synchronize_session=False)
        )


def _is_outdated(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Say of a message that it waits, for an address that was replaced or with what is over."""
    contact_stands = exists().where(Contact.id == Mail.contact_id, Contact.replaced_at.is_(None))
    other = aliased(Mail)
    is_told = exists().where(other.mailing == Mail.mailing, other.due_at.is_(None))
    tells_wrong = exists().where(Notice.mailing == Mail.mailing, or_(_is_cancelled(), _is_met(now)))
    return Mail.due_at.is_not(None), or_(~contact_stands, and_(tells_wrong, ~is_told))


def _is_undue(now: datetime) -> ColumnElement[bool]:
    no_contact = ~exists().where(Contact.party == Notice.party, Contact.replaced_at.is_(None))
    return or_(no_contact, _is_cancelled(), _is_met(now))


def _is_cancelled() -> ColumnElement[bool]:
    return exists().where(
        Notification.code == Notice.notification_code, Notification.state == State.CANCELLED
    )


def _is_met(now: datetime) -> ColumnElement[bool]:
    """Say of a deadline that it was met or moved, or has passed."""
    stands = exists().where(
        Notification.code == Notice.notification_code,
        Notification.state.in_(_UNDECIDED),
        Notification.deadline == Notice.deadline,
        Notification.deadline > now,
    )
    return and_(Notice.kind == NoticeKind.DEADLINE, ~stands)


def has_immediate(session: Session, *, now: datetime) -> bool:
    """Tell whether a message of its own is due for anything."""
    return session.scalar(_due(Notice.id, NoticeDelivery.IMMEDIATE, now).limit(1)) is not None


def claim_immediate(session: Session, *, now: datetime, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return notices that are a message each, oldest first, locked."""
    query = _due(Notice.id, NoticeDelivery.IMMEDIATE, now).order_by(Notice.id).limit(limit)
    return _claim(session, limit, Notice.id.in_(session.scalars(query).all()))


def _due(shown: InstrumentedAttribute[T], delivery: NoticeDelivery, until: datetime) -> Select[T]:
    """Select something of each notice that was due by then and is wanted in that way.

    Whether it is, is asked of each: joined, contacts would be where SQLite begins, and all be sorted.
    """
    wanted = exists().where(
        Contact.party == Notice.party, Contact.replaced_at.is_(None), Contact.delivery == delivery
    )
    return select(shown).where(Notice.mailing.is_(None), Notice.due_at <= until, wanted)


def claim_digest(
    session: Session, party: str, *, until: datetime, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return what goes into one message to a party, oldest first, locked."""
    return _claim(session, limit, Notice.party == party, Notice.due_at <= until)


def list_digested(session: Session, *, until: datetime, limit: int) -> Sequence[str]:
    """Return parties for whom a digest is due."""
    return session.scalars(_due(Notice.party, NoticeDelivery.DAILY, until).distinct().limit(limit)).all()


def mark_composed(session: Session, mailings: Sequence[tuple[int, UUID]]) -> None:
    """Say by which message each notice is told."""
    session.execute(update(Notice), [{"id": notice, "mailing": mailing} for notice, mailing in mailings])


def _claim(session: Session, limit: int, *which: ColumnElement[bool]) -> Sequence[Row[*tuple[Any, ...]]]:
    query = (
        select(
            Notice.id,
            Notice.kind,
            Notice.party,
            Notice.due_at,
            Notice.at,
            Notice.deadline,
            Notice.name,
            Contact.id.label("contact_id"),
            Contact.addresses,
            Contact.language,
            Notification.kind.label("item_kind"),
            Notification.code,
            Notification.state,
            Act.subject,
            Act.reference,
            Act.special_category,
            func.coalesce(Act.issuing_body_name, IssuingBody.name).label("body"),
            Addressee.identifier.label("addressee"),
            func.coalesce(Act.addressee_name, Addressee.name).label("addressee_name"),
            RedAssignment.account,
            RedAssignment.red_party,
            RedAssignment.red_name,
            RedAssignment.authorisation,
            Power.attorney,
            Power.attorney_name,
            PowerItem.name.label("item"),
        )
        .select_from(Notice)
        .join(Contact, and_(Contact.party == Notice.party, Contact.replaced_at.is_(None)))
        .outerjoin(Notification, Notification.code == Notice.notification_code)
        .outerjoin(Act, Act.id == Notification.act_id)
        .outerjoin(IssuingBody, IssuingBody.id == Act.issuing_body_id)
        .outerjoin(RedAssignment, RedAssignment.id == Notice.title_id)
        .outerjoin(PowerItem, PowerItem.id == Notice.title_id)
        .outerjoin(Power, Power.id == func.coalesce(PowerItem.power_id, Notice.title_id))
        .outerjoin(
            Addressee,
            Addressee.id
            == func.coalesce(Notification.addressee_id, RedAssignment.addressee_id, Power.grantor_id),
        )
        .where(Notice.mailing.is_(None), *which)
        .order_by(Notice.due_at, Notice.id)
        .limit(limit)
        .with_for_update(of=Notice, skip_locked=True)
    )
    return session.execute(query).all()
