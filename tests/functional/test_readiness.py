"""/readyz as a probe reads it: what takes a gateway out, what is only told, and nothing that is secret."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import delete, event, make_url, text, update
from structlog.testing import capture_logs

from notigateway.health.database import look_at_database
from notigateway.health.instance import Instance
from notigateway.health.looking import KEPT_SECONDS
from notigateway.health.readiness import Readiness, Served
from notigateway.health.revocation import RevocationWanted
from notigateway.repository.engine import create_database, writing
from notigateway.repository.marking import open_store
from notigateway.repository.schema import head_revision
from notigateway.repository.trust import RevocationRow
from notigateway.trust.authorities import Authorities
from pki import COMPANY_NIF
from refusals import assert_refusal
from stack import Answer, Stack, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import PostgreSQL

_END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
CERTIFICATES_END = datetime(2049, 12, 31, tzinfo=UTC)


def asked(stack: Stack) -> tuple[int, dict[str, Any]]:
    answer = ask(stack, "/readyz")
    said: dict[str, Any] = json.loads(answer.body)
    return answer.status, said


def ask(stack: Stack, path: str) -> Answer:
    assert stack.endpoint.operations is not None
    return send(stack.endpoint.operations, b"", REQUEST_METHOD="GET", PATH_INFO=path)


def states(said: dict[str, Any]) -> dict[str, str]:
    return {one["check"]: one["state"] for one in said["findings"]}


def one(said: dict[str, Any], check: str) -> dict[str, Any]:
    (found,) = [finding for finding in said["findings"] if finding["check"] == check]
    return dict(found)


@contextmanager
def away(stack: Stack, request: pytest.FixtureRequest) -> Iterator[None]:
    """Take the database away for the length of the context."""
    url = make_url(stack.database_url)
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        file = stack.folder / "notigateway.db"
        file.rename(stack.folder / "away.db")
        yield
        (stack.folder / "away.db").rename(file)
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    server.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", str(url.database))
    with psycopg.connect(server.uri, autocommit=True) as connection:
        connection.execute(_END_SESSIONS, (url.database,))
    yield
    server.execute("ALTER DATABASE {} ALLOW_CONNECTIONS true", str(url.database))


def test_a_gateway_that_serves_is_ready_and_tells_nothing_of_anybody(stack: Stack) -> None:
    stack.publish()
    status, said = asked(stack)
    assert (status, said["status"], said["because"]) == (200, "ready", [])
    assert set(states(said).values()) == {"ok"}
    assert {"database", "database_writes", "schema", "service_certificate", "seal_certificate"} <= set(
        states(said)
    )
    assert one(said, "revocation")["values"]["out_of_date"] == 0
    assert one(said, "seal_certificate")["values"]["days_left"] > 8000
    written = json.dumps(said)
    assert not [secret for secret in (COMPANY_NIF, str(stack.folder), "postgresql://") if secret in written]


def test_without_its_database_it_is_not_ready_and_comes_back(
    stack: Stack, request: pytest.FixtureRequest
) -> None:
    with away(stack, request):
        status, said = asked(stack)
        assert (status, said["status"]) == (503, "not ready")
        assert said["because"][0] == "database"
        is_file = stack.database_url.startswith("sqlite")
        told = ("its file is not there", "start the database, or correct database_url")
        refused = (
            "answers, and refuses this database, role or password",
            "correct database_url, or have the server let this gateway in: its own log says why it does not",
        )
        found = one(said, "database")
        assert (found["says"], found["cure"]) == (told if is_file else refused)
        assert ask(stack, "/healthz").status == 200, "it lives, so nobody need start it again"
    time.sleep(KEPT_SECONDS)
    status, said = asked(stack)
    assert (status, said["because"]) == (200, [])


def test_a_server_that_refuses_is_told_as_that_and_in_no_word_of_its_own(
    sqlite_stack: Stack, postgresql: PostgreSQL
) -> None:
    for url, says in (
        (postgresql.url("nobodys"), "answers, and refuses this database, role or password"),
        ("postgresql://nowhere.invalid/x", "its host has no address"),
    ):
        engine = create_database(url, timeout_seconds=4)
        (found,) = look_at_database(engine)
        engine.dispose()
        assert (found.state, found.says) == ("failed", says)
        assert found.cure.startswith("correct ")
    assert "nobodys" not in found.cure


def test_with_another_file_in_the_place_of_its_own_it_decides_nothing_and_is_not_ready(
    sqlite_stack: Stack,
) -> None:
    """As when somebody puts a copy there and leaves the log of the file of before beside it."""
    wanted = f"<id>{sqlite_stack.publish()}</id>"
    file, copy = sqlite_stack.folder / "notigateway.db", sqlite_stack.folder / "copy.db"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    copy.replace(file)
    for _ in range(2):
        refusal = sqlite_stack.ask("AcceptNotifications", wanted)
        assert_refusal(sqlite_stack, refusal, "TEMPORARILY_UNAVAILABLE")
        status, said = asked(sqlite_stack)
        assert (status, said["because"][0]) == (503, "database")
        time.sleep(KEPT_SECONDS)
    for kind in ("wal", "shm"):
        file.with_name(f"{file.name}-{kind}").unlink()
    assert asked(sqlite_stack)[0] == 200
    assert sqlite_stack.decisions() == 0
    assert sqlite_stack.ask("AcceptNotifications", wanted).status == 200
    assert sqlite_stack.decisions() == 1


def test_an_older_schema_is_not_ready_and_a_newer_one_is(stack: Stack) -> None:
    set_revision(stack, "0007")
    status, said = asked(stack)
    assert (status, said["because"]) == (503, ["schema"])
    assert one(said, "schema")["cure"] == "run `notigateway migrate`"
    set_revision(stack, "later")
    time.sleep(KEPT_SECONDS)
    status, said = asked(stack)
    assert (status, states(said)["schema"]) == (200, "ok")


def test_a_schema_that_fell_behind_a_running_gateway_refuses_until_it_is_right(stack: Stack) -> None:
    """As when a backup of before is restored; a missing table at the right revision is a defect."""
    assert stack.ask("Ping", "").status == 200
    rename(stack, "replay_keys", "replay_keys_of_before")
    assert_refusal(stack, stack.ask("Ping", ""), "INTERNAL_ERROR")
    set_revision(stack, "0007")
    assert_refusal(stack, stack.ask("Ping", ""), "TEMPORARILY_UNAVAILABLE")
    rename(stack, "replay_keys_of_before", "replay_keys")
    assert_refusal(stack, stack.ask("Ping", ""), "TEMPORARILY_UNAVAILABLE")
    set_revision(stack, head_revision())
    time.sleep(1)
    assert stack.ask("Ping", "").status == 200


def rename(stack: Stack, old: str, new: str) -> None:
    with writing(stack.engine) as session:
        session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def set_revision(stack: Stack, revision: str) -> None:
    with writing(stack.engine) as session:
        session.execute(text("UPDATE alembic_version SET version_num = :one"), {"one": revision})


def test_a_primary_that_became_read_only_is_not_ready(
    postgresql_url: str, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    stack = Stack(postgresql_url, tmp_path)
    name = str(make_url(postgresql_url).database)
    postgresql.execute("ALTER DATABASE {} SET default_transaction_read_only = on", name)
    stack.engine.dispose()
    status, said = asked(stack)
    assert (status, said["because"]) == (503, ["database_writes"])
    assert one(said, "database_writes")["says"] == "is read-only, or a standby"
    stack.close()


_NO_ROOM = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON access_records EXECUTE FUNCTION no_room();
    CREATE TRIGGER no_room BEFORE INSERT ON write_trials FOR EACH ROW
        WHEN (octet_length(NEW.filler) > 2000) EXECUTE FUNCTION no_room();
"""


