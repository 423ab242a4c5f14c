"""Where a fault is made and looked at: gateways whose log is kept, and what callers read in their answers."""

from __future__ import annotations

import io
import json
import logging
import re
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chaos.relay import Relay
from fault_rows import Told
from notigateway.metering.meters import meters
from notigateway.repository.engine import create_database
from scraped import Numbers, shows
from stack import NG, Stack, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from databases import PostgreSQL
    from stack import Answer

Seen = dict[str, Told]


class World:
    """Where a fault is made: gateways on the database that it is about, and what they write to the log."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> None:
        self.request = request
        self.folder = folder
        self.ending = stack
        self.written = io.StringIO()
        self._before = Numbers(meters().exposed())
        self._during: list[Numbers] = []

    def sqlite(self, **overrides: Any) -> Stack:  # noqa: ANN401  (settings)
        """Give a gateway on SQLite."""
        return self.on(self.request.getfixturevalue("sqlite_url"), **overrides)

    def postgresql(self, **overrides: Any) -> tuple[Stack, Relay]:  # noqa: ANN401  (settings)
        """Give a gateway on PostgreSQL, and the relay between them."""
        url: str = self.request.getfixturevalue("postgresql_url")
        server: PostgreSQL = self.request.getfixturevalue("postgresql")
        name, place = re.search(r"/([^/?]+)\?host=(.+)$", url).groups()  # type: ignore[union-attr]
        relay = self.ending.enter_context(Relay(f"{place}/.s.PGSQL.5432"))
        user = server.uri.partition("//")[2].partition(":")[0]
        at = f"postgresql+psycopg://{user}@127.0.0.1:{relay.port}/{name}?sslmode=disable"
        return self.on(at, database_timeout_seconds=2, **overrides), relay

    def on(self, url: str, **overrides: Any) -> Stack:  # noqa: ANN401  (settings)
        """Give a gateway on that database, whose log is kept."""
        stack = Stack(url, self.folder, log_level="info", **overrides)
        self.ending.callback(stack.close)
        write_log_to(self.written)
        return stack

    def look(self, stack: Stack) -> None:
        """Keep what Prometheus would read now."""
        assert stack.endpoint.operations is not None
        answer = send(stack.endpoint.operations, b"", REQUEST_METHOD="GET", PATH_INFO="/metrics")
        self._during.append(Numbers(answer.body, at=stack.now.timestamp()))

    def shows(self, metric: str) -> bool:
        """Tell whether a counter has grown since the beginning, or a gauge was so at some look."""
        return shows(metric, [self._before, *self._during, Numbers(meters().exposed())])

    def lines(self) -> list[dict[str, str]]:
        """Return what was written to the log, but what says that all is well."""
        lines = [json.loads(line) for line in self.written.getvalue().splitlines()]
        return [line for line in lines if line["level"] in {"warning", "error"}]


class FullDisk(io.FileIO):
    """A stream of text to a disk that is full: each write fails as the system says."""

    def write(self, text: str) -> int:  # type: ignore[override]
        return super().write(text.encode())


def write_log_to(stream: object) -> None:
    """Let the gateway's log go there."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and getattr(handler, "is_ours", False):
            handler.setStream(stream)


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    """Open a database at whatever revision it is."""
    engine = create_database(url)
    yield engine
    engine.dispose()


def told(answer: Answer) -> Told:
    """Return what a caller reads in an answer, or in its first item."""
    after = answer.headers.get("Retry-After")
    problem = answer.tree.find(".//ng:GatewayFault" if answer.code else ".//ng:problem", namespaces=NG)
    if problem is None:
        return Told()
    code, again = (problem.findtext(f"ng:{name}", namespaces=NG) for name in ("code", "retryable"))
    return Told(str(code), again == "true", None if after is None else int(after))


def asked(stack: Stack, wanted: object, *, of: str = "") -> Seen:
    """Ask for a decision, a document and a list; return what they say together, which must be the same."""
    asking = {
        f"{operation} {inner}": told(stack.ask(operation, inner))
        for operation, inner in (
            ("AcceptNotifications", f"<id>{wanted}</id>"),
            ("RetrieveNotifications", f"<id>{wanted}</id>"),
            ("ListNotifications", ""),
        )
    }
    assert len(set(asking.values())) == 1, asking
    return {of: next(iter(asking.values()))}
