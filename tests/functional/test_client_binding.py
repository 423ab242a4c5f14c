"""Our own client against genuine answers to other requests: the exit code, nothing told, nothing written."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from interop.anothers import ANOTHERS, FAULT_CODE, answered_to, no_id, related, the_same_id
from interop.hostile import Hostile
from notigateway.client import NotificationClient
from notigateway.client.archive.schema import DATABASE
from notigateway.client.cli import main
from notigateway.client.log_watch import KEPT
from notigateway.client.owner import OWNER
from notigateway.client.wscn import namespace_at
from notigateway.sandbox.process import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from interop.anothers import Kind
    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.once

# The client's own question, asked by somebody else or by the same caller before; a fault may be the answer.
OTHER, CALLER, ANY = "person", "company", "Body"
KINDS: dict[str, Kind] = {
    "115-another-callers": answered_to(OTHER, expected=ANY),
    "115-an-older-one-of-the-same-caller": answered_to(CALLER, expected=ANY),
    "115-one-that-relates-to-nothing": answered_to(CALLER, naming=no_id, expected=ANY),
    "115-one-that-relates-without-signature": related(answered_to(CALLER, naming=no_id, expected=ANY)),
    "115-one-that-relates-twice": related(answered_to(CALLER, expected=ANY)),
    "115-a-fault-about-another-request": ANOTHERS["a fault about another request"],
}
COMMANDS = {
    "ping": ["ping", "--json"],
    "list": ["list", "--json"],
    "summary": ["summary", "--json"],
    "changes": ["changes", "--json"],
    "history": ["history", "ID", "--json"],
    "accept": ["accept", "ID", "--yes", "--json"],
    "receipt": ["receipt", "ID", "--save", "FOLDER"],
    "retrieve": ["retrieve", "ID", "--output", "FOLDER"],
}


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def between() -> Iterator[Hostile]:
    yield from Hostile("/notigateway/v1").running()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, between: Hostile) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("between") / "sandbox"
    with running(folder, "--notifications", "12", "--public-url", between.url) as started:
        between.upstream = started.ready["listens"]
        yield started


@pytest.fixture
def run(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Run a command of the company, which is the caller."""
    variables = {
        "URL": sandbox.url,
        "P12": str(sandbox.pki.holder(CALLER).p12),
        "PASSWORD_FILE": str(sandbox.pki.passphrase),
        "SERVER_CERT": str(sandbox.pki.certificate("service")),
        "SEAL_CERT": str(sandbox.pki.certificate("seal")),
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"NOTIGATEWAY_CLIENT_{name}", value)

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["notigateway-client", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert isinstance(stopped.value.code, int)
        return Done(stopped.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def known(sandbox: Running) -> str:
    with NotificationClient.from_files(
        sandbox.url,
        p12=sandbox.pki.holder(CALLER).p12,
        password=sandbox.pki.passphrase.read_bytes().strip(),
        server_certificates=[sandbox.pki.certificate("service")],
    ) as client:
        return client.list_page().notifications[0].id


def words_of(command: str, known: str, folder: Path) -> list[str]:
    return [{"ID": known, "FOLDER": str(folder)}.get(word, word) for word in COMMANDS[command]]


def written(folder: Path) -> set[str]:
    return {one.name for one in folder.rglob("*")} - {".lock"}


def assert_refused(done: Done) -> None:
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("notigateway-client: RESPONSE_TO_ANOTHER: ")
    assert done.err.count("\n") == 1
    assert FAULT_CODE not in done.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", KINDS)
def test_115_the_answer_to_another_request_is_refused(
    run: Callable[..., Done],
    sandbox: Running,
    between: Hostile,
    known: str,
    tmp_path: Path,
    command: str,
    kind: str,
) -> None:
    with between.falsifying(KINDS[kind](sandbox.pki), passing=0):
        done = run(*words_of(command, known, tmp_path / "out"))
    assert between.answers == 1
    assert_refused(done)
    assert written(tmp_path) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_116_nobody_else_is_answered_under_the_name_of_a_request(
    run: Callable[..., Done], sandbox: Running, between: Hostile, known: str, tmp_path: Path, command: str
) -> None:
    """The service refuses whoever asks under it; what it says then is no answer to the client either."""
    falsify = answered_to(OTHER, naming=the_same_id, expected="other-signer")
    with between.falsifying(falsify(sandbox.pki), passing=0):
        done = run(*words_of(command, known, tmp_path / "out"))
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("notigateway-client: ADDRESSING_INVALID: ")
    assert "(not proven to be about this request); see http" in done.err
    assert written(tmp_path) == set()


@pytest.mark.parametrize("passing", [0, 1, 2])
@pytest.mark.parametrize("kind", [*KINDS, "an empty list"])
def test_115_a_pull_keeps_nothing_of_it_and_the_next_one_misses_nothing(
    run: Callable[..., Done], sandbox: Running, between: Hostile, tmp_path: Path, kind: str, passing: int
) -> None:
    """Neither the log's head, asked first, nor the place among the changes, nor the list is believed."""
    spool = tmp_path / "spool"
    falsify = (ANOTHERS | KINDS)[kind](sandbox.pki)
    with between.falsifying(falsify, passing=passing):
        done = run("pull", "--accept", "--json", spool)
    assert_refused(done)
    # The log's head was proven where it passed; a service that has signed none yet shows none.
    assert written(spool) <= ({KEPT, OWNER, DATABASE} if passing else set())


@pytest.mark.parametrize("address", ["wscn", "wscn_test"])
@pytest.mark.parametrize("command", ["list", "grantors"])
@pytest.mark.parametrize("kind", KINDS)
def test_115_the_same_in_the_social_securitys_contract(
    run: Callable[..., Done], sandbox: Running, between: Hostile, address: str, command: str, kind: str
) -> None:
    if kind == "115-a-fault-about-another-request":
        falsify = answered_to(
            OTHER, f'<w:no xmlns:w="{namespace_at(sandbox.ready[address])}"/>', expected=ANY
        )
    else:
        falsify = KINDS[kind]
    with between.falsifying(falsify(sandbox.pki), passing=0):
        done = run("--contract", "wscn", "--url", sandbox.ready[address], command, "--json")
    assert between.answers == 1
    assert_refused(done)


def test_what_passes_everything_on_is_not_noticed(
    run: Callable[..., Done], sandbox: Running, known: str, tmp_path: Path
) -> None:
    done = run("pull", "--accept", "--json", tmp_path / "spool")
    assert (done.code, json.loads(done.out)["stored"]) == (0, 12)
    for address in ("wscn", "wscn_test"):
        assert run("--contract", "wscn", "--url", sandbox.ready[address], "list", "--json").code == 0
    found = {command: run(*words_of(command, known, tmp_path)).code for command in COMMANDS}
    assert found == dict.fromkeys(COMMANDS, 0)
