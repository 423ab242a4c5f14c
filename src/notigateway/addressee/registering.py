"""Registers many addressees and RED assignments in one transaction, each apart, as the single commands do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.addressee.red import assign_red
from notigateway.addressee.register import MainTerms, add_account, name_addressee, set_main_account
from notigateway.errors import GatewayError, TemporarilyUnavailableError
from notigateway.law.accounts import account_key, read_account
from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.addressees import find_addressee
from notigateway.repository.apart import apart
from notigateway.repository.powers import lock_addressees
from notigateway.repository.reading_ahead import follow, forget, read_ahead
from notigateway.repository.touched import Touched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from typing import TypeVar

    from notigateway.law.titles import RedTerms
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Addressee
    from notigateway.repository.obliging import Obliging
    from notigateway.repository.rights import RedAssignment
    from notigateway.repository.session import Session
    from notigateway.repository.touched import Outcome

    Done = TypeVar("Done")
    Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class AddresseeTerms:
    """An addressee with its name; its CCC, or else its NAF, is its main account where one is told."""

    identifier: str
    name: str
    ccc: str | None = None
    naf: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Registered:
    """What became of one: the row and the word for it, or why it was refused."""

    row: object = None
    outcome: Outcome | None = None
    refusal: GatewayError | None = None


def enter_each(
    session: Session,
    items: Sequence[Item],
    enter: Callable[[Item], Done | GatewayError],
    said: Callable[[Item], tuple[str, str | None]],
) -> list[Done | GatewayError]:
    """Enter each whole or not at all; return what `enter` does, or why it was taken back.

    `said` is of an item its addressee, and its account where it names one. All are locked at once and in one
    order before the turn to publish is taken: others wait in that order. They are entered together; where one
    is refused, those before it without it, and then fewer at once.
    """
    lock_addressees(session, {written(said(one)[0]) for one in items})
    wait_for_turn_to_publish(session)
    follow(session)
    done: list[Done | GatewayError] = []
    at_once = len(items)
    try:
        while left := items[len(done) :]:
            found, refusal = _enter_together(session, left[:at_once], enter, said)
            if refusal is None:
                done += found
                at_once *= 2
            elif found:
                at_once = len(found)
            else:
                done.append(refusal)
                at_once = max(1, at_once // 2)
    finally:
        session.ahead = None
    return done


def _enter_together(
    session: Session,
    items: Sequence[Item],
    enter: Callable[[Item], Done | GatewayError],
    said: Callable[[Item], tuple[str, str | None]],
) -> tuple[list[Done | GatewayError], GatewayError | None]:
    """Enter them; where one is refused, return what was done before it, all taken back, and why."""
    done: list[Done | GatewayError] = []
    try:
        with apart(session.connection()):
            _read_ahead(session, map(said, items))
            entered: set[str] = set()
            for one in items:
                whose = written(said(one)[0])
                if whose in entered:
                    session.flush()  # of what is not written yet, nothing is of the same addressee
                entered.add(whose)
                done.append(enter(one))
            session.flush()
    except TemporarilyUnavailableError:
        raise
    except GatewayError as refusal:
        forget(session)
        return done, refusal
    return done, None


def _read_ahead(session: Session, said: Iterable[tuple[str, str | None]]) -> None:
    identifiers, accounts = set(), set()
    for identifier, account in said:
        identifiers.add(written(identifier))
        if account is not None:
            with suppress(GatewayError):
                accounts.add(read_account(account))
    read_ahead(session, identifiers, accounts=accounts, keys=set(map(account_key, accounts)))


def written(identifier: str) -> str:
    """Return a NIF in its one form, if it is one: what is none finds and locks nothing."""
    return "".join(letter for letter in identifier.upper() if letter.isalnum())


def register_addressee(
    session: Session, terms: AddresseeTerms, *, obliging: Obliging, now: datetime
) -> Addressee:
    """Register an addressee with its accounts; repeating changes nothing.

    Raises: what `name_addressee`, `add_account` and `set_main_account` raise.
    """
    nif, since = terms.identifier, terms.since or now
    row = name_addressee(session, nif, terms.name, now=now)
    if terms.ccc is not None and terms.naf is not None:
        add_account(session, nif, terms.naf, starts_at=since, now=now)
    main = terms.ccc or terms.naf
    if main is not None:
        set_main_account(session, MainTerms(addressee=nif, account=main, starts_at=since), now=now)
        obliging.look_again(session, row.id, now=now)
    return row


def register_addressees(
    session: Session, items: Sequence[AddresseeTerms], *, obliging: Obliging, now: datetime
) -> list[Registered]:
    """Register addressees, each whole or not at all."""

    def register(terms: AddresseeTerms) -> Addressee:
        return register_addressee(session, terms, obliging=obliging, now=now)

    return _each(
        session, items, register, lambda terms: (terms.identifier, terms.ccc or terms.naf), are_entered=True
    )


def register_assignments(
    session: Session, asking: Asking, items: Sequence[RedTerms], *, obliging: Obliging
) -> list[Registered]:
    """Register RED assignments for who asks, each whole or not at all."""

    def register(terms: RedTerms) -> RedAssignment:
        row = assign_red(session, terms, now=asking.now, asking=asking)
        obliging.look_again(session, row.addressee_id, now=asking.now)
        return row

    return _each(session, items, register, lambda terms: (terms.addressee, terms.account), are_entered=False)


def _each(
    session: Session,
    items: Sequence[Item],
    register: Callable[[Item], object],
    said: Callable[[Item], tuple[str, str | None]],
    *,
    are_entered: bool,
) -> list[Registered]:
    """Register each; where addressees `are_entered`, one that was not known is created."""
    touched = Touched(session)

    def enter(item: Item) -> Registered:
        touched.clear()
        was_known = not are_entered or find_addressee(session, written(said(item)[0])) is not None
        row = register(item)
        return Registered(row, touched.outcome(row, was_known=was_known))

    return [
        Registered(refusal=one) if isinstance(one, GatewayError) else one
        for one in enter_each(session, items, enter, said)
    ]
