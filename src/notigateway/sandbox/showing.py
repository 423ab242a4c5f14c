"""What a harness is told of a notification, as it stands in a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from notigateway.instants import instant_text
from notigateway.repository.engine import reading
from notigateway.repository.overview import find_standing, list_receipts
from notigateway.sandbox.refusals import UnknownError

if TYPE_CHECKING:
    from notigateway.repository.overview import Stands
    from notigateway.sandbox.world import World


def find(world: World, identifier: str) -> Stands:
    """Return a notification as it stands now. Raises: `UnknownError`."""
    try:
        wanted = UUID(identifier)
    except ValueError as error:
        raise UnknownError("there is no notification of that id in this world") from error
    with world.looking() as office, reading(office.engine) as session:
        found = find_standing(session, wanted, world.clock())
    if found is None:
        raise UnknownError("there is no notification of that id in this world")
    return found


def tell_one(world: World, identifier: str) -> dict[str, Any]:
    """Return one notification with its receipts. Raises: `UnknownError`."""
    found = find(world, identifier)
    with world.looking() as office, reading(office.engine) as session:
        receipts = [
            {
                "id": str(one.id),
                "kind": (one.nature or one.state).value,
                "at": instant_text(one.event_time),
            }
            for one in list_receipts(session, found.code)
        ]
    return line_of(found) | {"receipts": receipts}


def line_of(one: Stands) -> dict[str, Any]:
    """Return what a harness is told of a notification."""
    return {
        "id": str(one.id),
        "code": one.code,
        "reference": one.reference,
        "subject": one.subject,
        "addressee": one.addressee,
        "addressee_name": one.addressee_name,
        "kind": one.kind.value,
        "state": one.state.value,
        "available_at": instant_text(one.available_at),
        "deadline": None if one.deadline is None else instant_text(one.deadline),
        "decided_at": None if one.decided_at is None else instant_text(one.decided_at),
    }
