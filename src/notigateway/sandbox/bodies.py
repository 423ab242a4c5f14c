"""How much of a request's body is read, by its address: at a contract's as much as in production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.sandbox.folder import SNAPSHOT_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.sandbox.world import World

ADMIN: Final = "/_sandbox"
BODY_MAX_BYTES: Final = 16 * 1024 * 1024
# What a form has around the archive that it sends.
FORM_BYTES: Final = 64 * 1024
# Of bodies that are not whole yet, all together: two archives.
HELD_MAX_BYTES: Final = 2 * (SNAPSHOT_MAX_BYTES + FORM_BYTES)
_WITH_ARCHIVES: Final = frozenset({f"{ADMIN}/restore", f"{ADMIN}/pages/restore"})


def most_at(within: str, worlds: Iterable[World | None]) -> int:
    """Return how much is read at a path in a world; `worlds` are those that may answer it, None is none."""
    if within in _WITH_ARCHIVES:
        return SNAPSHOT_MAX_BYTES + FORM_BYTES
    if within.startswith(f"{ADMIN}/"):
        return BODY_MAX_BYTES
    return max((one.settings.request_max_bytes for one in worlds if one is not None), default=0)
