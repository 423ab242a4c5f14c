"""Databases whose disk is not known to have room, or has refused what was written.

A small row may still find room where a request's rows do not. So whoever asks whether a database takes
writes (`repository.write_trials`) tries more where there is doubt: after a refusal until that has gone well,
and once a minute in any case, since another process may have been refused.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from notigateway.repository.troubles import Refusal, refusal_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

_TRUSTED_SECONDS: Final = 60.0
# Until when each is trusted, by the clock that never jumps.
_trusted_until: Final[WeakKeyDictionary[Engine, float]] = WeakKeyDictionary()


def doubt(engine: Engine, error: Exception) -> None:
    """Doubt a database after an error that tells of its disk; any other changes nothing."""
    if refusal_of(error) in {Refusal.NO_ROOM, Refusal.DISK_FAILS}:
        _trusted_until.pop(engine, None)


def is_doubted(engine: Engine) -> bool:
    """Tell whether the disk of a database has refused something, or was not tried, since it was trusted."""
    return time.monotonic() >= _trusted_until.get(engine, 0.0)


def trust(engine: Engine) -> None:
    """Doubt a database no more for a while: it has just kept what needs room."""
    _trusted_until[engine] = time.monotonic() + _TRUSTED_SECONDS
