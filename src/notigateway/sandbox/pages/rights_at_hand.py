"""What of rights and registers is at hand for a sample request to be about, and what nobody has yet."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from notigateway.law.identifiers import IdentifierError, check_nif, control_digits
from notigateway.law.representation import OPEN_STATES, ItemKind, PowerState
from notigateway.repository.engine import reading
from notigateway.repository.outages import list_outages
from notigateway.repository.overview import list_standing
from notigateway.repository.powers import list_all_powers, list_all_red_assignments
from notigateway.repository.subscriptions import list_of_party
from notigateway.repository.successions import list_successions
from notigateway.repository.users import list_users
from notigateway.sandbox.matters import example
from notigateway.sandbox.pages.at_hand import TGSS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notigateway.repository.outages import OutageRow
    from notigateway.repository.rights import Power
    from notigateway.sandbox.pages.at_hand import AtHand

_ALL: Final = 10_000
_HOOK: Final = "http://127.0.0.1:9/hook/"
_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
# Nobody has these: the sandbox's own identifiers begin so.
_FIRST_PERSON: Final = 99_990_000
_SERIALS: Final = 9_000
# The sandbox's own company has another beginning.
_COMPANIES: Final = "B9990"
INVENTED: Final = "Entidad Inventada (ficticia)"
_CONTROLS: Final = "0123456789ABCDEFGHIJ"


# --- powers


def power(
    hand: AtHand, is_wanted: Callable[[Power], bool], *, words: tuple[str, str], step: dict[str, Any]
) -> tuple[str, datetime]:
    """Return id and end of a power that stands; `step` would grant one. Raises: `LackingError`."""
    for one in _powers(hand):
        if is_wanted(one):
            return str(one.id), one.expires_at
    raise hand.lacks(*words, step)


def granted(hand: AtHand, *, is_accepted: bool = False) -> tuple[str, datetime]:
    """Return a power that the party has granted, and that was accepted where that matters."""
    step = granting(hand, "representative", "red", accept=is_accepted)
    words = "un poder otorgado por la parte", "a power that the party has granted"

    def is_wanted(one: Power) -> bool:
        in_force = not is_accepted or one.state_at(hand.now) is PowerState.IN_FORCE
        return one.grantor.identifier == hand.nif and in_force

    return power(hand, is_wanted, words=words, step=step)


def received(hand: AtHand, *, is_accepted: bool | None) -> tuple[str, datetime]:
    """Return a power that names the party as its attorney, accepted or not, or either."""
    step = granting(hand, "representative", "red", accept=bool(is_accepted))
    words = "un poder otorgado a la parte", "a power granted to the party"

    def is_wanted(one: Power) -> bool:
        return one.attorney == hand.nif and is_accepted in {None, one.accepted_at is not None}

    return power(hand, is_wanted, words=words, step=step)


def to_be_stated(hand: AtHand) -> tuple[str, datetime]:
    """Return a power of which the party, a company, states that it may represent others."""
    step = granting(hand, "person", "company")
    words = "un poder otorgado a la empresa", "a power granted to the company"

    def is_wanted(one: Power) -> bool:
        return one.attorney == hand.nif and one.needs_statement

    return power(hand, is_wanted, words=words, step=step)


def granting(hand: AtHand, grantor: str, attorney: str, *, accept: bool = False) -> dict[str, Any]:
    """Return the step that grants a power for a procedure for which there is none yet."""
    named = hand.other(attorney).nif
    members: dict[str, Any] = {"as": grantor, "attorney": attorney}
    item = free_procedure(hand, named)
    return {"grant-power": members | {"items": [f"procedure:{item}"]} | ({"accept": True} if accept else {})}


def free_procedure(hand: AtHand, attorney: str) -> str:
    """Return a procedure for which no power to that attorney stands. Raises: `LackingError`."""
    taken = {item.value for one in _powers(hand) if one.attorney == attorney for item in one.terms.items}
    free = [one.code for one in example() if one.kind is ItemKind.PROCEDURE and one.code not in taken]
    if not free:
        oldest = next(one for one in _powers(hand) if one.attorney == attorney)
        step = {"end-power": {"power": str(oldest.id), "as": hand.holder}}
        raise hand.lacks("un procedimiento sin poder", "a procedure without a power", step)
    return free[0]


def _powers(hand: AtHand) -> list[Power]:
    """Return all powers that stand, with what they name."""
    with hand.world.looking() as office, reading(office.engine) as session:
        return [one for one in list_all_powers(session) if one.state_at(hand.now) in OPEN_STATES]


# --- the RED system, and who works for an entity


def assignment(hand: AtHand, *, is_ended: bool) -> str:
    """Return a RED assignment of the party that stands, or that it has ended. Raises: `LackingError`."""
    with hand.world.looking() as office, reading(office.engine) as session:
        own = [one for one in list_all_red_assignments(session) if one.addressee.identifier == hand.nif]
        found = [str(one.id) for one in own if (one.ends_at is not None) is is_ended]
    if found:
        return found[-1]
    assign: dict[str, Any] = {"assign-red": {}}
    if is_ended:
        named = str(own[-1].id) if own else "{red.id}"
        unassign = {"operation": "UnassignRed", "as": hand.holder, "content": {"assignmentId": named}}
        steps = [*([] if own else [{"as": "red", **assign}]), {"request": unassign}]
    else:
        steps = [assign]
    words = (
        ("una asignación RED terminada", "a RED assignment that was ended")
        if is_ended
        else ("una asignación RED", "a RED assignment")
    )
    raise hand.lacks(*words, *steps)


def user(hand: AtHand) -> str:
    """Return a registration of somebody who works for the party. Raises: `LackingError`."""
    found = [one for one, _, ends in _users(hand) if ends is None]
    if not found:
        step = {"grant-user": {"as": hand.holder, "person": free_person(hand)}}
        raise hand.lacks("una persona registrada", "a person who is registered", step)
    return found[-1]


def free_person(hand: AtHand) -> str:
    """Return the NIF of a person whom the party has not registered."""
    taken = {person for _, person, _ in _users(hand)}
    numbers = range(_FIRST_PERSON, _FIRST_PERSON + _SERIALS)
    return next(nif for nif in map(person_nif, numbers) if nif not in taken)


def _users(hand: AtHand) -> list[tuple[str, str, datetime | None]]:
    with hand.world.looking() as office, reading(office.engine) as session:
        rows = list_users(session, hand.nif, after=UUID(int=0), limit=_ALL)
        return [(str(one.user.id), one.user.person, one.user.ends_at) for one in rows]


# --- subscriptions


def subscription(hand: AtHand) -> str:
    """Return a subscription of the party. Raises: `LackingError`."""
    found = _subscriptions(hand)
    if not found:
        subscribe = {"operation": "Subscribe", "as": hand.holder, "content": hook(hand)}
        raise hand.lacks("una suscripción", "a subscription", {"request": subscribe})
    return found[-1][0]


def hook(hand: AtHand) -> dict[str, str]:
    """Return what asks for pushes to an address to which there are none yet. Raises: `LackingError`."""
    found = _subscriptions(hand)
    if len(found) >= hand.world.settings.push_subscriptions_per_party:
        end: dict[str, Any] = {
            "operation": "Unsubscribe",
            "as": hand.holder,
            "content": {"subscriptionId": found[0][0]},
        }
        raise hand.lacks("sitio para otra suscripción", "room for another subscription", {"request": end})
    taken = {url for _, url in found}
    return {
        "kind": "webhook",
        "url": next(url for number in range(len(taken) + 1) if (url := f"{_HOOK}{number + 1}") not in taken),
    }


def _subscriptions(hand: AtHand) -> list[tuple[str, str]]:
    with hand.world.looking() as office, reading(office.engine) as session:
        return [(str(one.id), one.url) for one in list_of_party(session, hand.nif)]


# --- what an operator lets an issuing body do


def check_registering(hand: AtHand) -> None:
    """Check that the body may enter addressees and RED assignments. Raises: `LackingError`."""
    if TGSS.dir3 not in hand.world.settings.registering_bodies:
        step = {"set": {"registering_bodies": [TGSS.dir3]}}
        raise hand.lacks(
            "el permiso del operador (`registering_bodies`)",
            "the operator's leave (`registering_bodies`)",
            step,
        )


def predecessor(hand: AtHand) -> str:
    """Return somebody invented to whom something was addressed, and whom nobody has followed.

    Raises: `LackingError`.
    """
    with hand.world.looking() as office, reading(office.engine) as session:
        followed = {one.predecessor.identifier for one in list_successions(session)}
        addressed = list_standing(session, now=hand.now, limit=_ALL)
    found = [one.addressee for one in addressed if one.addressee.startswith(_COMPANIES)]
    free = [nif for nif in found if nif not in followed]
    if not free:
        step = {"publish": {"addressee": new_company(), "addressee_name": INVENTED}}
        raise hand.lacks("alguien a quien se dirigió algo", "somebody to whom something was addressed", step)
    return free[0]


def outage(hand: AtHand, *, is_open: bool) -> OutageRow | None:
    """Return the outage that is open, or else the last one that is over. Raises: `LackingError`."""
    if hand.nif not in hand.world.settings.operators:
        leave = {"set": {"operators": [hand.nif]}}
        raise hand.lacks("el permiso de operador (`operators`)", "the operator's leave (`operators`)", leave)
    with hand.world.looking() as office, reading(office.engine) as session:
        rows = list(list_outages(session))
    going_on = next((one for one in rows if one.ended_at is None), None)
    if is_open and going_on is None:
        raise hand.lacks("una interrupción abierta", "an outage that is open", {"outage": {}})
    if not is_open and going_on is not None:
        step = {"close-outage": {"outage": str(going_on.id)}}
        raise hand.lacks("que no haya otra abierta", "that no other is open", step)
    return going_on if is_open else max(rows, key=lambda one: one.started_at, default=None)


def outage_times(hand: AtHand) -> tuple[datetime, datetime]:
    """Return beginning and end of an outage that touches no other. Raises: `LackingError`."""
    last = outage(hand, is_open=False)
    hour_ago = hand.now - timedelta(hours=1)
    ended = None if last is None else last.ended_at
    starts = hour_ago if ended is None else max(hour_ago, ended + timedelta(milliseconds=1))
    return starts, max(hand.now, starts)


# --- identifiers that nobody has


def person_nif(number: int) -> str:
    """Return the NIF of a number of eight digits, with its letter (RD 1553/2005 art. 11)."""
    return f"{number:08d}{_LETTERS[number % len(_LETTERS)]}"


def new_company() -> str:
    """Return the NIF of a company that nobody has, another one each time."""
    stem = f"{_COMPANIES}{secrets.randbelow(_SERIALS // 10):03d}"
    for control in _CONTROLS:
        try:
            return check_nif(stem + control)
        except IdentifierError:
            continue
    raise AssertionError(stem)


def new_account() -> str:
    """Return a contribution account that nobody has, with its check digits."""
    serial = f"099{secrets.randbelow(_SERIALS):04d}"
    return f"28{serial}{control_digits('28', serial)}"
