"""A connection that has died while nobody used it costs no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from notigateway.repository import idle_connections
from notigateway.repository.engine import create_database, reading, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.pool import PoolProxiedConnection


@pytest.fixture
def idle(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine on a server for whose connections no moment is short enough."""
    monkeypatch.setattr(idle_connections, "_MOMENT_SECONDS", 0.0)
    engine = create_database(postgresql_url)
    yield engine
    engine.dispose()


def test_one_that_was_ended_by_the_server_is_made_anew(idle: Engine) -> None:
    with reading(idle) as session:
        ended = session.scalar(text("SELECT pg_backend_pid()"))
    other = create_database(idle.url.render_as_string(hide_password=False))
    with writing(other) as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": ended})
    other.dispose()
    with reading(idle) as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != ended


def test_a_connection_that_was_used_just_now_is_not_looked_at(
    idle: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    ping = idle.dialect.do_ping

    def note(connection: PoolProxiedConnection) -> bool:
        looks.append(connection)
        return ping(connection)

    monkeypatch.setattr(idle.dialect, "do_ping", note)
    for moment, expected in ((60.0, 0), (0.0, 1)):
        monkeypatch.setattr(idle_connections, "_MOMENT_SECONDS", moment)
        with reading(idle) as session:
            session.execute(text("SELECT 1"))
        looks.clear()
        with reading(idle) as session:
            session.execute(text("SELECT 1"))
        assert len(looks) == expected
    monkeypatch.setattr(idle_connections, "_MOMENT_SECONDS", 60.0)
    idle_connections.look_at_all(idle)
    for expected in (2, 2):
        with reading(idle) as session:
            session.execute(text("SELECT 1"))
        assert len(looks) == expected
