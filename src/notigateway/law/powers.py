"""What a power of attorney may say, and what may become of it (Orden ISM/189/2021); pure.

What it then gives is in `representation.py`. The functions that change one tell whether there is anything
to change: a repeat is harmless and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.errors import (
    PowerIndivisibleError,
    PowerInvalidError,
    PowerItemUnknownError,
    PowerNotInForceError,
    PowerSelfGrantedError,
    PowerTooLongError,
)
from notigateway.instants import to_milliseconds
from notigateway.law.identifiers import IdentifierError, check_nif, is_company_nif
from notigateway.law.representation import (
    OPEN_STATES,
    ItemKind,
    PowerItem,
    PowerScope,
    PowerState,
    is_void_by_age,
    latest_expiry,
    state_to_change,
)
from notigateway.law.texts import hidden_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notigateway.law.representation import Power

_NAME_MAX: Final = 255
VALUE_MAX: Final = {ItemKind.MATTER: 64, ItemKind.GROUP: 64, ItemKind.PROCEDURE: 16}
# Which kinds a type of power names: one type never names what another one does (art. 2).
_KINDS: Final = {
    PowerScope.GENERAL: frozenset[ItemKind](),
    PowerScope.MATTER: frozenset({ItemKind.MATTER}),
    PowerScope.PROCEDURE: frozenset({ItemKind.PROCEDURE, ItemKind.GROUP}),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A matter, a group of procedures or a procedure, as a grantor names it."""

    kind: ItemKind
    value: str


@dataclass(frozen=True, slots=True)
class PowerPolicy:
    """What the Order leaves open: whether one of several matters can be ended alone.

    Of procedures and groups it says that they can, of what is within one matter that it cannot, and of one
    among several matters nothing (art. 2.b, 2.c).
    """

    matters_end_alone: bool = True


DEFAULT_POWERS: Final = PowerPolicy()


@dataclass(frozen=True, kw_only=True)
class PowerTerms:
    """What a grantor says; `value` is the one matter or SIA code of a procedure, `items` are any more."""

    attorney: str
    attorney_name: str
    scope: PowerScope
    value: str | None = None
    items: tuple[Named, ...] = ()
    expires_at: datetime
    grantor_contact: str | None = None
    attorney_contact: str | None = None

    @property
    def named(self) -> tuple[Named, ...]:
        """Everything that the power names, in order."""
        if self.value is None or self.scope is PowerScope.GENERAL:
            return self.items
        return (Named(ItemKind(self.scope), self.value), *self.items)


def check_power(terms: PowerTerms, *, grantor: str, registered_at: datetime) -> PowerTerms:
    """Return the terms in their one form, where a power may say so (art. 2 and 8.1).

    Raises: `PowerInvalidError` with the facts `field` and `problem`, `PowerSelfGrantedError`,
    `PowerTooLongError`.
    """
    try:
        attorney = check_nif(terms.attorney)
    except IdentifierError as error:
        raise invalid_power("attorney", "identifier") from error
    if attorney == grantor:
        raise PowerSelfGrantedError
    if not terms.attorney_name.strip() or len(terms.attorney_name) > _NAME_MAX:
        raise invalid_power("attorney_name", "length")
    _check_shown("attorney_name", terms.attorney_name)
    for field, contact in (
        ("grantor_contact", terms.grantor_contact),
        ("attorney_contact", terms.attorney_contact),
    ):
        if contact is not None and (not contact.strip() or len(contact) > _NAME_MAX):
            raise invalid_power(field, "length")
        _check_shown(field, contact or "")
    _check_named(terms)
    expires_at = to_milliseconds(terms.expires_at)
    if expires_at <= registered_at:
        raise invalid_power("expires_at", "in_the_past")
    _check_duration(expires_at, registered_at)
    return replace(terms, attorney=attorney, expires_at=expires_at)


def _check_shown(field: str, text: str) -> None:
    """Check that a text reads as it is written."""
    position = hidden_at(text)
    if position is not None:
        raise invalid_power(field, "character", position=position)


