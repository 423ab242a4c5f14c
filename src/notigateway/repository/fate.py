"""What is known of a transaction's commit, wherever what follows or leads to it may fail."""

from __future__ import annotations

from enum import Enum, auto

from notigateway.errors import Part, TemporarilyUnavailableError


class Fate(Enum):
    """What is known of a commit."""

    OPEN = auto()  # it was not asked for, or refused: nothing was changed
    UNKNOWN = auto()  # asked for; nothing was answered yet, and perhaps never will be
    DURABLE = auto()


def perhaps_committed() -> TemporarilyUnavailableError:
    """Return what is told where nobody knows whether there was a commit; nothing of it is done again."""
    return TemporarilyUnavailableError("nobody knows whether it was committed", part=Part.DATABASE)
