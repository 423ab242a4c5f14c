"""The gateway itself is in trouble: retryable where waiting helps, without detail where it does not."""

from __future__ import annotations

import io
import logging
import sqlite3
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text as sql

from refusals import assert_refusal, assert_still_answers
from stack import Stack, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import PostgreSQL


def test_a_locked_sqlite_database_gives_a_retryable_fault(sqlite_url: str, tmp_path: Path) -> None:
    stack = Stack(sqlite_url, tmp_path, database_timeout_seconds=2)
    wanted = stack.publish()
    lock = sqlite3.connect(tmp_path / "notigateway.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    for operation in ("AcceptNotifications", "RetrieveNotifications"):
        assert_refusal(stack, stack.ask(operation, f"<id>{wanted}</id>"), "TEMPORARILY_UNAVAILABLE")
    lock.close()
    assert text(stack.accept(wanted)[0], "outcome") == "decided"
    stack.close()


def test_a_sqlite_file_that_is_away_gives_a_retryable_fault_until_it_is_back(
    sqlite_stack: Stack, tmp_path: Path
) -> None:
    stack, file = sqlite_stack, tmp_path / "notigateway.db"
    wanted = stack.publish()
    stack.engine.dispose()
    away = file.rename(tmp_path / "away.db")
    for operation in ("AcceptNotifications", "RetrieveNotifications"):
        assert_refusal(stack, stack.ask(operation, f"<id>{wanted}</id>"), "TEMPORARILY_UNAVAILABLE")
    assert not file.exists()  # nobody has made an empty one
    away.rename(file)
    assert text(stack.accept(wanted)[0], "outcome") == "decided"


def test_a_damaged_sqlite_file_gives_a_retryable_fault_until_it_is_restored(
    sqlite_stack: Stack, tmp_path: Path
) -> None:
    stack, file = sqlite_stack, tmp_path / "notigateway.db"
    wanted = stack.publish()
    stack.engine.dispose()
    whole = file.read_bytes()
    file.write_bytes(b"not SQLite" * 1000)
    assert_refusal(stack, stack.ask("AcceptNotifications", f"<id>{wanted}</id>"), "TEMPORARILY_UNAVAILABLE")
    stack.engine.dispose()
    file.write_bytes(whole)
    assert text(stack.accept(wanted)[0], "outcome") == "decided"


def test_a_locked_row_of_postgresql_gives_a_retryable_fault(postgresql_url: str, tmp_path: Path) -> None:
    stack = Stack(postgresql_url, tmp_path, database_timeout_seconds=3)
    wanted = stack.publish()
    before = stack.contents()
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as other:
        other.execute("SELECT * FROM notifications FOR UPDATE")
        answer = stack.ask("AcceptNotifications", f"<id>{wanted}</id>")
        assert_refusal(stack, answer, "TEMPORARILY_UNAVAILABLE")
        assert {**stack.contents(), "replay_keys": []} == {**before, "replay_keys": []}
    assert text(stack.accept(wanted)[0], "outcome") == "decided"
    stack.close()


def test_a_database_that_is_gone_gives_a_retryable_fault_until_it_is_back(
    postgresql: PostgreSQL, migrated_postgresql: str, tmp_path: Path
) -> None:
    database = postgresql.create(template=migrated_postgresql)
    stack = Stack(postgresql.url(database), tmp_path, database_timeout_seconds=2)
    wanted = stack.publish()
    postgresql.drop(database)
    for operation in ("AcceptNotifications", "RetrieveNotifications", "RetrieveReceipts"):
        assert_refusal(stack, stack.ask(operation, f"<id>{wanted}</id>"), "TEMPORARILY_UNAVAILABLE")
    postgresql.execute("CREATE DATABASE {} TEMPLATE {}", database, migrated_postgresql)
    stack.refresh_trust()
    stack.register_issuer()
    assert text(stack.accept(stack.publish())[0], "outcome") == "decided"
    stack.close()
    postgresql.drop(database)


def test_without_a_free_connection_the_fault_is_retryable(database_url: str, tmp_path: Path) -> None:
    stack = Stack(database_url, tmp_path, database_timeout_seconds=3, database_pool_size=1)
    wanted = stack.publish()
    with stack.engine.connect():
        answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert_refusal(stack, answer, "TEMPORARILY_UNAVAILABLE")
    assert_still_answers(stack)
    stack.close()


def execute(stack: Stack, statement: str) -> None:
    with stack.engine.begin() as connection:
        connection.execute(sql(statement))


def test_a_defect_is_answered_without_its_detail_and_undone(stack: Stack) -> None:
    first, second = stack.publish("A"), stack.publish("B")
    execute(stack, "ALTER TABLE receipts RENAME TO gone")
    answer = stack.ask("AcceptNotifications", f"<id>{first}</id><id>{second}</id>")
    assert_refusal(stack, answer, "INTERNAL_ERROR")
    assert answer.facts == {}
    states = stack.ask("ListNotifications")
    assert texts(states.tree, "notification/state") == ["available", "available"]


def test_a_row_that_cannot_be_read_is_a_defect_without_detail(stack: Stack) -> None:
    wanted = stack.publish("A")
    execute(stack, "UPDATE notifications SET state = 'nonsense'")
    for operation, inner in (
        ("ListNotifications", ""),
        ("RetrieveNotifications", f"<id>{wanted}</id>"),
        ("AcceptNotifications", f"<id>{wanted}</id>"),
    ):
        answer = stack.ask(operation, inner)
        assert_refusal(stack, answer, "INTERNAL_ERROR")
        assert b"nonsense" not in answer.body
    assert_still_answers(stack)


@pytest.fixture
def log(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Stack, io.StringIO]]:
    """Give a gateway whose log can be read."""
    stack = Stack(sqlite_url, tmp_path, log_level="info")
    written = io.StringIO()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and getattr(handler, "is_ours", False):
            handler.setStream(written)
    yield stack, written
    stack.close()


def test_a_defect_is_in_the_log_without_the_callers_words(log: tuple[Stack, io.StringIO]) -> None:
    stack, written = log
    wanted = stack.publish()
    execute(
        stack,
        "CREATE TRIGGER no_more BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk on fire'); END",
    )
    before = stack.rows()
    answer = stack.ask("RejectNotifications", f"<id>{wanted}</id><reason>private matter</reason>")
    assert_refusal(stack, answer, "INTERNAL_ERROR")
    assert {**stack.rows(), "replay_keys": 0} == {**before, "replay_keys": 0}
    assert "disk on fire" in written.getvalue()
    assert answer.headers["X-Correlation-Id"] in written.getvalue()
    assert "private matter" not in written.getvalue()