def _check_named(terms: PowerTerms) -> None:
    """Check that something is named where the type of power needs it, nowhere else, and nothing twice."""
    kinds = _KINDS[terms.scope]
    if not kinds:
        if terms.value is not None or terms.items:
            raise invalid_power("item" if terms.value is None else "value", "not_allowed")
        return
    if not terms.named:
        raise invalid_power("value", "required")
    for field, one in _fields(terms):
        if one.kind not in kinds:
            raise invalid_power(field, "not_of_this_scope")
        if not one.value.strip():
            raise invalid_power(field, "required")
        if len(one.value) > VALUE_MAX[one.kind]:
            raise invalid_power(field, "length")
        _check_shown(field, one.value)
    if len(set(terms.named)) != len(terms.named):
        raise invalid_power("item", "repeated")


def one_value(terms: PowerTerms) -> str | None:
    """Return the one matter or procedure that a power names; None where it is general, a group or several."""
    named = terms.named
    return named[0].value if len(named) == 1 and named[0].kind is not ItemKind.GROUP else None


def _fields(terms: PowerTerms) -> list[tuple[str, Named]]:
    """Return what is named with the field that names it."""
    first = len(terms.named) - len(terms.items)
    return [("value" if place < first else "item", one) for place, one in enumerate(terms.named)]


def items_of(terms: PowerTerms, catalogue: Mapping[Named, frozenset[str]]) -> tuple[PowerItem, ...]:
    """Return what the power names, as the catalogue has it at this instant (art. 2, 6.3 and 7.1).

    `catalogue` holds what may be named, each group with its procedures.

    Raises: `PowerInvalidError` for what is not in the catalogue.
    """
    for field, one in _fields(terms):
        if one not in catalogue:
            raise invalid_power(field, "not_in_catalogue")
    return tuple(PowerItem(one.kind, one.value, catalogue[one]) for one in terms.named)


def _check_duration(expires_at: datetime, since: datetime) -> None:
    """Check the five years."""
    latest = latest_expiry(since)
    if expires_at > latest:
        raise PowerTooLongError(latest=latest)


def check_grantor(text: str, name: str | None) -> str:
    """Return the NIF of who granted a power in another register. Raises: `PowerInvalidError`."""
    if name is not None and (not name.strip() or len(name) > _NAME_MAX):
        raise invalid_power("grantor_name", "length")
    _check_shown("grantor_name", name or "")
    try:
        return check_nif(text)
    except IdentifierError as error:
        raise invalid_power("grantor", "identifier") from error


def check_registered(registered_at: datetime, now: datetime) -> None:
    """Check when a power of another register was registered. Raises: `PowerInvalidError`."""
    if registered_at > now:
        raise invalid_power("registered_at", "in_the_future")


def check_accepted(accepted_at: datetime | None, *, registered_at: datetime, now: datetime) -> None:
    """Check when a power of another register was accepted, if it was. Raises: `PowerInvalidError`."""
    if accepted_at is not None and not registered_at <= accepted_at <= now:
        raise invalid_power("accepted_at", "out_of_range")


def is_void(registered_at: datetime, *, is_adapted: bool) -> bool:
    """Tell whether a power is void: of the old rule, and not adapted (transitional provision)."""
    return is_void_by_age(registered_at) and not is_adapted


def is_same_grant(power: Power, standing: Power) -> bool:
    """Tell whether granting a power again, of the same parties, repeats the one that stands."""
    return power.expires_at == standing.expires_at


def is_same_import(power: Power, earlier: Power) -> bool:
    """Tell whether a power of another register is one that was brought here before, ended items too.

    One that was void and has been found adapted since is another.
    """
    said, stood = (
        (
            one.scope,
            one.registered_at,
            one.is_void,
            frozenset(Named(item.kind, item.value) for item in one.items),
        )
        for one in (power, earlier)
    )
    return said == stood


def names_the_same(power: Power, standing: Power) -> bool:
    """Tell whether two powers of the same parties are of one type and name the same, in any order."""
    return power.scope is standing.scope and _named(power) == _named(standing)


def _named(power: Power) -> frozenset[Named]:
    """Return what still stands of what a power names."""
    return frozenset(Named(one.kind, one.value) for one in power.items if one.ended_at is None)


