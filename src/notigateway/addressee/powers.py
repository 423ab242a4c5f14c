"""Powers of attorney to receive notifications (Orden ISM/189/2021): grant, accept, renounce, revoke, extend.

A power takes effect when the attorney accepts it and gives its rights in the queries
(`repository.rights`); nothing is copied, so nothing outlives it. Every change is written down with the
signed request that asked for it. Repeating a request changes nothing and answers the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.cursors import read_uuid_cursor, write_uuid_cursor
from notigateway.errors import NotAddresseeError, PowerExistsError, PowerUnknownError
from notigateway.instants import to_milliseconds
from notigateway.law import powers as law
from notigateway.law.families import check_may_grant
from notigateway.law.representation import PowerState, is_open
from notigateway.receipts.recording import record_request
from notigateway.repository import powers as register
from notigateway.repository.catalogue import find_nameable, list_entries
from notigateway.repository.notices import queue_power_end
from notigateway.repository.power_items import PowerItem
from notigateway.repository.rights import Power
from notigateway.repository.statements import has_stated, keep_statement, list_waiting
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.caller import Caller
    from notigateway.law.catalogue import Entry
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Addressee
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class PowerPage:
    """Powers in order of registration; `next_cursor` is None on the last page."""

    powers: Sequence[Power]
    next_cursor: str | None


def grant_power(session: Session, asking: Asking, terms: law.PowerTerms) -> Power:
    """Register a power of the caller; it takes effect when the attorney accepts it within one month.

    Whoever was never notified grants too, and becomes an addressee.

    Raises: `RepresentativeRequiredError`, `PowerInvalidError`, `PowerSelfGrantedError`, `PowerTooLongError`,
    `PowerExistsError` where one of the same attorney stands that names the same, on other terms.
    """
    check_may_grant(asking.caller.family)
    grantor = register.lock_party(session, asking.party, name=asking.caller.party_name)
    power = _draw_up(session, terms, grantor=grantor, registered_at=asking.now)
    earlier = _standing_twin(session, power, asking.now)
    if earlier is None:
        session.add(power)
        return _changed(session, power, "granted", asking)
    # A repeat of the same grant is idempotent: the power that stands, nothing new.
    if law.is_same_grant(power.terms, earlier.terms):
        return earlier
    raise PowerExistsError(power_id=str(earlier.id))


def import_power(
    session: Session,
    terms: law.PowerTerms,
    *,
    grantor: str,
    grantor_name: str | None = None,
    registered_at: datetime,
    accepted_at: datetime | None,
    is_adapted: bool,
    now: datetime,
) -> Power:
    """Bring a power of another register here, as the operator: only so is it registered in the past.

    One registered before 2 April 2021 is void unless it was adapted (Orden ISM/189/2021, transitional
    provision); it is kept, void, so that nobody wonders where it is. The same one again changes nothing.

    Raises: what `grant_power` raises; `NotAddresseeError`.
    """
    law.check_registered(registered_at, now)
    addressee = _grantor(session, grantor, name=grantor_name)
    is_void = law.is_void(registered_at, is_adapted=is_adapted)
    power = _draw_up(
        session, terms, grantor=addressee, registered_at=to_milliseconds(registered_at), is_void=is_void
    )
    power.accepted_at = None if accepted_at is None else to_milliseconds(accepted_at)
    law.check_accepted(power.accepted_at, registered_at=power.registered_at, now=now)
    repeated = _imported_before(session, power)
    if repeated is not None:
        return repeated
    if power.accepted_at is not None:
        power.needs_statement = False  # that register has seen to it
    earlier = _standing_twin(session, power, now)
    if earlier is not None:
        raise PowerExistsError(f"power {earlier.id}", power_id=str(earlier.id))
    session.add(power)
    register.record_change(session, power, "imported", now=now)
    return power


def accept_power(session: Session, asking: Asking, power_id: UUID) -> Power:
    """Accept a power as its attorney: it takes effect now (Orden ISM/189/2021 art. 9.2).

    Raises: `PowerUnknownError`; `PowerNotInForceError` after the month, and for one that has ended.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=True)
    if not law.takes_effect(power.terms, asking.now):
        return power  # a repeat: it was accepted before
    power.accepted_at = asking.now
    if power.stated_at is None and has_stated(session, power.attorney):
        power.stated_at = asking.now  # the statement was made while the power was being granted
    return _changed(session, power, "accepted", asking)


