"""`notigateway witness` as it runs: over HTTP, killed, asked by many, and by who is no honest log."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from notigateway.evidence.sealing import Seal
from notigateway.tlog.checkpoint import Checkpoint, Follows
from notigateway.tlog.cosignature import read_vkey, verify_cosignature
from notigateway.tlog.note import Note, read_lines, read_note, write_note
from notigateway.tlog.submission import PATH, SUBMISSION_MAX_BYTES, write_submission
from notigateway.witness.configured import load_witness
from notigateway.witness.judging import Witness
from notigateway.witness.kept import Kept
from operating import app
from patience import PATIENCE_SECONDS
from pki import pki
from watched import AT, NAME, ORIGIN, Log, Room, later, post, room, serving, text_of, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

pytestmark = pytest.mark.once

BY_COMMAND = [sys.executable, "-m", "notigateway.cli.main", "witness"]


@pytest.fixture
def made(tmp_path: Path) -> Room:
    return room(tmp_path / "witness")


@pytest.fixture
def kept(made: Room) -> Iterator[Kept]:
    with closing(Kept(load_witness(made.file).database)) as one:
        yield one


def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BY_COMMAND, *arguments],
        capture_output=True,
        text=True,
        input=said,
        timeout=PATIENCE_SECONDS,
        check=False,
        env={"PATH": ""},
    )


def checked(body: bytes, note: bytes, made: Room) -> datetime:
    """Return when a witness says that it saw a head."""
    (line,) = read_lines(body)
    assert (line.name, line.key_id) == (made.me.name, made.me.key_id)
    return verify_cosignature(text_of(note), line.signature, made.me)


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
        return bytes(answer.read())


def test_a_key_is_made_once_and_printed_as_a_vkey(tmp_path: Path) -> None:
    file = tmp_path / "witness.key.pem"
    first = run("key", str(file), "--name", NAME)
    assert read_vkey(first.stdout.strip()).name == NAME
    assert file.stat().st_mode & 0o777 == 0o600
    again = run("key", str(file), "--name", NAME)
    assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)
    assert "Traceback" not in again.stderr


def test_heads_are_cosigned_over_http_and_what_was_cosigned_is_told(made: Room) -> None:
    log = Log.of(*words(7))
    with serving(made.file) as (url, process):
        status, body = post(url, log.submission(0))
        assert status == 200
        checked(body, log.note(), made)
        log.add(*words(300, "more"))
        assert post(url, log.submission(0)) == (409, b"7\n")
        status, body = post(url, log.submission(7))
        checked(body, log.note(), made)
        of_it = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
        assert text_of(get(url + of_it)) == text_of(log.note())
        assert get(url).decode().strip() == made.me.vkey
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    told = run("heads", str(made.file))
    assert f"{ORIGIN}: 307 entries, root {log.root(307).hex()}" in told.stdout


def test_after_any_number_of_kills_no_two_cosigned_heads_contradict_each_other(made: Room) -> None:
    """Two views of the log are sent at once and without end; the process is killed in the middle, often."""
    views = [log := Log.of(*words(60)), log.fork(3, *words(57, "other"))]
    cosigned: set[tuple[int, int]] = set()
    told: SimpleQueue[None] = SimpleQueue()

    def press(url: str, view: int) -> None:
        old = 0
        while True:
            try:
                size = min(60, old + 1) if old < 60 else 60
                status, body = post(url, views[view].submission(old, size))
            except OSError:
                return  # killed
            if status == 200:
                checked(body, views[view].note(size), made)
                cosigned.add((view, size))
                told.put(None)
                old = size
            elif status == 409:
                old = int(body)
            else:
                return  # the other view has won

    for round_ in range(4):
        with serving(made.file) as (url, process), ThreadPoolExecutor(3) as pool:
            pressing = [pool.submit(press, url, view) for view in (0, 1, round_ % 2)]
            with suppress(Empty):  # there is nothing more to cosign
                for _ in range(5 + round_):
                    told.get(timeout=1)
            process.kill()
            for one in pressing:
                one.result(PATIENCE_SECONDS)
    sizes = sorted(size for _, size in cosigned)
    assert sizes
    assert len({view for view, size in cosigned if size > 3}) == 1


def test_what_is_no_submission_is_refused_before_it_is_read(made: Room) -> None:
    with serving(made.file) as (url, _):
        assert post(url, b"x" * (SUBMISSION_MAX_BYTES + 1))[0] == 413
        assert post(url, b"old 0\n\nnothing\n")[0] == 400
        assert post(f"{url}/elsewhere", b"")[0] == 404
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as asking:
            asking.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: asking.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 405")
        assert b"Allow: POST" in answer
        # Whoever sends nothing more holds nobody up.
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as slow:
            slow.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nold")
            assert post(url, Log.of("one").submission(0))[0] == 200


def test_a_split_view_is_kept_and_told_with_both_notes(made: Room) -> None:
    log = Log.of(*words(9))
    other = log.fork(5, *words(4, "other"))
    with serving(made.file) as (url, _):
        assert post(url, log.submission(0))[0] == 200
        assert post(url, other.submission(9)) == (409, b"9\n")
    told = run("heads", str(made.file)).stdout
    assert "SPLIT VIEW" in told
    for one in (log, other):
        for line in text_of(one.note()).decode().splitlines():
            assert line in told
    lines = [json.loads(one) for one in (made.file.parent / "witness.log").read_text().splitlines()]
    assert [one["event"] for one in lines if one["level"] == "error"] == ["witness_split_view"]


def test_a_log_that_has_gone_back_is_told_to_the_operator_of_the_witness(made: Room) -> None:
    log = Log.of(*words(9))
    with serving(made.file) as (url, _):
        assert post(url, log.submission(0))[0] == 200
        assert post(url, log.submission(5, 7, AT + timedelta(seconds=3)))[0] == 409
    told = run("heads", str(made.file)).stdout
    assert f"SPLIT VIEW of {ORIGIN}, gone back from 9 entries to 7, seen " in told
    assert told.count(f"    {ORIGIN}\n") == 2
    lines = [json.loads(one) for one in (made.file.parent / "witness.log").read_text().splitlines()]
    assert [one["event"] for one in lines if one["level"] == "error"] == ["witness_gone_back"]


@pytest.mark.parametrize(
    ("quoted", "said"),
    [
        (7, "this witness has cosigned 9: entries 7 to 8, counted from 0"),
        (8, "this witness has cosigned 9: entry 8, counted from 0"),
        (9, "this witness has cosigned the same head"),
        (-9, "SPLIT VIEW of the old name"),
        (12, "this witness has cosigned 9, no more than is quoted"),
        (0, "does not say which one the log goes on from"),
    ],
)
def test_who_accepts_a_new_name_is_told_what_is_not_vouched_for(
    made: Room, kept: Kept, quoted: int, said: str
) -> None:
    log, restored = Log.of(*words(9)), Log.of(*words(4), origin=f"{ORIGIN}/2")
    size = min(abs(quoted), 9)
    root = log.root(size) if quoted > 0 else bytes(32)
    restored.follows = Follows(ORIGIN, abs(quoted), root, "restored from the backup") if quoted else None
    witness = Witness(load_witness(made.file), kept)
    assert witness.judge(log.submission(0), later(1)).status == 200
    assert witness.judge(restored.submission(0), later(2)).status == 404
    accepted = CliRunner().invoke(app, ["witness", "accept", str(made.file), restored.origin, "--yes"])
    assert accepted.exit_code == 0, accepted.output
    assert said in accepted.output
    assert ("restored from the backup" in accepted.output) == bool(quoted)
    told = CliRunner().invoke(app, ["witness", "heads", str(made.file)]).output
    assert f"{restored.origin}, before {ORIGIN}: accepted 20" in told
    assert witness.judge(restored.submission(0), later(3)).status == 200
    assert "accepted" not in CliRunner().invoke(app, ["witness", "heads", str(made.file)]).output


def test_a_name_that_was_given_up_is_cosigned_no_more(made: Room, kept: Kept) -> None:
    log, restored = Log.of(*words(9)), Log.of(*words(4), origin=f"{ORIGIN}/2")
    witness = Witness(load_witness(made.file), kept)
    assert witness.judge(log.submission(0), later(1)).status == 200
    witness.judge(restored.submission(0), later(2))
    (one,) = kept.waiting()
    with kept.turn() as turn:
        turn.accept(one, later(2))
    assert witness.judge(restored.submission(0), later(3)).status == 200
    # What some copy still has is refused and no more; what is signed since is evidence of a second log.
    assert witness.judge(log.submission(9), later(4)).status == 403
    assert kept.conflicts() == []
    log.add("for somebody else")
    assert witness.judge(log.submission(9, at=later(5)), later(5)).status == 403
    ((origin, size, seen, refused, _),) = kept.conflicts()
    assert (origin, size) == (ORIGIN, 10)
    assert (restored.origin.encode() in seen, ORIGIN.encode() in refused) == (True, True)
    restored.add("more")
    assert witness.judge(restored.submission(4), later(6)).status == 200


@pytest.mark.parametrize("at_once", [True, False])
def test_of_a_log_that_was_restored_twice_the_last_name_alone_is_cosigned(
    made: Room, kept: Kept, at_once: bool
) -> None:
    """Also where both names have waited for the person, who confirms one after the other."""
    names = [ORIGIN, f"{ORIGIN}/2", f"{ORIGIN}/3"]
    logs = [Log.of(*words(9 - number), origin=name) for number, name in enumerate(names)]
    witness = Witness(load_witness(made.file), kept)
    assert witness.judge(logs[0].submission(0), later(1)).status == 200
    for steps in [logs[1:]] if at_once else [[logs[1]], [logs[2]]]:
        for log in steps:
            assert witness.judge(log.submission(0), later(2)).status == 404
        for log in steps:
            done = CliRunner().invoke(app, ["witness", "accept", str(made.file), log.origin, "--yes"])
            assert done.exit_code == 0, done.output
    assert witness.judge(logs[2].submission(0, at=later(3)), later(3)).status == 200
    for number, log in enumerate(logs[:2]):
        log.add("for somebody else")
        old = 9 if number == 0 else 0
        assert witness.judge(log.submission(old, at=later(4)), later(4)).status == 403
    assert [origin for origin, *_ in kept.conflicts()] == names[:2]
    assert all(names[2].encode() in seen for _, _, seen, _, _ in kept.conflicts())
    logs[2].add("more")
    assert witness.judge(logs[2].submission(7, at=later(5)), later(5)).status == 200


def test_a_size_that_no_log_has_is_refused(made: Room, kept: Kept) -> None:
    text = Checkpoint(ORIGIN, 2**63, bytes(32), AT).to_bytes()
    signed = Seal(pki().seal).sign(text, now=AT)
    note = write_note(text, signed, origin=ORIGIN, certificate=pki().seal.certificate)
    found = Witness(load_witness(made.file), kept).judge(write_submission(0, [], note), later(1))
    assert found.status == 400


def test_a_restored_log_goes_on_when_a_person_confirms_it(made: Room) -> None:
    restored = Log.of(*words(4), origin=f"{ORIGIN}/2")
    with serving(made.file) as (url, _):
        assert post(url, Log.of(*words(9)).submission(0))[0] == 200
        assert post(url, restored.submission(0))[0] == 404
        assert restored.origin in run("heads", str(made.file)).stdout
        refused = run("accept", str(made.file), restored.origin, said="n\n")
        assert refused.returncode == 1
        assert post(url, restored.submission(0))[0] == 404
        accepted = run("accept", str(made.file), restored.origin, said="y\n")
        assert accepted.returncode == 0, accepted.stderr
        # Both heads were shown: the one that was cosigned, and the one under the new name.
        assert f"\n    {ORIGIN}\n    9\n" in accepted.stdout
        assert f"\n    {restored.origin}\n    4\n" in accepted.stdout
        assert post(url, restored.submission(0))[0] == 200
    unknown = run("accept", str(made.file), "nobody.example")
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("witness.key", "no.key"), "no.key.pem"),
        (lambda text: text + "more = 1\n", "more"),
        (lambda text: text.replace(NAME, "a b"), "name"),
        (lambda text: text.replace('seals = "seals"', 'seals = "nowhere"'), "no seal certificate"),
        (lambda text: text.replace("listen = ", "listen = = "), "TOML"),
        (lambda text: text.replace("127.0.0.1", "127.0.0.1:"), "listen"),
        (lambda text: text.replace("witness.key.pem", "seals/issuer-0.pem"), "others"),
    ],
    ids=["key", "unknown", "name", "seals", "toml", "address", "public"],
)
def test_what_is_wrong_in_its_file_is_told_in_a_line(made: Room, change: object, said: str) -> None:
    assert callable(change)
    made.file.write_text(change(made.file.read_text()))
    (made.file.parent / "seals" / "issuer-0.pem").chmod(0o644)
    told = run("serve", str(made.file))
    assert (told.returncode, len(told.stderr.splitlines())) == (2, 1)
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_a_note_that_was_cosigned_is_a_note_for_everybody(made: Room) -> None:
    log = Log.of(*words(3))
    with serving(made.file) as (url, _):
        _, body = post(url, log.submission(0))
    note = read_note(log.note())
    assert read_note(Note(note.text, (*note.lines, *read_lines(body))).to_bytes()).lines[1].name == NAME
