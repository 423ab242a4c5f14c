"""Whoever leaves a shared write, or fails within it: the others go on, and each is told what became of it."""

from __future__ import annotations

import ctypes
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event, select

from notigateway.errors import GatewayError, TemporarilyUnavailableError
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.replay import ReplayKey, register
from notigateway.repository.together import change_together, write_together
from notigateway.time_left import bounded
from pki import NOW
from queued import wait_until_so_many_gather, wait_until_so_many_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection
    from sqlalchemy.pool import ConnectionPoolEntry

    from notigateway.repository.session import Session

SECONDS = 10


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Engine]:
    engine = create_database(sqlite_url)
    yield engine
    engine.dispose()


def key(number: int) -> bytes:
    return number.to_bytes(32)


def keep(number: int, session: Session) -> None:
    register(session, key(number), expires_at=NOW)


def kept(engine: Engine) -> set[int]:
    with reading(engine) as session:
        return {int.from_bytes(one) for one in session.scalars(select(ReplayKey.key))}


def outcome(engine: Engine, write: Callable[[Session], None], seconds: float = SECONDS) -> str:
    try:
        with bounded(seconds):
            change_together(engine, write)
    except (GatewayError, MemoryError) as error:
        return str(error.detail) if isinstance(error, GatewayError) else "out of memory"
    return "kept"


class Slow:
    """A write that has begun when it says so, and goes on when it may."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, session: Session) -> None:
        self.has_begun.set()
        assert self.may_go_on.wait(SECONDS)
        keep(self.number, session)


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Have whatever this thread, the main one, waits for ended by a `MemoryError`."""

    def fail(*_said: object) -> None:
        raise MemoryError

    before = signal.signal(signal.SIGUSR1, fail)
    main = threading.main_thread().ident
    assert main == threading.get_ident()
    timer = threading.Timer(seconds, signal.pthread_kill, [main, signal.SIGUSR1])
    timer.start()
    try:
        yield
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def let_fail(thread: int) -> None:
    """Have a thread fail by a `MemoryError` as soon as what it waits for has come."""
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(MemoryError))


def test_who_fails_as_it_waits_has_written_nothing_and_leads_nobody(lite: Engine) -> None:
    first = Slow(1)
    with ThreadPoolExecutor(1) as pool:
        leading = pool.submit(outcome, lite, first)
        assert first.has_begun.wait(SECONDS)
        with interrupted_after(0.3):
            assert outcome(lite, partial(keep, 2)) == "out of memory"
        first.may_go_on.set()
        assert leading.result(SECONDS) == "kept"
    assert outcome(lite, partial(keep, 3)) == "kept"
    assert kept(lite) == {1, 3}


def test_who_fails_as_it_waits_for_the_turn_keeps_it_from_nobody(lite: Engine) -> None:
    with writing(lite), interrupted_after(0.3), pytest.raises(MemoryError), writing(lite):
        pass
    with bounded(SECONDS), writing(lite) as session:
        keep(1, session)
    assert kept(lite) == {1}


def test_who_fails_when_it_is_to_lead_has_the_next_one_lead(lite: Engine) -> None:
    first, threads = Slow(1), list[int]()

    def second() -> str:
        threads.append(threading.get_ident())
        return outcome(lite, partial(keep, 2))

    with ThreadPoolExecutor(3) as pool:
        leading = pool.submit(outcome, lite, first)
        assert first.has_begun.wait(SECONDS)
        failing = pool.submit(second)
        wait_until_so_many_gather(lite, 1)
        third = pool.submit(outcome, lite, partial(keep, 3))
        wait_until_so_many_gather(lite, 2)
        let_fail(threads[0])
        first.may_go_on.set()
        told = [one.result(SECONDS) for one in (leading, failing, third)]
    assert told == ["kept", "out of memory", "kept"]
    assert kept(lite) == {1, 3}


