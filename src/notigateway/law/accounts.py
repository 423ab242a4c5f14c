"""The register of accounts: which are an addressee's, and which is its main one at an instant; pure.

By RED, what is put at disposal follows the main contribution account, or else the affiliation number
(Orden ISM/903/2020 art. 6.1). What is entered moves nothing that is at disposal already; only a
correction, which names its ground, does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import AccountInvalidError
from notigateway.instants import to_milliseconds
from notigateway.law.identifiers import IdentifierError, check_ccc, check_naf
from notigateway.law.spans import Span, cut_out
from notigateway.law.texts import is_a_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

# An account with its regime in front is the same as without; an affiliation number has twelve digits.
_CCC_DIGITS: Final = 11
_NAF_DIGITS: Final = 12
GROUND_MAX: Final = 1000


@dataclass(frozen=True)
class MainEntry:
    """What an entry of the register says: that account (None: none) is the main one in that span.

    The span is the one in which it has effect: of an entry dated back it begins when it was entered.
    """

    account: str | None
    span: Span


def read_account(text: str) -> str:
    """Return an account in its one form: a CCC or a NAF, by its length, with its control digits checked.

    Raises: `AccountInvalidError` with the facts `field` and `problem`.
    """
    for check in (check_ccc, check_naf):
        try:
            return check(text)
        except IdentifierError:
            continue
    raise invalid_account("account", "identifier")


def account_key(account: str) -> str:
    """Return what is the same for the same account, with its regime in front or without."""
    return account if len(account) == _NAF_DIGITS else account[-_CCC_DIGITS:]


def is_affiliation_number(account: str) -> bool:
    """Tell whether it is a person's affiliation number and no contribution account."""
    return len(account) == _NAF_DIGITS


def main_accounts(entries: Iterable[MainEntry]) -> list[tuple[str, Span]]:
    """Return which account is the main one when, in order of time; of several entries the last one holds.

    `entries` stand in the order in which they were made.
    """
    standing: list[tuple[str | None, Span]] = []
    for entry in entries:
        if entry.span.is_empty:
            continue
        standing = [(account, part) for account, span in standing for part in cut_out(span, [entry.span])]
        standing.append((entry.account, entry.span))
    standing.sort(key=lambda one: one[1].starts_at)
    return _joined([(account, span) for account, span in standing if account is not None])


def _joined(found: Sequence[tuple[str, Span]]) -> list[tuple[str, Span]]:
    """Return the same with what meets made one."""
    joined: list[tuple[str, Span]] = []
    for account, span in found:
        if joined and joined[-1][0] == account and joined[-1][1].ends_at == span.starts_at:
            joined[-1] = (account, Span(joined[-1][1].starts_at, span.ends_at))
        else:
            joined.append((account, span))
    return joined


def accounts_since(entries: Iterable[MainEntry], since: datetime) -> list[str]:
    """Return the accounts that are or become the main one from an instant on, in order of time."""
    return [
        account for account, span in main_accounts(entries) if span.ends_at is None or span.ends_at > since
    ]


def first_as_main(entries: Iterable[MainEntry], key: str, *, since: datetime) -> datetime | None:
    """Return the first instant from `since` on when an account is the main one; None where it never is."""
    return next(
        (
            max(span.starts_at, since)
            for account, span in main_accounts(entries)
            if account_key(account) == key and (span.ends_at is None or span.ends_at > since)
        ),
        None,
    )


def main_account_at(entries: Iterable[MainEntry], at: datetime) -> str | None:
    """Return the main account at an instant; None where there is none."""
    return next((account for account, span in main_accounts(entries) if at in span), None)


def holds(said: MainEntry, entries: Sequence[MainEntry]) -> bool:
    """Tell whether the entries say already what another one would: adding it would change nothing."""
    return main_accounts([*entries, said]) == main_accounts(entries)


def next_change(entries: Iterable[MainEntry], after: datetime) -> datetime | None:
    """Return when another entry begins to hold, so that what begins at `after` ends there."""
    starts = (entry.span.starts_at for entry in entries if not entry.span.is_empty)
    return min((at for at in starts if at > after), default=None)


def check_entry(
    starts_at: datetime, ends_at: datetime | None, *, ground: str | None, now: datetime
) -> tuple[Span, str | None]:
    """Return the span of an entry and its ground in their one form.

    An end needs a ground: only a correction says of a time that has an end what it was.

    Raises: `AccountInvalidError` with the facts `field` and `problem`: an end that is not after the start,
    a correction without ground, or of what has not begun.
    """
    span = Span(to_milliseconds(starts_at), None if ends_at is None else to_milliseconds(ends_at))
    if span.is_empty:
        raise invalid_account("ends_at", "not_after_the_start")
    if ground is None:
        if ends_at is not None:
            raise invalid_account("ground", "required")
        return span, None
    if span.starts_at > now:
        raise invalid_account("starts_at", "in_the_future")
    return span, check_ground(ground)


def check_ground(ground: str) -> str:
    """Return the ground of a correction. Raises: `AccountInvalidError`."""
    text = ground.strip()
    if not text or len(text) > GROUND_MAX or not is_a_line(text):
        raise invalid_account("ground", "required" if not text else "text")
    return text


def invalid_account(field: str, problem: str) -> AccountInvalidError:
    """Return the error for one field, in our own words."""
    return AccountInvalidError(f"{field}: {problem}", field=field, problem=problem)
