"""Named queries on powers and RED assignments: the register, by whom each entry concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from notigateway.repository.addressees import enter_addressee
from notigateway.repository.last_done import end_after, last_certified, last_done
from notigateway.repository.model import Addressee, Event
from notigateway.repository.power_items import PowerItem
from notigateway.repository.red_users import RedUser, works_at
from notigateway.repository.rights import Power, RedAssignment, RightsChange, is_in_force
from notigateway.repository.turns_of_rights import take_turn_to_change_power, take_turn_to_tell
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.caller import Caller
    from notigateway.repository.session import Session


def lock_addressee(session: Session, identifier: str) -> Addressee | None:
    """Return the addressee, so that its rights are changed by one transaction at a time.

    The weaker lock lets others go on publishing notifications for it.
    """
    if session.ahead is not None and (known := session.ahead.addressees.get(identifier)) is not None:
        return known  # locked before
    query = select(Addressee).where(Addressee.identifier == identifier).with_for_update(key_share=True)
    return session.scalars(query).one_or_none()


def lock_addressees(session: Session, identifiers: Collection[str]) -> Sequence[Addressee]:
    """Lock several at once like that, in one order: two who do so never wait for each other."""
    query = select(Addressee).where(Addressee.identifier.in_(identifiers)).order_by(Addressee.identifier)
    return session.scalars(query.with_for_update(key_share=True)).all()


def lock_party(session: Session, identifier: str, *, name: str) -> Addressee:
    """Return the party as an addressee, locked like that; made where nothing was addressed to it yet."""
    found = lock_addressee(session, identifier)
    if found is not None:
        return found
    enter_addressee(session, identifier=identifier, name=name)
    query = select(Addressee).where(Addressee.identifier == identifier).with_for_update(key_share=True)
    return session.scalars(query).one()


def lock_power(session: Session, power_id: UUID) -> Power | None:
    """Return the power as it stands once nobody else is changing it, or acting by it."""
    take_turn_to_change_power(session, power_id)
    query = _powers().where(Power.id == power_id).with_for_update(of=Power)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def share_power(session: Session, power_id: UUID) -> Power | None:
    """Return the power as it stands, so that nobody changes it until the end of the transaction."""
    take_turn_to_tell(session, power_id)
    query = _powers().where(Power.id == power_id).with_for_update(of=Power, read=True)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def list_standing_of_scope(session: Session, like: Power, now: datetime) -> Sequence[Power]:
    """Return the powers of the same grantor, attorney and type that nothing has ended, whatever they name."""
    stands = [Power.end_cause.is_(None), ~Power.is_void, Power.expires_at > now]
    return session.scalars(_of_scope(like).where(*stands)).all()


def list_registered_with(session: Session, like: Power) -> Sequence[Power]:
    """Return those of the same parties and type and of the same instant, whatever became of them."""
    return session.scalars(_of_scope(like).where(Power.registered_at == like.registered_at)).all()


def _of_scope(like: Power) -> Select[Power]:
    """Select the powers of the same grantor, attorney and type."""
    query = _powers().where(
        Power.grantor_id == like.grantor_id,
        Power.attorney == like.attorney,
        Power.scope == like.scope,
    )
    return query.order_by(Power.id)


def list_powers(session: Session, party: str, *, after: UUID, limit: int) -> Sequence[Power]:
    """Return a page of the powers that the party has granted or received, in order of registration."""
    query = _powers().where(or_(Power.attorney == party, Addressee.identifier == party), Power.id > after)
    return session.scalars(query.order_by(Power.id).limit(limit)).all()


def list_all_powers(session: Session, *, party: str | None = None) -> Sequence[Power]:
    """Return the register, or what a party has granted or received, in order of registration."""
    query = _powers()
    if party is not None:
        query = query.where(or_(Power.attorney == party, Addressee.identifier == party))
    return session.scalars(query.order_by(Power.registered_at, Power.id)).all()


def list_powers_in_force(
    session: Session, attorney: str, *, after: UUID, limit: int, now: datetime
) -> Sequence[Power]:
    """Return a page of the powers by which the attorney may act at `now`."""
    query = _powers().where(Power.id > after, *_in_force(attorney, now))
    return session.scalars(query.order_by(Power.id).limit(limit)).all()


def list_grantors(session: Session, attorney: str, *, now: datetime) -> Sequence[Addressee]:
    """Return those for whom the attorney may act at `now`, each once, in the order of their NIF."""
    grantors = select(Power.grantor_id).where(*_in_force(attorney, now))
    query = select(Addressee).where(Addressee.id.in_(grantors))
    return session.scalars(query.order_by(Addressee.identifier)).all()


def is_grantor(session: Session, identifier: str, *, attorney: str, now: datetime) -> bool:
    """Tell whether the attorney may act for the addressee with that NIF at `now`."""
    query = select(Power.id).join(Addressee, Power.grantor_id == Addressee.id)
    query = query.where(Addressee.identifier == identifier, *_in_force(attorney, now))
    return session.scalars(query.limit(1)).first() is not None


def _in_force(attorney: str, now: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions of the powers by which the attorney may act at `now`."""
    return [Power.attorney == attorney, *is_in_force(Power, now)]


