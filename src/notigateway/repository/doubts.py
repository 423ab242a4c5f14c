"""Databases that have lately refused to keep what was written, for want of room or by a failing disk.

A small row may still find room where a request's rows do not. So whoever asks whether a database takes writes
(`repository.write_trials`) tries more where there is doubt, until that has gone well once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from notigateway.repository.troubles import Refusal, refusal_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

_doubted: Final[WeakSet[Engine]] = WeakSet()


def doubt(engine: Engine, error: Exception) -> None:
    """Doubt a database after an error that tells of its disk; any other changes nothing."""
    if refusal_of(error) in {Refusal.NO_ROOM, Refusal.DISK_FAILS}:
        _doubted.add(engine)


def is_doubted(engine: Engine) -> bool:
    """Tell whether the disk of a database has refused something since it was last tried well."""
    return engine in _doubted


def trust(engine: Engine) -> None:
    """Doubt a database no more: it has just kept what needs room."""
    _doubted.discard(engine)
