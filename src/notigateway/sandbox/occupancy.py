"""Who is in a world: many who use it at once, or one alone who replaces what is in it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Longer than any request may take.
_PATIENCE_SECONDS: Final = 30.0


class OccupiedError(Exception):
    """It was not free in time."""


@dataclass(frozen=True, slots=True)
class _User:
    """Somebody who is in it: the how manieth, and for what takes long by which thread."""

    number: int
    long_by: int | None


class Occupancy:
    """Lets users in unless somebody is alone; who wants to be waits for those who are in.

    Nobody waits for what takes long, as an advance of a clock or a scenario: he is refused at once. The
    thread that does that may be alone meanwhile.
    """

    def __init__(self, seconds: float = _PATIENCE_SECONDS) -> None:
        self._seconds = seconds
        self._condition = threading.Condition()
        self._users: set[_User] = set()
        self._number = 0
        self._alone: int | None = None

    @contextmanager
    def inside(self, *, takes_long: bool = False, patient: bool = True) -> Iterator[None]:
        """Use it, for long perhaps; who is not patient waits for nobody. Raises: `OccupiedError`."""
        me = threading.get_ident()
        with self._condition:
            seconds = self._seconds if patient else 0
            if not self._condition.wait_for(lambda: self._alone in {None, me}, seconds):
                raise OccupiedError("what is in the world is being replaced")
            self._number += 1
            user = _User(self._number, me if takes_long else None)
            self._users.add(user)
            if takes_long:
                self._condition.notify_all()  # nobody waits any longer to be alone
        try:
            yield
        finally:
            with self._condition:
                self._users.remove(user)
                self._condition.notify_all()

    def check_not_long(self) -> None:
        """Check that nobody else does what takes long. Raises: `OccupiedError`."""
        if any(one.long_by for one in self._others()):
            raise OccupiedError("the clock of the world is being moved, or a scenario plays")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have it for oneself. Raises: `OccupiedError`, with everything as before.

        Newcomers wait from when all have left who were in when it was asked for: who takes his time keeps out
        nobody else.
        """
        end = time.monotonic() + self._seconds
        with self._condition:
            last = self._number
            self._wait(lambda: self._alone is None and all(one.number > last for one in self._others()), end)
            self._alone = threading.get_ident()
            try:
                self._wait(lambda: not self._others(), end)
            except OccupiedError:
                self._open()
                raise
        try:
            yield
        finally:
            with self._condition:
                self._open()

    def _others(self) -> list[_User]:
        """Return who is in it, but for what this thread does for long."""
        me = threading.get_ident()
        return [one for one in self._users.copy() if one.long_by != me]

    def _wait(self, is_so: Callable[[], bool], end: float) -> None:
        """Wait for something, but for nobody who does what takes long. Raises: `OccupiedError`."""

        def is_decided() -> bool:
            self.check_not_long()
            return is_so()

        if not self._condition.wait_for(is_decided, max(0.0, end - time.monotonic())):
            if self._alone not in {None, threading.get_ident()}:
                raise OccupiedError("somebody else is replacing what is in the world")
            raise OccupiedError("requests are still being answered")

    def _open(self) -> None:
        self._alone = None
        self._condition.notify_all()
