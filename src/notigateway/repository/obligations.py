"""The register of obligations: its rows, and all that is known of why an addressee is obliged."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Select, Text, Uuid, or_, select
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship, selectinload

from notigateway.law.accounts import main_accounts
from notigateway.law.grounds import Ground
from notigateway.law.identifiers import is_company_nif
from notigateway.law.lifecycle import State
from notigateway.law.obligation import (
    Issued,
    Obligation,
    obligation_by_account,
    obligations_by_nature,
    obligations_by_power,
)
from notigateway.repository.accounts import list_main_entries
from notigateway.repository.changes import wait_for_turn_to_place
from notigateway.repository.columns import Row, UtcDateTime, Word
from notigateway.repository.model import Act, Addressee, Notification
from notigateway.repository.power_items import PowerItem
from notigateway.repository.rights import Power

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notigateway.law.obligation import ObligationPolicy
    from notigateway.repository.session import Session


class ObligationRow(Row):
    """An entry: who is obliged, on which ground and since when; ended, never removed."""

    __tablename__ = "obligations"
    __table_args__ = (CheckConstraint("until IS NULL OR until > since", name="until_after_since"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"), index=True)
    ground: Mapped[Ground] = mapped_column(Word(Ground))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Names of the activity, one a line; none holds a line break.
    matters: Mapped[str] = mapped_column(Text)
    procedures: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_recorded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    addressee: Mapped[Addressee] = relationship(lazy="raise")

    @classmethod
    def of(cls, obligation: Obligation, addressee: Addressee, *, entry: UUID, now: datetime) -> ObligationRow:
        """Return the entry of an obligation that has a beginning."""
        return cls(
            id=entry,
            addressee=addressee,
            ground=obligation.ground,
            since=obligation.since,
            until=obligation.until,
            matters="\n".join(sorted(obligation.matters)),
            procedures="\n".join(sorted(obligation.procedures)),
            recorded_at=now,
            until_recorded_at=None if obligation.until is None else now,
        )

    @property
    def obligation(self) -> Obligation:
        """What the rules need to know of this row."""
        return Obligation(
            self.ground,
            self.since,
            self.until,
            frozenset(self.matters.splitlines()),
            frozenset(self.procedures.splitlines()),
        )


def list_entries(session: Session, addressee: Addressee | None = None) -> Sequence[ObligationRow]:
    """Return the entries of an addressee, or of all, by addressee and beginning."""
    query = _entries().order_by(Addressee.identifier, ObligationRow.since, ObligationRow.id)
    if addressee is not None:
        query = query.where(ObligationRow.addressee_id == addressee.id)
    return session.scalars(query).all()


def find_entry(session: Session, entry: UUID) -> ObligationRow | None:
    """Return the entry with that identifier."""
    return session.scalars(_entries().where(ObligationRow.id == entry)).one_or_none()


def _entries() -> Select[ObligationRow]:
    return (
        select(ObligationRow)
        .join(Addressee, ObligationRow.addressee_id == Addressee.id)
        .options(contains_eager(ObligationRow.addressee))
        .execution_options(populate_existing=True)
    )


def known_obligations(
    session: Session, addressee: Addressee, policy: ObligationPolicy
) -> tuple[Obligation, ...]:
    """Return all that is known of why an addressee is, was or will be obliged.

    Its NIF, its main account, the entries of the register, and the powers it has and has given.
    """
    by_nature = obligations_by_nature(addressee.identifier)
    if by_nature:  # for ever and for every act: nothing can add to it
        return by_nature
    entries = session.scalars(select(ObligationRow).where(ObligationRow.addressee_id == addressee.id))
    return (
        *_by_main_account(session, addressee),
        *(row.obligation for row in entries),
        *_by_powers(session, addressee, policy),
    )


def _by_main_account(session: Session, addressee: Addressee) -> Iterator[Obligation]:
    """Yield what the main accounts say, each in the time in which it is the main one."""
    for _, span in main_accounts(row.entry for row in list_main_entries(session, addressee)):
        yield from obligation_by_account(addressee.identifier, since=span.starts_at, until=span.ends_at)


def _by_powers(session: Session, addressee: Addressee, policy: ObligationPolicy) -> Iterator[Obligation]:
    """Yield what the powers say that the addressee has given or been given."""
    is_party = or_(Power.attorney == addressee.identifier, Power.grantor_id == addressee.id)
    query = select(Power).where(is_party, Power.accepted_at.is_not(None))
    items = selectinload(Power.items).selectinload(PowerItem.procedures)
    for power in session.scalars(query.options(items)):
        is_attorney = power.attorney == addressee.identifier
        yield from obligations_by_power(power.terms, is_attorney=is_attorney, policy=policy)


def issued_of(act: Act, notification: Notification) -> Issued:
    """Return what the rules need to know of a notification that is published."""
    return Issued(
        kind=notification.kind,
        matter=act.matter,
        procedure=act.procedure,
        # Known of whom the act names, not of who has taken its place.
        named_ground=act.named_ground if notification.predecessor is None else None,
        paper=act.paper,
    )


def lock_scheduled(session: Session, addressee: Addressee, *, now: datetime) -> Sequence[Notification]:
    """Return what has not arrived at `now`, with its act, locked in the order of the code.

    To be found anew: whoever is told of it may change, so nobody places its changes meanwhile. The database
    writes down whose they are, and would not see what another transaction does at the same time. Whoever
    asks holds the turn to publish, as everybody who waits for both.
    """
    if session.ahead is not None and session.ahead.knows_nothing_published(addressee.id):
        return []
    query = (
        select(Notification)
        .join(Notification.act)
        .where(
            Notification.addressee_id == addressee.id,
            Notification.state == State.SCHEDULED,
            Notification.available_at > now,
        )
        .options(contains_eager(Notification.act).joinedload(Act.issuing_body, innerjoin=True))
        .order_by(Notification.code)
        .with_for_update(of=Notification, key_share=True)
        .execution_options(populate_existing=True)
    )
    rows = session.scalars(query).all()
    if rows:
        wait_for_turn_to_place(session)
    return rows


def is_natural(addressee: Addressee) -> bool:
    """Tell whether what is registered of the addressee can change whether it is obliged."""
    return not is_company_nif(addressee.identifier)
