"""The addressee's side as the two-phase contract sees it: by public code, in one named capacity.

First a receipt to sign is asked for, which decides nothing; then the signed one decides, by the use
case of every contract (`Mailbox.decide_all`). A notification belongs to one capacity: the strongest
title by which the caller sees it. Communications and what was withdrawn are unknown to this contract, and
so is what has a code for which its numbers are too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.contract.wscn import INT_MAX
from notigateway.errors import GrantorUnknownError, NotificationUnknownError
from notigateway.law import transitions as law
from notigateway.law.lifecycle import Kind, State
from notigateway.law.representation import Role
from notigateway.receipts.acting import of_caller
from notigateway.repository.listing import ListFilter, list_whole_page
from notigateway.repository.notices import queue_available
from notigateway.repository.notifications import find_id, find_visible, lock_visible
from notigateway.repository.powers import is_grantor
from notigateway.repository.turns_of_rights import take_turn_to_act

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from notigateway.law.representation import RightsPolicy
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Document, Event, Notification, Receipt
    from notigateway.repository.session import Session

_LISTED: Final = frozenset(
    {State.AVAILABLE, State.RECEIPT_REQUESTED, State.ACCEPTED, State.REJECTED, State.LAPSED}
)
_PDF: Final = "application/pdf"


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """As what a caller asks; `grantor` is the NIF of whom an attorney acts for, None for any of them."""

    role: Role
    grantor: str | None


@dataclass(frozen=True)
class Bucket:
    """A page of what is seen in one capacity; `last_code` is None where it is empty."""

    rows: Sequence[Row[*tuple[object, ...]]]
    has_more: bool

    @property
    def last_code(self) -> int | None:
        """The code of the last row: asked for again it is given again, and what follows it."""
        return self.rows[-1].code if self.rows else None


@dataclass(frozen=True)
class TwoPhase:
    """What the two-phase contract reads and changes, by the rights that the operator's policy gives."""

    rights: RightsPolicy

    def list_bucket(
        self, session: Session, asking: Asking, capacity: Capacity, *, from_code: int, page_size: int
    ) -> Bucket:
        """Return a page of what is seen in that capacity, beginning with the code itself. No legal effect.

        Raises: `GrantorUnknownError`.
        """
        _check_grantor(session, asking, capacity)
        rows = list_whole_page(
            session,
            party=asking.party,
            chosen=ListFilter(
                states=_LISTED,
                kind=Kind.NOTIFICATION,
                role=capacity.role,
                addressee=capacity.grantor if capacity.role is Role.ATTORNEY else None,
            ),
            after_code=from_code - 1,
            limit=page_size + 1,
            now=asking.now,
            rights=asking.rights(self.rights),
        )
        named = [row for row in rows if row.code <= INT_MAX]
        return Bucket(named[:page_size], len(named) > page_size)

    def lock(self, session: Session, asking: Asking, code: int, capacity: Capacity) -> Notification:
        """Return a notification of that capacity, locked until the end of the transaction.

        Raises: `GrantorUnknownError`, `NotificationUnknownError`.
        """
        take_turn_to_act(session, [asking.party])
        found = self._seen(session, asking, code, capacity, query=lock_visible)
        if found.state is State.SCHEDULED:  # no sweep will tell of it any more
            queue_available(session, [found], rights=self.rights, now=asking.now)
        return found

    def view(self, session: Session, asking: Asking, code: int, capacity: Capacity) -> Notification:
        """Return an accepted notification, whose content may be delivered.

        Raises: `GrantorUnknownError`, `NotificationUnknownError`, `RejectedError`, `LapsedError`;
        `NotAcceptedError` while nobody has decided.
        """
        notification = self._seen(session, asking, code, capacity, query=find_visible)
        law.hand_over(notification.standing, asking.now)
        return notification

    def _seen(
        self,
        session: Session,
        asking: Asking,
        code: int,
        capacity: Capacity,
        *,
        query: Callable[..., dict[UUID, Notification]],
    ) -> Notification:
        """Return the notification as that query finds it, if the caller sees it in that capacity."""
        _check_grantor(session, asking, capacity)
        wanted = find_id(session, code)
        ids = [] if wanted is None else [wanted]
        found = query(session, ids, party=asking.party, now=asking.now, rights=asking.rights(self.rights))
        notification = next(iter(found.values()), None)
        if notification is None or not _is_meant(notification, capacity):
            raise NotificationUnknownError
        return notification


def _check_grantor(session: Session, asking: Asking, capacity: Capacity) -> None:
    """Check that an attorney who names a grantor has a power of it. Raises: `GrantorUnknownError`."""
    if capacity.role is not Role.ATTORNEY or capacity.grantor is None:
        return
    if not is_grantor(session, capacity.grantor, attorney=asking.party, now=asking.now):
        raise GrantorUnknownError


def request_receipt(notification: Notification, asking: Asking) -> None:
    """Move a locked notification to `receipt_requested`; asking again changes nothing more.

    Raises: as `check_undecided`.
    """
    transition = law.request_receipt(notification.standing, asking.now)
    notification.happen(transition, of_caller(notification, asking), now=asking.now)


def check_undecided(notification: Notification, asking: Asking) -> None:
    """Check that it can still be decided.

    Raises: `LapsedError`; `AlreadyDecidedError` with the fact `state`.
    """
    law.request_receipt(notification.standing, asking.now)


def find_own_decision(notification: Notification, asking: Asking) -> tuple[Event, Receipt] | None:
    """Return the event by which the party that asks has decided it here, with its receipt.

    Who hears nothing of a decision asks again: it must be able to tell its own from another's.
    """
    event = notification.decisive_event()
    receipt = notification.receipt_of(event)
    if event is None or receipt is None or event.reported_by is not None:
        return None
    return (event, receipt) if event.party == of_caller(notification, asking).party else None


def decisive_receipt(notification: Notification) -> tuple[Event, Receipt]:
    """Return the event that decided, and its receipt."""
    event = notification.decisive_event()
    receipt = notification.receipt_of(event)
    if event is None or receipt is None:
        raise LookupError("what was decided has its receipt")
    return event, receipt


def first_pdf(notification: Notification) -> Document | None:
    """Return the act's first PDF: the one document that this contract has room for."""
    return next((one for one in notification.act.documents if one.media_type == _PDF), None)


def _is_meant(notification: Notification, capacity: Capacity) -> bool:
    """Tell whether a visible notification is one of this capacity that the contract knows."""
    if notification.kind is not Kind.NOTIFICATION or notification.state is State.CANCELLED:
        return False
    if notification.seen_as is not capacity.role:
        return False
    grantor = capacity.grantor if capacity.role is Role.ATTORNEY else None
    return grantor is None or notification.addressee.identifier == grantor
