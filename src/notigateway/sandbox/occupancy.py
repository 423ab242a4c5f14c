"""Who is in a world: many who use it at once, or one alone who replaces what is in it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Longer than any request may take.
_PATIENCE_SECONDS: Final = 30.0


class OccupiedError(Exception):
    """It was not free in time."""


class Occupancy:
    """Lets users in unless somebody wants to be alone; who does waits for those who are in."""

    def __init__(self, seconds: float = _PATIENCE_SECONDS) -> None:
        self._seconds = seconds
        self._condition = threading.Condition()
        self._inside = 0
        self._is_closed = False

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Use it. Raises: `OccupiedError`."""
        with self._condition:
            if not self._condition.wait_for(lambda: not self._is_closed, self._seconds):
                raise OccupiedError("what is in the world is being replaced")
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have it for oneself; newcomers wait. Raises: `OccupiedError`, with everything as before."""
        with self._condition:
            if not self._condition.wait_for(lambda: not self._is_closed, self._seconds):
                raise OccupiedError("somebody else is replacing what is in the world")
            self._is_closed = True
            if not self._condition.wait_for(lambda: not self._inside, self._seconds):
                self._open()
                raise OccupiedError("requests are still being answered")
        try:
            yield
        finally:
            with self._condition:
                self._open()

    def _open(self) -> None:
        self._is_closed = False
        self._condition.notify_all()
