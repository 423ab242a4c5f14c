"""How far the way to the database leads, when no connection comes of it.

A server that refuses has answered: whoever is told to start it looks in the wrong place. psycopg gives no
SQLSTATE for a connection that was never made, so the words are read: libpq marks what a server says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notigateway.errors import TemporarilyUnavailableError


class Reach(StrEnum):
    """How far it leads, in words for everybody: they name no database, host or role."""

    SILENT = "does not answer"
    NAMELESS = "its host has no address"
    BUSY = "answers that it has no connection left"
    MOVING = "answers that it is starting or stopping"
    REFUSED = "answers, and refuses this database, role or password"


# The first that is found decides. Only a server's own words are translated, and of those only what time heals
# is told apart: in another language it counts as refused, and its words are beside it.
_WORDS: Final = (
    ("failed to resolve host", Reach.NAMELESS),  # psycopg
    ("could not translate host name", Reach.NAMELESS),  # libpq
    ("too many clients", Reach.BUSY),
    ("connection slots are reserved", Reach.BUSY),
    ("too many connections for", Reach.BUSY),
    ("the database system is", Reach.MOVING),
    ("FATAL:", Reach.REFUSED),
    ("no password supplied", Reach.REFUSED),
)


def reach_of(trouble: TemporarilyUnavailableError) -> Reach:
    """Return how far the way led to the database that was away."""
    return next((reach for word, reach in _WORDS if word in trouble.detail), Reach.SILENT)
