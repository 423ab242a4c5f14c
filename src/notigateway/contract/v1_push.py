"""The contract `urn:notigateway:v1`: what is said of subscriptions to changes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from notigateway.contract.v1 import V1Part, V1Request
from notigateway.contract.xml import Child, Integer, Long, Uuid, Word, element


@element
class Subscription(V1Part):
    """Where changes are pushed to, and how it stands: `trouble` while nothing can be delivered.

    Until `confirmed_at` its receiver has not yet repeated the challenge of the ping.
    """

    subscription_id: Uuid
    kind: Word
    url: str
    created_at: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    ended: Word | None = None
    waiting: int
    dead: int
    trouble: Word | None = None
    status: int | None = None


@element
class DeadDelivery(V1Part):
    """A delivery that was given up; without `position` it was about rights."""

    delivery_id: Uuid
    position: Long | None = None
    code: Long | None = None
    id: Uuid | None = None
    event_id: Uuid | None = None
    state: Word | None = None
    attempts: int
    dead_at: datetime
    trouble: Word | None = None
    status: int | None = None


@element
class Subscribe(V1Request):
    """Push what changes from now on to this address, please."""

    kind: Word
    url: str


@element
class SubscribeResponse(V1Part):
    """The subscription, which its receiver has to confirm."""

    subscription: Subscription


@element
class ListSubscriptions(V1Request):
    """Which subscriptions have I?"""


@element
class ListSubscriptionsResponse(V1Part):
    """Those that stand, and that have ended in the last thirty days."""

    as_of: datetime
    subscriptions: Annotated[tuple[Subscription, ...], Child("subscription")] = ()


@element
class Unsubscribe(V1Request):
    """Push nothing more there."""

    subscription_id: Uuid


@element
class UnsubscribeResponse(SubscribeResponse):
    """The subscription as it ended."""


@element
class ListDeadDeliveries(V1Request):
    """What was given up of a subscription?"""

    subscription_id: Uuid
    cursor: Word | None = None
    page_size: Integer | None = None


@element
class ListDeadDeliveriesResponse(V1Part):
    """A page of deliveries that were given up, as they were queued."""

    as_of: datetime
    has_more: bool
    next_cursor: Word | None = None
    deliveries: Annotated[tuple[DeadDelivery, ...], Child("delivery", most=1000)] = ()


@element
class ReplayDeliveries(V1Request):
    """Try these again, or all that were given up."""

    subscription_id: Uuid
    delivery_ids: Annotated[tuple[Uuid, ...], Child("deliveryId", most=1000)] = ()


@element
class ReplayDeliveriesResponse(V1Part):
    """How many are tried again."""

    replayed: int
