"""What a title may say, and what may become of it: powers of attorney and RED assignments; pure.

What a title then gives is in `representation.py`. The functions that change one tell whether there is
anything to change: a repeat is harmless and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import (
    AccountInvalidError,
    PowerInvalidError,
    PowerNotInForceError,
    PowerSelfGrantedError,
    PowerTooLongError,
    RedAssignmentInvalidError,
)
from notigateway.instants import to_milliseconds
from notigateway.law.accounts import account_key, read_account
from notigateway.law.identifiers import IdentifierError, check_nif
from notigateway.law.representation import (
    PowerScope,
    PowerState,
    is_open,
    is_void_by_age,
    latest_expiry,
    power_state,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from notigateway.law.representation import Power

_NAME_MAX: Final = 255
_VALUE_MAX: Final = {PowerScope.MATTER: 64, PowerScope.PROCEDURE: 16}
_AUTHORISATION_MAX: Final = 16


# --- powers (Orden ISM/189/2021) ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PowerTerms:
    """What a grantor says; `value` is the matter or the SIA code of the procedure, by the scope."""

    attorney: str
    attorney_name: str
    scope: PowerScope
    value: str | None
    special_category: bool
    expires_at: datetime


def check_power(terms: PowerTerms, *, grantor: str, registered_at: datetime) -> PowerTerms:
    """Return the terms in their one form, where a power may say so (art. 2 and 6).

    Raises: `PowerInvalidError` with the facts `field` and `problem`, `PowerSelfGrantedError`,
    `PowerTooLongError`.
    """
    try:
        attorney = check_nif(terms.attorney)
    except IdentifierError as error:
        raise _invalid_power("attorney", "identifier") from error
    if attorney == grantor:
        raise PowerSelfGrantedError
    if not terms.attorney_name.strip() or len(terms.attorney_name) > _NAME_MAX:
        raise _invalid_power("attorney_name", "length")
    _check_value(terms)
    expires_at = to_milliseconds(terms.expires_at)
    if expires_at <= registered_at:
        raise _invalid_power("expires_at", "in_the_past")
    _check_duration(expires_at, registered_at)
    return replace(terms, attorney=attorney, expires_at=expires_at)


def _check_value(terms: PowerTerms) -> None:
    """Check that a matter or procedure is named where the scope needs one, and nowhere else."""
    longest = _VALUE_MAX.get(terms.scope)
    if longest is None:
        if terms.value is not None:
            raise _invalid_power("value", "not_allowed")
    elif terms.value is None or not terms.value.strip():
        raise _invalid_power("value", "required")
    elif len(terms.value) > longest:
        raise _invalid_power("value", "length")


def _check_duration(expires_at: datetime, since: datetime) -> None:
    """Check the five years."""
    latest = latest_expiry(since)
    if expires_at > latest:
        raise PowerTooLongError(latest=latest)


def check_registered(registered_at: datetime, now: datetime) -> None:
    """Check when a power of another register was registered. Raises: `PowerInvalidError`."""
    if registered_at > now:
        raise PowerInvalidError(
            "registered_at lies in the future", field="registered_at", problem="in_the_future"
        )


def check_accepted(accepted_at: datetime | None, *, registered_at: datetime, now: datetime) -> None:
    """Check when a power of another register was accepted, if it was. Raises: `PowerInvalidError`."""
    if accepted_at is not None and not registered_at <= accepted_at <= now:
        raise PowerInvalidError("accepted_at: wrong time", field="accepted_at", problem="out_of_range")


def is_void(registered_at: datetime, *, is_adapted: bool) -> bool:
    """Tell whether a power is void: of the old rule, and not adapted (transitional provision)."""
    return is_void_by_age(registered_at) and not is_adapted


def is_same_grant(power: Power, standing: Power) -> bool:
    """Tell whether granting a power again, of the same parties and scope, repeats the one that stands."""
    return (power.special_category, power.expires_at) == (standing.special_category, standing.expires_at)


def takes_effect(power: Power, now: datetime) -> bool:
    """Tell whether accepting it at `now` gives it effect (art. 8); not where it was accepted before.

    Raises: `PowerNotInForceError` with the fact `state`: after the month, and for one that has ended.
    """
    state = power_state(power, now)
    if state not in {PowerState.PENDING, PowerState.IN_FORCE}:
        raise _not_in_force(state)
    return state is PowerState.PENDING


def comes_to_end(power: Power, cause: PowerState, now: datetime) -> bool:
    """Tell whether renouncing or revoking it at `now` ends it, accepted or not; not where it did before.

    Raises: `PowerNotInForceError` with the fact `state`.
    """
    state = power_state(power, now)
    if state is cause:
        return False
    if not is_open(power, now):
        raise _not_in_force(state)
    return True


def runs_longer(power: Power, expires_at: datetime, now: datetime) -> bool:
    """Tell whether extending it at `now` to that instant moves its end: at most five years from now (art. 6).

    Raises: `PowerNotInForceError` with the fact `state`, `PowerTooLongError`; `PowerInvalidError` for an
    end that is earlier than the present one.
    """
    state = power_state(power, now)
    if state is not PowerState.IN_FORCE:
        raise _not_in_force(state)
    if expires_at == power.expires_at:
        return False
    if expires_at < power.expires_at:
        raise _invalid_power("expires_at", "not_later")
    _check_duration(expires_at, now)
    return True


def _invalid_power(field: str, problem: str) -> PowerInvalidError:
    """Return the error for one field, in our own words."""
    return PowerInvalidError(f"{field}: {problem}", field=field, problem=problem)


def _not_in_force(state: PowerState) -> PowerNotInForceError:
    """Return the refusal with the state that explains it."""
    return PowerNotInForceError(f"power is {state}", state=str(state))


# --- RED assignments (Orden ISM/903/2020 art. 6.1, 7.1) -----------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RedTerms:
    """What the RED system says: which authorised person manages which account of whom, in which time.

    With `addressee_name` an addressee that is not known yet is registered with that account.
    """

    addressee: str
    account: str
    addressee_name: str | None = None
    red_party: str
    red_name: str
    authorisation: str
    starts_at: datetime
    ends_at: datetime | None = None


def check_red_addressee(terms: RedTerms) -> tuple[str, str]:
    """Return the addressee's NIF and its account, CCC or NAF, in their one form.

    Raises: `RedAssignmentInvalidError` with the facts `field` and `problem`.
    """
    identifier = _nif("addressee", terms.addressee)
    return identifier, _account(terms.account)


def check_red(terms: RedTerms, *, addressee: str, accounts: Iterable[str]) -> RedTerms:
    """Return the terms in their one form: another person's, of an account that is or becomes the main one.

    Raises: `RedAssignmentInvalidError` with the facts `field` and `problem`.
    """
    red_party = _nif("red_party", terms.red_party)
    if red_party == addressee:
        raise invalid_red("red_party", "is_the_addressee")
    key = account_key(_account(terms.account))
    account = next((one for one in accounts if account_key(one) == key), None)
    if account is None:
        raise invalid_red("account", "not_the_addressees")
    for field, text, longest in (
        ("red_name", terms.red_name, _NAME_MAX),
        ("authorisation", terms.authorisation, _AUTHORISATION_MAX),
    ):
        if not text.strip() or len(text) > longest:
            raise invalid_red(field, "length")
    starts_at = to_milliseconds(terms.starts_at)
    ends_at = None if terms.ends_at is None else to_milliseconds(terms.ends_at)
    if ends_at is not None and ends_at <= starts_at:
        raise invalid_red("ends_at", "not_after_the_start")
    return replace(terms, red_party=red_party, account=account, starts_at=starts_at, ends_at=ends_at)


def ends_red(ends_at: datetime | None, at: datetime, now: datetime) -> bool:
    """Tell whether an assignment with that end comes to end at another instant; not where it did before.

    Raises: `RedAssignmentInvalidError` for an instant that has passed: what was put at disposal since
    then was seen rightly, and rights are not taken back.
    """
    if ends_at is not None and ends_at <= max(at, now):
        return False
    if at < to_milliseconds(now):
        raise invalid_red("ends_at", "in_the_past")
    return True


def invalid_red(field: str, problem: str) -> RedAssignmentInvalidError:
    """Return the error for one field, in our own words."""
    return RedAssignmentInvalidError(f"{field}: {problem}", field=field, problem=problem)


def _account(text: str) -> str:
    """Return the account in its one form."""
    try:
        return read_account(text)
    except AccountInvalidError as error:
        raise invalid_red("account", "identifier") from error


def _nif(field: str, text: str) -> str:
    """Return the NIF in its one form."""
    try:
        return check_nif(text)
    except IdentifierError as error:
        raise invalid_red(field, "identifier") from error