def takes_effect(power: Power, now: datetime) -> bool:
    """Tell whether accepting it at `now` gives it effect (art. 9.2); not where it was accepted before.

    Raises: `PowerNotInForceError` with the fact `state`: after the month, and for one that has ended.
    """
    state = state_to_change(power, now)
    if state not in OPEN_STATES:
        raise _not_in_force(state)
    return power.accepted_at is None


def needs_statement(attorney: str) -> bool:
    """Tell whether the attorney is no natural person, so that a power waits for its statement (art. 6.4)."""
    return is_company_nif(attorney)


def takes_statement(power: Power, attorney: str, now: datetime, *, is_affirmed: bool) -> bool:
    """Tell whether the responsible statement of its attorney moves a power; not where none is missing.

    Made within the month that the power waits; one statement serves for later powers (art. 6.4).

    Raises: `PowerInvalidError` where a person needs none, and for one that says nothing; where the month
    has passed or the power has ended `PowerNotInForceError` with the fact `state`.
    """
    if not needs_statement(attorney):
        raise invalid_power("attorney", "needs_no_statement")
    if not is_affirmed:
        raise invalid_power("statutes_allow_representation", "required")
    state = state_to_change(power, now)
    if state not in OPEN_STATES:
        raise _not_in_force(state)
    return power.needs_statement and power.stated_at is None


def comes_to_end(power: Power, cause: PowerState, now: datetime) -> bool:
    """Tell whether renouncing or revoking it at `now` ends it, accepted or not; not where it did before.

    Raises: `PowerNotInForceError` with the fact `state`.
    """
    state = state_to_change(power, now)
    if state is cause:
        return False
    if state not in OPEN_STATES:
        raise _not_in_force(state)
    return True


def item_comes_to_end(
    power: Power,
    named: Named,
    cause: PowerState,
    now: datetime,
    *,
    policy: PowerPolicy = DEFAULT_POWERS,
) -> bool:
    """Tell whether renouncing or revoking one of its items at `now` ends that; not where it did before.

    Procedures and groups end separately (art. 2.c). A general power is indivisible (2.a), and so is each
    matter (2.b); one of several matters by the policy `matters_end_alone`.

    Raises: `PowerIndivisibleError` with the fact `scope`, `PowerItemUnknownError`, `PowerNotInForceError`
    with the fact `state`.
    """
    is_matter = power.scope is PowerScope.MATTER
    if power.scope is PowerScope.GENERAL or (is_matter and named.kind is not ItemKind.MATTER):
        raise PowerIndivisibleError(scope=str(power.scope))
    item = next((one for one in power.items if (one.kind, one.value) == (named.kind, named.value)), None)
    if item is None:
        raise PowerItemUnknownError
    if is_matter and len(power.items) > 1 and not policy.matters_end_alone:
        raise PowerIndivisibleError(scope=str(power.scope))
    if item.end_cause is not None:
        if item.end_cause is not cause:
            raise _not_in_force(item.end_cause)
        return False
    return comes_to_end(power, cause, now)


def runs_longer(power: Power, expires_at: datetime, now: datetime) -> bool:
    """Tell whether extending it at `now` to that instant moves its end: at most five years on (art. 8.3).

    Raises: `PowerNotInForceError` with the fact `state`, `PowerTooLongError`; `PowerInvalidError` for an
    end that is earlier than the present one.
    """
    state = state_to_change(power, now)
    if state is not PowerState.IN_FORCE:
        raise _not_in_force(state)
    if expires_at == power.expires_at:
        return False
    if expires_at < power.expires_at:
        raise invalid_power("expires_at", "not_later")
    _check_duration(expires_at, now)
    return True


def invalid_power(field: str, problem: str, **facts: int) -> PowerInvalidError:
    """Return the error for one field, in our own words."""
    return PowerInvalidError(f"{field}: {problem}", field=field, problem=problem, **facts)


def _not_in_force(state: PowerState) -> PowerNotInForceError:
    """Return the refusal with the state that explains it."""
    return PowerNotInForceError(f"power is {state}", state=str(state))