@contextmanager
def full(stack: Stack) -> Iterator[None]:
    """Leave no room for what needs new pages; a small row finds some in those that there are."""
    if stack.engine.dialect.name == "postgresql":
        with writing(stack.engine) as session:
            session.execute(text(_NO_ROOM))
        yield
        with writing(stack.engine) as session:
            session.execute(text("DROP FUNCTION no_room CASCADE"))
        return

    def allow_no_more(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the number that there are instead

    stack.engine.dispose()
    with closing(sqlite3.connect(str(stack.engine.url.database), isolation_level=None)) as connection:
        connection.execute("UPDATE write_trials SET filler = NULL")
        connection.execute("VACUUM")  # what was freed would be room
    event.listen(stack.engine, "connect", allow_no_more)
    yield
    event.remove(stack.engine, "connect", allow_no_more)
    stack.engine.dispose()


def test_a_full_disk_is_seen_also_where_nobody_was_refused(stack: Stack) -> None:
    with full(stack):
        assert asked(stack)[1]["because"] == ["database_writes"]
    time.sleep(KEPT_SECONDS)
    assert asked(stack)[0] == 200


def test_a_full_disk_takes_it_out_until_there_is_room(stack: Stack) -> None:
    """Those who ask are refused by a disk that had room a moment ago."""
    stack.publish_many(2)
    assert asked(stack)[0] == 200
    time.sleep(KEPT_SECONDS)
    with full(stack):
        for _ in range(100):
            if stack.ask("ListNotifications").status != 200:
                break
        assert_refusal(stack, stack.ask("ListNotifications"), "TEMPORARILY_UNAVAILABLE")
        for _ in range(2):
            status, said = asked(stack)
            assert (status, said["because"]) == (503, ["database_writes"])
            assert one(said, "database_writes")["says"] == "no room is left on its disk"
            assert one(said, "database_writes")["cure"].startswith("make room on the disk of the database")
            time.sleep(KEPT_SECONDS)
    assert asked(stack)[0] == 200
    assert stack.ask("ListNotifications").status == 200


def test_certificates_are_told_of_before_they_end_and_take_out_after(sqlite_stack: Stack) -> None:
    sqlite_stack.now = CERTIFICATES_END - timedelta(days=59)
    _, said = asked(sqlite_stack)
    for check in ("service_certificate", "seal_certificate"):
        found = one(said, check)
        assert (found["state"], found["values"]["days_left"]) == ("warning", 59)
        assert "name it in the settings" in found["cure"]
        assert check not in said["because"]


def test_ended_certificates_are_not_ready(sqlite_stack: Stack) -> None:
    sqlite_stack.now = CERTIFICATES_END + timedelta(days=1)
    status, said = asked(sqlite_stack)
    assert status == 503
    assert {"service_certificate", "seal_certificate"} <= set(said["because"])
    assert one(said, "seal_certificate")["says"].startswith("ended at 2049-12-31")


def test_a_new_worker_that_is_ready_says_so_once(sqlite_stack: Stack) -> None:
    with capture_logs() as logged:
        for _ in range(2):
            assert asked(sqlite_stack)[0] == 200
    assert [one["event"] for one in logged if one["event"].startswith("read")] == ["ready"]


@pytest.mark.parametrize(
    ("later", "state", "status"),
    [
        (timedelta(0), "ok", 200),
        (timedelta(seconds=1), "warning", 200),
        (timedelta(seconds=601), "failed", 503),
    ],
)
def test_revocation_warns_within_its_grace_and_takes_out_after(
    stack: Stack, later: timedelta, state: str, status: int
) -> None:
    with writing(stack.engine) as session:
        session.execute(update(RevocationRow).values(fresh_until=stack.now - later))
    found, said = asked(stack)
    assert (found, states(said)["revocation"]) == (status, state)


def test_with_nothing_known_of_revocation_nobody_is_let_in(sqlite_stack: Stack) -> None:
    with writing(sqlite_stack.engine) as session:
        session.execute(delete(RevocationRow))
    status, said = asked(sqlite_stack)
    assert (status, said["because"]) == (503, ["revocation"])
    assert "notigateway refresh-trust" in one(said, "revocation")["cure"]


def test_a_database_that_hangs_is_told_within_the_bound(sqlite_stack: Stack) -> None:
    """It takes the connection and never says a word, as a machine does whose disk stands still."""
    office = sqlite_stack.office
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/silent"
        engine = create_database(url, timeout_seconds=4)
        served = Served(
            engine=engine,
            store=open_store(sqlite_stack.settings.document_store_url, engine),
            service=sqlite_stack.gate.signer.certificate,
            seal=office.seal,
            authorities=Authorities.read(sqlite_stack.settings, now=sqlite_stack.now),
            revocation=RevocationWanted.by(sqlite_stack.settings),
            has_authority=False,
        )
        readiness = Readiness.of(Instance.of(sqlite_stack.settings), served, office.clock)
        status, said = readiness.answer()
    assert (status, said["because"]) == (503, ["database"])
    assert one(said, "database")["says"] == "no answer within 2 seconds"
    assert states(said)["seal_certificate"] == "ok"
    store, writes = one(said, "document_store"), one(said, "database_writes")
    assert (store["state"], store["says"]) == ("unknown", "database hangs, which has to be asked")
    assert store["cure"] == "start the database, or correct database_url"
    assert (writes["state"], "primary" in writes["cure"]) == ("warning", False)
    engine.dispose()
