"""Who may act for whom, for which notification, at which instant: pure.

A right is evaluated when it is used, never stored as an answer: no right outlives its title. The same
rules stand in SQL in `repository/rights.py`; a property test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.law.assurance import Level
from notigateway.law.deadlines import MADRID
from notigateway.law.grounds import RED_GROUNDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.law.grounds import Ground

MAX_POWER_YEARS = 5  # Orden ISM/189/2021 art. 8.1, 8.3
ACCEPTANCE_MONTHS = 1  # Orden ISM/189/2021 art. 9.2; art. 6.4 gives the statement the same
# Powers registered before this day are void unless adapted (Orden ISM/189/2021, transitional provision).
POWERS_OF_THE_NEW_RULE_FROM = date(2021, 4, 2)


class Role(StrEnum):
    """In which capacity a caller sees a notification; written into every receipt."""

    OWN = "own"
    RED = "red"
    ATTORNEY = "attorney"


class DeliveryChannel(StrEnum):
    """How an addressee that is not obliged wants to be notified."""

    ELECTRONIC = "electronic"
    POSTAL = "postal"


class PowerScope(StrEnum):
    """The type of a power: general, by matters, by procedures and groups (Orden ISM/189/2021 art. 2)."""

    GENERAL = "general"
    MATTER = "matter"
    PROCEDURE = "procedure"


class ItemKind(StrEnum):
    """What a power that is not general names, and the catalogue holds."""

    MATTER = "matter"
    GROUP = "group"
    PROCEDURE = "procedure"


class PowerState(StrEnum):
    """Where a power stands at an instant; computed, never stored."""

    PENDING = "pending"
    IN_FORCE = "in_force"
    NOT_ACCEPTED = "not_accepted"
    EXPIRED = "expired"
    RENOUNCED = "renounced"
    REVOKED = "revoked"
    VOID = "void"


OPEN_STATES: Final = frozenset({PowerState.PENDING, PowerState.IN_FORCE})


class Awaited(StrEnum):
    """What a power is waiting for before it has effect."""

    ACCEPTANCE = "acceptance"
    STATEMENT = "statement"


@dataclass(frozen=True)
class RightsPolicy:
    """What the texts leave open: whether a new RED person sees the backlog, who sees health data.

    By which means of access health data are seen at all is a rule of its own: `assurance.rights_by`.
    """

    red_sees_backlog: bool = False
    special_category_roles: frozenset[Role] = frozenset({Role.OWN, Role.ATTORNEY})
    special_category_level: Level = Level.LOW


DEFAULT_RIGHTS: Final = RightsPolicy()


@dataclass(frozen=True)
class Item:
    """What the rules need to know of one notification.

    `closed_at` is until when it was pending (`closed_on_record`; None: it never closes); `ground` is why the
    addressee was obliged when it was put at disposal; None for who was not.
    `is_withheld` says that the addressee had chosen by then to receive alone.
    """

    available_at: datetime
    closed_at: datetime | None
    matter: str
    procedure: str
    special_category: bool
    ground: Ground | None
    is_withheld: bool = False


@dataclass(frozen=True)
class OnRecord:
    """A decision that is on record: when it happened, and since when that is known here.

    What a party decides here and what the clock does are known at once; of another channel's, when it is
    reported.
    """

    at: datetime
    known_at: datetime


@dataclass(frozen=True)
class Window:
    """In which time what is put at disposal for an addressee is also for a RED person: see `windows.py`."""

    opens_at: datetime
    closes_at: datetime | None = None


@dataclass(frozen=True)
class PowerItem:
    """One matter, procedure or group of procedures that a power names.

    `procedures` are those of a group, as it was when the power was granted: a group that grows later gives
    nothing that the grantor has not given.
    """

    kind: ItemKind
    value: str
    procedures: frozenset[str] = frozenset()
    ended_at: datetime | None = None
    end_cause: PowerState | None = None


@dataclass(frozen=True)
class Power:
    """A power of attorney to receive notifications; a general one has no items.

    A legal person as attorney must have stated by `stated_at` that its statutes let it represent others
    (`needs_statement`, Orden ISM/189/2021 art. 6.4).
    """

    scope: PowerScope
    items: tuple[PowerItem, ...]
    registered_at: datetime
    accepted_at: datetime | None
    expires_at: datetime
    ended_at: datetime | None = None
    end_cause: PowerState | None = None
    is_void: bool = False
    needs_statement: bool = False
    stated_at: datetime | None = None


def role_of(
    item: Item,
    *,
    is_addressee: bool,
    windows: Iterable[Window],
    powers: Iterable[Power],
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
) -> Role | None:
    """Return in which capacity a party sees a notification at `now`; None where it does not exist for it.

    `windows` and `powers` are the party's own titles for this addressee. Its own right first, then
    a power, then RED: the strongest title is the one the receipt names. Who sees it in the addressee's place
    (`succession.shows`) does so by its own right too.
    """
    if is_addressee and own_covers(item, rights):
        return Role.OWN
    if any(power_covers(power, item, now, rights) for power in powers):
        return Role.ATTORNEY
    if any(red_covers(window, item, now, rights) for window in windows):
        return Role.RED
    return None


def own_covers(item: Item, rights: RightsPolicy = DEFAULT_RIGHTS) -> bool:
    """Tell whether the addressee itself may see it through this service."""
    return not item.special_category or Role.OWN in rights.special_category_roles


def red_covers(window: Window, item: Item, now: datetime, rights: RightsPolicy = DEFAULT_RIGHTS) -> bool:
    """Tell whether a RED person's window gives a notification (Orden ISM/903/2020 art. 6.1 and 7.1).

    What was put at disposal while it was open stays visible after it has closed; what was there before
    it opened is visible only by the policy `red_sees_backlog`, and never what came while the addressee had
    chosen to receive alone (LGSS art. 132.2); data of a special category only where
    `special_category_roles` names RED.
    """
    if item.ground not in RED_GROUNDS:
        return False
    if item.special_category and Role.RED not in rights.special_category_roles:
        return False
    if window.closes_at is not None and window.closes_at <= item.available_at:
        return False
    was_open = window.opens_at <= item.available_at
    if not rights.red_sees_backlog:
        return was_open
    return window.opens_at <= now and (was_open or not item.is_withheld)


def power_state(power: Power, now: datetime) -> PowerState:
    """Return where a power stands at `now`; what ended stays as it ended."""
    if power.is_void:
        return PowerState.VOID
    if power.end_cause is not None and power.ended_at is not None and now >= power.ended_at:
        return power.end_cause
    since = effective_at(power)
    if since is None and now >= acceptance_deadline(power.registered_at):
        return PowerState.NOT_ACCEPTED
    if now >= power.expires_at:
        return PowerState.EXPIRED
    return PowerState.IN_FORCE if since is not None and now >= since else PowerState.PENDING


def effective_at(power: Power) -> datetime | None:
    """Return since when a power is inscribed and has effect; None while something is missing.

    It is inscribed once the attorney has accepted it and, where it is a legal person, has made its
    responsible statement, whichever comes last (Orden ISM/189/2021 art. 6.4, 6.5, 9.2).
    """
    missing = awaited(power)
    if missing or power.accepted_at is None:
        return None
    return max(power.accepted_at, power.stated_at or power.accepted_at)


def awaited(power: Power) -> tuple[Awaited, ...]:
    """Return what a power that has no effect yet is waiting for."""
    statement = power.needs_statement and power.stated_at is None
    acceptance = power.accepted_at is None
    return (Awaited.ACCEPTANCE,) * acceptance + (Awaited.STATEMENT,) * statement


def power_covers(power: Power, item: Item, now: datetime, rights: RightsPolicy = DEFAULT_RIGHTS) -> bool:
    """Tell whether a power gives a notification at `now` (Orden ISM/903/2020 art. 6.3).

    From the instant it takes effect the attorney sees what comes and what was not decided (nor lapsed)
    by then; at its end everything of the grantor is gone, and at the end of one of its items all of that.
    Whether attorneys see data of a special category is a policy; no power excludes them (Orden ISM/189/2021
    art. 2).
    """
    since = effective_at(power)
    if since is None or power_state(power, now) is not PowerState.IN_FORCE:
        return False
    if item.special_category and Role.ATTORNEY not in rights.special_category_roles:
        return False
    if power.scope is not PowerScope.GENERAL and not any(_names(one, item, now) for one in power.items):
        return False
    return item.closed_at is None or item.closed_at >= since


def closed_on_record(decisions: Iterable[OnRecord], deadline: datetime | None) -> datetime | None:
    """Return until when a notification was pending, as it was known then; None where it never closes.

    An attorney sees what was pending when its power took effect (Orden ISM/903/2020 art. 6.3). Which that was
    does not change when an earlier decision is reported afterwards: whoever has seen it, and may have acted
    on it, keeps seeing it and learns of the correction. What is reported after the deadline was closed by the
    deadline; but not what happened after it too, in time because an outage held it.
    """
    first = min(decisions, key=lambda one: one.known_at, default=None)
    if first is None:
        return deadline
    if deadline is None or first.at >= deadline:
        return first.known_at
    return min(first.known_at, deadline)


def _names(named: PowerItem, item: Item, now: datetime) -> bool:
    """Tell whether a notification is of what an item of a power names, while that item stands."""
    if named.ended_at is not None and named.ended_at <= now:
        return False
    if named.kind is ItemKind.MATTER:
        return named.value == item.matter
    if named.kind is ItemKind.GROUP:
        return item.procedure in named.procedures
    return named.value == item.procedure


def is_void_by_age(registered_at: datetime) -> bool:
    """Tell whether a power is void unless adapted: registered before 2 April 2021 in Madrid."""
    return registered_at.astimezone(MADRID).date() < POWERS_OF_THE_NEW_RULE_FROM


def is_open(power: Power, now: datetime) -> bool:
    """Tell whether a power gives rights at `now` or may still come to, and nothing has ended it."""
    return state_to_change(power, now) in OPEN_STATES


def state_to_change(power: Power, now: datetime) -> PowerState:
    """Return where a power stands for who wants to change it at `now`: what is to end has ended.

    An end that waited for a decision comes right after that one, which may lie a moment ahead.
    """
    state = power_state(power, now)
    return power.end_cause if power.end_cause is not None and state in OPEN_STATES else state


def latest_expiry(registered_at: datetime) -> datetime:
    """Return the last instant to which a power registered (or extended) then may run: five years."""
    return _add_months(registered_at, 12 * MAX_POWER_YEARS)


def acceptance_deadline(registered_at: datetime) -> datetime:
    """Return the instant from which the attorney can no longer accept.

    A term of one month ends with the day that has the same number (Ley 39/2015 art. 30.4), in Madrid.
    """
    last_day = _add_months(registered_at, ACCEPTANCE_MONTHS).astimezone(MADRID).date()
    return datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=MADRID).astimezone(UTC)


def years_after(instant: datetime, years: int) -> datetime:
    """Return the same day and hour in Madrid years later: terms in years are calendar years."""
    return _add_months(instant, 12 * years)


def _add_months(instant: datetime, months: int) -> datetime:
    """Return the same day and hour in Madrid `months` later, or the last day of a shorter month."""
    here = instant.astimezone(MADRID)
    year, month = divmod(here.year * 12 + here.month - 1 + months, 12)
    first = here.replace(year=year, month=month + 1, day=1)
    last_day = ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).day
    return first.replace(day=min(here.day, last_day)).astimezone(UTC)
