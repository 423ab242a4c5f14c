"""What `notigateway doctor` says of single things, and that its cures are the right ones."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import struct
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from typer.testing import CliRunner

from doctoring import FREE, doctor, found, settings_of
from notigateway.health.time_source import NoTimeError, read_time
from notigateway.law.texts import is_a_line
from notigateway.repository.log_left import log_left
from notigateway.repository.store_owner import marker_of
from operating import app
from pki import crl, pki, write_issuers
from stack import Stack
from tsa import tsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.once


def test_a_key_that_is_missing_is_made_alone_where_the_other_one_is(sqlite_stack: Stack) -> None:
    told = found("--settings", settings_of(sqlite_stack, service_key_file="nowhere"))["service_key"]
    assert "`notigateway keys new --only service`" in told["cure"]
    told = found("--settings", settings_of(sqlite_stack, service_key_file="a", seal_key_file="b"))
    for check in ("service_key", "seal_key"):
        assert "`notigateway keys new`" in told[check]["cure"]
    other = str(sqlite_stack.overrides["service_key_file"])
    told = found("--settings", settings_of(sqlite_stack, seal_key_file=other))["seal_key"]
    assert told["cure"].endswith("or make another with `notigateway keys new --into FOLDER`")


def test_a_database_that_others_may_read_is_closed_by_its_name(sqlite_stack: Stack) -> None:
    file = sqlite_stack.folder / "a place" / "notigateway.db"
    file.parent.mkdir()
    for ending in ("", "-wal", "-shm"):
        shutil.copy(f"{sqlite_stack.folder}/notigateway.db{ending}", f"{file}{ending}")
    file.chmod(0o644)
    told = found("--settings", settings_of(sqlite_stack, database_url=f"sqlite:///{file}"))["database_file"]
    assert told["state"] == "warning"
    assert told["cure"] == f"chmod go-rwx '{file}' '{file}-wal' '{file}-shm'"


def test_the_log_that_a_killed_gateway_left_is_left_as_it_is(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    others = sqlite_stack.folder / "others"
    others.mkdir()
    (others / "notigateway-store").write_bytes(marker_of(UUID(int=1), now=sqlite_stack.now))
    left = sqlite_stack.folder / "left"
    left.mkdir()
    for ending in ("", "-wal", "-shm"):
        shutil.copy(f"{sqlite_stack.folder}/notigateway.db{ending}", f"{left}/notigateway.db{ending}")
    files = [left / "notigateway.db", left / "notigateway.db-wal"]
    before = [file.read_bytes() for file in files]
    url = f"sqlite:///{files[0]}"
    for changes, says in (
        ({}, "would go as it should"),
        ({"document_store_url": f"file:{others}"}, "would be refused: document_store_url: "),
    ):
        told = found("--settings", settings_of(sqlite_stack, database_url=url, **changes))
        assert told["start"]["says"].startswith(says)
        assert told["schema"]["state"] == "ok"
        assert len(before[1]) > 0
        assert [file.read_bytes() for file in files] == before
    file = settings_of(sqlite_stack, database_url=url)
    assert "things checked" in CliRunner().invoke(app, ["check", "--settings", str(file)]).stdout
    assert [file.read_bytes() for file in files] == before


def test_beside_a_database_without_a_log_none_is_left(sqlite_stack: Stack) -> None:
    file = sqlite_stack.folder / "alone" / "notigateway.db"
    file.parent.mkdir()
    with closing(sqlite3.connect(sqlite_stack.folder / "notigateway.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(sqlite_stack.folder / "notigateway.db", file)
    with log_left(f"sqlite:///{file}"), closing(sqlite3.connect(file)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_names_of_files_and_keys_steer_no_terminal(sqlite_stack: Stack) -> None:
    odd = "a\x1b[31m\x9b31m\u202egpj\u3164"
    (sqlite_stack.folder / "issuers" / f"{odd}.txt").touch()
    (sqlite_stack.folder / "revocation" / f"{odd}.txt").touch()
    file = settings_of(sqlite_stack)
    shown = "a\\x1b[31m\\x9b31m\\u202egpj\\u3164.txt"
    page, programs = (
        doctor("--settings", file, columns=160).stdout,
        doctor("--settings", file, "--json").stdout,
    )
    assert page.count(shown) >= 2
    for text in (page, programs):
        assert not [letter for letter in text if not is_a_line(letter) and letter != "\n"]
    (told,) = [one for one in json.loads(programs)["findings"] if one["check"] == "authorised_issuers"]
    assert f"{odd}.txt" in told["says"]
    (sqlite_stack.folder / "issuers" / f"{odd}.txt").unlink()
    assert shown in CliRunner().invoke(app, ["refresh-trust", "--settings", str(file)]).stderr
    file.write_text(f'"{odd[0]}\\u001b[31m\\u202e" = 1')
    page = doctor("--settings", file).stdout
    assert "a\\x1b[31m\\u202e: there is no such setting" in " ".join(page.split())


def test_a_slow_folder_of_issuers_is_told_of_them_alone(
    sqlite_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notigateway.health.issuing._SECONDS", 0.0)
    told = found("--settings", settings_of(sqlite_stack))
    for one in ("service", "seal"):
        assert (told[f"{one}_key"]["state"], told[f"{one}_certificate"]["state"]) == ("ok", "ok")
        assert "by whom it was issued could not be found in 0 seconds" in told[f"{one}_certificate"]["says"]


@contextmanager
def as_another_account(stack: Stack) -> Iterator[None]:
    """Be an account that may read certificates and folders, and not what is the gateway's alone."""
    for file in (stack.folder / "keys").iterdir():
        file.chmod(0o644)
    closed = [*(stack.folder / "keys").glob("*.key.pem"), stack.folder / "notigateway.db"]
    for file in closed:
        file.chmod(0o600 if os.geteuid() == 0 else 0)
    if os.geteuid() == 0:
        for folder in (stack.folder, *list(stack.folder.parents)[:3], stack.folder / "keys"):
            folder.chmod(folder.stat().st_mode | 0o055)
        os.seteuid(65534)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        for file in closed:
            file.chmod(0o600)


