"""What a receiver is told: a CloudEvent (1.0, structured JSON) with identifiers and states alone.

Content is pulled, by who proves who it is: whoever reads an event on its way learns of a number that
says nothing that something has changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from notigateway.instants import instant_text
from notigateway.pki.http_signatures import Posted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notigateway.repository.subscriptions import Delivery, Subscription

MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"
_PREFIX: Final = "notigateway"
_PING: Final = f"{_PREFIX}.subscription.ping"
_RIGHTS: Final = f"{_PREFIX}.rights.changed"
_JSON: Final = "application/json"


class Form(Protocol):
    """How deliveries are written, and what their receiver's answers mean."""

    def of(self, delivery: Delivery, subscription: Subscription, *, now: datetime) -> Posted:
        """Return the message of a delivery."""
        ...

    def ping(self, subscription: Subscription, *, now: datetime) -> Posted:
        """Return the message that asks a receiver to confirm its subscription."""
        ...

    def confirms(self, content: bytes, challenge: str) -> bool:
        """Tell whether an answer to the ping repeats the challenge."""
        ...

    def has_taken(self, content: bytes) -> bool:
        """Tell whether the answer to a delivery, whose status is good, says that it was taken."""
        ...


@dataclass(frozen=True, slots=True)
class Events:
    """Writes events; `source` is the public address of the service."""

    source: str

    def of(self, delivery: Delivery, subscription: Subscription, *, now: datetime) -> Posted:  # noqa: ARG002
        """Return the event of a delivery, whose identifier stays however often it is sent."""
        head = {"id": str(delivery.id), "type": type_of(delivery), "time": instant_text(delivery.at)}
        if delivery.position is None:
            return self._posted(subscription.url, head, {})
        data = {
            "code": delivery.notification_code,
            "notificationId": str(delivery.notification_id),
            "eventId": str(delivery.event_id),
            "state": str(delivery.state),
            "nature": delivery.nature,
            "position": delivery.position,
        }
        said = {name: value for name, value in data.items() if value is not None}
        head["subject"] = str(delivery.notification_id)
        return self._posted(subscription.url, head, said)

    def ping(self, subscription: Subscription, *, now: datetime) -> Posted:  # noqa: ARG002
        """Return the event whose challenge the receiver has to repeat."""
        said = {"subscriptionId": str(subscription.id), "challenge": subscription.challenge}
        head = {"id": f"ping-{subscription.id}", "type": _PING, "time": instant_text(subscription.created_at)}
        return self._posted(subscription.url, head, said)

    def confirms(self, content: bytes, challenge: str) -> bool:
        """Tell whether an answer to the ping is `{"challenge": …}` with the one that was sent."""
        try:
            read = json.loads(content)
        except (ValueError, RecursionError):
            return False
        return isinstance(read, dict) and read.get("challenge") == challenge

    def has_taken(self, content: bytes) -> bool:  # noqa: ARG002
        """Tell whether a receiver has what it was told: its status says that."""
        return True

    def _posted(self, url: str, head: Mapping[str, str], said: Mapping[str, object]) -> Posted:
        event = {"specversion": "1.0", "source": self.source, **head, "datacontenttype": _JSON, "data": said}
        return Posted(url, MEDIA_TYPE, json.dumps(event).encode())


def type_of(delivery: Delivery) -> str:
    """Return the word for what a delivery is about."""
    return _RIGHTS if delivery.position is None else f"{_PREFIX}.notification.{delivery.state}"
