"""A request for which the memory does not suffice has changed nothing and may be repeated."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from refusals import assert_refusal, assert_still_answers
from stack import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack import Stack


@contextmanager
def lacking_memory(stack: Stack, *, at: str) -> Iterator[None]:
    """Have the driver's memory end at each statement that begins so."""

    def end(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(at):
            raise MemoryError

    event.listen(stack.engine, "before_cursor_execute", end)
    try:
        yield
    finally:
        event.remove(stack.engine, "before_cursor_execute", end)


@pytest.mark.parametrize("at", ["SELECT", "INSERT", "UPDATE"])
def test_a_request_without_memory_gives_a_retryable_fault_and_changes_nothing(
    stack: Stack, at: str, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = stack.publish()
    before = stack.contents()
    caplog.set_level(logging.INFO)
    with lacking_memory(stack, at=at):
        answer = stack.ask("AcceptNotifications", f"<id>{wanted}</id>")
    assert_refusal(stack, answer, "TEMPORARILY_UNAVAILABLE")
    assert answer.headers["Retry-After"]
    assert "'part': 'memory'" in caplog.text or '"part": "memory"' in caplog.text
    assert "Traceback" not in caplog.text
    assert {**stack.contents(), "replay_keys": []} == {**before, "replay_keys": []}
    assert text(stack.accept(wanted)[0], "outcome") == "decided"
    assert_still_answers(stack)