def test_another_account_is_told_to_be_the_gateways_and_nothing_is_half(sqlite_stack: Stack) -> None:
    closed = sqlite_stack.folder / "closed"
    pinned = write_issuers(closed / "pinned", [tsa().certificate])
    file = settings_of(
        sqlite_stack,
        timestamp_authority_url=f"http://{FREE}/",
        timestamp_authority_folder=str(pinned),
        document_store_url=f"file:{closed / 'documents'}",
        revocation_folder=str(closed / "revocation"),
        retired_seals_folder=str(closed / "retired"),
    )
    file.chmod(0o644)
    found("--settings", file)  # everything that is imported late is there
    closed.chmod(0o700 if os.geteuid() == 0 else 0)
    with as_another_account(sqlite_stack):
        told = found("--settings", file)
    closed.chmod(0o700)
    for check in (
        *("service_key", "seal_key", "database_file", "timestamp_authority", "document_store"),
        *("revocation_folder", "retired_seals", "room_documents", "start"),
    ):
        assert (told[check]["state"], told[check]["cure"]) == ("unknown", "run it as the gateway's account")
    file.chmod(0o600 if os.geteuid() == 0 else 0)
    with as_another_account(sqlite_stack):
        unread = found("--settings", file)["settings"]
    assert (unread["state"], unread["cure"]) == ("unknown", "run it as the gateway's account")
    assert "schema" not in told


# --- the clock


@contextmanager
def time_server(off: timedelta, head: bytes = b"\x24\x02", fields: bytes | None = None) -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)

        def answer() -> None:
            _, asking = server.recvfrom(64)
            since = (datetime.now(UTC) + off - datetime(1900, 1, 1, tzinfo=UTC)).total_seconds()
            sent = struct.pack("!II", int(since), 0) if fields is None else fields
            server.sendto(head + bytes(38) + sent, asking)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (0.5, "warning"), (-30, "failed")])
def test_the_clock_is_compared_with_a_time_server(sqlite_stack: Stack, minutes: float, state: str) -> None:
    with time_server(timedelta(minutes=minutes)) as source:
        told = found("--settings", settings_of(sqlite_stack), "--time-source", source)
    assert told["clock"]["state"] == state


