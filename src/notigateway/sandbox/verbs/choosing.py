"""What parties choose for themselves, each by a message that it signs: channel, notices, users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notigateway.instants import instant_text
from notigateway.sandbox.calling.messages import ask
from notigateway.sandbox.calling.parties import named
from notigateway.sandbox.verbs.deciding import AS, who
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World


@verb("delivery", {"channel": "`electronic` (the default) or `postal`", "as": "who; by default `person`"})
def delivery(world: World, wanted: Given) -> dict[str, Any]:
    """Choose how one is notified from now on."""
    channel = wanted.text("channel") or "electronic"
    return ask(world, who(world, wanted, "person"), "SetDeliveryChannel", channel=channel).said


@verb(
    "contacts",
    {
        "addresses": "where one is told by e-mail; none: nowhere",
        "as": AS,
        "delivery": "`immediate` or `daily`",
        "deadline_days": "how many days before a last day; 0: never",
        "language": "`es`, `en` or `both`",
    },
)
def contacts(world: World, wanted: Given) -> dict[str, Any]:
    """Say where one is told by e-mail of what comes."""
    members = {
        "address": wanted.texts("addresses") or [],
        "language": wanted.text("language"),
        "delivery": wanted.text("delivery"),
        "deadlineDays": wanted.whole("deadline_days"),
    }
    return ask(world, who(world, wanted), "SetContacts", **members).said


@verb("receive-alone", {"alone": "false: take it back", "as": AS})
def receive_alone(world: World, wanted: Given) -> dict[str, Any]:
    """Receive alone from now on, whoever is assigned in the RED system."""
    is_alone = wanted.flag("alone", default=True)
    return ask(world, who(world, wanted), "SetReceivingAlone", receivingAlone=is_alone).said


@verb(
    "grant-user",
    {
        "person": "who works for the entity: a holder's name or a NIF; by default `stranger`",
        "as": "the entity; by default `company`",
        "clients": "only for these addressees; by default for all",
        "matters": "only in these matters",
        "may_decide": "false: it may only read",
        "from": "from when: an instant, or how far from now",
        "to": "until when",
    },
)
def grant_user(world: World, wanted: Given) -> dict[str, Any]:
    """Let a person work for an entity by a certificate of its own."""
    now, person = world.clock(), named(world, wanted.text("person") or "stranger")
    clients = wanted.texts("clients")
    starts, ends = wanted.moment("from", now), wanted.moment("to", now)
    said: dict[str, Any] = ask(
        world,
        who(world, wanted),
        "GrantUser",
        person=person.nif,
        personName=person.name,
        allClients=clients is None,
        client=[named(world, one).nif for one in clients or ()],
        matter=wanted.texts("matters") or [],
        mayDecide=wanted.flag("may_decide", default=True),
        startsAt=None if starts is None else instant_text(starts),
        endsAt=None if ends is None else instant_text(ends),
    ).said["user"]
    return said | {"id": said["userId"]}


@verb("end-user", {"user": "its id", "as": "the entity; by default `company`"})
def end_user(world: World, wanted: Given) -> dict[str, Any]:
    """Let a person no longer work for an entity."""
    identifier = wanted.need("user")
    said: dict[str, Any] = ask(world, who(world, wanted), "EndUser", userId=identifier).said["user"]
    return said | {"id": said["userId"]}
