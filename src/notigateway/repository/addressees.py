"""Named queries on those a notification is for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, String, Uuid, bindparam, exists, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.representation import DeliveryChannel
from notigateway.repository.columns import Row, UtcDateTime, Word
from notigateway.repository.conflicts import insert_if_absent, make_if_absent
from notigateway.repository.model import Addressee, IssuingBody
from notigateway.repository.prepared import Prepared
from notigateway.repository.red_users import RedUser
from notigateway.repository.rights import Power, RedAssignment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from notigateway.repository.session import Session


class DeliveryChoice(Row):
    """How an addressee wants what is issued from then on (Orden ISM/903/2020 art. 9)."""

    __tablename__ = "delivery_choices"
    __table_args__ = (Index(None, "addressee_id", "chosen_at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    channel: Mapped[DeliveryChannel] = mapped_column(Word(DeliveryChannel))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    chosen_by: Mapped[str] = mapped_column(String(9))


def find_delivery_choice(session: Session, addressee: Addressee) -> DeliveryChoice | None:
    """Return the choice that stands: the last one."""
    query = select(DeliveryChoice).where(DeliveryChoice.addressee_id == addressee.id)
    newest_first = (DeliveryChoice.chosen_at.desc(), DeliveryChoice.id.desc())
    return session.scalars(query.order_by(*newest_first).limit(1)).one_or_none()


def chosen_channel(session: Session, addressee: Addressee) -> DeliveryChannel | None:
    """Return the channel that stands by choice; None for who has never chosen."""
    choice = find_delivery_choice(session, addressee)
    return None if choice is None else choice.channel


def find_addressee(session: Session, identifier: str) -> Addressee | None:
    """Return the addressee with that NIF, NIE or CIF."""
    ahead = session.ahead
    if ahead is not None and (identifier in ahead.addressees or identifier in ahead.absent):
        return ahead.addressees.get(identifier)
    return session.scalars(select(Addressee).where(Addressee.identifier == identifier)).one_or_none()


def is_known_party(session: Session, identifier: str) -> bool:
    """Tell whether the party is an addressee, a representative (also a former one) or an issuing body."""
    ((is_known,),) = _IS_KNOWN.rows(session, party=identifier)
    return bool(is_known)


_IS_KNOWN = Prepared(
    select(
        or_(
            exists().where(Addressee.identifier == bindparam("party")),
            exists().where(Power.attorney == bindparam("party")),
            exists().where(RedAssignment.red_party == bindparam("party")),
            exists().where(RedUser.person == bindparam("party")),
            exists().where(IssuingBody.nif == bindparam("party")),
        ).label("is_known")
    )
)


def enter_addressee(session: Session, *, identifier: str, name: str) -> None:
    """Make an addressee of who is in the register for the first time; whoever is there stays as it is."""
    if session.ahead is not None:
        session.ahead.absent.discard(identifier)
    insert_if_absent(session, Addressee, identifier=identifier, name=name)


def ensure_addressee(session: Session, *, identifier: str, name: str) -> Addressee:
    """Return the addressee with that NIF, made with its first name where it is new; else as it stands.

    Safe while others do the same: whoever comes second finds the first one's row.
    """
    addressee = find_addressee(session, identifier)
    if addressee is None:
        made = make_if_absent(session, Addressee, identifier=identifier, name=name)
        if made is None:  # by another transaction, just now
            if session.ahead is not None:
                session.ahead.absent.discard(identifier)
            return session.scalars(select(Addressee).where(Addressee.identifier == identifier)).one()
        if session.ahead is not None:
            session.ahead.enter(made)
        return made
    return addressee


def hold_addressee(session: Session, identifier: str) -> Addressee | None:
    """Return the addressee with that identifier, which it keeps until the transaction ends."""
    return session.scalars(_held([identifier])).one_or_none()


def _held(identifiers: Collection[str]) -> Select[Addressee]:
    """Return the query that holds identifiers as they are: what is written by them stays true.

    A foreign key takes the same lock (FOR KEY SHARE), but only when its row is inserted: by then somebody may
    have corrected what was read. Whoever changes anything else of the addressee waits for nobody.
    """
    return (
        select(Addressee)
        .where(Addressee.identifier.in_(identifiers))
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    )


def ensure_addressees(session: Session, named: Mapping[str, str]) -> dict[str, Addressee]:
    """Return those with the given NIFs, made with their first names (`named`) where they are new.

    Each keeps its identifier until the transaction ends.
    """
    query = _held(named)
    found = {row.identifier: row for row in session.scalars(query)}
    for identifier in sorted(named.keys() - found.keys()):  # in one order, since others do the same
        enter_addressee(session, identifier=identifier, name=named[identifier])
    if len(found) < len(named):
        found = {row.identifier: row for row in session.scalars(query)}
    return found
