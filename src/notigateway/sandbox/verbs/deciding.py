"""What holders do with notifications, each by a message that it signs; and how these are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notigateway.sandbox.calling.messages import ask
from notigateway.sandbox.calling.parties import pair_of
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

AS: Final = "who: a holder's name, a NIF, or `{nif, family, of}`; by default `company`"
_NOTIFICATION: Final = "its id"


def who(world: World, wanted: Given, default: str = "company") -> KeyPair:
    """Return with whose key something is done. Raises: `InvalidError`."""
    return pair_of(world, wanted.take("as", (str, dict)) or default)


@verb("accept", {"notification": _NOTIFICATION, "as": AS})
def accept(world: World, wanted: Given) -> dict[str, Any]:
    """Accept a notification, or read a communication."""
    identifier = wanted.need("notification")
    return _decided(world, who(world, wanted), "AcceptNotifications", id=identifier)


@verb("reject", {"notification": _NOTIFICATION, "as": AS, "reason": "why, where that is told"})
def reject(world: World, wanted: Given) -> dict[str, Any]:
    """Reject a notification."""
    identifier, reason = wanted.need("notification"), wanted.text("reason")
    return _decided(world, who(world, wanted), "RejectNotifications", id=identifier, reason=reason)


def _decided(world: World, pair: KeyPair, operation: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401
    item: dict[str, Any] = ask(world, pair, operation, **members).said["item"][0]
    receipt = item.get("receipt", {})
    receipt.pop("xml", None)
    return item


@verb(
    "retrieve",
    {
        "notification": _NOTIFICATION,
        "as": AS,
        "for_information": "true: also what lapsed or was rejected, without effect",
    },
)
def retrieve(world: World, wanted: Given) -> dict[str, Any]:
    """Retrieve a notification with its documents."""
    identifier, is_for_information = wanted.need("notification"), wanted.flag("for_information")
    answer = ask(
        world,
        who(world, wanted),
        "RetrieveNotifications",
        id=identifier,
        forInformation=is_for_information or None,
    )
    item: dict[str, Any] = answer.said["item"][0]
    return item | {"documents": len(item.get("document", ()))}
