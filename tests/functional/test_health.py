"""`notigateway health`, as containers and timers call it: of the gateway that is meant, what is wrong."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner, Result

from doctoring import found
from doctoring import settings_of as doctored
from notigateway.errors import ConfigurationError
from notigateway.health.asking import NobodyThereError, ask
from notigateway.health.instance import Instance
from notigateway.health.looking import KEPT_SECONDS
from notigateway.law.texts import is_a_line
from notigateway.repository.engine import writing
from notigateway.repository.trust import RevocationRow
from notigateway.web.operations import ALIVE, READY, Operations, alive_page
from operating import app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from stack import Stack

pytestmark = pytest.mark.once


class Silent(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def served(application: WSGIApplication) -> Iterator[str]:
    with make_server("127.0.0.1", 0, application, handler_class=Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def address(stack: Stack) -> Iterator[str]:
    assert stack.endpoint.operations is not None
    with served(stack.endpoint.operations) as address:
        yield address


def settings_of(stack: Stack, address: str, **changes: str) -> Path:
    values = {name: str(value) for name, value in stack.overrides.items() if isinstance(value, str)}
    file = stack.folder / "notigateway.toml"
    values |= {"operations_address": address, **changes}
    file.write_text("\n".join(f"{name} = '{value}'" for name, value in values.items()))
    return file


def health(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["health", *map(str, arguments)])


def test_a_gateway_that_serves_is_ready_and_alive(stack: Stack, address: str) -> None:
    settings = settings_of(stack, address)
    ready = health("--settings", settings)
    assert (ready.exit_code, ready.stdout) == (0, "ready: http://127.0.0.1:8080/notigateway/v1\n")
    alive = health("--alive", "--settings", settings)
    assert (alive.exit_code, alive.stdout) == (0, "alive: http://127.0.0.1:8080/notigateway/v1\n")


def test_one_that_cannot_serve_says_why_in_a_line_and_is_alive(stack: Stack, address: str) -> None:
    settings = settings_of(stack, address)
    with writing(stack.engine) as session:
        session.execute(delete(RevocationRow))
    refused = health("--ready", "--settings", settings)
    cure = "run `notigateway refresh-trust`, and read what it says of each source"
    said = f"not ready: revocation: nothing is known, and nobody is let in ({cure})\n"
    assert (refused.exit_code, refused.stderr) == (1, said)
    assert health("--alive", "--settings", settings).exit_code == 0


def test_another_gateway_at_the_address_is_told_as_another(stack: Stack, address: str) -> None:
    settings = settings_of(stack, address, document_store_url=f"file://{stack.folder / 'elsewhere'}")
    refused = health("--settings", settings)
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"not healthy: another gateway answers at http://{address}: ")
    assert refused.stderr.endswith("with another database or document store than the settings name\n")
    alive = health("--alive", "--settings", settings)
    assert alive.exit_code == 0, "by that name it answers, whatever the settings say that it has not read"
    assert alive.stdout.endswith("; with another database or document store than the settings name\n")
    other = alive_page(Instance("https://other.example/notigateway/v1", "abc"))
    with served(Operations({ALIVE: other})) as taken:
        refused = health("--alive", "--settings", settings_of(stack, taken))
    assert refused.exit_code == 1
    assert "https://other.example/notigateway/v1, and the settings name http://127.0.0.1" in refused.stderr


def test_whoever_only_names_an_address_is_told_who_answers(
    stack: Stack, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIGATEWAY_HEALTH_URL", f"http://{address}/whatever")
    result = health()
    assert (result.exit_code, result.stdout) == (0, "ready: http://127.0.0.1:8080/notigateway/v1\n")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("no_such_setting = 1\n", "no_such_setting: there is no such setting"),
        ("mode =\n", "is not TOML: Invalid value"),
        ("mode = 'production'\n", "seal.key.pem is readable by others than its owner: chmod 600"),
    ],
)
def test_a_gateway_that_serves_is_healthy_whatever_lies_in_its_settings_file(
    sqlite_stack: Stack, monkeypatch: pytest.MonkeyPatch, wrong: str, said: str
) -> None:
    """It read them when it began; taken for dead it would be replaced by one that cannot start."""
    assert sqlite_stack.endpoint.operations is not None
    with served(sqlite_stack.endpoint.operations) as address:
        key = Path(str(sqlite_stack.overrides["seal_key_file"]))
        changes = {"public_url": "https://127.0.0.1/notigateway/v1", "seal_key_file": str(key)}
        settings = settings_of(sqlite_stack, address, **changes)
        lines = settings.read_text().splitlines()
        kept = [line for line in lines if not line.startswith(("mode", "revocation "))]
        settings.write_text(wrong + "\n".join(kept))
        key.chmod(0o644)
        for option in ("--alive", "--ready"):
            result = health(option, "--settings", settings)
            assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
            assert "; its next start would be refused: " in result.stdout
            assert said in result.stdout
        monkeypatch.setenv("NOTIGATEWAY_SETTINGS", str(settings))
        monkeypatch.setenv("NOTIGATEWAY_HEALTH_URL", f"http://{address}")
        result = health("--alive")
        assert (result.exit_code, result.stdout) == (0, "alive: http://127.0.0.1:8080/notigateway/v1\n")
        monkeypatch.delenv("NOTIGATEWAY_HEALTH_URL")
        settings.unlink()
        monkeypatch.setenv("NOTIGATEWAY_OPERATIONS_ADDRESS", address)
        result = health("--alive")
        key.chmod(0o600)
    assert (result.exit_code, "No such file or directory" in result.stdout) == (0, True)
    result = health("--alive")
    assert (result.exit_code, result.stderr.split(" (")[0]) == (1, "not healthy: nobody answers")


def test_from_another_folder_it_is_told_that_the_paths_are_relative(
    sqlite_stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert sqlite_stack.endpoint.operations is not None
    with served(sqlite_stack.endpoint.operations) as address:
        changes = {"database_url": "sqlite:///notigateway.db", "document_store_url": "file:documents"}
        settings = settings_of(sqlite_stack, address, **changes)
        monkeypatch.chdir(sqlite_stack.folder)
        assert health("--settings", settings).exit_code == 0
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        monkeypatch.chdir(elsewhere)
        refused = health("--settings", settings)
    counted = f"(database_url and document_store_url: a relative path counts from this folder, {elsewhere}, "
    assert (refused.exit_code, counted in refused.stderr) == (1, True)


def test_nothing_at_the_address_or_something_else_is_not_healthy(sqlite_stack: Stack) -> None:
    refused = health("--settings", settings_of(sqlite_stack, "127.0.0.1:1"))
    assert (refused.exit_code, refused.stderr) == (
        1,
        "not healthy: nobody answers (ConnectError) at http://127.0.0.1:1\n",
    )
    with served(sqlite_stack.endpoint) as address:
        refused = health("--settings", settings_of(sqlite_stack, address))
    assert (refused.exit_code, refused.stderr) == (
        1,
        f"not healthy: what answers is no gateway of ours (HTTP 404) at http://{address}\n",
    )


def test_the_doctor_asks_a_gateway_that_runs_whether_it_is_ready_and_of_these_files(
    sqlite_stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert sqlite_stack.endpoint.operations is not None
    with served(sqlite_stack.endpoint.operations) as address:
        sqlite_stack.now = datetime.now(UTC)
        file = doctored(sqlite_stack, operations_address=address)
        running = found("--settings", file)["running_gateway"]
        assert (running["state"], running["says"]) == ("ok", "it runs and is ready")
        sqlite_stack.now = datetime(2051, 1, 1, tzinfo=UTC)
        time.sleep(KEPT_SECONDS)
        running = found("--settings", file)["running_gateway"]
        both = "service_certificate and seal_certificate"
        said = f"it runs, is not ready, and has another {both} than the files"
        assert (running["state"], running["says"]) == ("failed", said)
        assert running["cure"].startswith("reload it")
        sqlite_stack.now = datetime.now(UTC)
        with writing(sqlite_stack.engine) as session:
            session.execute(delete(RevocationRow))
        time.sleep(KEPT_SECONDS)
        running = found("--settings", file)["running_gateway"]
        assert running["says"].startswith("it runs and is not ready: revocation: nothing is known")
        changes = {"database_url": "sqlite:///notigateway.db", "document_store_url": "file:documents"}
        file = doctored(sqlite_stack, operations_address=address, **changes)
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        monkeypatch.chdir(elsewhere)
        told = found("--settings", file)
    for check in ("folder", "operations_address"):
        assert told[check]["state"] == "warning"
        assert f"this folder, {elsewhere}" in told[check]["says"]
        assert told[check]["cure"].startswith("run it in the folder in which the gateway starts")


@pytest.mark.parametrize(
    "findings", ["null", "{}", "[1]", '[{"check": "a", "state": ["x"], "says": "b"}]', "[[]]"]
)
def test_what_is_not_of_the_shape_of_ours_is_nobody_of_ours(sqlite_stack: Stack, findings: str) -> None:
    said = f'{{"status": "ready", "instance": {{"public_url": "u", "data": "d"}}, "findings": {findings}}}'
    with served(page(said)) as address:
        refused = health("--settings", settings_of(sqlite_stack, address))
    assert (refused.exit_code, refused.stderr) == (
        1,
        f"not healthy: what answers is no gateway of ours (HTTP 200) at http://{address}\n",
    )


def test_what_another_process_says_is_one_line_that_steers_no_terminal(sqlite_stack: Stack) -> None:
    said = {"public_url": "\x1b[2J\x1b]0;owned\x07\nready: all\u202e", "data": "d"}
    with served(page(json.dumps({"status": "ready", "instance": said}))) as address:
        refused = health("--settings", settings_of(sqlite_stack, address))
    assert refused.exit_code == 1
    assert refused.stderr.count("\n") == 1
    assert is_a_line(refused.stderr.removesuffix("\n"))


def test_one_that_answers_byte_by_byte_is_not_waited_for(sqlite_stack: Stack) -> None:
    with served(dripping) as address, pytest.raises(NobodyThereError, match="no whole answer in 1 seconds"):
        ask(f"http://{address}", READY, seconds=1.0)


def page(said: str) -> WSGIApplication:
    """Answer everything with one text, as JSON."""

    def answer(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [said.encode()]

    return answer


def dripping(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Answer one byte every fifth of a second, for a few seconds."""
    start_response("200 OK", [("Content-Type", "application/json")])
    for _ in range(20):
        time.sleep(0.2)
        yield b" "


def test_without_a_second_address_nobody_can_be_asked(sqlite_stack: Stack) -> None:
    refused = health("--settings", settings_of(sqlite_stack, ""))
    assert isinstance(refused.exception, ConfigurationError)
    assert "operations_address is empty" in refused.exception.detail
