from __future__ import annotations

import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import exc, func, make_url, select, text

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.model import IssuingBody
from notigateway.repository.replay import is_registered, register
from notigateway.repository.schema import current_revision
from notigateway.time_left import bounded

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from databases import PostgreSQL
    from notigateway.repository.session import Session


def body(dir3: str) -> IssuingBody:
    return IssuingBody(dir3=dir3, acronym="TGSS", name="Tesorería General", nif="Q2827003A")


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(IssuingBody)) or 0


def count_bodies(engine: Engine) -> int:
    with reading(engine) as session:
        return count(session)


def add(session: Session, row: IssuingBody) -> None:
    session.add(row)
    session.flush()


def test_writing_commits_at_the_end(engine: Engine) -> None:
    with writing(engine) as session:
        add(session, body("E04921401"))
        assert count_bodies(engine) == 0
    assert count_bodies(engine) == 1


def test_writing_rolls_back_on_any_exception(engine: Engine) -> None:
    def interrupted() -> None:
        with writing(engine) as session:
            add(session, body("E04921401"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert count_bodies(engine) == 0


def test_rows_stay_readable_after_the_commit(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(row := body("E04921401"))
    assert row.dir3 == "E04921401"
    assert row.id > 0


def test_a_savepoint_takes_back_only_its_own_part(engine: Engine) -> None:
    with writing(engine) as session:
        add(session, body("E04921401"))
        with pytest.raises(exc.IntegrityError), session.begin_nested():
            session.add(body("E04921401"))
        session.add(body("E04921501"))
    assert count_bodies(engine) == 2


def test_a_reading_session_cannot_change_anything(engine: Engine) -> None:
    with pytest.raises(exc.DBAPIError, match=r"readonly|read-only"), reading(engine) as session:
        add(session, body("E04921401"))
    assert count_bodies(engine) == 0
    with writing(engine) as session:  # the same pooled connection may write again
        session.add(body("E04921401"))
    assert count_bodies(engine) == 1


def test_what_a_reading_session_changes_past_it_is_refused_and_not_kept(engine: Engine) -> None:
    until = datetime(2026, 11, 2, tzinfo=UTC)
    statement = text("INSERT INTO issuing_bodies (dir3, acronym, name, nif) VALUES ('E', 'T', 'n', 'Q')")
    with pytest.raises(exc.DBAPIError, match=r"readonly|read-only"), reading(engine) as session:
        session.execute(statement)
    with pytest.raises(exc.DBAPIError, match=r"readonly|read-only"), reading(engine) as session:
        register(session, bytes(32), expires_at=until)
    with writing(engine) as session:
        assert count(session) == 0
        assert register(session, bytes(32), expires_at=until)


def test_reading_and_writing_in_turn_has_nothing_prepared_anew(sqlite_url: str) -> None:
    """A switch of `query_only` would throw away every prepared statement, a bound for each wait one more."""
    engine = create_database(sqlite_url, pool_size=1)
    seen: list[str] = []
    with reading(engine) as session:
        driver = session.connection().connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.set_trace_callback(seen.append)
    for _ in range(2):
        with bounded(20.5), reading(engine) as session:
            assert not is_registered(session, bytes(32))
        with bounded(20.5), writing(engine) as session:
            register(session, bytes(32), expires_at=datetime(2026, 11, 2, tzinfo=UTC))
            session.rollback()
    engine.dispose()
    assert [one for one in seen if one.startswith("PRAGMA")] == ["PRAGMA busy_timeout=20000"]


def test_what_is_prepared_outlives_what_only_reads(postgresql_url: str) -> None:
    engine = create_database(postgresql_url, pool_size=1)
    for _ in range(7):  # the driver prepares what comes more often than five times
        with reading(engine) as session:
            is_registered(session, bytes(32))
    with reading(engine) as session:
        found = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    engine.dispose()
    assert any("replay_keys" in statement for statement in found)


def test_a_reading_session_sees_one_snapshot(engine: Engine) -> None:
    with reading(engine) as session:
        assert count(session) == 0
        with writing(engine) as other:
            other.add(body("E04921401"))
        assert count(session) == 0
    assert count_bodies(engine) == 1


def test_writers_take_turns_without_losing_an_update(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(body("E04921401"))

    def append(_number: int) -> None:
        with writing(engine) as session:
            row = session.scalars(select(IssuingBody).with_for_update()).one()
            row.name += "x"

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(append, range(40)))
    with reading(engine) as session:
        assert session.scalars(select(IssuingBody.name)).one().endswith("x" * 40)


def test_a_database_locked_for_too_long_is_temporarily_unavailable(engine: Engine, database_url: str) -> None:
    with writing(engine) as session:
        session.add(body("E04921401"))
    impatient = create_database(database_url, timeout_seconds=1)
    with writing(engine) as session:
        session.execute(text("UPDATE issuing_bodies SET name = 'held'"))
        with pytest.raises(TemporarilyUnavailableError), writing(impatient) as other:
            other.execute(text("UPDATE issuing_bodies SET name = 'wanted'"))
    impatient.dispose()


def test_an_exhausted_pool_is_temporarily_unavailable(database_url: str) -> None:
    small = create_database(database_url, pool_size=1, timeout_seconds=1)
    with (
        reading(small),
        pytest.raises(TemporarilyUnavailableError, match="no database connection"),
        reading(small),
    ):
        pass
    small.dispose()


def test_a_connection_that_comes_back_to_a_database_given_up_is_closed(database_url: str) -> None:
    engine = create_database(database_url)
    with reading(engine) as session:
        held = session.connection().connection.driver_connection
        assert held is not None
        engine.dispose()
        assert session.scalar(text("SELECT 1")) == 1
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        held.execute("SELECT 1")
    with reading(engine) as session:
        assert session.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_lost_connection_is_temporarily_unavailable_and_the_next_one_works(postgresql_url: str) -> None:
    engine = create_database(postgresql_url)

    def killed() -> None:
        with writing(engine) as session:
            add(session, body("E04921401"))
            own = session.scalar(text("SELECT pg_backend_pid()"))
            with psycopg.connect(postgresql_url, autocommit=True) as killer:
                killer.execute("SELECT pg_terminate_backend(%s)", [own])

    with pytest.raises(TemporarilyUnavailableError):
        killed()
    assert count_bodies(engine) == 0
    engine.dispose()


def test_a_server_that_is_not_there_is_temporarily_unavailable() -> None:
    engine = create_database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(TemporarilyUnavailableError), reading(engine):
        pass


def test_a_defect_in_a_query_is_not_called_temporary(engine: Engine) -> None:
    with pytest.raises(exc.DBAPIError), reading(engine) as session:
        session.execute(text("SELECT * FROM no_such_table"))


def test_sqlite_survives_power_cuts_and_checks_references(sqlite_url: str) -> None:
    engine = create_database(sqlite_url)
    with writing(engine) as session:
        settings = [
            session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]
    engine.dispose()


def test_postgresql_speaks_utc_and_bounds_every_wait(postgresql_url: str) -> None:
    engine = create_database(postgresql_url, timeout_seconds=7)
    with reading(engine) as session:
        settings = [
            session.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("timezone", "statement_timeout", "lock_timeout", "transaction_read_only")
        ]
    assert settings == ["UTC", "7s", "7s", "on"]
    engine.dispose()


def test_a_connection_that_has_read_is_given_back_as_it_came(postgresql_url: str) -> None:
    engine = create_database(postgresql_url, pool_size=1)
    assert count_bodies(engine) == 0
    raw = engine.raw_connection()
    assert raw.driver_connection is not None
    assert (raw.driver_connection.read_only, raw.driver_connection.isolation_level) == (None, None)
    raw.close()
    engine.dispose()


@pytest.mark.parametrize("has_read", [False, True])
def test_a_server_that_is_made_read_only_is_not_written_to(
    postgresql_url: str, postgresql: PostgreSQL, *, has_read: bool
) -> None:
    name = str(make_url(postgresql_url).database)
    postgresql.execute("ALTER DATABASE {} SET default_transaction_read_only = on", name)
    engine = create_database(postgresql_url, pool_size=1)
    if has_read:
        assert count_bodies(engine) == 0
    for _ in range(2):
        with (
            pytest.raises(TemporarilyUnavailableError, match="read-only") as refusal,
            writing(engine) as session,
        ):
            add(session, body("E04921401"))
        assert refusal.value.part is Part.DATABASE
        assert count_bodies(engine) == 0
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("mysql://u:secret@h/d", "not supported"),
        ("secret", "is not a URL"),
    ],
)
def test_an_unusable_url_is_refused_without_quoting_its_secrets(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as refusal:
        create_database(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "reason"),
    [("no/such/folder/n.db", "there is no folder"), (f"{'n' * 300}.db", "File name too long")],
)
def test_a_path_that_leads_nowhere_is_refused_and_nothing_is_made(
    tmp_path: Path, path: str, reason: str
) -> None:
    """Only when a connection is made: a process that runs sees a volume go and come back."""
    engine = create_database(f"sqlite:///{tmp_path / path}")
    with pytest.raises(ConfigurationError, match=reason):
        current_revision(engine)
    with pytest.raises(TemporarilyUnavailableError, match=reason) as away, reading(engine):
        pass
    assert away.value.part is Part.DATABASE
    assert not list(tmp_path.iterdir())


def test_postgresql_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"notigateway\[postgres\]"):
        create_database("postgresql://127.0.0.1/n")


def test_a_lock_of_sqlite_costs_one_bound_however_many_wait(sqlite_url: str) -> None:
    """The turn among threads and the lock of the file among processes are one wait."""
    engine, other = create_database(sqlite_url, timeout_seconds=3), create_database(sqlite_url)

    def refused(_number: int) -> float:
        begun = time.monotonic()
        with pytest.raises(TemporarilyUnavailableError), writing(engine):
            pass
        return time.monotonic() - begun

    with writing(other), ThreadPoolExecutor(4) as pool:
        waited = list(pool.map(refused, range(4)))
    assert max(waited) < 5.5
    with writing(engine) as session:
        session.add(body("E04921401"))
    with writing(other), bounded(0.2):
        assert refused(0) < 2.5
    engine.dispose()
    other.dispose()
