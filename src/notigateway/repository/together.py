"""Small writes of several requests in one commit, where SQLite has one writer and each commit one wait.

A commit waits for the disk; meanwhile the next requests come to write. The first of them begins the next
transaction and takes in it whoever has come by then, so that all of them wait for the disk once. Nobody
is waited for: who is alone commits alone. PostgreSQL's server does that by itself.
"""

from __future__ import annotations

from collections import deque
from contextvars import copy_context
from enum import Enum, auto
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from notigateway.errors import GatewayError, Part, TemporarilyUnavailableError
from notigateway.metering.account import Stage, timed
from notigateway.repository.apart import apart
from notigateway.repository.commit import write_all
from notigateway.repository.engine import writing
from notigateway.repository.fate import Fate, perhaps_committed
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
    to the commit was lost, or where its time ended while it was in a transaction of others already: that one
    may yet be committed.
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


class _Stage(Enum):
    """How far a wish has come."""

    WAITING = auto()
    TAKEN = auto()  # into a transaction, in which it has its turn
    BEGUN = auto()  # whatever it writes is committed with the others'
    OVER = auto()
    GONE = auto()  # its thread has left: nothing is begun for it any more


class _Wish:
    """What one request wants written, and what became of it."""

    def __init__(self, write: Callable[[Session], None], size: int) -> None:
        self.write = write
        self.size = size
        # What its own thread knows of its request: until when it is answered, by which name it is told of.
        self.context = copy_context()
        # Held until it is over, or is to lead the next transaction: its own thread waits for it. No more than
        # a lock: to wait for that takes no memory.
        self.called = Lock()
        self.called.acquire()
        self.stage = _Stage.WAITING
        # Why it was refused, if the transaction that it was refused in is one.
        self.refusal: GatewayError | None = None
        # Of its transaction: what is known of the commit, and what kept it from being one.
        self.fate = Fate.OPEN
        self.trouble: tuple[str, Part | None] | None = None

    def outcome(self) -> bool:
        """Tell whether it is durable; False where nothing is, and it is to be written alone.

        Raises: its refusal; `TemporarilyUnavailableError`.
        """
        if self.fate is Fate.DURABLE:
            if self.refusal is not None:
                raise self.refusal
            return True
        if self.trouble is not None:
            detail, part = self.trouble
            raise TemporarilyUnavailableError(detail, part=part)
        if self.fate is Fate.UNKNOWN:
            raise perhaps_committed()
        return False


class _Gathering:
    """Who waits to write to one database; safe between threads, of which one at a time leads.

    Whoever leads is within `write`, and however it ends there, somebody else leads or nobody waits.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[_Wish] = deque()
        self._leader: _Wish | None = None

    def write(self, engine: Engine, wish: _Wish) -> bool:
        """Write with others; False where one of them has failed, and this is to be written alone.

        Raises: what `write_together` raises.
        """
        try:
            with self._lock:
                self._waiting.append(wish)
                if self._leader is None:
                    self._leader = wish
                leads = self._leader is wish
            if not leads:
                with timed(Stage.DATABASE):
                    _wait(wish)
            if wish.stage is not _Stage.OVER:
                self._lead(engine, wish)
        except BaseException as error:
            left = self._leave(wish)
            if left is _Stage.BEGUN and isinstance(error, Exception):
                raise perhaps_committed() from error
            if left is not _Stage.OVER or not isinstance(error, Exception):
                raise
        return wish.outcome()

    def _leave(self, wish: _Wish) -> _Stage:
        """Have nothing begun for a wish any more, and nobody wait for it to lead; return how far it came."""
        with self._lock:
            left = wish.stage
            if left is not _Stage.OVER:
                wish.stage = _Stage.GONE
            self._forget(wish)
            if self._leader is wish:
                self._name_leader()
        return left

    def _lead(self, engine: Engine, own: _Wish) -> None:
        """Write all that wait, the leader's own among them, and have somebody else lead the next ones."""
        taken: list[_Wish] = []
        session: Session | None = None
        try:
            with writing(engine) as session:
                # Not before it is our turn: until then others come.
                self._take(taken)
                for wish in taken:
                    if self._begins(wish):
                        _write_one(wish, session)
        except TemporarilyUnavailableError as trouble:
            # Before there was a transaction, whoever else waits may have more time.
            said = (trouble.detail, trouble.part)
            for wish in taken or [own]:
                wish.trouble = said
        except Exception:  # noqa: BLE001, S110  (whose defect it is, each finds out alone)
            pass
        finally:
            self._hand_over(own, taken, Fate.OPEN if session is None else session.fate)

    def _take(self, taken: list[_Wish]) -> None:
        with self._lock:
            room = _AT_ONCE
            while self._waiting and room > 0:
                wish = self._waiting[0]
                taken.append(wish)  # where memory ends here, it waits still
                wish.stage = _Stage.TAKEN
                self._waiting.popleft()
                room -= wish.size

    def _begins(self, wish: _Wish) -> bool:
        """Begin what one wants, unless its thread has gone meanwhile and was told that nothing came of it."""
        with self._lock:
            if wish.stage is _Stage.GONE:
                return False
            wish.stage = _Stage.BEGUN
        return True

    def _hand_over(self, own: _Wish, taken: list[_Wish], fate: Fate) -> None:
        """Call those that are done, and who is the next to lead."""
        with self._lock:
            self._forget(own)
            own.stage, own.fate = _Stage.OVER, fate
            for wish in taken:
                if wish is not own and wish.stage is not _Stage.GONE:
                    wish.stage, wish.fate = _Stage.OVER, fate
                    wish.called.release()
            self._name_leader()

    def _name_leader(self) -> None:
        """Call who has waited longest to lead; the lock is held."""
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None:
            self._leader.called.release()

    def _forget(self, wish: _Wish) -> None:
        """Wait for it no more; the lock is held."""
        if wish in self._waiting:
            self._waiting.remove(wish)


def _wait(wish: _Wish) -> None:
    """Wait until it is written, or to be the next who leads. Raises: `TemporarilyUnavailableError`."""
    if not wish.called.acquire(timeout=at_most(_LONGEST_SECONDS)):
        raise TemporarilyUnavailableError("the turn to write did not come in time", part=Part.DATABASE)


def _write_one(wish: _Wish, session: Session) -> None:
    try:
        wish.context.run(wish.write, session)
    except TemporarilyUnavailableError as trouble:
        if trouble.part is Part.DATABASE:
            raise
        wish.refusal = trouble
    except GatewayError as refusal:
        wish.refusal = refusal  # it has changed nothing, and is nobody else's matter
    check_going_on(session.connection())  # what the next one wrote would be committed by itself


_making: Final = Lock()
_gatherings: Final[WeakKeyDictionary[Engine, _Gathering]] = WeakKeyDictionary()
