"""The register of addressees, as the operator keeps it: names, accounts, and which is the main one when.

No publication changes any of it. What is entered counts for what is put at disposal afterwards; only a
correction, which names its ground, moves what is at disposal already (Orden ISM/903/2020 art. 6.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.errors import NotAddresseeError
from notigateway.instants import to_milliseconds
from notigateway.law import accounts as law
from notigateway.law.accounts import MainEntry
from notigateway.law.identifiers import IdentifierError, check_nif
from notigateway.law.spans import Span
from notigateway.law.submission import NAME_MAX, check_text
from notigateway.repository import accounts as register
from notigateway.repository.accounts import Account, FormerName, MainAccount
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.planning import instant_of_effect, replan
from notigateway.repository.powers import lock_addressee
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.repository.model import Addressee
    from notigateway.repository.session import Session


@dataclass(frozen=True, kw_only=True)
class MainTerms:
    """What the operator says: from when on, and in a correction until when, which account is the main one.

    Without `account` there is none. A correction names its `ground`; `recorded_by` is who entered it.
    """

    addressee: str
    account: str | None
    starts_at: datetime
    ends_at: datetime | None = None
    ground: str | None = None
    recorded_by: str | None = None


@dataclass(frozen=True)
class Entries:
    """Everything that the register says, and said, of an addressee."""

    addressee: Addressee
    former_names: Sequence[FormerName]
    accounts: Sequence[Account]
    mains: Sequence[MainAccount]


def name_addressee(session: Session, identifier: str, name: str, *, now: datetime) -> Addressee:
    """Register an addressee, or rename it; repeating changes nothing.

    What was put at disposal says the name of its act, whatever the register says later.

    Raises: `AccountInvalidError` for the identifier, `InvalidActError` for the name.
    """
    check_text("name", name, longest=NAME_MAX)
    nif = _nif("addressee", identifier)
    ensure_addressee(session, identifier=nif, name=name)
    addressee = _lock(session, nif)
    if addressee.name != name:
        former = FormerName(id=uuid7(now), addressee_id=addressee.id, name=addressee.name, until=now)
        session.add(former)
        addressee.name = name
    return addressee


def add_account(
    session: Session,
    identifier: str,
    account: str,
    *,
    starts_at: datetime,
    ends_at: datetime | None = None,
    now: datetime,
) -> Account:
    """Say that an account is the addressee's from then on; repeating changes nothing. It moves no right.

    With an end that the register does not have yet, one that stands ends then, by the rules of `end_account`.

    Raises: `NotAddresseeError`, `AccountInvalidError`.
    """
    addressee = _lock(session, _nif("addressee", identifier))
    span = Span(to_milliseconds(starts_at), None if ends_at is None else to_milliseconds(ends_at))
    if span.is_empty:
        raise law.invalid_account("ends_at", "not_after_the_start")
    row = _hold(session, addressee, account, span, now=now)
    if span.ends_at is None or row.ends_at == span.ends_at:
        return row
    return end_account(session, identifier, account, at=span.ends_at, now=now)


def end_account(session: Session, identifier: str, account: str, *, at: datetime, now: datetime) -> Account:
    """Say that an account is no longer the addressee's from then on, nor its main one.

    Raises: `NotAddresseeError`, `AccountInvalidError` for an instant that has passed, or for an account
    that is not the addressee's.
    """
    addressee = _lock(session, _nif("addressee", identifier))
    at = to_milliseconds(at)
    if at < to_milliseconds(now):
        raise law.invalid_account("ends_at", "in_the_past")
    key = law.account_key(law.read_account(account))
    held = [row for row in register.list_accounts(session, addressee) if row.key == key]
    if not held:
        raise law.invalid_account("account", "not_the_addressees")
    row = held[-1]
    if row.ends_at is not None and row.ends_at <= at:
        return row  # a repeat, or it had ended before
    row.ends_at = max(at, row.starts_at)
    _end_as_main(session, addressee, key, at=at, now=now)
    return row


def _end_as_main(session: Session, addressee: Addressee, key: str, *, at: datetime, now: datetime) -> None:
    """Let an account be the main one at no instant from then on, also where entries say that it will be."""
    since: datetime | None = at
    while since is not None:
        entries = [one.entry for one in register.list_main_entries(session, addressee)]
        first = law.first_as_main(entries, key, since=since)
        if first is None:
            return
        terms = MainTerms(addressee=addressee.identifier, account=None, starts_at=first)
        since = _enter(session, addressee, terms, now=now).ends_at


def set_main_account(session: Session, terms: MainTerms, *, now: datetime) -> MainAccount:
    """Say which account is the addressee's main one from an instant on; repeating changes nothing.

    Without a ground it counts for what is put at disposal from now on, even if it is dated back. A
    correction moves what is at disposal already, and is written down with its ground.

    Raises: `NotAddresseeError`, `AccountInvalidError`.
    """
    addressee = _lock(session, _nif("addressee", terms.addressee))
    return _enter(session, addressee, terms, now=now)


def give_first_account(
    session: Session,
    addressee: Addressee,
    account: str,
    *,
    starts_at: datetime,
    now: datetime,
    ground: str | None = None,
) -> None:
    """Register the main account of an addressee for which the register has none; else leave it as it is.

    Where the one entry says the same and has effect only since it was made, a ground corrects that.

    Raises: `AccountInvalidError`.
    """
    nif, ends_at = addressee.identifier, None
    rows = register.list_main_entries(session, addressee)
    if rows:
        first, said = rows[0], (law.account_key(account), to_milliseconds(starts_at))
        of_it = None if first.number is None else law.account_key(first.number)
        if ground is None or len(rows) > 1 or said != (of_it, first.starts_at) or first.gives_from <= said[1]:
            return
        ends_at = first.gives_from
    terms = MainTerms(addressee=nif, account=account, starts_at=starts_at, ends_at=ends_at, ground=ground)
    _enter(session, addressee, terms, now=now)


def read_entries(session: Session, identifier: str) -> Entries:
    """Return what the register says of an addressee, with its history. Raises: `NotAddresseeError`."""
    addressee = _lock(session, _nif("addressee", identifier))
    return Entries(
        addressee,
        register.list_former_names(session, addressee),
        register.list_accounts(session, addressee),
        register.list_main_entries(session, addressee),
    )


def _enter(session: Session, addressee: Addressee, terms: MainTerms, *, now: datetime) -> MainAccount:
    """Add an entry of a main account, unless it says what holds already."""
    span, ground = law.check_entry(terms.starts_at, terms.ends_at, ground=terms.ground, now=now)
    by = None if terms.recorded_by is None else _nif("recorded_by", terms.recorded_by)
    number = None
    if terms.account is not None:
        number = _hold(session, addressee, terms.account, span, now=now).number
    gives_from = span.starts_at
    if ground is None:
        gives_from = max(gives_from, instant_of_effect(session, addressee, now))
    rows = register.list_main_entries(session, addressee)
    entries = [row.entry for row in rows]
    said = MainEntry(number, span if ground else Span(gives_from, law.next_change(entries, gives_from)))
    for row in reversed(rows):
        if row.number == number and row.ground == ground and law.holds(said, entries):
            return row
    entry = MainAccount(
        id=uuid7(now),
        addressee_id=addressee.id,
        position=len(rows) + 1,
        number=number,
        starts_at=span.starts_at,
        ends_at=said.span.ends_at,
        gives_from=gives_from,
        recorded_at=now,
        recorded_by=by,
        ground=ground,
    )
    session.add(entry)
    replan(session, addressee, now)
    _keep_for_the_version_before(session, addressee, now)
    return entry


def _keep_for_the_version_before(session: Session, addressee: Addressee, now: datetime) -> None:
    """Write the main account where the version before reads it, while its last workers still run."""
    at = instant_of_effect(session, addressee, now)
    main = register.main_account_at(session, addressee, at)
    is_naf = main is not None and law.is_affiliation_number(main)
    addressee.ccc, addressee.naf = (None, main) if is_naf else (main, addressee.naf)


def _hold(session: Session, addressee: Addressee, account: str, span: Span, *, now: datetime) -> Account:
    """Let an account be the addressee's in a span, which nobody else's it may be in.

    Raises: `AccountInvalidError`.
    """
    account = law.read_account(account)
    number = register.find_number(session, account) or account
    holders = register.list_holders(session, number, span)
    if any(row.addressee_id != addressee.id for row in holders):
        raise law.invalid_account("account", "of_another_addressee")
    if holders:
        held = holders[-1]
        held.starts_at = min(held.starts_at, span.starts_at)
        if held.ends_at is not None and (span.ends_at is None or held.ends_at < span.ends_at):
            held.ends_at = span.ends_at
        return held
    row = Account(
        id=uuid7(now),
        addressee_id=addressee.id,
        number=number,
        key=law.account_key(number),
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        recorded_at=now,
    )
    session.add(row)
    return row


def _lock(session: Session, nif: str) -> Addressee:
    """Return the addressee, its entries locked. Raises: `NotAddresseeError`."""
    addressee = lock_addressee(session, nif)
    if addressee is None:
        raise NotAddresseeError(f"addressee {nif} is not registered: `notigateway addressee name` does it")
    return addressee


def _nif(field: str, text: str) -> str:
    """Return the NIF in its one form. Raises: `AccountInvalidError`."""
    try:
        return check_nif(text)
    except IdentifierError as error:
        raise law.invalid_account(field, "identifier") from error
