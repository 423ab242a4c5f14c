"""Revokes the certificate of a holder in one world: a new list of its issuer, taken in at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notigateway.instants import instant_text
from notigateway.pki.keys import load_certificates
from notigateway.sandbox.holders import revoke
from notigateway.sandbox.refusals import InvalidError

if TYPE_CHECKING:
    from notigateway.sandbox.world import World


def revoke_holder(world: World, holder: str) -> dict[str, Any]:
    """Revoke a holder's certificate at the world's time. Raises: `InvalidError`, `OccupiedError`."""
    holders = world.pki.holders()
    if holder not in holders:
        raise InvalidError(f"holder: one of {', '.join(holders)}")
    (certificate,) = load_certificates(holders[holder].certificate)
    at = world.clock()
    with world.using() as office, world.turn:
        revoke(world.pki, certificate, at=at)
        world.works.refresh(office.engine, at)
        world.app.gate.admission.look_again()
    return {"holder": holder, "revoked_at": instant_text(at)}
