"""Powers of attorney to receive notifications (Orden ISM/189/2021): grant, accept, renounce, revoke, extend.

A power takes effect when the attorney accepts it and gives its rights in the queries
(`repository.rights`); nothing is copied, so nothing outlives it. Every change is written down with the
signed request that asked for it. Repeating a request changes nothing and answers the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.cursors import read_uuid_cursor, write_uuid_cursor
from notigateway.errors import (
    NotAddresseeError,
    PowerExistsError,
    PowerInvalidError,
    PowerNotInForceError,
    PowerSelfGrantedError,
    PowerTooLongError,
    PowerUnknownError,
)
from notigateway.instants import to_milliseconds
from notigateway.law.identifiers import IdentifierError, check_nif
from notigateway.law.representation import PowerScope, PowerState, is_void_by_age, latest_expiry
from notigateway.receipts.recording import record_request
from notigateway.repository.powers import list_powers as find_powers
from notigateway.repository.powers import (
    list_powers_of_scope,
    lock_addressee,
    lock_power,
    record_change,
)
from notigateway.repository.rights import Power
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from notigateway.law.caller import Caller
    from notigateway.receipts.recording import Asking
    from notigateway.repository.model import Addressee

# States in which a power gives rights or still may.
_OPEN = frozenset({PowerState.PENDING, PowerState.IN_FORCE})
_NAME_MAX = 255
_VALUE_MAX = {PowerScope.MATTER: 64, PowerScope.PROCEDURE: 16}


@dataclass(frozen=True, kw_only=True)
class PowerTerms:
    """What a grantor says; `value` is the matter or the SIA code of the procedure, by the scope."""

    attorney: str
    attorney_name: str
    scope: PowerScope
    value: str | None
    special_category: bool
    expires_at: datetime


@dataclass(frozen=True)
class PowerPage:
    """Powers in order of registration; `next_cursor` is None on the last page."""

    powers: Sequence[Power]
    next_cursor: str | None


def grant_power(session: Session, terms: PowerTerms, *, asking: Asking) -> Power:
    """Register a power of the caller; it takes effect when the attorney accepts it within one month.

    Raises: `NotAddresseeError`, `PowerInvalidError`, `PowerSelfGrantedError`, `PowerTooLongError`,
    `PowerExistsError` where one of the same attorney and scope stands on other terms.
    """
    power = _draw_up(session, terms, grantor=asking.caller.party, registered_at=asking.now)
    earlier = _standing_twin(session, power, asking.now)
    if earlier is None:
        session.add(power)
        return _changed(session, power, "granted", asking)
    # A repeat of the same grant is idempotent: the power that stands, nothing new.
    if (earlier.special_category, earlier.expires_at) == (power.special_category, power.expires_at):
        return earlier
    raise PowerExistsError(power_id=str(earlier.id))


def import_power(
    session: Session,
    terms: PowerTerms,
    *,
    grantor: str,
    registered_at: datetime,
    accepted_at: datetime | None,
    is_adapted: bool,
    now: datetime,
) -> Power:
    """Bring a power of another register here, as the operator: only so is it registered in the past.

    One registered before 2 April 2021 is void unless it was adapted (Orden ISM/189/2021, transitional
    provision); it is kept, void, so that nobody wonders where it is.

    Raises: what `grant_power` raises.
    """
    if registered_at > now:
        raise PowerInvalidError(
            "registered_at lies in the future", field="registered_at", problem="in_the_future"
        )
    power = _draw_up(session, terms, grantor=grantor, registered_at=to_milliseconds(registered_at))
    power.accepted_at = None if accepted_at is None else to_milliseconds(accepted_at)
    if power.accepted_at is not None and not power.registered_at <= power.accepted_at <= now:
        raise PowerInvalidError("accepted_at: wrong time", field="accepted_at", problem="out_of_range")
    power.is_void = is_void_by_age(power.registered_at) and not is_adapted
    earlier = _standing_twin(session, power, now)
    if earlier is not None:
        raise PowerExistsError(f"power {earlier.id}", power_id=str(earlier.id))
    session.add(power)
    record_change(session, power, "imported", now=now)
    return power


def accept_power(session: Session, power_id: UUID, *, asking: Asking) -> Power:
    """Accept a power as its attorney: it takes effect now (Orden ISM/189/2021 art. 8).

    Raises: `PowerUnknownError`; `PowerNotInForceError` after the month, and for one that has ended.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=True)
    state = power.state_at(asking.now)
    if state is PowerState.IN_FORCE:
        return power  # a repeat: it was accepted before
    if state is not PowerState.PENDING:
        raise _not_in_force(state)
    power.accepted_at = asking.now
    return _changed(session, power, "accepted", asking)


def renounce_power(session: Session, power_id: UUID, *, asking: Asking) -> Power:
    """End a power as its attorney, accepted or not: effective now.

    Raises: `PowerUnknownError`, `PowerNotInForceError`.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=True)
    return _end(session, power, PowerState.RENOUNCED, asking)


def revoke_power(session: Session, power_id: UUID, *, asking: Asking) -> Power:
    """End a power as its grantor: effective now.

    Raises: `PowerUnknownError`, `PowerNotInForceError`.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=False)
    return _end(session, power, PowerState.REVOKED, asking)


