"""What else happens: time passes, a notification lapses, something is to go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notigateway.sandbox.moving import after_deadline, later, move
from notigateway.sandbox.ordered import read_order
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.revoking import revoke_holder
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World


@verb("advance")
def advance(world: World, wanted: Given) -> dict[str, Any]:
    """Let time pass: what is due meanwhile is done."""
    by = wanted.duration("by")
    wanted.end()
    if by is None or by.total_seconds() < 0:
        raise InvalidError("by: a duration ahead expected")
    return world.clock.line | move(world, later(world.clock(), by))


@verb("lapse")
def lapse(world: World, wanted: Given) -> dict[str, Any]:
    """Let time pass until a notification has lapsed, with its receipt."""
    notification = wanted.text("notification")
    wanted.end()
    if notification is None:
        raise InvalidError("notification: its id expected")
    return world.clock.line | move(world, after_deadline(world, notification))


@verb("fault")
def fault(world: World, wanted: Given) -> dict[str, Any]:
    """Order a fault."""
    return world.faults.order(read_order(wanted)).line()


@verb("fail-timestamping")
def fail_timestamping(world: World, wanted: Given) -> dict[str, Any]:
    """Have the time-stamp authority refuse from now on, or give again with `failing: false`."""
    world.is_stamping_failing = bool(wanted.take("failing", bool, default=True))
    wanted.end()
    return {"failing": world.is_stamping_failing}


@verb("revoke")
def revoke(world: World, wanted: Given) -> dict[str, Any]:
    """Revoke the certificate of a holder, from now on, in this world."""
    holder = wanted.text("holder") or "company"
    wanted.end()
    return revoke_holder(world, holder)
