"""Subscriptions to changes: made, listed and ended by the party that they are for. None has a legal effect.

A subscription begins where the changes stand at that moment, and is confirmed by its receiver before
anything of them is sent to it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from notigateway.cursors import read_uuid_cursor, write_uuid_cursor
from notigateway.destinations import Destinations, read_networks
from notigateway.errors import (
    PushUnavailableError,
    SubscriptionsTooManyError,
    SubscriptionUnknownError,
)
from notigateway.law.pushing import (
    DEAD_KEPT_FOR,
    Ended,
    check_url,
    invalid,
    literal_address,
)
from notigateway.receipts.asking import Looking
from notigateway.receipts.recording import record_request
from notigateway.repository import subscriptions as stored
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from notigateway.addressee.following import Following
    from notigateway.law.pushing import SubscriptionKind
    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session
    from notigateway.repository.subscriptions import Delivery, Subscription
    from notigateway.settings import Settings

_CHALLENGE_BYTES: Final = 24
# Whoever subscribes and unsubscribes without end reads and leaves behind no more than these.
_ENDED_KEPT: Final = 100


@dataclass(frozen=True)
class Subscribed:
    """A subscription, and how many deliveries wait for its receiver or were given up."""

    subscription: Subscription
    waiting: int = 0
    dead: int = 0


@dataclass(frozen=True)
class DeadPage:
    """A page of deliveries that were given up; `next_cursor` is None on the last one."""

    deliveries: Sequence[Delivery]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Subscribing:
    """What a party does with its subscriptions; `is_on` says whether the operator has a key for pushing."""

    following: Following
    destinations: Destinations
    is_on: bool
    most: int
    allows_http: bool = False

    @classmethod
    def by(cls, settings: Settings, following: Following) -> Self:
        """Return it as the settings have it."""
        return cls(
            following=following,
            destinations=Destinations(read_networks(settings.push_networks)),
            is_on=settings.pushes,
            most=settings.push_subscriptions_per_party,
            allows_http=settings.unsafe_push_http,
        )

    def begin(self, session: Session, asking: Asking) -> str:
        """Return the cursor from which a new one begins, of what its party sees without a request."""
        looking = Looking(party=asking.party, now=asking.now)
        page = self.following.list_changes(session, looking, cursor=None, page_size=1, from_now=True)
        return page.next_cursor

    def subscribe(
        self, session: Session, asking: Asking, kind: SubscriptionKind, url: str, *, cursor: str
    ) -> Subscribed:
        """Subscribe from a cursor on; who asks again for the same address gets the subscription that stands.

        Raises: `PushUnavailableError`, `SubscriptionInvalidError`, `SubscriptionsTooManyError`.
        """
        if not self.is_on:
            raise PushUnavailableError
        url = check_url(url, allows_http=self.allows_http)
        named = literal_address(url)
        if named is not None and not self.destinations.admits(named):
            raise invalid("url", "address")
        standing = stored.list_of_party(session, asking.party)
        is_there = any((one.kind, one.url) == (kind, url) for one in standing)
        if len(standing) >= self.most and not is_there:
            raise SubscriptionsTooManyError(f"{len(standing)} stand", limit=self.most)
        if not is_there:
            self._add(session, asking, cursor=cursor, kind=kind, url=url)
        found = stored.list_of_party(session, asking.party)
        return self._counted(session, [one for one in found if (one.kind, one.url) == (kind, url)])[0]

    def _add(self, session: Session, asking: Asking, **chosen: object) -> None:
        """Add a subscription, unless another request of the party does so at this moment."""
        stored.forget_ended(session, party=asking.party, kept=_ENDED_KEPT)
        is_new = stored.add_subscription(
            session,
            id=uuid7(asking.now),
            party=asking.party,
            created_at=asking.now,
            created_by=asking.caller.signer,
            challenge=secrets.token_urlsafe(_CHALLENGE_BYTES),
            attempts=0,
            due_at=asking.now,
            **chosen,
        )
        if is_new:
            record_request(session, asking)

    def list_subscriptions(self, session: Session, asking: Asking) -> list[Subscribed]:
        """Return the party's subscriptions: those that stand, and that have ended in the last month."""
        since = asking.now - DEAD_KEPT_FOR
        return self._counted(session, stored.list_of_party(session, asking.party, ended_since=since))

    def unsubscribe(self, session: Session, asking: Asking, subscription_id: UUID) -> Subscribed:
        """End a subscription; repeating changes nothing.

        Raises: `SubscriptionUnknownError`.
        """
        found = self._find(session, asking, subscription_id)
        if stored.end_subscription(session, found.id, Ended.UNSUBSCRIBED, now=asking.now):
            record_request(session, asking)
            session.refresh(found)
        return Subscribed(found)

    def list_dead(
        self, session: Session, asking: Asking, subscription_id: UUID, *, cursor: str | None, page_size: int
    ) -> DeadPage:
        """Return a page of what was given up.

        Raises: `SubscriptionUnknownError`, `InvalidCursorError`.
        """
        found = self._find(session, asking, subscription_id)
        belongs_to = ("dead", str(found.id))
        after = read_uuid_cursor(cursor, belongs_to=belongs_to)
        rows = stored.list_dead(session, found.id, after=after, most=page_size + 1)
        shown = rows[:page_size]
        more = write_uuid_cursor(shown[-1].id, belongs_to=belongs_to) if len(rows) > page_size else None
        return DeadPage(shown, more)

    def replay_dead(
        self, session: Session, asking: Asking, subscription_id: UUID, chosen: Sequence[UUID]
    ) -> int:
        """Have what was given up tried again, all of it or what is chosen; return how many.

        Raises: `SubscriptionUnknownError`; also for one that has ended.
        """
        found = self._find(session, asking, subscription_id)
        if found.ended_at is not None:
            raise SubscriptionUnknownError("has ended")
        record_request(session, asking)
        return stored.replay_dead(session, found.id, chosen, now=asking.now)

    def _find(self, session: Session, asking: Asking, subscription_id: UUID) -> Subscription:
        found = stored.find_of_party(session, asking.party, subscription_id)
        if found is None:
            raise SubscriptionUnknownError
        return found

    def _counted(self, session: Session, found: Sequence[Subscription]) -> list[Subscribed]:
        counts = stored.count_deliveries(session, [one.id for one in found])
        return [Subscribed(one, *counts.get(one.id, (0, 0))) for one in found]