def extend_power(session: Session, power_id: UUID, expires_at: datetime, *, asking: Asking) -> Power:
    """Let a power in force run longer, at most five years from now (Orden ISM/189/2021 art. 6).

    Raises: `PowerUnknownError`, `PowerNotInForceError`, `PowerTooLongError`, `PowerInvalidError` for an
    end that is not later than the present one.
    """
    power = _lock(session, power_id, asking.caller, as_attorney=False)
    state = power.state_at(asking.now)
    if state is not PowerState.IN_FORCE:
        raise _not_in_force(state)
    expires_at = to_milliseconds(expires_at)
    if expires_at == power.expires_at:
        return power  # a repeat
    if expires_at < power.expires_at:
        raise _invalid("expires_at", "not_later")
    _check_duration(expires_at, asking.now)
    power.expires_at = expires_at
    return _changed(session, power, "extended", asking)


def list_powers(session: Session, *, caller: Caller, cursor: str | None, page_size: int) -> PowerPage:
    """Return a page of the powers that the caller has granted or received, ended ones too.

    Raises: `InvalidCursorError`.
    """
    belongs_to = ("powers", caller.party)
    after = read_uuid_cursor(cursor, belongs_to=belongs_to)
    found = find_powers(session, caller.party, after=after, limit=page_size + 1)
    has_more = len(found) > page_size
    shown = found[:page_size]
    return PowerPage(shown, write_uuid_cursor(shown[-1].id, belongs_to=belongs_to) if has_more else None)


def _draw_up(session: Session, terms: PowerTerms, *, grantor: str, registered_at: datetime) -> Power:
    """Check the terms and return the power, not yet registered; the grantor's rights are locked."""
    addressee = lock_addressee(session, grantor)
    if addressee is None:
        raise NotAddresseeError(f"party {grantor}")
    attorney = _check_attorney(terms, addressee)
    _check_value(terms)
    expires_at = to_milliseconds(terms.expires_at)
    if expires_at <= registered_at:
        raise _invalid("expires_at", "in_the_past")
    _check_duration(expires_at, registered_at)
    return Power(
        id=uuid7(registered_at),
        grantor_id=addressee.id,
        grantor=addressee,
        attorney=attorney,
        attorney_name=terms.attorney_name,
        scope=terms.scope,
        value=terms.value,
        special_category=terms.special_category,
        is_void=False,
        registered_at=registered_at,
        expires_at=expires_at,
    )


def _check_attorney(terms: PowerTerms, grantor: Addressee) -> str:
    """Return the attorney's NIF: with its check character, and not the grantor's own."""
    try:
        attorney = check_nif(terms.attorney)
    except IdentifierError as error:
        raise _invalid("attorney", "identifier") from error
    if attorney == grantor.identifier:
        raise PowerSelfGrantedError
    if not terms.attorney_name.strip() or len(terms.attorney_name) > _NAME_MAX:
        raise _invalid("attorney_name", "length")
    return attorney


def _check_value(terms: PowerTerms) -> None:
    """Check that a matter or procedure is named where the scope needs one, and nowhere else."""
    longest = _VALUE_MAX.get(terms.scope)
    if longest is None:
        if terms.value is not None:
            raise _invalid("value", "not_allowed")
    elif terms.value is None or not terms.value.strip():
        raise _invalid("value", "required")
    elif len(terms.value) > longest:
        raise _invalid("value", "length")


def _check_duration(expires_at: datetime, since: datetime) -> None:
    """Check the five years."""
    latest = latest_expiry(since)
    if expires_at > latest:
        raise PowerTooLongError(latest=latest)


def _standing_twin(session: Session, power: Power, now: datetime) -> Power | None:
    """Return the power of the same parties and scope that stands or may still be accepted."""
    with session.no_autoflush:
        found = list_powers_of_scope(session, power)
    return next((one for one in found if one is not power and one.state_at(now) in _OPEN), None)


def _lock(session: Session, power_id: UUID, caller: Caller, *, as_attorney: bool) -> Power:
    """Return the power, locked, if the caller stands on that side of it."""
    power = lock_power(session, power_id)
    if power is None or caller.party != (power.attorney if as_attorney else power.grantor.identifier):
        raise PowerUnknownError
    return power


def _end(session: Session, power: Power, cause: PowerState, asking: Asking) -> Power:
    """End an open power; a repeat by the same side changes nothing."""
    state = power.state_at(asking.now)
    if state is cause:
        return power
    if state not in _OPEN:
        raise _not_in_force(state)
    power.end(cause, asking.now)
    return _changed(session, power, str(cause), asking)


def _changed(session: Session, power: Power, change: str, asking: Asking) -> Power:
    """Write down the change with its proof."""
    record_request(session, asking.proof, now=asking.now)
    record_change(
        session, power, change, now=asking.now, caller=asking.caller, request_sha256=asking.proof.sha256
    )
    return power


def _invalid(field: str, problem: str) -> PowerInvalidError:
    """Return the error for one field, in our own words."""
    return PowerInvalidError(f"{field}: {problem}", field=field, problem=problem)


def _not_in_force(state: PowerState) -> PowerNotInForceError:
    """Return the refusal with the state that explains it."""
    return PowerNotInForceError(f"power is {state}", state=str(state))