def _powers() -> Select[Power]:
    """Select powers with their grantors."""
    return (
        select(Power)
        .join(Addressee, Power.grantor_id == Addressee.id)
        .options(
            joinedload(Power.grantor, innerjoin=True),
            selectinload(Power.items).selectinload(PowerItem.procedures),
        )
    )


def find_red_assignment(session: Session, assignment_id: UUID) -> RedAssignment | None:
    """Return the assignment with its addressee."""
    return session.scalars(_assignments().where(RedAssignment.id == assignment_id)).one_or_none()


def list_red_assignments_of(session: Session, addressee: Addressee) -> Sequence[RedAssignment]:
    """Return who has managed the addressee's account, oldest first."""
    query = _assignments().where(RedAssignment.addressee_id == addressee.id)
    return session.scalars(query.order_by(RedAssignment.starts_at, RedAssignment.id)).all()


def list_red_assignments_to(
    session: Session, red_party: str, *, after: UUID, limit: int, now: datetime
) -> Sequence[RedAssignment]:
    """Return a page of the assignments that have begun: what was issued meanwhile stays at disposal.

    Those of the holders under whose authorisation the party works now are among them.
    """
    user = aliased(RedUser)
    under = exists().where(
        *works_at(user, red_party, now),
        user.holder == RedAssignment.red_party,
        user.authorisation == RedAssignment.authorisation,
    )
    query = _assignments().where(
        or_(RedAssignment.red_party == red_party, under),
        RedAssignment.id > after,
        RedAssignment.starts_at <= now,
        or_(RedAssignment.ends_at.is_(None), RedAssignment.ends_at > RedAssignment.starts_at),
    )
    return session.scalars(query.order_by(RedAssignment.id).limit(limit)).all()


def list_all_red_assignments(session: Session, *, account: str | None = None) -> Sequence[RedAssignment]:
    """Return the register, by account and time."""
    query = _assignments()
    if account is not None:
        query = query.where(RedAssignment.account == account)
    return session.scalars(query.order_by(RedAssignment.account, RedAssignment.starts_at)).all()


def list_authorisations(session: Session, red_party: str) -> Sequence[str]:
    """Return the numbers of the authorisations by which the party is or was assigned."""
    query = select(RedAssignment.authorisation).where(RedAssignment.red_party == red_party)
    return session.scalars(query.distinct()).all()


def list_assigned(session: Session) -> Sequence[str]:
    """Return the NIF of every addressee to whose account somebody is or was assigned."""
    assigned = select(RedAssignment.addressee_id)
    query = select(Addressee.identifier).where(Addressee.id.in_(assigned))
    return session.scalars(query.order_by(Addressee.identifier)).all()


def instant_of_end(session: Session, power: Power, at: datetime) -> datetime:
    """Return when a power ends that is to end then: after what was done by it and to it, and no earlier.

    It must be locked.
    """
    decided_at = last_done(session, Event.title == str(power.id), since=at)
    certified_at = last_certified(session, power.id, since=at)
    # One that was accepted in that very millisecond never stood, which contradicts nothing.
    accepted_later = (one for one in (power.accepted_at, power.stated_at) if one is not None and one > at)
    return end_after((decided_at, certified_at, *accepted_later), at)


def list_overlapping(
    session: Session, *, account: str, starts_at: datetime, ends_at: datetime | None
) -> Sequence[RedAssignment]:
    """Return the assignments of the account that stand at any instant from start to (before) end."""
    known: Sequence[RedAssignment] | None = None
    if session.ahead is not None:
        known = session.ahead.of(RedAssignment, "account", account)
    if known is None:
        known = session.scalars(_assignments().where(RedAssignment.account == account)).all()
    overlapping = [
        one
        for one in known
        # What was taken back before it began stands at no instant.
        if (one.ends_at is None or (one.ends_at > starts_at and one.ends_at > one.starts_at))
        and (ends_at is None or one.starts_at < ends_at)
    ]
    return sorted(overlapping, key=lambda one: one.starts_at)


def _assignments() -> Select[RedAssignment]:
    """Select assignments with their addressees."""
    return (
        select(RedAssignment)
        .join(Addressee, RedAssignment.addressee_id == Addressee.id)
        .options(joinedload(RedAssignment.addressee, innerjoin=True))
    )


def record_change(
    session: Session,
    title: Power | RedAssignment,
    change: str,
    *,
    now: datetime,
    caller: Caller | None = None,
    request_sha256: str | None = None,
    ground: str | None = None,
) -> None:
    """Write down who changed a right; without a caller it was the operator."""
    session.add(
        RightsChange(
            id=uuid7(now),
            power=title if isinstance(title, Power) else None,
            red_assignment=title if isinstance(title, RedAssignment) else None,
            change=change,
            ground=ground,
            at=now,
            party=None if caller is None else caller.party,
            signer=None if caller is None else caller.signer,
            request_sha256=request_sha256,
        )
    )
