"""The gateway's own log, read by everybody over HTTP, and followed by the monitor that anybody may run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from notigateway.log.growing import advance, erase
from notigateway.monitor.source import Source, UnreachableError
from notigateway.tlog.checkpoint import read_checkpoint
from notigateway.tlog.merkle import is_consistent, leaf_hash
from notigateway.tlog.note import read_note, verify_note
from notigateway.tlog.tile_paths import entries_path, read_path, tile_path
from notigateway.tlog.tiles import Tile
from operating import app
from overdue import settings_file
from pki import pki, write_issuers
from watched import at_a_door

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from wsgiref.types import WSGIApplication

    from sqlalchemy import Connection

    from stack import Stack

ROOT = "/notigateway/log"
FULL = 2
AGES = (("old", "old"), ("new", "new"))


@dataclass
class Page:
    status: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def read(stack: Stack, path: str, method: str = "GET") -> Page:
    page = Page()

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        page.status, page.headers = status, dict(headers)

    environ = {"REQUEST_METHOD": method, "PATH_INFO": ROOT + path, "REMOTE_ADDR": "192.0.2.1"}
    page.body = b"".join(stack.endpoint(environ, start))  # type: ignore[arg-type]
    return page


def grown(stack: Stack, *, publish: int) -> int:
    """Publish, advance the log, and return its size."""
    stack.publish_many(publish)
    head = advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)
    assert head is not None
    return head.size


def application(stack: Stack) -> WSGIApplication:
    def serve(environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        return stack.endpoint(environ, start_response)  # type: ignore[arg-type]

    return serve


def test_everybody_reads_the_head_the_tiles_and_the_entries(stack: Stack) -> None:
    assert read(stack, "/checkpoint").status.startswith("404")
    size = grown(stack, publish=3)
    head = read(stack, "/checkpoint")
    assert head.status == "200 OK"
    assert head.headers["Content-Type"] == "text/plain; charset=utf-8"
    sealed = verify_note(read_note(head.body), seal_certificates=[pki().seal.certificate])
    assert sealed.checkpoint.size == size
    tile = read(stack, tile_path(Tile(0, 0), size))
    # Not for good: after a restore other tiles stand there, under the next name of the log.
    assert tile.headers["Cache-Control"] == "public, max-age=3600"
    entries = read(stack, entries_path(0, size)).body
    hashes = []
    while entries:
        length = int.from_bytes(entries[:2])
        hashes.append(leaf_hash(entries[2 : 2 + length]))
        entries = entries[2 + length :]
    assert b"".join(hashes) == tile.body
    assert len(hashes) == size
    short = read(stack, "/checkpoint", "HEAD")
    assert (short.status, short.body) == ("200 OK", b"")
    assert short.headers["Content-Length"] == str(len(head.body))


def test_nothing_is_given_that_no_head_covers(stack: Stack) -> None:
    size = grown(stack, publish=3)
    stack.publish_many(3)  # its leaves have no place yet, and no head
    for path in (
        tile_path(Tile(0, 0), size + 1),
        tile_path(Tile(0, 0)),
        entries_path(0, size + 1),
        tile_path(Tile(0, 1), 1),
        tile_path(Tile(1, 0), 1),
        tile_path(Tile(63, 0), 1),
        entries_path(10**17),
    ):
        page = read(stack, path)
        assert (page.status, page.body) == ("404 Not Found", b"404\n"), path
        assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/checkpoint/",
        "/tile/0/0",
        "/tile/00/000",
        "/tile/0/x000/001",
        "/tile/64/000",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/000.p/01",
        "/tile/entries/1",
        "/tile/entries/-01",
        "/tile/0/\u0661\u0661\u0661",
        "/tile/0/" + "x001/" * 9 + "001",
        "/../verify",
    ],
)
def test_what_is_no_path_of_a_log_is_not_there(sqlite_stack: Stack, path: str) -> None:
    grown(sqlite_stack, publish=1)
    assert read_path(path) is None
    assert read(sqlite_stack, path).status == "404 Not Found"


def test_nobody_writes(sqlite_stack: Stack) -> None:
    page = read(sqlite_stack, "/checkpoint", "POST")
    assert (page.status, page.headers["Allow"]) == ("405 Method Not Allowed", "GET, HEAD")


def test_an_erased_record_keeps_its_entry(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.accept(stack.publish())
    size = grown(stack, publish=1)
    before = read(stack, entries_path(0, size)).body
    assert erase(stack.engine, before=stack.now.replace(year=stack.now.year + 1)) > 0
    assert read(stack, entries_path(0, size)).body == before


def test_the_monitor_follows_the_gateways_own_log(stack: Stack, tmp_path: Path) -> None:
    write_issuers(tmp_path / "trust" / "seals", [pki().seal.certificate])
    arguments = ["--trust", str(tmp_path / "trust"), "--state", str(tmp_path / "state.json"), "--json"]
    sizes = []
    with at_a_door(application(stack)) as address:
        for publish in (2, 300, 5):
            sizes.append(grown(stack, publish=publish))
            run = CliRunner().invoke(app, ["monitor", address + ROOT, *arguments])
            assert run.exit_code == 0, run.output
            assert json.loads(run.stdout)["size"] == sizes[-1]
            stack.pass_time(minutes=1)
        with Source(address + ROOT) as source:
            assert read_checkpoint(read_note(source.checkpoint()).text).size == sizes[-1]
            assert source.entries(0, 256)
            with pytest.raises(UnreachableError):
                source.entries(9, 1)
    assert sizes == sorted(sizes)
    assert sizes[1] > 256


def test_a_head_waits_for_the_disk_whatever_the_database_is_set_to(stack: Stack) -> None:
    """Who has seen a head holds the log to it: it may not be forgotten by a crash."""
    if stack.engine.dialect.name != "postgresql":
        with stack.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == FULL
        return
    said = []

    def note(connection: Connection) -> None:
        cursor = connection.connection.cursor()
        cursor.execute("SHOW synchronous_commit")
        said.append((cursor.fetchone() or [""])[0])
        cursor.close()

    for set_to, expected in (("off", "on"), ("local", "on"), ("remote_write", "remote_write")):
        with stack.engine.begin() as connection:
            name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET synchronous_commit = {set_to}')
        stack.engine.dispose()
        stack.publish(f"ACT-{set_to}")
        event.listen(stack.engine, "commit", note)
        grown(stack, publish=0)
        event.remove(stack.engine, "commit", note)
        assert said.pop() == expected
        said.clear()


def test_the_operator_proves_to_who_kept_a_head_that_the_log_only_grew(stack: Stack, tmp_path: Path) -> None:
    older, newer = tmp_path / "older.note", tmp_path / "newer.txt"
    first = grown(stack, publish=2)
    older.write_bytes(read(stack, "/checkpoint").body)
    stack.pass_time(minutes=1)
    last = grown(stack, publish=300)
    newer.write_bytes(read_note(read(stack, "/checkpoint").body).text)
    for arguments in ([str(older)], [str(older), str(newer)]):
        run = CliRunner().invoke(app, ["log", "prove", *arguments, "--settings", str(settings_file(stack))])
        assert run.exit_code == 0, run.output
        said = json.loads(run.stdout)
        assert (said["old_size"], said["new_size"]) == (first, last)
        roots = {f"{name}er_root": bytes.fromhex(said[f"{short}_root"]) for name, short in AGES}
        proof = [bytes.fromhex(one) for one in said["proof"]]
        assert is_consistent(first, last, proof=proof, **roots)
    text = read_note(older.read_bytes()).text.replace(f"\n{first}\n".encode(), f"\n{first - 1}\n".encode())
    (tmp_path / "other.txt").write_bytes(text)
    run = CliRunner().invoke(
        app, ["log", "prove", str(tmp_path / "other.txt"), "--settings", str(settings_file(stack))]
    )
    assert run.exit_code == 1
    assert "does not begin with" in run.output
