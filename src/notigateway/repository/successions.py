"""Rows of successions, and the rules of `law/succession.py` as conditions of a query."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    Uuid,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from notigateway.law.caller import Title
from notigateway.law.succession import Cause, Concerned, Succession
from notigateway.repository.aliases import alias_of
from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime, Word
from notigateway.repository.model import Act, Addressee, IssuingBody, Notification

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import BindParameter, Select

    from notigateway.repository.asking_party import Instant, Party
    from notigateway.repository.session import Session

_CCC_DIGITS = 11


class SuccessionRow(Row):
    """That one takes the place of another: as it was communicated, or passed on by a later one."""

    __tablename__ = "successions"
    __table_args__ = (Index(None, "predecessor_id"), Index(None, "successor"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    predecessor_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    successor: Mapped[str] = mapped_column(String(9))
    cause: Mapped[Cause] = mapped_column(Word(Cause))
    fact_at: Mapped[datetime] = mapped_column(UtcDateTime)
    communicated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Only for acts of this body; NULL where the operator entered it for all.
    issuing_body_id: Mapped[int | None] = mapped_column(ForeignKey("issuing_bodies.id"))
    # Only for acts of these procedures, one a line; of all where it is empty.
    procedures: Mapped[str] = mapped_column(Text)
    # Only for acts that quote this account.
    account: Mapped[str | None] = mapped_column(String(11))
    # The ground: what the body has in its file, and the hash of the request that communicated it.
    document: Mapped[str] = mapped_column(String(255))
    request_sha256: Mapped[str | None] = mapped_column(SHA256_HEX)
    # The later succession by which it was passed on.
    passed_on_by: Mapped[UUID | None] = mapped_column(ForeignKey("successions.id"))

    predecessor: Mapped[Addressee] = relationship(lazy="raise")
    issuing_body: Mapped[IssuingBody | None] = relationship(lazy="raise")

    @property
    def succession(self) -> Succession:
        """What the rules need to know of this row."""
        return Succession(
            predecessor=self.predecessor.identifier,
            successor=self.successor,
            cause=self.cause,
            fact_at=self.fact_at,
            communicated_at=self.communicated_at,
            ends_at=self.ends_at,
            body=None if self.issuing_body is None else self.issuing_body.dir3,
            procedures=frozenset(self.procedures.splitlines()),
            account=self.account,
        )


def concerned_by(act: Act) -> Concerned:
    """Return what the rules need to know of an act."""
    return Concerned(body=act.issuing_body.dir3, procedure=act.procedure, account=act.ccc)


def list_successions(session: Session, *, communicated: bool = True) -> Sequence[SuccessionRow]:
    """Return every succession that was communicated, oldest first; with the passed on ones where wanted."""
    query = _rows().order_by(SuccessionRow.communicated_at, SuccessionRow.id)
    if communicated:
        query = query.where(SuccessionRow.passed_on_by.is_(None))
    return session.scalars(query).all()


def find_succession(session: Session, succession_id: UUID) -> SuccessionRow | None:
    """Return the succession with that identifier."""
    return session.scalars(_rows().where(SuccessionRow.id == succession_id)).one_or_none()


def lock_given(session: Session, succession_id: UUID) -> Sequence[SuccessionRow]:
    """Return a succession and what passes it on, once nobody decides by them any more."""
    query = _rows().where(_is_given_by(succession_id)).order_by(SuccessionRow.id)
    return session.scalars(query.with_for_update(of=SuccessionRow)).all()


def list_given_to(session: Session, succession_id: UUID) -> Sequence[str]:
    """Return who has a place by a succession, or by what passes it on."""
    return session.scalars(select(SuccessionRow.successor).where(_is_given_by(succession_id))).all()


def _is_given_by(succession_id: UUID) -> ColumnElement[bool]:
    return or_(SuccessionRow.id == succession_id, SuccessionRow.passed_on_by == succession_id)


def _rows() -> Select[SuccessionRow]:
    return (
        select(SuccessionRow)
        .options(joinedload(SuccessionRow.predecessor, innerjoin=True))
        .options(joinedload(SuccessionRow.issuing_body))
        .execution_options(populate_existing=True)
    )


def has_successor(session: Session, addressee: Addressee) -> bool:
    """Tell whether anybody has taken the addressee's place for anything: few have."""
    return bool(session.scalar(select(exists().where(SuccessionRow.predecessor_id == addressee.id))))


def with_successor(session: Session, addressees: Iterable[Addressee]) -> set[int]:
    """Return the keys of those of the addressees whose place somebody has taken for anything."""
    ids = [row.id for row in addressees]
    query = select(SuccessionRow.predecessor_id).where(SuccessionRow.predecessor_id.in_(ids))
    return set(session.scalars(query.distinct()))


def predecessors_of(party: str | BindParameter[str]) -> Select[int]:
    """Return whose place the party has taken, or who its wards are."""
    return select(SuccessionRow.predecessor_id).where(SuccessionRow.successor == party)


def succession_shows(row: type[SuccessionRow], party: Party, now: Instant) -> list[ColumnElement[bool]]:
    """Say `succession.shows` in SQL; the query must join Act."""
    line = literal("\n")
    lines = line + row.procedures + line
    return [
        row.successor == party,
        row.predecessor_id == Notification.addressee_id,
        or_(row.cause == Cause.NUMBER_CHANGE, Notification.available_at >= row.fact_at),
        row.communicated_at <= now,
        or_(row.ends_at.is_(None), row.ends_at > now),
        or_(row.issuing_body_id.is_(None), row.issuing_body_id == Act.issuing_body_id),
        # One of the lines; compared so because a name may hold what LIKE would read as a pattern.
        or_(row.procedures == "", func.replace(lines, line + Act.procedure + line, "") != lines),
        or_(row.account.is_(None), and_(Act.ccc.is_not(None), Act.ccc.endswith(row.account))),
    ]


def shown_by_succession(party: Party, now: Instant) -> ColumnElement[bool]:
    """Return the condition of what the party sees in the place of another.

    Whether it is in anybody's place at all is asked once a query, not row by row.
    """
    any_row, row = alias_of(SuccessionRow, "any"), alias_of(SuccessionRow, "shown")
    is_successor = exists().where(any_row.successor == party)
    return and_(is_successor, exists().where(*succession_shows(row, party, now)))


def lock_successions(
    session: Session, codes: Sequence[int], *, party: str, now: datetime
) -> dict[int, Title]:
    """Return the succession by which the party sees each notification, locked until the transaction ends."""
    query = (
        select(Notification.code, SuccessionRow.id)
        .join(Act, Notification.act_id == Act.id)
        .join(SuccessionRow, SuccessionRow.predecessor_id == Notification.addressee_id)
        .where(Notification.code.in_(codes), *succession_shows(SuccessionRow, party, now))
        # Several may show it: the one that has stood longest is named.
        .order_by(SuccessionRow.communicated_at.desc(), SuccessionRow.id.desc())
        .with_for_update(of=SuccessionRow, read=True)
    )
    return {code: Title(reference=str(succession)) for code, succession in session.execute(query)}
