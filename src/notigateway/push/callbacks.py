"""What a receiver is told that only speaks SOAP: envelopes of `urn:notigateway:push:v1`, signed as answers.

It is posted as any other message is, so the signature of HTTP goes with it, too. A status alone is no answer
here: a stack that does not know the operation may well say 200.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notigateway.contract.push_v1 import (
    Change,
    ConfirmSubscription,
    Event,
    PushPart,
    TellChanges,
    check_told,
    read_confirmation,
    soap_action,
)
from notigateway.contract.writing import write
from notigateway.contract.xml import ContractError
from notigateway.pki.http_signatures import Posted
from notigateway.push.events import type_of
from notigateway.wss.sign import sign_envelope

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.repository.subscriptions import Delivery, Subscription
    from notigateway.wss.sign import Signer

_MEDIA_TYPE: Final = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class CallBacks:
    """Writes call-backs, signed by the key of the service, which receivers know from its answers."""

    signer: Signer = field(repr=False)

    def of(self, delivery: Delivery, subscription: Subscription, *, now: datetime) -> Posted:
        """Return what tells a delivery, whose identifier stays however often it is sent."""
        event = Event(
            id=str(delivery.id), type=type_of(delivery), time=delivery.at, change=_change_of(delivery)
        )
        message = TellChanges(subscription_id=str(subscription.id), events=(event,))
        return self._posted(message, subscription.url, now)

    def ping(self, subscription: Subscription, *, now: datetime) -> Posted:
        """Return the question whose challenge the receiver has to repeat."""
        asked = ConfirmSubscription(subscription_id=str(subscription.id), challenge=subscription.challenge)
        return self._posted(asked, subscription.url, now)

    def confirms(self, content: bytes, challenge: str) -> bool:
        """Tell whether an answer to the ping repeats the challenge."""
        try:
            return read_confirmation(content) == challenge
        except ContractError:
            return False

    def has_taken(self, content: bytes) -> bool:
        """Tell whether an answer says that the receiver has what it was told."""
        try:
            check_told(content)
        except ContractError:
            return False
        return True

    def _posted(self, message: PushPart, url: str, now: datetime) -> Posted:
        envelope = sign_envelope(write(message), signer=self.signer, now=now)
        return Posted(url, _MEDIA_TYPE, envelope, soap_action(type(message)))


def _change_of(delivery: Delivery) -> Change | None:
    """Return what happened to a notification; None where it is about rights."""
    if delivery.position is None or delivery.notification_code is None or delivery.state is None:
        return None
    return Change(
        code=delivery.notification_code,
        notification_id=str(delivery.notification_id),
        event_id=str(delivery.event_id),
        state=delivery.state,
        nature=delivery.nature,
        position=delivery.position,
    )
