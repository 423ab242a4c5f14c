"""Filled repositories of a wanted size, kept for the day on which they were filled.

What is kept is used again only while the schema's revision, everything that fills and the date are the same.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.asking import cursors_now
from bench.filling import Filling
from bench.gateway import Gateway
from bench.processes import cpu_ms_of
from bench.world import World
from notigateway.issuer.publishing import register_issuing_body
from notigateway.repository.engine import writing
from notigateway.repository.schema import head_revision
from notigateway.sandbox.seeds import BODIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.asking import Backends
    from bench.postgresql import PostgreSQL

_HERE: Final = Path(__file__).parent
_FILLERS: Final = ("asking", "bulk", "derived", "filling", "people", "repositories", "world")
_DONE: Final = "filled.json"


@dataclass(frozen=True, slots=True)
class Repository:
    """A filled repository behind a gateway; `cursors` are the askers' places before the news."""

    rows: int
    gateway: Gateway
    cursors: Mapping[str, str]
    backends: Backends
    filled_seconds: float


@dataclass(frozen=True, slots=True)
class Filled:
    """The askers' places before the news, and how long the filling took."""

    cursors: dict[str, str]
    seconds: float


@contextmanager
def repository_of(rows: int, folder: Path, server: PostgreSQL | None) -> Iterator[Repository]:
    """Open a repository of so many notifications, on PostgreSQL where a server is given; fill it at need."""
    name = f"{'sqlite' if server is None else 'postgresql'}_{rows}"
    place, key = folder / name, _key()
    done = place / _DONE
    filled = json.loads(done.read_text("utf-8")) if done.exists() else {}
    is_kept = filled.get("key") == key and (server is None or server.has(name))
    if not is_kept:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        if server is not None:
            server.create(name)
    gateway = Gateway(place, notifications=0, database_url=None if server is None else server.url(name))
    with closing(gateway):
        if not is_kept:
            filled = {"key": key, **asdict(fill(gateway, rows))}
            done.write_text(json.dumps(filled), "utf-8")
        yield Repository(
            rows,
            gateway,
            filled["cursors"],
            no_backends if server is None else backends_of(server, name),
            filled["seconds"],
        )


def fill(gateway: Gateway, rows: int) -> Filled:
    """Fill a gateway's empty repository."""
    before = time.monotonic()
    engine = gateway.application.gate.office.engine
    with writing(engine) as session:
        for body in BODIES:
            register_issuing_body(session, **asdict(body))
    cursors: dict[str, str] = {}
    for _ in Filling(engine, World(rows), now=datetime.now(UTC)).fill():
        cursors = cursors_now(gateway)
    return Filled(cursors, time.monotonic() - before)


def backends_of(server: PostgreSQL, database: str) -> Backends:
    """Return what finds the backends of a database, and then tells their CPU."""

    def backends() -> Callable[[], float]:
        pids = server.backends(database)
        return lambda: sum(map(cpu_ms_of, pids))

    return backends


def no_backends() -> Callable[[], float]:
    """SQLite works in our own process."""
    return lambda: 0.0


def _key() -> str:
    """Return what a kept repository must have been filled by: the schema, our source, the day."""
    source = b"".join((_HERE / f"{name}.py").read_bytes() for name in _FILLERS)
    return f"{head_revision()} {hashlib.sha256(source).hexdigest()} {datetime.now(UTC):%Y-%m-%d}"
