"""What stands in a database, whoever it is for: for a sandbox, which may show all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select

from notigateway.law.lifecycle import UNDECIDED, Standing, State, effective_state
from notigateway.repository.contacts import Contact
from notigateway.repository.model import Act, Addressee, Event, IssuingBody, Notification, Receipt
from notigateway.repository.outages import is_unsettled
from notigateway.repository.subscriptions import Subscription

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row, Select

    from notigateway.law.lifecycle import Kind
    from notigateway.repository.session import Session


@dataclass(frozen=True, slots=True)
class Awaited:
    """What the jobs would find: something due by an instant, somebody to write to, somebody to push to.

    Behind that instant nothing is due before `next_at`; None where nothing is.
    """

    is_due: bool
    has_contacts: bool
    has_subscriptions: bool
    next_at: datetime | None

    def is_nothing_until(self, at: datetime) -> bool:
        """Tell whether the jobs would find nothing from then to an instant either."""
        if self.is_due or self.has_contacts or self.has_subscriptions:
            return False
        return self.next_at is None or self.next_at > at


def look_ahead(session: Session, until: datetime) -> Awaited:
    """Tell what the jobs would find at an instant; what may find nothing after all counts as something."""
    undecided, scheduled = Notification.state.in_(UNDECIDED), Notification.state == State.SCHEDULED
    due = exists().where(undecided, Notification.deadline <= until)
    arrived = exists().where(scheduled, Notification.available_at <= until)
    moving = exists().where(is_unsettled())
    contacts, subscriptions = exists(select(Contact.id)), exists(select(Subscription.id))
    found = select(or_(due, arrived, moving), contacts, subscriptions)
    nexts = (
        select(func.min(Notification.deadline)).where(undecided, Notification.deadline > until),
        select(func.min(Notification.available_at)).where(scheduled, Notification.available_at > until),
    )
    to_come = [at for query in nexts if (at := session.scalar(query)) is not None]
    return Awaited(*session.execute(found).one(), next_at=min(to_come, default=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """A notification as it stands at an instant."""

    id: UUID
    code: int
    issuing_body: str
    reference: str
    subject: str
    addressee: str
    addressee_name: str
    kind: Kind
    state: State
    available_at: datetime
    deadline: datetime | None
    decided_at: datetime | None


_COLUMNS = (
    Notification.id,
    Notification.code,
    IssuingBody.dir3,
    Act.reference,
    Act.subject,
    Addressee.identifier,
    Addressee.name,
    Notification.kind,
    Notification.state,
    Notification.available_at,
    Notification.deadline,
    Notification.decided_at,
    Notification.outage_since,
)


def list_standing(
    session: Session,
    *,
    now: datetime,
    addressee: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[Stands]:
    """Return notifications as they stand, the newest first: those before the one with a code."""
    query = _standing().order_by(Notification.code.desc()).limit(limit)
    if before is not None:
        query = query.where(Notification.code < before)
    if addressee is not None:
        query = query.where(Addressee.identifier == addressee)
    return [_stands(row, now) for row in session.execute(query)]


def count_standing(session: Session, *, now: datetime) -> Counter[State]:
    """Return how many notifications stand in each state."""
    columns = Notification.kind, Notification.state, Notification.available_at, Notification.deadline
    undecided = select(*columns, Notification.outage_since).where(Notification.state.in_(UNDECIDED))
    found = Counter(effective_state(Standing(*row), now) for row in session.execute(undecided))
    decided = select(Notification.state, func.count()).where(Notification.state.not_in(UNDECIDED))
    for state, count in session.execute(decided.group_by(Notification.state)):
        found[state] += count
    return found


def find_next_deadline(session: Session, *, now: datetime) -> Stands | None:
    """Return the undecided notification whose deadline comes next."""
    waiting = Notification.state.in_(UNDECIDED), Notification.deadline > now
    query = _standing().where(*waiting).order_by(Notification.deadline, Notification.code).limit(1)
    row = session.execute(query).one_or_none()
    return None if row is None else _stands(row, now)


def find_standing(session: Session, identifier: UUID, now: datetime | None = None) -> Stands | None:
    """Return one of them, at the instant at which it was written last where none is given."""
    row = session.execute(_standing().where(Notification.id == identifier)).one_or_none()
    return None if row is None else _stands(row, now)


def list_receipts(session: Session, code: int) -> Sequence[Receipt]:
    """Return the receipts of a notification, in the order in which they were written."""
    return session.scalars(
        select(Receipt)
        .join(Event, Event.id == Receipt.event_id)
        .where(Receipt.notification_code == code)
        .order_by(Event.position, Receipt.position)
    ).all()


def _standing() -> Select[*tuple[Any, ...]]:
    joined = select(*_COLUMNS).join(Act, Act.id == Notification.act_id)
    joined = joined.join(IssuingBody, IssuingBody.id == Act.issuing_body_id)
    return joined.join(Addressee, Addressee.id == Notification.addressee_id)


def _stands(row: Row[*tuple[Any, ...]], now: datetime | None) -> Stands:
    values: tuple[Any, ...] = tuple(row)
    identifier, code, body, reference, subject, nif, name, *others = values
    kind, state, available, deadline, decided, since = others
    if now is not None:
        state = effective_state(Standing(kind, state, available, deadline, since, decided), now)
    return Stands(
        id=identifier,
        code=code,
        issuing_body=body,
        reference=reference,
        subject=subject,
        addressee=nif,
        addressee_name=name,
        kind=kind,
        state=state,
        available_at=available,
        deadline=deadline,
        decided_at=decided,
    )
