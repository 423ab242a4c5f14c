"""The minor versions of our own contracts: an answer holds what its request asked for, and nothing later.

Why by asking: `docs/decisions/0038-answers-grow-by-asking.md`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Version(IntEnum):
    """A minor version: the later ones compare greater."""

    V1_0 = 0
    V1_1 = 1

    def __str__(self) -> str:
        """Return it as the wire says it."""
        return f"1.{self.value}"


EARLIEST: Final = min(Version)
LATEST: Final = max(Version)


def answered_version(stated: str | None) -> Version:
    """Return the version in which a request is answered that states this one, as the schema lets it through.

    Who states none knows nothing of versions: the earliest. Who knows a later one than this service does is
    answered in the latest that it serves, and reads in it whatever is there.
    """
    return EARLIEST if stated is None else Version(min(int(stated.removeprefix("1.")), LATEST))