def make_statement(session: Session, asking: Asking, power_id: UUID, *, is_affirmed: bool) -> Sequence[Power]:
    """State, as a legal person that is an attorney, that its statutes let it represent others.

    Once: every power that waits for it and later ones are served by it (Orden ISM/189/2021 art. 6.4). Returns
    the named power first, then the others that were served.

    Raises: `RepresentativeRequiredError`, `PowerUnknownError`, `PowerInvalidError` for a person who needs
    none and for a statement that says nothing, `PowerNotInForceError`.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=True)
    if not law.takes_statement(power.terms, power.attorney, asking.now, is_affirmed=is_affirmed):
        return [power]  # a repeat, or an earlier statement serves
    keep_statement(session, asking)
    waiting = (register.lock_power(session, one) for one in list_waiting(session, power.attorney))
    served = [one for one in waiting if one is not None and is_open(one.terms, asking.now)]
    for one in served:
        one.stated_at = asking.now
        _changed(session, one, "stated", asking)
    return [power, *(one for one in served if one is not power)]


def renounce_power(
    session: Session,
    asking: Asking,
    power_id: UUID,
    item: law.Named | None = None,
    *,
    policy: law.PowerPolicy = law.DEFAULT_POWERS,
) -> Power:
    """End a power as its attorney, accepted or not, or one of its items: effective now (art. 2, 10).

    Raises: `PowerUnknownError`, `PowerNotInForceError`; for an item `PowerIndivisibleError`,
    `PowerItemUnknownError`.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=True)
    return _end(session, power, PowerState.RENOUNCED, asking, item=item, policy=policy)


def revoke_power(
    session: Session,
    asking: Asking,
    power_id: UUID,
    item: law.Named | None = None,
    *,
    policy: law.PowerPolicy = law.DEFAULT_POWERS,
) -> Power:
    """End a power as its grantor, or one of its items: effective now (art. 2, 10).

    Raises: what `renounce_power` raises.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=False)
    return _end(session, power, PowerState.REVOKED, asking, item=item, policy=policy)


def extend_power(session: Session, asking: Asking, power_id: UUID, expires_at: datetime) -> Power:
    """Let a power in force run longer, at most five years from now (Orden ISM/189/2021 art. 8.3).

    Raises: `PowerUnknownError`, `PowerNotInForceError`, `PowerTooLongError`, `PowerInvalidError` for an
    end that is not later than the present one.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=False)
    expires_at = to_milliseconds(expires_at)
    if not law.runs_longer(power.terms, expires_at, asking.now):
        return power  # a repeat
    power.expires_at = expires_at
    return _changed(session, power, "extended", asking)


def list_powers(session: Session, asking: Asking, *, cursor: str | None, page_size: int) -> PowerPage:
    """Return a page of the powers that the caller has granted or received, ended ones too.

    Raises: `InvalidCursorError`.
    """
    belongs_to = ("powers", asking.party)
    after = read_uuid_cursor(cursor, belongs_to=belongs_to)
    found = register.list_powers(session, asking.party, after=after, limit=page_size + 1)
    has_more = len(found) > page_size
    shown = found[:page_size]
    return PowerPage(shown, write_uuid_cursor(shown[-1].id, belongs_to=belongs_to) if has_more else None)


def list_matters(session: Session) -> Sequence[Entry]:
    """Return what a power may name, in the catalogue's order (Orden ISM/189/2021 art. 7.1)."""
    return list_entries(session)


def _grantor(session: Session, text: str, *, name: str | None) -> Addressee:
    """Return who has granted in another register, locked; made where its name is told.

    Raises: `PowerInvalidError`, `NotAddresseeError`.
    """
    identifier = law.check_grantor(text, name)
    if name is not None:
        return register.lock_party(session, identifier, name=name)
    addressee = register.lock_addressee(session, identifier)
    if addressee is None:
        raise NotAddresseeError(f"party {identifier} is not registered: give its name")
    return addressee


