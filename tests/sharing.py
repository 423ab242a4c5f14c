"""What gives the same every time is done once for a process, not once for each test.

A thousand tests build the whole gateway. Each read the same RSA key, which takes 30 ms because OpenSSL
proves that its factors are primes, and compiled the same statements for a database of its own. What is
remembered here depends on nothing but its arguments, so no test sees more than the time it takes. The
programs that tests start are left as they are.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from notigateway.pki import keys

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine.default import DefaultDialect

# Databases and documents of tests lie in memory where there is room: all writers of SQLite wait for the disk.
MEMORY = Path("/dev/shm")  # noqa: S108  (pytest makes a folder of its own in it)
ENOUGH_BYTES = 4 * 1024**3
ROOT = "PYTEST_DEBUG_TEMPROOT"
WORKER = "PYTEST_XDIST_WORKER"
STATEMENTS = 5_000


def pytest_configure(config: pytest.Config) -> None:
    """Share from the first test on; the processes of one run agree on the folder, because they inherit it."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES and ROOT not in os.environ:
        patch.setenv(ROOT, str(MEMORY))
    if WORKER not in os.environ:  # the processes of pytest-xdist inherit it
        _keep_apart(config, patch)
    patch.setattr(keys, "load_pem_private_key", cache(load_pem_private_key))
    share_statements(patch)


def _keep_apart(config: pytest.Config, patch: pytest.MonkeyPatch) -> None:
    """Have the sandboxes of one run begin with the same, and leave nothing in the home of who runs it."""
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if "GOCACHE" not in os.environ:  # Go goes on with what it has compiled before
        patch.setenv("GOCACHE", str(usual / "go-build"))
    kept = TemporaryDirectory(prefix="notigateway-cache-")
    config.add_cleanup(kept.cleanup)
    patch.setenv("XDG_CACHE_HOME", kept.name)


def share_statements(patch: pytest.MonkeyPatch) -> None:
    """Let all engines of one kind of database share their compiled statements.

    They have the same driver and the same server, hence dialects that write the same SQL: the cache's
    keys name the dialect, so dialects of one kind are to be equal.
    """
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        patch.setattr(dialect, "__eq__", _is_of_the_same_kind)
        patch.setattr(dialect, "__hash__", _hash_of_the_kind)
    shared: LRUCache[Any, Any] = LRUCache(STATEMENTS)

    def use(connection: Connection) -> None:
        connection.engine._compiled_cache = shared

    event.listen(Engine, "engine_connect", use)


def _is_of_the_same_kind(self: DefaultDialect, other: object) -> bool:
    return type(self) is type(other)


def _hash_of_the_kind(self: DefaultDialect) -> int:
    return hash(type(self))
