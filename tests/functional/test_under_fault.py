"""What the gateway stands on fails: the answer is right or retryable, and nothing half remains.

Other faults have their own files: a locked, lost or defective database (`test_troubles.py`), a killed
server (`test_server_killed.py`), a stopping one (`test_sandbox.py`), slow callers
(`test_slow_callers.py`), many callers (`test_under_load.py`).
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.errors import TemporarilyUnavailableError
from notigateway.law.deadlines import deadline
from notigateway.log.wholeness import Checking
from notigateway.pki.keys import load_certificates
from pki import NOW
from refusals import assert_refusal, assert_still_answers
from stack import Stack, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def assert_whole(stack: Stack) -> None:
    """Check everything that is stored, as the operator's command does."""
    seals = load_certificates(stack.settings.seal_certificate_file)
    assert list(Checking(stack.engine, stack.office.store, seals).findings()) == []


@contextmanager
def full_disk(stack: Stack) -> Iterator[None]:
    """Let the database's file grow no more: its free pages are filled, and it gets no new ones."""

    def allow_no_more(connection: Any, _record: object) -> None:  # noqa: ANN401  (a driver's connection)
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the number that there are instead

    stack.engine.dispose()
    event.listen(stack.engine, "connect", allow_no_more)
    yield
    event.remove(stack.engine, "connect", allow_no_more)
    stack.engine.dispose()


def test_a_full_disk_refuses_decisions_retryably_and_keeps_what_there_is(sqlite_stack: Stack) -> None:
    ids = sqlite_stack.publish_many(200)
    with full_disk(sqlite_stack):
        before = sqlite_stack.contents()
        answer = sqlite_stack.ask("AcceptNotifications", "".join(f"<id>{one}</id>" for one in ids))
        assert_refusal(sqlite_stack, answer, "TEMPORARILY_UNAVAILABLE")
        assert {**sqlite_stack.contents(), "replay_keys": []} == {**before, "replay_keys": []}
    assert {text(item, "outcome") for item in sqlite_stack.accept(*ids)} == {"decided"}
    assert_whole(sqlite_stack)


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the URL of an object store whose port refuses connections."""
    with socket.socket() as taken:  # bound, so that nobody else takes it, and not listening
        taken.bind(("127.0.0.1", 0))
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{taken.getsockname()[1]}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield "s3://documents/acts"


def test_without_its_document_store_the_gateway_accepts_and_delivers_later(
    sqlite_stack: Stack, nobody_listens: str
) -> None:
    """The content is there before an act is published, so a decision does not need the store."""
    wanted = sqlite_stack.publish()
    settings = sqlite_stack.settings
    sqlite_stack.settings = settings.model_copy(update={"document_store_url": nobody_listens})
    sqlite_stack.start()
    assert text(sqlite_stack.accept(wanted)[0], "outcome") == "decided"
    (item,) = sqlite_stack.ask("RetrieveNotifications", f"<id>{wanted}</id>").tree
    assert text(item, "problem/code") == "TEMPORARILY_UNAVAILABLE"
    assert text(item, "problem/retryable") == "true"
    with pytest.raises(TemporarilyUnavailableError):
        sqlite_stack.publish("LATER")
    assert sqlite_stack.rows()["acts"] == 1
    sqlite_stack.settings = settings
    sqlite_stack.start()
    (item,) = sqlite_stack.ask("RetrieveNotifications", f"<id>{wanted}</id>").tree
    assert texts(item, "document/content") != []
    assert_whole(sqlite_stack)


def test_a_lost_document_is_told_for_its_notification_alone(sqlite_stack: Stack, tmp_path: Path) -> None:
    lost = sqlite_stack.publish("LOST", documents=(b"%PDF-1.7 lost",))
    sqlite_stack.accept(lost)
    (file,) = (tmp_path / "documents").glob("*/*/*")
    file.unlink()
    kept = sqlite_stack.publish("KEPT", documents=(b"%PDF-1.7 kept",))
    sqlite_stack.accept(kept)
    items = sqlite_stack.ask("RetrieveNotifications", f"<id>{lost}</id><id>{kept}</id>").tree
    assert [text(item, "problem/code") for item in items] == ["DOCUMENT_DAMAGED", None]
    assert_still_answers(sqlite_stack)


def test_a_clock_that_jumps_decides_nothing_by_itself(stack: Stack) -> None:
    wanted, other = stack.publish("A"), stack.publish("B")
    request = f"<id>{wanted}</id><id>{other}</id>"
    stack.now = deadline(NOW)  # ahead: both look lapsed, and nothing is written
    assert [text(one, "outcome") for one in stack.accept(wanted)] == ["lapsed"]
    stack.now = NOW.replace(hour=0)  # back to before they were put at disposal
    assert [text(one, "outcome") for one in stack.accept(wanted)] == ["unknown"]
    assert texts(stack.ask("ListNotifications").tree, "notification") == []
    stack.now = NOW.replace(minute=30)
    assert [text(one, "outcome") for one in stack.accept(wanted)] == ["decided"]
    stack.now = NOW.replace(minute=10)  # before the decision that is on record: it stands
    assert [text(one, "outcome") for one in stack.accept(wanted)] == ["already_decided_by_you"]
    (_, rejected) = stack.ask("RejectNotifications", request).tree
    assert text(rejected, "outcome") == "decided"
    sweep(stack.engine, seal=stack.office.seal, now=deadline(NOW), sweeping=Sweeping())
    assert_whole(stack)


def test_a_message_of_a_clock_that_is_wrong_is_told_by_how_much(stack: Stack) -> None:
    message = stack.sign('<Ping xmlns="urn:notigateway:v1"/>')
    for seconds in (3600, -3600):
        stack.pass_time(seconds=seconds)
        answer = stack.send(message)
        assert (answer.code, answer.fault_code) == ("MESSAGE_EXPIRED", "wsu:MessageExpired")
        stack.pass_time(seconds=-seconds)
