"""`notigateway monitor` follows a log by HTTP: honest and of any size, hostile, and with two views."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from notigateway.errors import ConfigurationError
from notigateway.instants import instant_text
from notigateway.monitor.remembered import Edge, recall
from notigateway.monitor.source import Source, UnreachableError
from notigateway.tlog.checkpoint import Follows, read_checkpoint
from notigateway.tlog.cosignature import cosign
from notigateway.tlog.merkle import is_consistent, leaf_hash
from notigateway.tlog.note import SignatureLine, read_note, verify_note
from notigateway.tlog.tile_paths import entries_path, tile_path, width_of
from notigateway.tlog.tiles import Tile
from notigateway.witness.configured import load_key
from operating import app
from pki import pki, write_issuers
from public_log import Answer, PublicLog
from watched import ORIGIN, Log, at_a_door, free_port, later, next_seal, room, text_of, words

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Watching:
    """A monitor of a log that is served."""

    url: str
    served: PublicLog
    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    def run(self, *more: str, url: str | None = None) -> tuple[int, dict[str, Any]]:
        arguments = [
            "monitor",
            url or self.url,
            "--trust",
            str(self.folder / "trust"),
            "--state",
            str(self.state),
        ]
        result = CliRunner().invoke(app, [*arguments, "--json", *more])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, json.loads(result.stdout)

    def head(self, note: bytes, name: str = "head") -> str:
        file = self.folder / f"{name}.note"
        file.write_bytes(note)
        return str(file)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    write_issuers(tmp_path / "trust" / "seals", [pki().seal.certificate])
    served = PublicLog(Log.of(*words(70)))
    with at_a_door(served) as url:
        yield Watching(url, served, tmp_path)


def in_order(found: tuple[int, dict[str, Any]], size: int, new: int) -> None:
    code, said = found
    assert (code, said["outcome"]) == (0, "in order"), said
    assert (said["size"], said["new"]) == (size, new)


def honest(_path: str, _answer: Answer) -> None:
    """Say nothing instead."""


# --- an honest log ----------------------------------------------------------------------------------


def test_a_log_is_followed_from_where_it_was_left(watching: Watching) -> None:
    log = watching.served.log
    in_order(watching.run(), 70, 70)
    in_order(watching.run(), 70, 0)
    for count in (1, 185, 1, 255, 1, 300):
        log.add(*words(count, f"more {len(log.leaves)}"))
        in_order(watching.run(), len(log.leaves), count)
    # What was verified is not read again: of the last step no bundle before its own.
    watching.served.asked.clear()
    log.add("one more")
    in_order(watching.run(), len(log.leaves), 1)
    bundles = [path for path in watching.served.asked if "entries" in path]
    assert bundles == [entries_path(3, len(log.leaves) - 3 * 256)]


def test_a_log_of_any_size_is_read_whole_and_little_is_remembered(watching: Watching) -> None:
    watching.served.log.add(*words(70_000 - 70, "many"))
    in_order(watching.run(), 70_000, 70_000)
    asked = watching.served.asked
    assert sum("entries" in path for path in asked) == 274
    # Each tile of the tree, at every level (tlog-tiles has this very number as its example).
    assert {path for path in asked if "/tile/1/" in path} == {"/tile/1/000", "/tile/1/001.p/17"}
    assert "/tile/2/000.p/1" in asked
    assert watching.state.stat().st_size < 16_384


def test_a_run_that_was_cut_off_goes_on_where_it_was(watching: Watching) -> None:
    watching.served.log.add(*words(30_000, "many"))
    away = entries_path(100)
    watching.served.lie = lambda path, _: ("503 Away", b"") if path == away else None
    assert watching.run()[0] == 2
    watching.served.log.add(*words(100, "meanwhile"))
    watching.served.lie = honest
    watching.served.asked.clear()
    in_order(watching.run(), 30_170, 30_170)
    assert entries_path(63) not in watching.served.asked
    assert entries_path(64) in watching.served.asked


def test_a_partial_tile_that_is_gone_is_read_from_the_whole_one(watching: Watching) -> None:
    log = watching.served.log
    watching.served.note = log.note()
    log.add(*words(300, "meanwhile"))
    watching.served.lie = lambda path, _: ("404 Not Found", b"") if ".p/70" in path else None
    in_order(watching.run(), 70, 70)


# --- two views ----------------------------------------------------------------------------------------


def evidence(said: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Return what is in the file, and its two heads, each under the gateway's seal."""
    found = json.loads(Path(said["evidence"]).read_text())
    notes = [read_note(found[which]["note"].encode()) for which in ("older", "newer")]
    return found, [verify_note(one, seal_certificates=[pki().seal.certificate]).checkpoint for one in notes]


