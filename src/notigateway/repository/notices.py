"""The outbox of notices: what is to be told, written in the transaction of what it tells.

Recipients are found as rights are, in one statement for however many notifications; nothing here changes
what it tells of. A notice that is not composed yet (`mailing` is null) may still be taken back.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    Identity,
    Index,
    String,
    UniqueConstraint,
    Uuid,
    delete,
    exists,
    literal,
    null,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.contacts import NoticeKind
from notigateway.law.representation import Role
from notigateway.repository.columns import CODE, Row, UtcDateTime, Word
from notigateway.repository.contacts import Contact, has_any_contact
from notigateway.repository.model import Act, Addressee, Notification
from notigateway.repository.rights import Power, power_covers
from notigateway.repository.successions import SuccessionRow, succession_shows
from notigateway.repository.windows import RedWindow, red_covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.rights import RedAssignment
    from notigateway.repository.session import Session

# No statement names more notifications at once.
_CODES_AT_MOST = 500


class Notice(Row):
    """That a party is to be told of something, once; of a notification, or of a RED assignment or a power."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("notification_code", "party", "kind"),
        UniqueConstraint("title_id", "party", "kind"),
        Index(
            "ix_notices_waiting",
            "due_at",
            sqlite_where=text("mailing IS NULL"),
            postgresql_where=text("mailing IS NULL"),
        ),
        # What waits for each, however much waits for the others.
        Index(
            "ix_notices_party_waiting",
            "party",
            "due_at",
            sqlite_where=text("mailing IS NULL"),
            postgresql_where=text("mailing IS NULL"),
        ),
        Index(None, "mailing"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(CODE, Identity(), primary_key=True)
    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind))
    party: Mapped[str] = mapped_column(String(9))
    notification_code: Mapped[int | None] = mapped_column(CODE)
    title_id: Mapped[UUID | None] = mapped_column(Uuid)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # As it stood when it was queued: when it happened or will, the deadline, and whose title it was.
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    deadline: Mapped[datetime | None] = mapped_column(UtcDateTime)
    name: Mapped[str | None] = mapped_column(String(255))
    # The message that tells it, one or several addresses long.
    mailing: Mapped[UUID | None] = mapped_column(Uuid)


_COLUMNS = ("kind", "party", "notification_code", "title_id", "queued_at", "due_at", "at", "deadline", "name")


def queue_available(
    session: Session, notifications: Sequence[Notification], *, rights: RightsPolicy, now: datetime
) -> None:
    """Queue, for everybody with a contact who sees them, that these are at disposal."""
    if not notifications or not has_any_contact(session):
        return
    session.flush()  # of what arrives, the session may still hold the state
    codes = [one.code for one in notifications]
    for start in range(0, len(codes), _CODES_AT_MOST):
        found = readers(rights, now, Notification.code.in_(codes[start : start + _CODES_AT_MOST]))
        seen = found.subquery()
        query = select(
            literal(NoticeKind.AVAILABLE, Word(NoticeKind)),
            seen.c.party,
            seen.c.code,
            null(),
            literal(now, UtcDateTime()),
            literal(now, UtcDateTime()),
            seen.c.available_at,
            seen.c.deadline,
            null(),
        ).where(true())
        insert_notices(session, query)


def readers(rights: RightsPolicy, now: datetime, *which: Any, contact: Any = ()) -> Any:  # noqa: ANN401
    """Select each party with a contact that may see notifications, by whichever title it does.

    The columns are code, party, available_at and deadline; `which` are conditions of the notifications,
    `contact` of the contacts. Whether there is a contact is asked of each party: joined, it would be where
    SQLite begins, and each act would cost a look at all contacts and whatever they see.
    """
    own = _seen_by(Addressee.identifier).join(Addressee, Addressee.id == Notification.addressee_id)
    place = _seen_by(SuccessionRow.successor).join(
        SuccessionRow, SuccessionRow.predecessor_id == Notification.addressee_id
    )
    place = place.where(*succession_shows(SuccessionRow, SuccessionRow.successor, now))  # type: ignore[arg-type]
    if Role.OWN not in rights.special_category_roles:
        own, place = own.where(~Act.special_category), place.where(~Act.special_category)
    attorney = _seen_by(Power.attorney).join(Power, Power.grantor_id == Notification.addressee_id)
    attorney = attorney.where(*power_covers(Power, now, rights))
    red = _seen_by(RedWindow.red_party).join(RedWindow, RedWindow.addressee_id == Notification.addressee_id)
    red = red.where(*red_covers(RedWindow, now, rights))
    parties = (
        (own, Addressee.identifier),
        (place, SuccessionRow.successor),
        (attorney, Power.attorney),
        (red, RedWindow.red_party),
    )
    return union_all(
        *(
            seen.where(
                *which, exists().where(Contact.party == party, Contact.replaced_at.is_(None), *contact)
            )
            for seen, party in parties
        )
    )


def _seen_by(party: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401  (a column)
    """Select notifications for a party; how it sees them is joined."""
    shown = (Notification.code, party.label("party"), Notification.available_at, Notification.deadline)
    return select(*shown).select_from(Notification).join(Act, Notification.act_id == Act.id)


def queue_red_end(session: Session, assignment: RedAssignment, *, now: datetime) -> None:
    """Queue, for both sides of a RED assignment, its end as it is known now; a former end is taken back.

    (Orden ISM/903/2020 art. 7.1.)
    """
    if assignment not in session.new:
        _take_back(session, NoticeKind.RED_ENDED, assignment.id)
    if assignment.ends_at is None or assignment.ends_at <= assignment.starts_at:
        return  # it stands, or never did
    addressee = assignment.addressee
    _queue_end(
        session,
        NoticeKind.RED_ENDED,
        assignment.id,
        (addressee.identifier, assignment.red_party),
        at=assignment.ends_at,
        name=addressee.name,
        now=now,
    )


def queue_power_end(
    session: Session, power: Power, title_id: UUID | None = None, *, at: datetime, now: datetime
) -> None:
    """Queue, for grantor and attorney, the end of a power, or of one of its items (art. 7.2)."""
    parties = (power.grantor.identifier, power.attorney)
    title, name = title_id or power.id, power.grantor.name
    _queue_end(session, NoticeKind.POWER_ENDED, title, parties, at=at, name=name, now=now)


def _queue_end(
    session: Session,
    kind: NoticeKind,
    title: UUID,
    parties: Iterable[str],
    *,
    at: datetime,
    name: str,
    now: datetime,
) -> None:
    query = select(
        literal(kind, Word(NoticeKind)),
        Contact.party,
        null(),
        literal(title, Uuid()),
        literal(now, UtcDateTime()),
        literal(max(at, now), UtcDateTime()),
        literal(at, UtcDateTime()),
        null(),
        literal(name, String()),
    ).where(Contact.party.in_(list(parties)), Contact.replaced_at.is_(None))
    insert_notices(session, query)


def _take_back(session: Session, kind: NoticeKind, title: UUID) -> None:
    session.execute(
        delete(Notice)
        .where(Notice.title_id == title, Notice.kind == kind, Notice.mailing.is_(None))
        .execution_options(synchronize_session=False)
    )


def insert_notices(session: Session, rows: Select[*tuple[Any, ...]]) -> int:
    """Insert what is selected, in the order of the columns; who is told already is not told again."""
    connection = session.connection()
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    table = Row.metadata.tables[Notice.__tablename__]
    statement = insert(table).from_select(list(_COLUMNS), rows).on_conflict_do_nothing()
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount
