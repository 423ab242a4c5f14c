"""`notigateway notices`: what is sent, listed and sent again; the exit code tells whether all is done."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mail_server import Handler, mail_server, odd_server
from notigateway.cli.notices import notices
from notigateway.errors import ConfigurationError
from notigateway.repository.engine import reading
from notigateway.repository.queues import failed_notices, notice_queue
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]

FROM = "avisos@gateway.example"
GONE, HERE = "gone@example.org", "ana@example.org"


@pytest.fixture
def stack(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    # The command reads the clock itself.
    now = datetime.now(UTC)
    stack = Stack(database_url, tmp_path, now=now, notices_folder=str(tmp_path / "x"), notices_from=FROM)
    set_contacts(stack, GONE, HERE)
    yield stack
    stack.close()


@pytest.fixture
def run(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_URL", stack.database_url)

    def run(*arguments: str, by: str = "") -> Result:
        monkeypatch.setenv("NOTIGATEWAY_SMTP_ADDRESS", by)
        monkeypatch.setenv("NOTIGATEWAY_SMTP_SECURITY", "none")
        monkeypatch.setenv("NOTIGATEWAY_NOTICES_FROM", FROM)
        return CliRunner().invoke(notices, arguments)

    return run


def set_contacts(stack: Stack, *addresses: str) -> None:
    inner = "".join(f"<address>{one}</address>" for one in addresses)
    assert stack.ask("SetContacts", inner).code is None


def listed(run: Run, *options: str) -> list[dict[str, object]]:
    found = run("list", "--json", *options)
    assert found.exit_code == 0, found.output
    return [json.loads(line) for line in found.stdout.splitlines()]


def waiting(stack: Stack) -> tuple[int, int]:
    """Return how much the metrics tell: what waits to be sent, and what has failed."""
    with reading(stack.engine) as session:
        return notice_queue(session, datetime.now(UTC)).waiting, failed_notices(session).waiting


def refusing() -> Handler:
    return Handler(recipients={GONE: "550 5.1.1 no \x1b[31msuch user"})


def test_what_is_sent_and_what_failed_is_listed(run: Run, stack: Stack) -> None:
    assert (listed(run), run("list").stdout) == ([], "")
    stack.publish()
    assert waiting(stack) == (1, 0)
    with mail_server(refusing()) as (address, handler):
        done = run("send", "--json", by=address)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["composed"], said["sent"], said["failed"], said["left"]) == (1, 1, 1, [])
    assert waiting(stack) == (0, 1)
    assert len(handler.raw) == 1
    sent, failed = sorted(listed(run), key=lambda one: str(one["address"]))
    assert (sent["state"], sent["address"], sent["trouble"]) == ("sent", HERE, None)
    assert (failed["state"], failed["address"], failed["notices"], failed["attempts"]) == (
        "failed",
        GONE,
        1,
        1,
    )
    assert str(failed["trouble"]).startswith("550 5.1.1 no ")
    assert listed(run, "--failed") == [failed]
    assert len(listed(run, "--limit", "1")) == 1
    assert (run("list", "--limit", "0").exit_code, run("list", "--limit", "x").exit_code) == (2, 2)
    (line,) = run("list", "--failed").stdout.splitlines()
    assert str(failed["id"]) in line
    assert GONE in line
    assert "\x1b" not in line, "what a server says moves no cursor"


def test_what_failed_is_sent_again_when_that_is_wanted(run: Run, stack: Stack) -> None:
    stack.publish()
    with mail_server(refusing()) as (address, handler):
        run("send", by=address)
        (failed,) = listed(run, "--failed")
        other = run("retry", "00000000-0000-7000-8000-000000000000")
        assert (other.exit_code, other.stdout) == (1, "0 to be sent again\n")
        assert [run("retry", *these).exit_code for these in ([], [str(failed["id"]), "--all-failed"])] == [
            2,
            2,
        ]
        assert run("retry", "x").exit_code == 2
        again = run("retry", str(failed["id"]), "--json")
        assert (again.exit_code, json.loads(again.stdout)) == (0, {"retried": 1})
        assert listed(run, "--failed") == []
        handler.recipients.clear()
        assert run("send", by=address).exit_code == 0
        assert {one["state"] for one in listed(run)} == {"sent"}
        assert run("retry", "--all-failed").exit_code == 1
    first, second = handler.messages
    assert (first["To"], second["To"]) == (HERE, GONE)
    assert second["Message-ID"] == f"<{failed['id']}@gateway.example>"


def test_what_failed_is_not_sent_to_an_address_that_was_replaced(run: Run, stack: Stack) -> None:
    stack.publish()
    with mail_server(refusing()) as (address, handler):
        run("send", by=address)
        set_contacts(stack, HERE)
        assert run("retry", "--all-failed").exit_code == 1
        handler.recipients.clear()
        run("send", by=address)
    assert [one["To"] for one in handler.messages] == [HERE]


def test_a_server_that_is_away_is_told_and_is_exit_code_1(run: Run, stack: Stack) -> None:
    stack.publish()
    with odd_server(lambda taken: taken.sendall(b"554 5.7.1 not from you\r\n")) as address:
        done = run("send", by=address)
        as_json = json.loads(run("send", "--json", by=address).stdout)
    assert done.exit_code == 1
    assert "554 5.7.1 not from you" in done.stdout
    assert as_json["left"] == ["554 5.7.1 not from you"]
    assert [(one["state"], one["attempts"]) for one in listed(run)] == [("queued", 0)] * 2
    assert waiting(stack) == (2, 0)


def test_without_a_mail_server_nothing_can_be_sent_but_all_be_listed(run: Run, stack: Stack) -> None:
    done = run("send")
    assert isinstance(done.exception, ConfigurationError)
    assert done.exception.detail.startswith("smtp_address")
    assert listed(run) == []
