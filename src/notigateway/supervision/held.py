"""What the master holds for its workers: they have it by being forked, and it changes by a reload alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notigateway.provision import Provision

_held: list[Provision] = []


def hold(provision: Provision) -> None:
    """Have every worker that is forked from now on stand on this."""
    _held[:] = [provision]


def held_provision() -> Provision | None:
    """Return what this process stands on; None where no master reads it."""
    return _held[0] if _held else None