def _draw_up(
    session: Session,
    terms: law.PowerTerms,
    *,
    grantor: Addressee,
    registered_at: datetime,
    is_void: bool = False,
) -> Power:
    """Check the terms and return the power, not yet registered; the grantor's rights must be locked.

    What a void one names gives nothing, so it need not be in the catalogue.
    """
    checked = law.check_power(terms, grantor=grantor.identifier, registered_at=registered_at)
    nameable = find_nameable(session, checked.named)
    if is_void:
        nameable = {one: (one.value, frozenset()) for one in checked.named} | nameable
    items = law.items_of(checked, {one: procedures for one, (_, procedures) in nameable.items()})
    rows = [
        PowerItem.of(item, position=place, name=nameable[named][0], now=registered_at)
        for place, (named, item) in enumerate(zip(checked.named, items, strict=True), 1)
    ]
    return Power(
        id=uuid7(registered_at),
        grantor_id=grantor.id,
        grantor=grantor,
        attorney=checked.attorney,
        attorney_name=checked.attorney_name,
        scope=checked.scope,
        value=law.one_value(checked),
        items=rows,
        special_category=True,
        is_void=is_void,
        registered_at=registered_at,
        expires_at=checked.expires_at,
        needs_statement=law.needs_statement(checked.attorney),
        stated_at=registered_at if has_stated(session, checked.attorney) else None,
        grantor_contact=checked.grantor_contact,
        attorney_contact=checked.attorney_contact,
    )


def _imported_before(session: Session, power: Power) -> Power | None:
    """Return the power that an earlier import of the same has registered, whatever became of it since."""
    with session.no_autoflush:
        found = register.list_registered_with(session, power)
    same = (one for one in found if one is not power)
    return next((one for one in same if law.is_same_import(power.terms, one.terms)), None)


def _standing_twin(session: Session, power: Power, now: datetime) -> Power | None:
    """Return the power of the same parties that names the same and stands or may still be accepted, locked.

    What was ended while this waited for it stands no longer.
    """
    with session.no_autoflush:
        found = register.list_standing_of_scope(session, power, now)
        same = [one for one in found if one is not power and _is_twin(one, power, now)]
        locked = (register.lock_power(session, one.id) for one in same)
        return next((one for one in locked if one is not None and _is_twin(one, power, now)), None)


def _is_twin(one: Power, power: Power, now: datetime) -> bool:
    return is_open(one.terms, now) and law.names_the_same(power.terms, one.terms)


def _lock(session: Session, power_id: UUID, caller: Caller, *, as_attorney: bool) -> Power:
    """Return the power, locked, if the caller stands on that side of it and may act in the register.

    Raises: `RepresentativeRequiredError`, `PowerUnknownError`.
    """
    check_may_grant(caller.family)
    power = register.lock_power(session, power_id)
    if power is None or caller.party != (power.attorney if as_attorney else power.grantor.identifier):
        raise PowerUnknownError
    return power


def _end(
    session: Session,
    power: Power,
    cause: PowerState,
    asking: Asking,
    *,
    item: law.Named | None,
    policy: law.PowerPolicy,
) -> Power:
    """End an open power, or one of its items and with the last one the power; a repeat changes nothing.

    What was decided by it while this waited was decided before.
    """
    if item is None:
        if not law.comes_to_end(power.terms, cause, asking.now):
            return power
    elif not law.item_comes_to_end(power.terms, item, cause, asking.now, policy=policy):
        return power
    at = register.instant_of_end(session, power, asking.now)
    for row in power.items if item is not None else ():
        if law.Named(row.kind, row.value) == item:
            row.end(cause, at)
            queue_power_end(session, power, row.id, at=at, now=asking.now)
    if item is None:
        queue_power_end(session, power, at=at, now=asking.now)
    elif any(row.ended_at is None for row in power.items):
        return _changed(session, power, f"item_{cause}", asking)
    power.end(cause, at)
    return _changed(session, power, str(cause), asking)


def _changed(session: Session, power: Power, change: str, asking: Asking) -> Power:
    """Write down the change with its proof."""
    record_request(session, asking)
    register.record_change(
        session, power, change, now=asking.now, caller=asking.caller, request_sha256=asking.proof.sha256
    )
    return power
