"""The client's methods on subscriptions to changes. None has a legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.client import wire
from notigateway.client.calling import Caller
from notigateway.client.transport import several
from notigateway.contract import v1_push as contract

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notigateway.contract.v1_push import DeadDelivery, Subscription


class SubscriptionOperations(Caller):
    """Where changes are pushed to, and what could not be.

    Errors are those of every method; what the service refuses is a `GatewayFaultError` with its code.
    """

    def subscribe(self, url: str, *, kind: str = "webhook") -> Subscription:
        """Have what changes from now on pushed to an address, which must confirm it."""
        asked = contract.Subscribe(kind=kind, url=url)
        return wire.read(contract.SubscribeResponse, self._call_with_effect(asked)).subscription

    def subscriptions(self) -> Sequence[Subscription]:
        """Return the subscriptions of the party, those that have ended lately too."""
        answer = self._call(contract.ListSubscriptions())
        return wire.read(contract.ListSubscriptionsResponse, answer).subscriptions

    def unsubscribe(self, subscription_id: str) -> Subscription:
        """Have nothing more pushed there."""
        asked = contract.Unsubscribe(subscription_id=subscription_id)
        return wire.read(contract.UnsubscribeResponse, self._call_with_effect(asked)).subscription

    def dead_deliveries(self, subscription_id: str) -> Iterator[DeadDelivery]:
        """Yield what was given up of a subscription."""
        cursor = None
        while True:
            asked = contract.ListDeadDeliveries(
                subscription_id=subscription_id, cursor=cursor, page_size=1_000
            )
            page = wire.read(contract.ListDeadDeliveriesResponse, self._call(asked))
            yield from page.deliveries
            if page.next_cursor in {None, cursor}:
                return
            cursor = page.next_cursor

    def replay_deliveries(self, subscription_id: str, delivery_ids: Sequence[str] = ()) -> int:
        """Have these tried again, or all that were given up; return how many."""
        asked = contract.ReplayDeliveries(subscription_id=subscription_id, delivery_ids=several(delivery_ids))
        return wire.read(contract.ReplayDeliveriesResponse, self._call_with_effect(asked)).replayed
