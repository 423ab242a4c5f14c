"""Rows of electronic contacts: append-only, the one that stands has not been replaced."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Index, Integer, String, Text, Uuid, exists, or_, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.contacts import NoticeDelivery, NoticeLanguage
from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime, Word
from notigateway.repository.prepared import Prepared
from notigateway.repository.rights import Power
from notigateway.repository.windows import RedWindow

if TYPE_CHECKING:
    from notigateway.repository.session import Session


class Contact(Row):
    """Where and how a party wants its notices, and since when; a withdrawal never stands."""

    __tablename__ = "contacts"
    __table_args__ = (
        # At most one stands; what notices are sent by is found without those of before.
        Index(
            "uq_contacts_standing",
            "party",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index(None, "replaced_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    party: Mapped[str] = mapped_column(String(9))
    # One a line; empty where they were withdrawn, and once they are erased.
    addresses: Mapped[str] = mapped_column(Text)
    language: Mapped[NoticeLanguage] = mapped_column(Word(NoticeLanguage))
    delivery: Mapped[NoticeDelivery] = mapped_column(Word(NoticeDelivery))
    deadline_days: Mapped[int] = mapped_column(Integer)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    set_by: Mapped[str] = mapped_column(String(9))
    request_sha256: Mapped[str] = mapped_column(SHA256_HEX)
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def find_contact(session: Session, party: str) -> Contact | None:
    """Return the contact of a party that stands."""
    query = select(Contact).where(Contact.party == party, Contact.replaced_at.is_(None))
    return session.scalars(query).one_or_none()


def replace_contact(session: Session, party: str, *, now: datetime) -> None:
    """End the contact of a party that stands, before another one is written."""
    session.execute(
        update(Contact)
        .where(Contact.party == party, Contact.replaced_at.is_(None))
        .values(replaced_at=now)
        .execution_options(synchronize_session=False)
    )


def has_any_contact(session: Session) -> bool:
    """Tell whether anybody has a contact: where nobody has, putting at disposal costs this and no more."""
    return bool(_ANY.rows(session))


def acts_for_others(session: Session, party: str) -> bool:
    """Tell whether the party is anybody's attorney or RED-authorised person, now or before."""
    found = select(or_(exists().where(Power.attorney == party), exists().where(RedWindow.red_party == party)))
    return bool(session.scalar(found))


def erase_contacts(session: Session, *, replaced_before: datetime) -> int:
    """Erase the addresses of contacts that were replaced before an instant; return of how many."""
    erased = session.execute(
        update(Contact)
        .where(Contact.replaced_at < replaced_before, Contact.addresses != "")
        .values(addresses="")
        .returning(Contact.id)
        .execution_options(synchronize_session=False)
    )
    return len(erased.all())


_ANY = Prepared(select(Contact.id).where(Contact.replaced_at.is_(None)).limit(1))
