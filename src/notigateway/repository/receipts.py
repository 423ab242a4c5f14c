"""Named queries on what proves a decision."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.accesses import note_found
from notigateway.repository.columns import SHA256_HEX, Evidence, Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent
from notigateway.repository.loading import WHOLE
from notigateway.repository.model import Act, Addressee, Event, IssuingBody, Notification, Receipt
from notigateway.repository.natures import chain_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import Row as SqlRow

    from notigateway.law.lifecycle import Nature, State
    from notigateway.repository.session import Session


class RequestEnvelope(Row):
    """A signed request that decided something: the caller's proof of will, kept as received.

    With the certificate that it was admitted by and the party that asked, as they were read then: what a
    message names, and whom a certificate stands for, is read otherwise later. Null in rows of before 0023.
    """

    __tablename__ = "request_envelopes"

    sha256: Mapped[str] = mapped_column(SHA256_HEX, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    xml: Mapped[bytes] = mapped_column(Evidence)
    certificate: Mapped[bytes | None] = mapped_column(Evidence)
    party: Mapped[str | None] = mapped_column(String(9))


def find_originals(session: Session, ids: Iterable[UUID]) -> Sequence[tuple[UUID, bytes]]:
    """Return receipts as they were issued, by their identifiers."""
    query = select(Receipt.id, Receipt.xml).where(Receipt.id.in_(set(ids)))
    return [(one, xml) for one, xml in session.execute(query)]


def find_envelopes(session: Session, digests: Iterable[str]) -> Sequence[tuple[str, bytes]]:
    """Return signed requests by their SHA-256."""
    query = select(RequestEnvelope.sha256, RequestEnvelope.xml)
    return [(one, xml) for one, xml in session.execute(query.where(RequestEnvelope.sha256.in_(set(digests))))]


def keep_request_envelope(
    session: Session,
    *,
    sha256: str,
    xml: bytes,
    received_at: datetime,
    certificate: bytes | None,
    party: str,
) -> None:
    """Keep a signed request once, however many decisions it carries."""
    insert_if_absent(
        session,
        RequestEnvelope,
        sha256=sha256,
        xml=xml,
        received_at=received_at,
        certificate=certificate,
        party=party,
    )


def find_party_of(session: Session, receipt: Receipt) -> str | None:
    """Return the party whose own decision a receipt attests; None where it attests anything else.

    What a secondary user or an employee decided stands in the holder's name, and what a body reported in the
    addressee's.
    """
    return session.scalars(
        select(Event.party).where(
            Event.id == receipt.event_id,
            Event.state == receipt.state,
            Event.reported_by.is_(None),
            Event.by_secondary_user.is_(False),
            Event.registration.is_(None),
        )
    ).one_or_none()


def find_by_csv_code(
    session: Session, csv_code: str
) -> SqlRow[State, datetime, str, str, Nature | None] | None:
    """Return what a printed code leads to: fact, instant, issuing body's name, addressee's NIF, nature."""
    return session.execute(
        select(
            Receipt.state,
            Receipt.event_time,
            func.coalesce(Act.issuing_body_name, IssuingBody.name).label("name"),
            Addressee.identifier,
            Receipt.nature,
        )
        .join(Notification, Notification.code == Receipt.notification_code)
        .join(Addressee, Addressee.id == Notification.addressee_id)
        .join(Act, Act.id == Notification.act_id)
        .join(IssuingBody, IssuingBody.id == Act.issuing_body_id)
        .where(Receipt.csv_code == csv_code)
    ).one_or_none()


def find_of_own_decisions(
    session: Session, ids: Iterable[UUID], *, party: str
) -> dict[UUID, Sequence[Receipt]]:
    """Return the receipts of what the party decided here itself, whether or not it still sees it.

    Each with those before it, up to the first: it names the one before, and the party saw them all when it
    decided. What came afterwards is no longer its own, nor is what a body reported in its name.
    """
    own_decisions = (
        select(Event.notification_code)
        .join(Receipt, Receipt.event_id == Event.id)
        .where(Event.party == party, Event.reported_by.is_(None), Receipt.state == Event.state)
    )
    query = select(Notification).where(Notification.id.in_(set(ids)), Notification.code.in_(own_decisions))
    found: dict[UUID, Sequence[Receipt]] = {}
    for row in session.scalars(query.options(*WHOLE)).unique():
        own = {event.id: event for event in row.events if (event.party, event.reported_by) == (party, None)}
        chain = chain_of(row.receipts)
        decided = [r.position or 0 for r in chain if r.event_id in own and own[r.event_id].state is r.state]
        last = max(decided, default=0)
        found[row.id] = [
            *(receipt for receipt in chain if (receipt.position or 0) <= last),
            *(receipt for receipt in row.receipts if receipt not in chain and receipt.event_id in own),
        ]
        note_found(session, row)
    return found


def list_outermost_receipts(session: Session, *, count: int) -> list[bytes]:
    """Return the oldest receipts and the latest, so many of each; their identifiers sort by time."""
    orders = (Receipt.id.asc(), Receipt.id.desc())
    found = [session.execute(select(Receipt.id, Receipt.xml).order_by(one).limit(count)) for one in orders]
    return list({identifier: xml for rows in found for identifier, xml in rows}.values())
