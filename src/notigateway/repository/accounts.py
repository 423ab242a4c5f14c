"""The register of addressees: their accounts, which is the main one when, and their former names.

Entries of main accounts are only ever added: which one holds follows from all (`law/accounts.py`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notigateway.law import accounts as law
from notigateway.law.spans import Span
from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.model import Addressee

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session


class Account(Row):
    """A contribution account or an affiliation number, and whose it is in which time."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index(None, "addressee_id"),
        Index(None, "key"),
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    number: Mapped[str] = mapped_column(String(15))
    # The same for the same account, with its regime in front or without.
    key: Mapped[str] = mapped_column(String(12))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    addressee: Mapped[Addressee] = relationship(lazy="raise")


class MainAccount(Row):
    """An entry: that account is the addressee's main one from then on, none where it names none."""

    __tablename__ = "main_accounts"
    __table_args__ = (UniqueConstraint("addressee_id", "position"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    # The order in which the entries were made: of several that speak of an instant the last one holds.
    position: Mapped[int] = mapped_column(Integer)
    number: Mapped[str | None] = mapped_column(String(15))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # From when on what is put at disposal follows it: later than the start of an entry dated back.
    gives_from: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # NULL where the operator entered it without saying who.
    recorded_by: Mapped[str | None] = mapped_column(String(9))
    # Of a correction: why it moves what is at disposal already.
    ground: Mapped[str | None] = mapped_column(Text)

    @property
    def entry(self) -> law.MainEntry:
        """What the rules need to know of this row."""
        return law.MainEntry(self.number, Span(self.gives_from, self.ends_at))


class FormerName(Row):
    """A name that the register had for an addressee, and until when."""

    __tablename__ = "former_names"
    __table_args__ = (Index(None, "addressee_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    name: Mapped[str] = mapped_column(String(255))
    until: Mapped[datetime] = mapped_column(UtcDateTime)


def list_accounts(session: Session, addressee: Addressee) -> Sequence[Account]:
    """Return the addressee's accounts, oldest first."""
    query = select(Account).where(Account.addressee_id == addressee.id)
    return session.scalars(query.order_by(Account.starts_at, Account.id)).all()


def list_main_entries(session: Session, addressee: Addressee) -> Sequence[MainAccount]:
    """Return every entry of a main account, in the order in which they were made."""
    known = None if session.ahead is None else session.ahead.of(MainAccount, "addressee_id", addressee.id)
    if known is not None:
        return sorted(known, key=lambda row: row.position)
    query = select(MainAccount).where(MainAccount.addressee_id == addressee.id)
    return session.scalars(query.order_by(MainAccount.position)).all()


def main_account_at(session: Session, addressee: Addressee, at: datetime) -> str | None:
    """Return the addressee's main account at an instant: a CCC, or else a NAF; None where it has none."""
    return law.main_account_at((row.entry for row in list_main_entries(session, addressee)), at)


def list_former_names(session: Session, addressee: Addressee) -> Sequence[FormerName]:
    """Return the names that the addressee had before, oldest first."""
    query = select(FormerName).where(FormerName.addressee_id == addressee.id)
    return session.scalars(query.order_by(FormerName.until, FormerName.id)).all()


def name_at(session: Session, addressee: Addressee, at: datetime) -> str:
    """Return the name that the register had for the addressee at an instant."""
    former = list_former_names(session, addressee)
    return next((row.name for row in former if row.until > at), addressee.name)


def list_holders(session: Session, account: str, span: Span) -> Sequence[Account]:
    """Return to whom the account belongs at any instant of the span, oldest first."""
    return sorted(
        (
            row
            for row in _list_entries(session, account)
            if (row.ends_at is None or row.ends_at > span.starts_at)
            and (span.ends_at is None or row.starts_at < span.ends_at)
        ),
        key=lambda row: (row.starts_at, row.id),
    )


def find_number(session: Session, account: str) -> str | None:
    """Return the account as the register writes it: with its regime or without; None for a new one."""
    entries = _list_entries(session, account)
    return min(entries, key=lambda row: row.id).number if entries else None


def _list_entries(session: Session, account: str) -> Sequence[Account]:
    """Return whose the account is or was, with its regime in front or without."""
    key = law.account_key(account)
    known = None if session.ahead is None else session.ahead.of(Account, "key", key)
    return session.scalars(select(Account).where(Account.key == key)).all() if known is None else known
