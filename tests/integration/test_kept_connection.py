"""The transactions of a request share a connection, one after the other, and nothing else changes by that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text

from notigateway.errors import ReplayError
from notigateway.repository import idle_connections
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.kept_connection import one_connection
from notigateway.repository.model import IssuingBody
from notigateway.repository.replay import is_registered, register
from notigateway.trust.admission import Admission
from pki import NOW
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.pki.revocation import RevocationFinding

KEY = bytes(32)
LATER = "TEMPORARILY_UNAVAILABLE"


@pytest.fixture
def taken(engine: Engine) -> Iterator[list[object]]:
    """What was taken from the pool."""
    found: list[object] = []

    def note(connection: object, _record: object, _checked_out: object) -> None:
        found.append(connection)

    event.listen(engine, "checkout", note)
    yield found
    event.remove(engine, "checkout", note)


def test_transactions_one_after_the_other_take_one_connection(engine: Engine, taken: list[object]) -> None:
    with one_connection(engine):
        with reading(engine) as session:
            assert not is_registered(session, KEY)
        with writing(engine) as session:
            assert register(session, KEY, expires_at=NOW)
            session.add(IssuingBody(dir3="E04921401", acronym="X", name="X", nif="Q2827003A"))
        with reading(engine) as session:
            assert is_registered(session, KEY)
            assert session.scalar(text("SELECT name FROM issuing_bodies")) == "X"
        assert len(taken) == 1
    with reading(engine) as session:
        assert is_registered(session, KEY)
    assert len(taken) == 2


def test_one_that_begins_inside_of_another_takes_its_own(engine: Engine, taken: list[object]) -> None:
    with one_connection(engine), reading(engine) as outer:
        assert not is_registered(outer, KEY)
        with writing(engine) as session:
            register(session, KEY, expires_at=NOW)
        assert not is_registered(outer, KEY)
    assert len(taken) == 2


def test_what_a_request_reads_first_is_one_snapshot_until_it_writes(engine: Engine) -> None:
    other = create_database(engine.url.render_as_string(hide_password=False))
    with one_connection(engine):
        with reading(engine) as session:
            assert not is_registered(session, KEY)
        with writing(other) as elsewhere:
            register(elsewhere, KEY, expires_at=NOW)
        with reading(engine) as again:
            assert again is session
            assert not is_registered(again, KEY)
        with writing(engine) as session:
            assert not register(session, KEY, expires_at=NOW)
        with reading(engine) as after:
            assert after is not again
            assert is_registered(after, KEY)
    other.dispose()


def test_a_transaction_that_reads_is_over_when_the_connection_goes_back(engine: Engine) -> None:
    ended: list[str] = []
    for how in ("commit", "rollback"):
        event.listen(engine, how, lambda _connection, how=how: ended.append(how))
    with one_connection(engine):
        for _ in range(2):
            with reading(engine) as session:
                is_registered(session, KEY)
        assert not ended
    assert ended == ["rollback" if engine.dialect.name == "sqlite" else "commit"]


@pytest.fixture
def served(postgresql_url: str, tmp_path: Path) -> Iterator[Stack]:
    """A gateway on a server."""
    made = Stack(postgresql_url, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("AcceptNotifications", "TEMPORARILY_UNAVAILABLE"),
        ("RetrieveNotifications", None),
        ("GetSummary", "TEMPORARILY_UNAVAILABLE"),
    ],
)
def test_a_connection_that_dies_after_the_admission_is_replaced_or_told(
    served: Stack, monkeypatch: pytest.MonkeyPatch, operation: str, told: str | None
) -> None:
    """Who goes on with it is told to repeat; whoever takes another one is answered."""
    monkeypatch.setattr(idle_connections, "_MOMENT_SECONDS", 0.0)  # the others are looked at
    wanted = served.publish()
    inner = "" if operation == "GetSummary" else f"<id>{wanted}</id>"
    url = served.engine.url.render_as_string(hide_password=False)
    require = Admission.require_status

    def end_the_others(
        admission: Admission, certificate: Certificate, now: datetime, *, has_effect: bool
    ) -> RevocationFinding | None:
        other = create_database(url)
        with writing(other) as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        other.dispose()
        return require(admission, certificate, now, has_effect=has_effect)

    monkeypatch.setattr(Admission, "require_status", end_the_others)
    fault = served.ask(operation, inner).tree.find(".//{*}GatewayFault")
    assert (None if fault is None else fault.findtext("{*}code")) == told
    assert served.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_after_a_failure_nothing_is_left_open_and_the_next_one_is_taken_anew(
    engine: Engine, taken: list[object]
) -> None:
    def refused() -> None:
        with writing(engine) as session:
            register(session, KEY, expires_at=NOW)
            raise ReplayError(retry_after_seconds=1)

    with one_connection(engine):
        with pytest.raises(ReplayError):
            refused()
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        with reading(engine) as session:
            assert not is_registered(session, KEY)
        with pytest.raises(Exception, match=r"readonly|read-only"), reading(engine) as session:
            register(session, KEY, expires_at=NOW)
        with writing(engine) as session:
            assert register(session, KEY, expires_at=NOW)
    assert len(taken) == 3


def test_when_it_is_ended_each_takes_its_own(engine: Engine, taken: list[object]) -> None:
    with one_connection(engine) as kept:
        with reading(engine):
            pass
        kept.end()
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        for _ in range(2):
            with reading(engine):
                pass
    assert len(taken) == 3


def test_of_two_databases_each_has_its_own(engine: Engine, database_url: str) -> None:
    other = create_database(database_url)
    with one_connection(engine), reading(engine), writing(other) as session:
        register(session, KEY, expires_at=NOW)
    with reading(other) as session:
        assert is_registered(session, KEY)
    other.dispose()


def test_a_request_that_waits_for_the_database_alone_takes_one_connection(stack: Stack) -> None:
    wanted = stack.publish()
    stack.ask("Ping")  # the first one also reads what is known of revocation
    found: list[object] = []

    def note(connection: object, _record: object, _checked_out: object) -> None:
        found.append(connection)

    counted = {}
    event.listen(stack.engine, "checkout", note)
    for operation, inner in (
        ("Ping", ""),
        ("ListNotifications", ""),
        ("ListChanges", ""),
        ("AcceptNotifications", f"<id>{wanted}</id>"),
        ("RetrieveNotifications", f"<id>{wanted}</id>"),
    ):
        stack.ask(operation, inner)
        counted[operation] = len(found)
        found.clear()
    event.remove(stack.engine, "checkout", note)
    assert counted.pop("RetrieveNotifications") > 1  # it lets it go before it reads documents
    assert counted == dict.fromkeys(counted, 1)