@pytest.mark.parametrize(
    ("head", "fields", "said"),
    [
        (b"\xe4\x02", None, "its own clock is not set"),  # the leap indicator's alarm
        (b"\x24\x10", None, "its own clock is not set"),
        (b"\x24\x00", None, "its own clock is not set"),
        (b"\x24\x02", bytes(8), "the answer is no time"),
        (b"\x23\x02", None, "the answer is no time"),
    ],
)
def test_a_time_server_that_tells_no_time_decides_nothing(
    sqlite_stack: Stack, head: bytes, fields: bytes | None, said: str
) -> None:
    with time_server(timedelta(minutes=-30), head, fields) as source:
        told = found("--settings", settings_of(sqlite_stack), "--time-source", source)["clock"]
    assert (told["state"], told["says"]) == (
        "unknown",
        f"the time source {source} did not tell the time ({said})",
    )


def test_a_time_source_that_does_not_answer_is_unknown(sqlite_stack: Stack) -> None:
    for source in (FREE, "not a host:x"):
        told = found("--settings", settings_of(sqlite_stack), "--time-source", source)
        assert told["clock"]["state"] == "unknown"


def test_instants_of_both_eras_are_read_and_nothing_else() -> None:
    answer = b"\x24\x02" + bytes(38)
    assert read_time(answer + struct.pack("!II", 1 << 31, 1 << 31)) == datetime(
        1968, 1, 20, 3, 14, 8, 500000, tzinfo=UTC
    )
    assert read_time(answer + struct.pack("!II", 1, 0)) == datetime(2036, 2, 7, 6, 28, 17, tzinfo=UTC)
    time = struct.pack("!II", 1, 0)
    for head in (b"\x24\x00", b"\x24\x10", b"\xe4\x02", b"\x23\x02", b""):
        with pytest.raises(NoTimeError):
            read_time(head + bytes(38) + time)
    for bad in (b"", answer, answer + bytes(8)):
        with pytest.raises(NoTimeError, match="no time"):
            read_time(bad)


# --- what the next refresh would take in


def test_the_folder_of_revocation_lists_is_looked_into(sqlite_stack: Stack) -> None:
    folder = sqlite_stack.folder / "revocation"
    settings = settings_of(sqlite_stack)
    told = found("--settings", settings)["revocation_folder"]
    assert (told["chapter"], told["state"], told["says"]) == ("revocation", "ok", f"3 in {folder}")
    made: list[tuple[Callable[[Path], object], str]] = [
        (os.mkfifo, "cannot read {}: it is a pipe or a device, and no file"),
        (lambda file: file.write_bytes(b"0"), "{}: the revocation list cannot be read"),
        (lambda file: file.with_suffix(".txt").touch(), "neither a revocation list (.crl) nor an answer"),
    ]
    for make, says in made:
        file = folder / "a.crl"
        make(file)
        told = found("--settings", settings)["revocation_folder"]
        assert (told["state"], says.format(file) in told["says"]) == ("failed", True), told
        file.unlink(missing_ok=True)
    for number in range(9):
        (folder / f"b{number}.crl").touch()
    assert "and others like these" in doctor("--settings", settings, columns=160).stdout
    shutil.rmtree(folder)
    told = found("--settings", settings)["revocation_folder"]
    assert (told["state"], told["says"]) == ("failed", f"{folder}: there is no such folder")
    assert told["cure"] == "make it or mount it, or correct revocation_folder"


def test_a_list_about_our_own_certificates_is_taken_where_their_issuer_is_known(sqlite_stack: Stack) -> None:
    """To take it away, as of a stranger's, would lose what raises a receipt to level LT."""
    (sqlite_stack.folder / "revocation" / "a.crl").write_bytes(crl(pki().other_root))
    folder = sqlite_stack.folder / "evidence-issuers"
    settings = settings_of(sqlite_stack, evidence_issuers_folder=str(folder))
    told = found("--settings", settings)["revocation_folder"]
    says = "a.crl: the revocation list is not signed by an authorised issuer, nor by one in evidence_issuers_"
    assert (told["state"], says in told["says"]) == ("failed", True), told
    assert "put the certificate of its issuer into evidence_issuers_folder" in told["cure"]
    write_issuers(folder, [pki().other_root.certificate])
    assert found("--settings", settings)["revocation_folder"]["state"] == "ok"


def test_no_part_of_an_address_that_may_be_a_password_is_told(sqlite_stack: Stack) -> None:
    url = f"http://{FREE}/stamp?token=s3cret"
    result = doctor(
        "--settings", settings_of(sqlite_stack, timestamp_authority_url=url), "--online", "--json"
    )
    assert f"nobody answers at http://{FREE}/stamp?… (ConnectError)" in result.stdout
    assert "s3cret" not in result.stdout
