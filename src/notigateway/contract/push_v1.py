"""The contract `urn:notigateway:push:v1`: what a gateway says to a subscriber that only speaks SOAP.

Here the subscriber answers, at an address of its own. Nothing is said but identifiers and states: whoever
wants the content asks for it, with its own certificate.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, TypeVar

from notigateway.contract.reading import read
from notigateway.contract.xml import Child, ContractError, Long, Part, Uuid, Word, element
from notigateway.errors import GatewayError
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Limits

A = TypeVar("A", bound="PushPart")

NOTIGATEWAY_PUSH_V1: Final = "urn:notigateway:push:v1"
# How many events one message holds at most.
MOST_EVENTS: Final = 100
# An answer is nearly nothing: whatever else a stack puts into its Header must fit, too.
_ANSWER_LIMITS: Final = Limits(request_max_bytes=64 * 1024, max_elements=500)


class PushPart(Part):
    """An element of this contract."""

    __slots__ = ()
    xmlns = NOTIGATEWAY_PUSH_V1


@element
class Change(PushPart):
    """What happened to a notification; a later event of it has a greater `position`."""

    code: Long
    notification_id: Uuid
    event_id: Uuid
    state: Word
    nature: Word | None = None
    position: Long


@element
class Event(PushPart):
    """Something that the subscriber may want to know; without `change` it is about its rights."""

    id: Uuid
    type: Word
    time: datetime
    change: Change | None = None


@element
class ConfirmSubscription(PushPart):
    """Have you subscribed? Then repeat this text."""

    subscription_id: Uuid
    challenge: str


@element
class ConfirmSubscriptionResponse(PushPart):
    """The subscriber has: `challenge` is what it was asked with."""

    challenge: str


@element
class TellChanges(PushPart):
    """What has happened; an event may come again, with the same `id`."""

    subscription_id: Uuid
    events: Annotated[tuple[Event, ...], Child("event", least=1, most=MOST_EVENTS)]


@element
class TellChangesResponse(PushPart):
    """The subscriber has all of it."""


def soap_action(operation: type[PushPart]) -> str:
    """Return the SOAPAction of an operation."""
    return f"{NOTIGATEWAY_PUSH_V1}:{operation.__name__}"


def read_confirmation(data: bytes) -> str:
    """Return what a subscriber repeated. Raises: `ContractError` for anything that is not that answer."""
    return _read_answer(ConfirmSubscriptionResponse, data).challenge


def check_told(data: bytes) -> None:
    """Check that a subscriber says it has what it was told. Raises: `ContractError`."""
    _read_answer(TellChangesResponse, data)


def _read_answer(kind: type[A], data: bytes) -> A:
    """Return an answer, unsigned as it is: it is believed no more than a status of HTTP."""
    try:
        operation = parse_envelope(data, limits=_ANSWER_LIMITS).operation
    except GatewayError as error:
        raise ContractError(f"no envelope: {error.code}") from error
    if operation.tag != f"{{{NOTIGATEWAY_PUSH_V1}}}{kind.__name__}":
        raise ContractError(f"the Body holds no {kind.__name__}")
    return read(kind, operation)
