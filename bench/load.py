"""`make bench-load`: how many signed requests a second a running server answers, and how long each waits.

gunicorn with `conf/gunicorn.conf.py` and settings of production, over HTTP on 127.0.0.1: 1, 2 and 4 workers
on PostgreSQL, one on SQLite, which has one writer; 8, 32, 64 and 200 connections; list pages of one, and
accepts of one notification each. Each request is signed beforehand and sent once, by a process of its own,
which shares this machine's cores with the server: its CPU is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from sqlalchemy import select

from bench.acts import prepare
from bench.load_table import ACCEPT, LIST, budgets_table, load_table
from bench.postgresql import postgresql
from bench.processes import cpu_seconds_below
from bench.sending import Target, send_all
from bench.serving import PATH, serving
from notigateway.pki.keys import load_key_pair
from notigateway.repository.engine import connected, reading
from notigateway.repository.model import Notification
from notigateway.settings import load_settings
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.sign import Signer, sign_envelope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.postgresql import PostgreSQL
    from bench.serving import Serving

WORKERS: Final = {"sqlite": (1,), "postgresql": (1, 2, 4)}
CONNECTIONS: Final = (8, 32, 64, 200)
REQUESTS: Final = 1_000
_WARM_UP: Final = 100
_PUBLISHED_AT_ONCE: Final = 100
_LIST: Final = f'<ListNotifications xmlns="{NOTIGATEWAY_V1}"><pageSize>1</pageSize></ListNotifications>'
# One caller sends what thousands do: its requests are counted as always, and none is refused by that.
_PER_MINUTE: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """What a server has done under so many connections; waits in ms, CPU in ms a request."""

    work: str
    workers: int
    connections: int
    a_second: float
    p50: float
    p99: float
    refused: int
    server_cpu: float
    backend_cpu: float
    sender_share: float


class Bombardment:
    """A server of so many workers, asked over and over."""

    def __init__(self, served: Serving, workers: int, requests: int, backends: int | None) -> None:
        self._served, self._workers, self._requests = served, workers, requests
        self._backends = backends
        holder = served.pki.holder("company")
        pair = load_key_pair(holder.key, holder.certificate)
        self._signer = Signer(pair.key, pair.certificate)
        self._target = Target(served.address, PATH)

    def run(self, connections: tuple[int, ...], ids: list[object]) -> Iterator[Load]:
        """Send both works over each number of connections; `ids` are what is accepted."""
        send_all(self._target, self._signed([_LIST] * _WARM_UP), connections=4 * self._workers)
        for count in connections:
            yield self._measured(LIST, [_LIST] * self._requests, count)
        for count in connections:
            some = [ids.pop() for _ in range(self._requests)]
            yield self._measured(ACCEPT, [_accept(one) for one in some], count)

    def _measured(self, work: str, contents: list[str], connections: int) -> Load:
        envelopes = self._signed(contents)
        server, backend = self._cpu()
        sent = send_all(self._target, envelopes, connections=connections)
        server_after, backend_after = self._cpu()
        return Load(
            work,
            self._workers,
            connections,
            sent.rate,
            sent.percentile_ms(50),
            sent.percentile_ms(99),
            sent.refused,
            1000 * (server_after - server) / len(envelopes),
            1000 * (backend_after - backend) / len(envelopes),
            sent.sender_cpu_seconds / sent.seconds,
        )

    def _cpu(self) -> tuple[float, float]:
        """Return what the server and the database's backends have used so far, in seconds."""
        backends = 0.0 if self._backends is None else cpu_seconds_below(self._backends)
        return cpu_seconds_below(self._served.process.pid), backends

    def _signed(self, contents: list[str]) -> list[bytes]:
        """Return requests that nobody has sent before."""
        now = datetime.now(UTC)
        return [sign_envelope(content.encode(), signer=self._signer, now=now) for content in contents]


def _accept(one: object) -> str:
    return f'<AcceptNotifications xmlns="{NOTIGATEWAY_V1}"><id>{one}</id></AcceptNotifications>'


def measure(
    server: PostgreSQL | None, workers: int, connections: tuple[int, ...], requests: int
) -> list[Load]:
    """Start a server of so many workers over a fresh database, and measure it."""
    database = f"load_{workers}"
    changes: dict[str, object] = {"caller_requests_per_minute": _PER_MINUTE}
    if server is not None:
        server.create(database)
        changes["database_url"] = server.url(database)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), "--workers", str(workers), **changes) as served,
    ):
        ids = _published(served.folder / "notigateway.toml", requests * len(connections))
        backends = None if server is None else server.pid
        return list(Bombardment(served, workers, requests, backends).run(connections, ids))


def _published(settings_file: Path, count: int) -> list[object]:
    """Put that many at the company's disposal; return their identifiers."""
    settings = load_settings(settings_file)
    prepare(settings, count, at_once=_PUBLISHED_AT_ONCE)
    with connected(settings) as engine, reading(engine) as session:
        return list(session.scalars(select(Notification.id)))


def main() -> None:
    """Measure, print the tables and write the same as JSON."""
    arguments = _arguments()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(width=130)
    found: dict[str, object] = {"python": platform.python_version(), "cores": os.cpu_count()}
    for database in WORKERS if arguments.database == "both" else (arguments.database,):
        with ExitStack() as stack:
            server = stack.enter_context(postgresql(folder / "pgdata")) if database == "postgresql" else None
            loads = [
                load
                for workers in arguments.workers or WORKERS[database]
                for load in measure(server, workers, tuple(arguments.connections), arguments.requests)
            ]
        console.print(load_table(database, loads))
        console.print(budgets_table(database, loads))
        found[database] = [asdict(load) for load in loads]
    file = folder / "load.json"
    file.write_text(json.dumps(found, indent=1), "utf-8")
    print(f"written to {file}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.load", description=__doc__)
    parser.add_argument("--workers", type=int, nargs="*", help="1 on SQLite, 1 2 4 on PostgreSQL if absent")
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of each measurement")
    parser.add_argument("--database", choices=(*WORKERS, "both"), default="both")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="where PostgreSQL keeps its data")
    return parser.parse_args()


if __name__ == "__main__":
    main()