def test_two_heads_of_one_size_are_a_split_view(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    watching.served.log = watching.served.log.fork(60, *words(10, "other"))
    code, said = watching.run()
    assert (code, said["outcome"]) == (3, "split view")
    _, (older, newer) = evidence(said)
    assert older.size == newer.size == 70
    assert older.root != newer.root


def test_a_head_that_does_not_continue_the_last_one_is_a_split_view_with_a_proof(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    watching.served.log = watching.served.log.fork(60, *words(400, "other"))
    code, said = watching.run()
    assert (code, said["outcome"]) == (3, "split view")
    found, (older, newer) = evidence(said)
    shown = found["consistency"]
    root = base64.b64decode(shown["from_root"])
    # Anybody can check it: the newer head begins with another tree of the older one's size.
    assert root != older.root
    assert is_consistent(
        older.size,
        newer.size,
        older_root=root,
        newer_root=newer.root,
        proof=list(map(base64.b64decode, shown["proof"])),
    )
    # The same again is the same evidence; what was verified before stands.
    assert watching.run()[1]["evidence"] == said["evidence"]
    assert recall(watching.state).head.size == 70


def test_a_log_that_goes_back_is_a_split_view(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    watching.served.log.add(*words(50, "more"))
    in_order(watching.run(), 120, 50)
    full = watching.served.log
    watching.served.log = full.fork(60, *words(20, "other"))
    code, said = watching.run()
    assert (code, said["outcome"]) == (3, "split view")
    assert "gone back" in said["said"]
    assert "120 entries on " in said["said"]
    assert "80 entries on " in said["said"]
    assert "tile" not in said["said"]  # what did not come is in the evidence
    assert "whether a backup was restored" in said["said"]
    _, heads = evidence(said)
    assert [head.size for head in heads] == [80, 120]
    # At a size that was seen before, the two speak for themselves.
    watching.served.log = full.fork(60, *words(10, "other"))
    code, said = watching.run()
    assert (code, "one size" in said["said"]) == (3, True)


def test_a_head_that_is_never_proven_is_not_forgotten(watching: Watching) -> None:
    """Another log of more entries, whose tiles are withheld: it is sealed, so one day it is evidence."""
    in_order(watching.run(), 70, 70)
    honest, other = watching.served.log, watching.served.log.fork(40, *words(50, "other"))
    watching.served.log = other
    watching.served.lie = lambda path, _: None if path == "/checkpoint" else ("404 Not Found", b"")
    for _ in range(2):
        code, said = watching.run()
        assert (code, said["outcome"]) == (2, "indeterminate")
        assert "its sealed head is kept until it is proven" in said["said"]
    (kept,) = recall(watching.state).unproven
    assert text_of(kept) == text_of(other.note())
    # Other heads that are withheld do not drive it out.
    honest.add(*words(30, "later"))
    watching.served.log = honest
    assert watching.run()[0] == 2
    watching.served.lie = lambda _path, _: None
    code, said = watching.run()
    assert (code, said["outcome"]) == (3, "split view")
    assert [head.size for head in evidence(said)[1]] == [90, 100]


@pytest.mark.parametrize("has_followed", [True, False])
def test_two_heads_of_one_size_are_a_split_view_though_nothing_else_is_served(
    watching: Watching, has_followed: bool
) -> None:
    first = watching.served.log
    if has_followed:
        in_order(watching.run(), 70, 70)
    watching.served.lie = lambda path, _: None if path == "/checkpoint" else ("404 Not Found", b"")
    watching.served.log = first.fork(40, *words(50, "other"))
    assert watching.run()[0] == 2
    watching.served.log = first.fork(40, *words(50, "third"))
    code, said = watching.run()
    assert (code, said["outcome"]) == (3, "split view")
    assert [head.size for head in evidence(said)[1]] == [90, 90]


def test_a_head_that_was_not_proven_outlives_a_new_name(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    first = watching.served.log
    withheld, restored = first.fork(40, *words(50, "other")), first.fork(60, "restored")
    restored.origin = f"{ORIGIN}/2"
    hiding = watching.served.lie = lambda path, _: None if path == "/checkpoint" else ("404 Not Found", b"")
    watching.served.log = withheld
    assert watching.run()[0] == 2
    watching.served.log = restored
    assert watching.run("--accept-name", restored.origin)[0] == 2
    # What was accepted was not proven, so it is asked about again.
    watching.served.lie = lambda _path, _: None
    code, said = watching.run()
    assert (code, "--accept-name" in said["said"]) == (2, True)
    in_order(watching.run("--accept-name", restored.origin), 61, 61)
    (kept,) = recall(watching.state).unproven
    assert text_of(kept) == text_of(withheld.note())
    watching.served.lie, watching.served.log = hiding, withheld
    assert watching.run()[0] == 3


def test_a_head_that_is_proven_later_leaves_nothing(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    watching.served.log.add(*words(30, "later"))
    watching.served.lie = lambda path, _: None if path == "/checkpoint" else ("404 Not Found", b"")
    assert watching.run()[0] == 2
    watching.served.lie = lambda _path, _: None
    in_order(watching.run(), 100, 30)
    assert recall(watching.state).unproven == ()


def test_an_old_copy_of_the_log_is_no_split_view(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    watching.served.log.add(*words(50, "more"))
    in_order(watching.run(), 120, 50)
    for size in (70, 100):  # one that was seen, and one that is shown by the tiles
        watching.served.note = watching.served.log.note(size)
        code, said = watching.run()
        assert (code, "not up to date" in said["said"]) == (2, True)
    watching.served.note = None
    in_order(watching.run(), 120, 0)


def test_heads_from_elsewhere_are_compared(watching: Watching) -> None:
    log = watching.served.log
    log.add(*words(500, "more"))
    honest = [watching.head(log.note(size), f"head-{size}") for size in (1, 70, 256, 569, 570)]
    in_order(watching.run(*(word for one in honest for word in ("--head", one))), 570, 570)
    for size in (65, 570):
        other = watching.head(log.fork(60, *words(size - 60, "other")).note(), f"other-{size}")
        code, said = watching.run("--head", other)
        assert (code, said["outcome"]) == (3, "split view")
        evidence(said)


def test_a_head_from_elsewhere_that_says_nothing_about_the_log_is_told(watching: Watching) -> None:
    log = watching.served.log
    later_head = log.fork(70, *words(10, "later")).note()
    for note, said in (
        (b"garbage", "holds no head of a log"),
        (log.note(seal=next_seal()), "pinned"),
        (later_head, "cannot be compared"),
    ):
        code, told = watching.run("--head", watching.head(note))
        assert (code, said in told["said"]) == (2, True), told


# --- a log that lies ----------------------------------------------------------------------------------


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (tile_path(Tile(0, 0)), 1),
        (tile_path(Tile(0, 2), 58), 1),
        (tile_path(Tile(1, 0), 2), 1),
        (entries_path(1), 1),
        (entries_path(2, 58), 1),
        ("/checkpoint", 1),
    ],
)
def test_one_wrong_bit_is_found(watching: Watching, path: str, code: int) -> None:
    watching.served.log.add(*words(500, "more"))
    watching.served.lie = lambda asked, honest: (honest[0], flipped(honest[1])) if asked == path else None
    found, said = watching.run()
    assert (found, said["outcome"]) == (code, "wrong")
    assert not watching.state.exists() or not recall(watching.state).note


def test_wrong_tiles_between_two_heads_are_no_consistency(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    watching.served.log.add(*words(500, "more"))
    watching.served.lie = lambda asked, honest: (
        (honest[0], flipped(honest[1])) if asked.startswith("/tile/0/000") else None
    )
    code, said = watching.run()
    assert (code, said["outcome"]) == (3, "split view")
    assert "no consistency" in said["said"]
    _, heads = evidence(said)
    assert [head.size for head in heads] == [70, 570]


@pytest.mark.parametrize(
    ("which", "answer", "code"),
    [
        ("/checkpoint", ("302 Found", b""), 2),
        ("/checkpoint", ("500 Oops", b""), 2),
        ("/checkpoint", ("404 Not Found", b""), 2),
        ("/checkpoint", ("200 OK", b""), 1),
        ("/checkpoint", ("200 OK", b"\xff" * 1000), 1),
        ("/checkpoint", ("200 OK", b"<html>" * 1000), 1),
        ("/checkpoint", ("200 OK", b"x" * 100_000), 1),
        ("/checkpoint", ("200 OK", b"x" * 3_000_000), 2),
        ("/tile/0", ("200 OK", b""), 1),
        ("/tile/0", ("200 OK", b"x" * 9_000), 1),
        ("/tile/0", ("301 Moved", b""), 2),
        ("/tile/entries", ("200 OK", b""), 1),
        ("/tile/entries", ("200 OK", b"\x00"), 1),
        ("/tile/entries", ("200 OK", b"\x00\x00" * 300), 1),
        ("/tile/entries", ("200 OK", b"\xff\xff" + b"x" * 10), 1),
        ("/tile/entries", ("404 Not Found", b""), 2),
        ("/tile/entries", ("200 OK", b"x" * 3_000_000), 2),
    ],
    ids=range(17),
)
def test_whatever_a_log_serves_is_answered(watching: Watching, which: str, answer: Answer, code: int) -> None:
    watching.served.lie = lambda path, _: answer if path.startswith(which) else None
    found, said = watching.run()
    assert (found, said["outcome"]) == (code, {1: "wrong", 2: "indeterminate"}[code]), said
    if watching.state.exists():  # what is sealed and not proven is kept, and nothing believed
        known = recall(watching.state)
        assert (known.note, len(known.unproven), code) == (b"", 1, 2)


def test_a_log_that_dribbles_is_not_waited_for(watching: Watching) -> None:
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stopping.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=dribble)
        thread.start()
        began = time.monotonic()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Source(url, timeout_seconds=0.3) as source, pytest.raises(UnreachableError):
            source.checkpoint()
        assert time.monotonic() - began < 20
        stopping.set()
        thread.join()


def test_a_log_that_is_away_is_told(watching: Watching) -> None:
    assert watching.run(url=f"http://127.0.0.1:{free_port()}")[0] == 2


def test_a_head_of_an_unknown_seal_or_of_an_instant_that_goes_back_is_wrong(watching: Watching) -> None:
    watching.served.at = later(60)
    in_order(watching.run(), 70, 70)
    log = watching.served.log
    log.add("more")
    watching.served.note = log.note(seal=next_seal())
    code, said = watching.run()
    assert (code, "may have changed its seal: get the new certificate" in said["said"]) == (1, True)
    watching.served.note = log.note(at=later(30))
    code, said = watching.run()
    assert (code, "instant" in said["said"]) == (1, True)
    watching.served.note = log.note(at=later(60))
    in_order(watching.run(), 71, 1)


# --- a restored log, and witnesses -------------------------------------------------------------------


def test_another_name_is_followed_only_when_a_person_confirms_it(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    restored = Log.of(*words(40), origin=f"{ORIGIN}/2")
    restored.follows = Follows(ORIGIN, 65, watching.served.log.root(65), "restored from tape")
    watching.served.log = restored
    code, said = watching.run()
    assert (code, f"--accept-name {restored.origin}" in said["said"]) == (2, True)
    assert "the operator quotes 65 entries" in said["said"]
    assert "restored from tape" in said["said"]
    assert "this monitor has seen 70: entries 65 to 69, counted from 0" in said["said"]
    assert "it does NOT begin with these 70 entries" in said["said"]
    whole = Log.of(*words(70), "restored", origin=f"{ORIGIN}/3")
    whole.follows = Follows(ORIGIN, 70, whole.root(70), "moved")
    watching.served.log = whole
    assert "it begins with all 70 of them under its new name too" in watching.run()[1]["said"]
    watching.served.log = restored
    assert watching.run("--accept-name", "elsewhere")[0] == 2
    in_order(watching.run("--accept-name", restored.origin), 40, 40)
    restored.add("more")
    in_order(watching.run(), 41, 1)
    (former,) = recall(watching.state).former
    assert read_checkpoint(read_note(former).text).size == 70


def test_a_former_name_that_comes_back_is_a_split_view_whatever_is_confirmed(watching: Watching) -> None:
    first = watching.served.log
    in_order(watching.run(), 70, 70)
    restored = first.fork(60)
    restored.origin = f"{ORIGIN}/2"
    watching.served.log = restored
    in_order(watching.run("--accept-name", restored.origin), 60, 60)
    first.add("more")
    watching.served.log = first
    for more in ([], ["--accept-name", ORIGIN]):
        code, said = watching.run(*more)
        assert (code, said["outcome"]) == (3, "split view")
        assert "gone back to a name that it had before" in said["said"]


def test_heads_of_a_former_name_are_compared_and_accuse_nobody_of_what_was_lost(watching: Watching) -> None:
    log = watching.served.log
    in_order(watching.run(), 70, 70)
    restored = log.fork(60, *words(20, "other"))
    restored.origin = f"{ORIGIN}/2"
    watching.served.log = restored
    in_order(watching.run("--accept-name", restored.origin), 80, 80)
    kept, lost = watching.head(log.note(50), "kept"), watching.head(log.note(65), "lost")
    in_order(watching.run("--head", kept), 80, 0)
    code, said = watching.run("--head", lost)
    assert (code, "of what was lost when the log was restored" in said["said"]) == (2, True)
    other = watching.head(log.fork(40, *words(30, "third")).note(), "split")  # of the size last seen
    code, said = watching.run("--head", other)
    assert (code, said["outcome"]) == (3, "split view")
    another = Log.of(*words(7, "nothing"), origin="elsewhere.example/log")
    code, said = watching.run("--head", watching.head(another.note(), "elsewhere"))
    assert (code, "or of another log" in said["said"]) == (2, True)


def test_who_has_cosigned_the_head_is_told(watching: Watching, tmp_path: Path) -> None:
    made = room(tmp_path / "w1")
    log = watching.served.log
    text = read_note(log.note()).text
    key = load_key(tmp_path / "w1" / "witness.key.pem")
    line = SignatureLine(made.me.name, made.me.key_id, cosign(text, key, later(5)))
    other = SignatureLine("other.example", b"\x01\x02\x03\x04", bytes(72))
    (tmp_path / "trust" / "witnesses.toml").write_text(f'witnesses = ["{made.me.vkey}"]\n')
    _, said = watching.run()
    assert (said["cosigned_by"], said["is_cosigned"]) == ([], False)
    watching.served.note = log.note(lines=[line, other])
    _, said = watching.run()
    assert (said["cosigned_by"], said["is_cosigned"]) == ([made.me.name], True)
    assert "other.example" in said["said"]
    wrong = SignatureLine(line.name, line.key_id, flipped(line.signature))
    watching.served.note = log.note(lines=[wrong])
    assert watching.run()[0] == 1


def test_heads_that_nobody_cosigns_are_told_after_a_while(watching: Watching, tmp_path: Path) -> None:
    made = room(tmp_path / "w1")
    (tmp_path / "trust" / "witnesses.toml").write_text(f'witnesses = ["{made.me.vkey}"]\n')
    log, now = watching.served.log, datetime.now(UTC)

    def looked(*more: str, ago: timedelta = timedelta()) -> tuple[int, bool]:
        log.add("one more")  # a busy log never shows but a new head
        watching.served.note = log.note(at=now - ago)
        code, said = watching.run(*more)
        assert "cosigned by 0 of 1 that are needed" in said["said"]
        return code, "so for too long: are the witnesses asked?" in said["said"]

    for _ in range(3):
        assert looked(ago=timedelta(minutes=100)) == (0, False)
    kept = json.loads(watching.state.read_text())
    assert kept["lacking"]["looks"] == 3
    kept["lacking"]["since"] = instant_text(now - timedelta(hours=3))  # three looks, one a day: no proof yet
    watching.state.write_text(json.dumps(kept))
    assert looked() == (0, False)
    kept["lacking"]["looks"] = 9
    kept |= {one: json.loads(watching.state.read_text())[one] for one in ("note", "edge", "heads")}
    watching.state.write_text(json.dumps(kept))
    assert looked() == (2, True)
    key = load_key(tmp_path / "w1" / "witness.key.pem")
    note = log.note(at=now)
    line = SignatureLine(made.me.name, made.me.key_id, cosign(read_note(note).text, key, now))
    watching.served.note = log.note(at=now, lines=[line])
    assert watching.run()[0] == 0
    assert json.loads(watching.state.read_text())["lacking"] is None


def test_an_old_head_that_nobody_has_cosigned_is_told_at_once(watching: Watching, tmp_path: Path) -> None:
    made = room(tmp_path / "w1")
    (tmp_path / "trust" / "witnesses.toml").write_text(f'witnesses = ["{made.me.vkey}"]\n')
    code, said = watching.run()  # its head is of years ago
    assert (code, said["outcome"], said["is_cosigned"]) == (2, "indeterminate", False)
    assert said["size"] == 70  # all else was looked at, and is remembered
    assert recall(watching.state).head.size == 70


# --- what is remembered -------------------------------------------------------------------------------


def test_the_right_edge_has_the_root_of_the_whole() -> None:
    log, edge = Log.of(*words(1_500)), Edge()
    step = 0
    while edge.size < 1_500:
        step += 1
        edge, full = edge.grown(list(map(leaf_hash, log.leaves[edge.size : edge.size + step])))
        assert edge.root() == log.root(edge.size)
        assert all(log.tiles[one] == data for one, data in full.items())
        assert all(width_of(one, edge.size) < 256 for one in edge.tiles)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1}', "[" * 100_000, "null"])
def test_a_state_that_no_monitor_wrote_is_refused_in_a_line(watching: Watching, text: str) -> None:
    watching.state.write_text(text)
    code, said = watching.run()
    assert (code, "not what a monitor has written" in said["said"]) == (2, True)


def test_a_state_whose_tree_was_changed_is_refused(watching: Watching) -> None:
    in_order(watching.run(), 70, 70)
    said = json.loads(watching.state.read_text())
    tile = base64.b64decode(said["edge"]["tiles"]["0"])
    said["edge"]["tiles"]["0"] = base64.b64encode(flipped(tile)).decode()
    watching.state.write_text(json.dumps(said))
    assert watching.run()[0] == 2


def test_a_state_that_could_not_be_kept_is_said_before_the_log_is_read(watching: Watching) -> None:
    state = watching.folder / "nowhere" / "state.json"
    trust = str(watching.folder / "trust")
    result = CliRunner().invoke(app, ["monitor", watching.url, "--trust", trust, "--state", str(state)])
    assert isinstance(result.exception, ConfigurationError)
    assert str(state.parent) in result.exception.detail
