"""Small writes of several requests in one commit, where SQLite has one writer and each commit one wait.

A commit waits for the disk; meanwhile the next requests come to write. The first of them begins the next
transaction and takes in it whoever has come by then, so that all of them wait for the disk once. Nobody
is waited for: who is alone commits alone. PostgreSQL's server does that by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from notigateway.errors import GatewayError, Part, TemporarilyUnavailableError
from notigateway.metering.account import Stage, timed
from notigateway.repository.apart import apart
from notigateway.repository.commit import write_all
from notigateway.repository.engine import writing
from notigateway.repository.file_transactions import check_going_on
from notigateway.repository.session import Session
from notigateway.time_left import at_most

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

# A transaction of so many entries takes a few milliseconds: whoever writes otherwise has its turn soon.
_AT_ONCE: Final = 64
# What a change takes, in entries.
_CHANGE: Final = 4
_LONGEST_SECONDS: Final = 30.0


def write_together(engine: Engine, write: Callable[[Session], None], *, size: int = 1) -> None:
    """Have something small written and committed, perhaps with what others write at the same time.

    `write` raises a `GatewayError` before it has changed anything, or changes all that it has to; it may be
    called again. `size` is what it takes beside an entry.

    Raises: what it raises; `TemporarilyUnavailableError`: then nothing was changed, except where the answer
    to the commit was lost.
    """
    if engine.dialect.name != "sqlite":
        with writing(engine) as session:
            write(session)
        return
    with _making:
        gathering = _gatherings.get(engine)
        if gathering is None:
            gathering = _gatherings[engine] = _Gathering()
    if not gathering.write(engine, _Wish(write, size)):
        with writing(engine) as session:
            write(session)


def change_together(engine: Engine, change: Callable[[Session], None]) -> None:
    """Have one small use case done and committed in the same way, in a session of its own.

    Whatever it raises takes back what it has changed, and nothing of others.

    Raises: what it raises; `TemporarilyUnavailableError` as `write_together`.
    """

    def write(shared: Session) -> None:
        connection = shared.connection()
        with apart(connection):
            own = Session(connection)
            try:
                change(own)
                write_all(own)
            finally:
                own.close()
        shared.happened += own.happened

    write_together(engine, write, size=_CHANGE)


class _Wish:
    """What one request wants written, and what became of it."""

    def __init__(self, write: Callable[[Session], None], size: int) -> None:
        self.write = write
        self.size = size
        # What its own thread knows of its request: until when it is answered, by which name it is told of.
        self.context = copy_context()
        # Its own thread goes on when it has been written, or is to lead the next transaction.
        self.called = threading.Semaphore(0)
        self.leads = False
        self.is_over = False
        self.is_written = False
        self.error: GatewayError | None = None


class _Gathering:
    """Who waits to write to one database; safe between threads, of which one at a time leads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Wish] = deque()
        self._is_led = False

    def write(self, engine: Engine, wish: _Wish) -> bool:
        """Write with others; False where one of them has failed, and this is to be written alone."""
        with self._lock:
            wish.leads = not self._is_led
            self._is_led = True
            self._waiting.append(wish)
        if not wish.leads:
            with timed(Stage.DATABASE):
                self._wait(wish)
        if not wish.is_over:
            self._lead(engine, wish)
        if wish.error is not None:
            raise wish.error
        return wish.is_written

    def _wait(self, wish: _Wish) -> None:
        """Wait until it is written, or to be the next who leads. Raises: `TemporarilyUnavailableError`."""
        if wish.called.acquire(timeout=at_most(_LONGEST_SECONDS)):
            return
        with self._lock:
            if wish.is_over or wish.leads:
                return
            if wish in self._waiting:
                self._waiting.remove(wish)
        # Where it is in a transaction already, nobody knows whether that will be one.
        raise TemporarilyUnavailableError("the turn to write did not come in time", part=Part.DATABASE)

    def _lead(self, engine: Engine, own: _Wish) -> None:
        """Write all that wait, the leader's own among them, and have somebody else lead the next ones."""
        taken: list[_Wish] = []
        try:
            with writing(engine) as session:
                # Not before it is our turn: until then others come.
                self._take(taken)
                for wish in taken:
                    _write_one(wish, session)
            for wish in taken:
                wish.is_written = wish.error is None
        except TemporarilyUnavailableError as trouble:
            # Before there was a transaction, whoever else waits may have more time.
            for wish in taken or [own]:
                wish.error = TemporarilyUnavailableError(trouble.detail, part=trouble.part)
        except Exception:  # noqa: BLE001, S110  (whose defect it is, each finds out alone)
            pass
        finally:
            self._hand_over(taken or [own])

    def _take(self, taken: list[_Wish]) -> None:
        with self._lock:
            room = _AT_ONCE
            while self._waiting and room > 0:
                taken.append(self._waiting.popleft())
                room -= taken[-1].size

    def _hand_over(self, taken: list[_Wish]) -> None:
        """Call those that are done, and who is the next to lead."""
        with self._lock:
            for wish in taken:
                wish.is_over = True
                if wish in self._waiting:
                    self._waiting.remove(wish)
            following = self._waiting[0] if self._waiting else None
            self._is_led = following is not None
            if following is not None:
                following.leads = True
        for wish in taken if following is None else (*taken, following):
            wish.called.release()


def _write_one(wish: _Wish, session: Session) -> None:
    try:
        wish.context.run(wish.write, session)
    except TemporarilyUnavailableError as trouble:
        if trouble.part is Part.DATABASE:
            raise
        wish.error = trouble
    except GatewayError as refusal:
        wish.error = refusal  # it has changed nothing, and is nobody else's matter
    check_going_on(session.connection())  # what the next one wrote would be committed by itself


_making: Final = threading.Lock()
_gatherings: Final[WeakKeyDictionary[Engine, _Gathering]] = WeakKeyDictionary()
