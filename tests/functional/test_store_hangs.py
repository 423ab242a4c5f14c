"""A document store that hangs: what it costs who asks it, and who does not."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from notigateway.http.calling import WHOLE_AT
from patience import PATIENCE_SECONDS, slowed
from stack import Stack, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from structlog.typing import EventDict


def codes(stack: Stack, *ids: UUID) -> list[tuple[str | None, str | None]]:
    """Retrieve; return code and retryable of each item's problem."""
    items = stack.ask("RetrieveNotifications", "".join(f"<id>{one}</id>" for one in ids)).tree
    return [(text(item, "problem/code"), text(item, "problem/retryable")) for item in items]


def lines(logged: list[EventDict], event: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in one.items() if k != "event"} for one in logged if one["event"] == event]


@contextmanager
def hanging(documents: Path) -> Iterator[None]:
    """Have every document hang whoever opens it: a FIFO into which nobody writes."""
    files = {file: file.read_bytes() for file in documents.glob("*/*/*")}
    for file in files:
        file.unlink()
        os.mkfifo(file)
    try:
        yield
    finally:
        for file, content in files.items():
            with suppress(OSError):  # nobody waits there
                os.close(os.open(file, os.O_WRONLY | os.O_NONBLOCK))
            file.unlink()
            file.write_bytes(content)


def test_three_documents_of_a_store_that_hangs_cost_one_deadline_and_no_transaction(
    database_url: str, tmp_path: Path
) -> None:
    # The database ends a transaction that is idle for three seconds: none waits for the store.
    stack = Stack(database_url, tmp_path, request_seconds=5, database_timeout_seconds=3)
    try:
        wanted = [stack.publish(f"A{n}", documents=(b"%%PDF-1.7 %d" % n,)) for n in range(3)]
        stack.accept(*wanted)
        with hanging(tmp_path / "documents"), capture_logs(processors=[merge_contextvars]) as logged:
            began = time.monotonic()
            assert codes(stack, *wanted) == [("TEMPORARILY_UNAVAILABLE", "true")] * 3
            assert 4.4 <= time.monotonic() - began < slowed(9)
            assert len(texts(stack.ask("ListNotifications").tree, "notification/code")) == 3
        told = lines(logged, "document_store_failed")
        assert [one["detail"] for one in told] == ["document store: no answer in time"] * 3
        assert {one["part"] for one in told} == {"store"}
        assert codes(stack, *wanted) == [(None, None)] * 3
        assert stack.decisions() == 6  # each accepted, and handed over when it could be
    finally:
        stack.close()


def test_retrievals_of_a_store_that_hangs_leave_a_thread_to_who_lists(
    database_url: str, tmp_path: Path
) -> None:
    stack = Stack(database_url, tmp_path, request_seconds=8)
    try:
        wanted = [stack.publish(f"A{n}", documents=(b"%%PDF-1.7 %d" % n,)) for n in range(3)]
        stack.accept(*wanted)
        with ThreadPoolExecutor(4) as threads, capture_logs(processors=[merge_contextvars]) as logged:
            with hanging(tmp_path / "documents"):
                retrievals = [threads.submit(codes, stack, *wanted) for _ in range(8)]
                listing = threads.submit(stack.ask, "ListNotifications")
                assert listing.result(PATIENCE_SECONDS).status == 200
                assert sum(not one.done() for one in retrievals) >= 3  # they wait for the store, 7.2 s
                for one in retrievals:
                    assert one.result(PATIENCE_SECONDS) == [("TEMPORARILY_UNAVAILABLE", "true")] * 3
            details = [one["detail"] for one in lines(logged, "document_store_failed")]
            assert details.count("document store: too many wait for it") == 15
    finally:
        stack.close()


def test_a_store_that_is_hardly_asked_since_others_used_up_the_time_is_not_blamed(stack: Stack) -> None:
    wanted = [stack.publish(f"A{n}", documents=(b"%%PDF-1.7 %d" % n,)) for n in range(3)]
    stack.accept(*wanted)
    inner = "".join(f"<id>{one}</id>" for one in wanted)
    with capture_logs(processors=[merge_contextvars]) as logged:
        for _ in range(4):  # of more than it has threads, none is left behind
            stack.pass_time(seconds=1)
            late: dict[str, Any] = {WHOLE_AT: time.monotonic() - 0.95 * stack.settings.request_seconds}
            items = stack.ask("RetrieveNotifications", inner, **late).tree
            assert [text(item, "problem/code") for item in items] == ["TEMPORARILY_UNAVAILABLE"] * 3
            assert {text(item, "problem/retryable") for item in items} == {"true"}
    assert lines(logged, "document_store_failed") == []
    told = lines(logged, "document_store_not_looked_at")
    assert [one["detail"] for one in told] == ["document store: others had used up the request's time"] * 12
    assert not any("part" in one for one in told)
    stack.pass_time(seconds=1)
    assert codes(stack, *wanted) == [(None, None)] * 3