def test_who_fails_when_it_is_written_is_told_so(lite: Engine) -> None:
    first, threads = Slow(1), list[int]()

    def second() -> str:
        threads.append(threading.get_ident())
        return outcome(lite, partial(keep, 2))

    with ThreadPoolExecutor(2) as pool:
        with writing(lite):
            leading = pool.submit(outcome, lite, first)
            wait_until_so_many_gather(lite, 1)
            failing = pool.submit(second)
            wait_until_so_many_gather(lite, 2)
            wait_until_so_many_wait(lite, 1)
        assert first.has_begun.wait(SECONDS)
        let_fail(threads[0])
        first.may_go_on.set()
        assert [one.result(SECONDS) for one in (leading, failing)] == ["kept", "kept"]
    assert kept(lite) == {1, 2}


def test_who_has_gone_is_passed_over_and_whose_write_has_begun_is_told_perhaps(lite: Engine) -> None:
    slow = Slow(1)
    with ThreadPoolExecutor(3) as pool:
        with writing(lite):
            leading = pool.submit(outcome, lite, partial(keep, 0))
            wait_until_so_many_gather(lite, 1)
            begun = pool.submit(outcome, lite, slow, 1.5)
            wait_until_so_many_gather(lite, 2)
            taken = pool.submit(outcome, lite, partial(keep, 2), 1.5)
            wait_until_so_many_gather(lite, 3)
            wait_until_so_many_wait(lite, 1)
        assert slow.has_begun.wait(SECONDS)
        told = [one.result(SECONDS) for one in (begun, taken)]
        slow.may_go_on.set()
        assert leading.result(SECONDS) == "kept"
    assert told == ["nobody knows whether it was committed", "the turn to write did not come in time"]
    assert kept(lite) == {0, 1}


def together(engine: Engine, writes: list[Callable[[Session], None]], begin: Callable[[], None]) -> list[str]:
    """Return what is told of writes in one transaction; `begin` is called before that is begun."""
    with ThreadPoolExecutor(len(writes)) as pool:
        with writing(engine):
            told = [pool.submit(outcome, engine, one) for one in writes]
            wait_until_so_many_gather(engine, len(writes))
            wait_until_so_many_wait(engine, 1)
            begin()
        return [one.result(SECONDS) for one in told]


class Counted:
    """A write that counts how often it is done."""

    def __init__(self, number: int) -> None:
        self.number, self.times = number, 0

    def __call__(self, session: Session) -> None:
        self.times += 1
        keep(self.number, session)


def test_what_is_committed_is_told_so_whatever_fails_afterwards(lite: Engine) -> None:
    is_broken = threading.Event()

    def fail(_connection: object, record: ConnectionPoolEntry) -> None:
        if is_broken.is_set() and kept_beside() == {1, 2, 3}:
            is_broken.clear()
            record.close()  # the pool never has it back
            raise ZeroDivisionError

    def kept_beside() -> set[int]:
        beside = create_database(str(lite.url))
        try:
            return kept(beside)
        finally:
            beside.dispose()

    writes = [Counted(number) for number in (1, 2, 3)]
    event.listen(lite, "checkin", fail)  # what was written is given back after its commit
    assert together(lite, [*writes], is_broken.set) == ["kept"] * 3
    assert not is_broken.is_set()
    assert [one.times for one in writes] == [1] * 3
    is_broken.set()
    with writing(lite) as session:
        keep(4, session)
    assert kept(lite) == {1, 2, 3, 4}


def test_what_fails_as_it_is_committed_is_told_as_perhaps_and_not_done_again(lite: Engine) -> None:
    is_broken = threading.Event()

    def fail(connection: Connection) -> None:
        if is_broken.is_set() and connection.exec_driver_sql("SELECT count(*) FROM replay_keys").scalar():
            is_broken.clear()
            connection.invalidate()
            raise MemoryError

    writes = [Counted(number) for number in (1, 2, 3)]
    event.listen(lite, "commit", fail)
    told = together(lite, [*writes], is_broken.set)
    assert told == ["nobody knows whether it was committed"] * 3
    assert [one.times for one in writes] == [1] * 3
    is_broken.set()
    with pytest.raises(TemporarilyUnavailableError, match="nobody knows"):
        write_together(lite, partial(keep, 4))
    assert kept(lite) == set()
