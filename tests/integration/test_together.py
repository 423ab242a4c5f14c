"""Writes of several requests in one commit: each as durable as alone, and nobody's failure is another's."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from notigateway.errors import (
    GatewayError,
    NotAcceptedError,
    Part,
    ReplayError,
    TemporarilyUnavailableError,
)
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.replay import ReplayKey, register
from notigateway.repository.together import change_together, write_together
from notigateway.time_left import bounded
from pki import NOW
from queued import wait_until_so_many_gather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from notigateway.repository.session import Session

THREADS = 12


def key(number: int) -> bytes:
    return number.to_bytes(32)


def keep(number: int, session: Session) -> None:
    if not register(session, key(number), expires_at=NOW):
        raise ReplayError(retry_after_seconds=1)


def outcome(engine: Engine, write: Callable[[Session], None]) -> str:
    try:
        write_together(engine, write)
    except (ReplayError, TemporarilyUnavailableError) as refusal:
        return refusal.code
    except ZeroDivisionError:
        return "defect"
    return "kept"


def kept(engine: Engine) -> list[bytes]:
    with reading(engine) as session:
        return sorted(session.scalars(select(ReplayKey.key)))


@contextmanager
def held(engine: Engine, count: int) -> Iterator[None]:
    """Keep the turn to write until so many have come who write to SQLite together."""
    with writing(engine) as session:
        session.execute(text("SELECT 1"))
        yield
        if engine.dialect.name == "sqlite":
            wait_until_so_many_gather(engine, count)


def written(engine: Engine, writes: list[Callable[[Session], None]]) -> list[str]:
    """Write all at once, while somebody else has the turn; return what became of each."""
    with ThreadPoolExecutor(len(writes)) as pool:
        with held(engine, len(writes)):
            futures = [pool.submit(outcome, engine, write) for write in writes]
        return [one.result(30) for one in futures]


def test_who_waits_at_the_same_time_is_committed_at_once(sqlite_url: str) -> None:
    engine = create_database(sqlite_url, pool_size=THREADS + 1)
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    assert written(engine, [partial(keep, number) for number in range(THREADS)]) == ["kept"] * THREADS
    assert kept(engine) == [key(number) for number in range(THREADS)]
    assert len(commits) <= 4  # the holder's, and of those who wait the first one's with whoever had come
    engine.dispose()


def test_each_is_kept_before_it_is_told_so(engine: Engine) -> None:
    def write(number: int) -> bool:
        write_together(engine, partial(keep, number))
        return key(number) in kept(engine)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(write, range(40)))


def test_of_copies_one_is_kept_and_the_others_are_told(engine: Engine) -> None:
    found = written(engine, [partial(keep, number % 3) for number in range(6)])
    assert sorted(found) == [ReplayError.code] * 3 + ["kept"] * 3
    assert kept(engine) == [key(number) for number in range(3)]


def test_a_defect_of_one_is_its_own(engine: Engine) -> None:
    def fail(session: Session) -> None:
        keep(99, session)
        raise ZeroDivisionError

    found = written(engine, [partial(keep, 1), fail, partial(keep, 2), partial(keep, 3)])
    assert found == ["kept", "defect", "kept", "kept"]
    assert kept(engine) == [key(1), key(2), key(3)]


def test_a_change_that_is_refused_takes_back_its_own_and_nothing_of_others(engine: Engine) -> None:
    def refused(session: Session) -> None:
        keep(99, session)
        raise NotAcceptedError

    def without_seal(session: Session) -> None:
        keep(98, session)
        raise TemporarilyUnavailableError("no token", part=Part.SEAL)

    def changed(change: Callable[[Session], None]) -> str:
        try:
            change_together(engine, change)
        except GatewayError as refusal:
            return refusal.code
        return "kept"

    changes: list[Callable[[Session], None]] = [
        partial(keep, 1),
        refused,
        without_seal,
        partial(keep, 2),
        partial(keep, 1),
    ]
    with ThreadPoolExecutor(len(changes)) as pool:
        with held(engine, len(changes)):
            futures = [pool.submit(changed, one) for one in changes]
        found = [one.result(30) for one in futures]
    refusals = [NotAcceptedError.code, TemporarilyUnavailableError.code, ReplayError.code]
    assert sorted(found) == sorted(["kept", "kept", *refusals])
    assert found[1:3] == refusals[:2]
    assert kept(engine) == [key(1), key(2)]


def test_what_fails_as_it_commits_is_told_to_all_and_nothing_is_kept(sqlite_url: str) -> None:
    engine = create_database(sqlite_url)
    broken = threading.Event()

    def refuse(_connection: object) -> None:
        if broken.is_set():
            raise TemporarilyUnavailableError("the file was removed")

    event.listen(engine, "commit", refuse)
    with ThreadPoolExecutor(4) as pool:
        with held(engine, 4):
            futures = [pool.submit(outcome, engine, partial(keep, number)) for number in range(4)]
        broken.set()
        found = [one.result(30) for one in futures]
    broken.clear()
    told = [TemporarilyUnavailableError.code] * 4
    assert found == told or found.count("kept") == len(kept(engine))  # who committed before it broke
    assert outcome(engine, partial(keep, 7)) == "kept"
    engine.dispose()


def test_who_has_no_time_left_is_told_and_the_others_go_on(sqlite_url: str) -> None:
    engine = create_database(sqlite_url)

    def hurried(number: int) -> str:
        with bounded(0.05):
            return outcome(engine, partial(keep, number))

    with ThreadPoolExecutor(4) as pool:
        with held(engine, 2):
            first = pool.submit(hurried, 1)
            others = [pool.submit(outcome, engine, partial(keep, number)) for number in (2, 3)]
            late = pool.submit(hurried, 4)
            assert [first.result(30), late.result(30)] == [TemporarilyUnavailableError.code] * 2
        assert [one.result(30) for one in others] == ["kept"] * 2
    assert kept(engine) == [key(2), key(3)]
    engine.dispose()


def full(sqlite_url: str) -> Engine:
    """Return the engine of a database whose disk has no room for another page."""
    engine = create_database(sqlite_url)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    engine.dispose()

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    event.listen(engine, "connect", limit)
    return engine


def fill(session: Session) -> None:
    """Write more than there is room for, by a statement that SQLite cannot take back alone."""
    for _ in range(200):
        session.execute(text("INSERT INTO replay_keys (key, expires_at) VALUES (randomblob(3000), 0)"))


def test_what_finds_no_room_is_told_so_and_nothing_of_those_beside_it_is_kept(sqlite_url: str) -> None:
    engine = full(sqlite_url)

    def changed(change: Callable[[Session], None]) -> str:
        try:
            change_together(engine, change)
        except TemporarilyUnavailableError as trouble:
            return trouble.detail
        return "kept"

    with ThreadPoolExecutor(3) as pool:
        with held(engine, 3):
            found = [pool.submit(changed, one) for one in (partial(keep, 1), fill, partial(keep, 2))]
        told = [one.result(30) for one in found]
    assert told[1] == "database: database or disk is full"
    assert told.count("kept") == len(kept(engine))
    engine.dispose()


def test_who_goes_on_after_sqlite_took_all_back_keeps_nothing_and_is_told(sqlite_url: str) -> None:
    engine = full(sqlite_url)

    def go_on(session: Session) -> None:
        with suppress(OperationalError):
            fill(session)
        raise NotAcceptedError

    def commit(session: Session) -> None:
        with suppress(OperationalError):
            fill(session)

    ways: list[Callable[[], None]] = [
        lambda: change_together(engine, go_on),
        lambda: change_together(engine, commit),
        lambda: write_together(engine, go_on),
        lambda: write_together(engine, commit),
    ]
    for way in ways:
        with pytest.raises(TemporarilyUnavailableError, match="taken the transaction back"):
            way()
    with pytest.raises(TemporarilyUnavailableError), writing(engine) as session:
        commit(session)
    assert kept(engine) == []
    engine.dispose()
