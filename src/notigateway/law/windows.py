"""RED as windows: for whom what is put at disposal for an addressee is also, and in which time; pure.

Who sees an item by RED is fixed at the instant at which it is put at disposal (Orden ISM/903/2020 art.
6.1), so the registers are turned into spans: a RED person's window stands while its assignment has effect,
the assignment's account is the addressee's main one, and the addressee has not opted out. What is recorded
later has effect later, so that a plan made anew never moves a window's past; only a correction does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.law.accounts import account_key, main_accounts
from notigateway.law.spans import Span, common, cut_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from notigateway.law.accounts import MainEntry


@dataclass(frozen=True)
class Assigned:
    """An assignment of an account: its identifier, and the span in which it has effect."""

    assignment: UUID
    account: str
    span: Span


@dataclass(frozen=True)
class Planned:
    """A window that should stand: by which assignment, and when."""

    assignment: UUID
    span: Span


def plan(assigned: Iterable[Assigned], mains: Iterable[MainEntry], opt_outs: Sequence[Span]) -> list[Planned]:
    """Return the windows of one addressee that its assignments, main accounts and opt-outs give.

    An opt-out takes from whoever is assigned, also later (art. 6.1; LGSS art. 132.2).
    """
    spans = main_accounts(mains)
    return [
        Planned(one.assignment, part)
        for one in assigned
        for account, span in spans
        if account_key(account) == account_key(one.account) and (found := common(one.span, span)) is not None
        for part in cut_out(found, opt_outs)
    ]
