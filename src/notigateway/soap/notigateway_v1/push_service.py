"""The operations of subscriptions to changes; none has a legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from spyne import ServiceBase

from notigateway.contract import v1_push as contract
from notigateway.law.pushing import SubscriptionKind
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from notigateway.addressee.subscribing import Subscribed
    from notigateway.repository.subscriptions import Delivery
    from notigateway.soap.gate import Request

DEFAULT_DEAD = 100


class PushService(ServiceBase):
    """Who is told of changes without asking for them."""

    @operation(contract.Subscribe, contract.SubscribeResponse)
    def Subscribe(request: Request, asked: contract.Subscribe) -> contract.SubscribeResponse:
        """Have what changes from now on pushed to an address."""
        subscribing, asking = request.office.subscribing, request.asking
        with request.reading_changes() as session:
            cursor = subscribing.begin(session, asking)
        with request.writing() as session:
            kind = SubscriptionKind(asked.kind)
            made = subscribing.subscribe(session, asking, kind, asked.url, cursor=cursor)
        return contract.SubscribeResponse(subscription=_subscription(made))

    @operation(contract.ListSubscriptions, contract.ListSubscriptionsResponse)
    def ListSubscriptions(
        request: Request, _asked: contract.ListSubscriptions
    ) -> contract.ListSubscriptionsResponse:
        """Return the caller's subscriptions."""
        with request.reading() as session:
            found = request.office.subscribing.list_subscriptions(session, request.asking)
        return contract.ListSubscriptionsResponse(
            as_of=request.asking.now, subscriptions=tuple(map(_subscription, found))
        )

    @operation(contract.Unsubscribe, contract.UnsubscribeResponse)
    def Unsubscribe(request: Request, asked: contract.Unsubscribe) -> contract.UnsubscribeResponse:
        """End a subscription."""
        with request.writing() as session:
            ended = request.office.subscribing.unsubscribe(
                session, request.asking, UUID(asked.subscription_id)
            )
        return contract.UnsubscribeResponse(subscription=_subscription(ended))

    @operation(contract.ListDeadDeliveries, contract.ListDeadDeliveriesResponse)
    def ListDeadDeliveries(
        request: Request, asked: contract.ListDeadDeliveries
    ) -> contract.ListDeadDeliveriesResponse:
        """Return what was given up of a subscription."""
        with request.reading() as session:
            page = request.office.subscribing.list_dead(
                session,
                request.asking,
                UUID(asked.subscription_id),
                cursor=asked.cursor,
                page_size=asked.page_size or DEFAULT_DEAD,
            )
        return contract.ListDeadDeliveriesResponse(
            as_of=request.asking.now,
            has_more=page.next_cursor is not None,
            next_cursor=page.next_cursor,
            deliveries=tuple(map(_dead, page.deliveries)),
        )

    @operation(contract.ReplayDeliveries, contract.ReplayDeliveriesResponse)
    def ReplayDeliveries(
        request: Request, asked: contract.ReplayDeliveries
    ) -> contract.ReplayDeliveriesResponse:
        """Have what was given up tried again."""
        with request.writing() as session:
            replayed = request.office.subscribing.replay_dead(
                session,
                request.asking,
                UUID(asked.subscription_id),
                [UUID(one) for one in asked.delivery_ids],
            )
        return contract.ReplayDeliveriesResponse(replayed=replayed)


def _subscription(found: Subscribed) -> contract.Subscription:
    row = found.subscription
    return contract.Subscription(
        subscription_id=str(row.id),
        kind=row.kind,
        url=row.url,
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        ended_at=row.ended_at,
        ended=row.ended_why,
        waiting=found.waiting,
        dead=found.dead,
        trouble=row.trouble,
        status=row.trouble_status,
    )


def _dead(row: Delivery) -> contract.DeadDelivery:
    if row.dead_at is None:
        raise LookupError("this delivery was not given up")
    return contract.DeadDelivery(
        delivery_id=str(row.id),
        position=row.position,
        code=row.notification_code,
        id=None if row.notification_id is None else str(row.notification_id),
        event_id=None if row.event_id is None else str(row.event_id),
        state=row.state,
        attempts=row.attempts,
        dead_at=row.dead_at,
        trouble=row.trouble,
        status=row.trouble_status,
    )
