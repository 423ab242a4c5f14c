"""The gateway asks witnesses to cosign the heads of its log: honest, dead, lying and contradicting ones."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from bundles import bundles, write_trust
from kept_log import ORIGIN, SECOND, advanced, keep, kept
from notigateway.evidence import bundle
from notigateway.health.queues import COSIGNATURES, QueuesWanted, look_at_queues
from notigateway.log.notes import note_of
from notigateway.log.witnessing import Collected, Place, Witnesses, collect
from notigateway.pki.keys import fingerprint
from notigateway.repository.cosignatures import (
    find_first_cosigned,
    list_cosignatures,
    list_witnesses,
)
from notigateway.repository.engine import reading
from notigateway.repository.log import find_last_checkpoint
from notigateway.tlog.cosignature import cosign, cosigner_of, verify_cosignature
from notigateway.tlog.note import SignatureLine, read_note, verify_note
from notigateway.tlog.quorum import Quorum, count_cosignatures
from notigateway.tlog.submission import PATH, read_submission
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from operating import app
from pki import pki
from stack import Stack
from watched import Log, Room, at_a_door, free_port, post, room, witnessing, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from typer.testing import Result

pytestmark = pytest.mark.once


__all__ = ["kept"]  # the fixture

KEY = Ed25519PrivateKey.generate()
LIAR = cosigner_of("liar.example", KEY)


def of(*places: Place, needed: int = 1) -> Witnesses:
    seal = pki().seal.certificate
    return Witnesses(places, needed, 2, {fingerprint(seal): seal})


def place(made: Room, url: str) -> Place:
    return Place(made.me, url + PATH)


@contextmanager
def three(stack: Stack, folder: Path) -> Iterator[list[Place]]:
    with ExitStack() as serving:
        made = [room(folder / f"w{number}", called=f"witness.example/w{number}") for number in (1, 2, 3)]
        yield [place(one, serving.enter_context(witnessing(one, lambda: stack.now))) for one in made]


def signed_by(stack: Stack, size: int) -> list[str]:
    with reading(stack.engine) as session:
        return [one.witness for one in list_cosignatures(session, size)]


def grown(stack: Stack, stem: str, seconds: float = 60) -> int:
    """Make the log grow; return the size of its new head."""
    stack.pass_time(seconds=seconds)
    stack.accept(stack.publish(stem))
    return advanced(stack).size


def test_every_witness_cosigns_the_newest_head_once(kept: Stack, tmp_path: Path) -> None:
    with three(kept, tmp_path) as places:
        found = collect(kept.engine, of(*places, needed=2), now=kept.now)
        assert found == Collected(cosigned=3)
        assert collect(kept.engine, of(*places, needed=2), now=kept.now) == Collected()
        size = grown(kept, "MORE")
        assert collect(kept.engine, of(*places, needed=2), now=kept.now) == Collected(cosigned=3)
    names = [one.who.name for one in places]
    assert signed_by(kept, SECOND) == signed_by(kept, size) == names
    with reading(kept.engine) as session:
        head = find_last_checkpoint(session)
        assert head is not None
        data = note_of(head, of().seals, list_cosignatures(session, head.size))
    note = read_note(data)
    assert verify_note(note, seal_certificates=[pki().seal.certificate]).checkpoint.size == size
    for line, one in zip(note.lines[1:], places, strict=True):
        assert verify_cosignature(note.text, line.signature, one.who) == kept.now.replace(microsecond=0)


def test_a_dead_witness_delays_and_never_loses(kept: Stack, tmp_path: Path) -> None:
    """Two of three are enough; the third comes back and has the newest head, whatever it missed."""
    with three(kept, tmp_path) as places:
        dead = [*places[:2], replace(places[2], url=f"http://127.0.0.1:{free_port()}{PATH}")]
        found = collect(kept.engine, of(*dead, needed=2), now=kept.now)
        assert (found.cosigned, found.failed, found.lacking) == (2, 1, 0)
        assert any("witness.example/w3" in one for one in found.failures)
        size = grown(kept, "MORE", seconds=10)
        # Not asked again at once; it is still said that it fails.
        found = collect(kept.engine, of(*places, needed=2), now=kept.now)
        assert (found.cosigned, found.failed) == (2, 1)
        kept.pass_time(seconds=25)
        assert collect(kept.engine, of(*places, needed=2), now=kept.now) == Collected(cosigned=1)
    assert signed_by(kept, size) == [one.who.name for one in places]


def test_a_witness_that_stays_away_is_asked_less_and_less_often(kept: Stack) -> None:
    nowhere = Place(LIAR, f"http://127.0.0.1:{free_port()}{PATH}")
    pauses = []
    for _ in range(10):
        collect(kept.engine, of(nowhere), now=kept.now)
        with reading(kept.engine) as session:
            due = list_witnesses(session, [LIAR.name])[LIAR.name].due_at
        pauses.append((due - kept.now).total_seconds())
        kept.pass_time(seconds=pauses[-1])
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_what_waits_is_the_heads_that_have_too_few(kept: Stack, tmp_path: Path) -> None:
    wanted = QueuesWanted(has_authority=False, evidence_delay=timedelta(), witnesses_needed=2)

    def waiting() -> tuple[int, bool]:
        queue = look_at_queues(kept.engine, wanted, kept.now)[COSIGNATURES]
        return queue.waiting, queue.since is None

    assert waiting() == (2, False)
    with three(kept, tmp_path) as places:
        found = collect(kept.engine, of(places[0], needed=1), now=kept.now)
        assert found.lacking == 0
        assert waiting() == (2, False)
        collect(kept.engine, of(*places, needed=2), now=kept.now)
        assert waiting() == (0, True)
        grown(kept, "MORE")
        assert waiting() == (1, False)


def test_the_head_that_covers_an_entry_with_enough_cosignatures_is_found(kept: Stack, tmp_path: Path) -> None:
    with three(kept, tmp_path) as places:
        collect(kept.engine, of(*places[:1]), now=kept.now)
        size = grown(kept, "MORE")
        collect(kept.engine, of(*places), now=kept.now)

    def found(position: int, needed: int) -> int | None:
        with reading(kept.engine) as session:
            head = find_first_cosigned(session, position, needed=needed)
            return None if head is None else head.size

    assert (found(0, 1), found(0, 3), found(0, 4)) == (SECOND, size, None)
    assert (found(SECOND, 1), found(size, 1)) == (size, None)


def test_a_bundle_carries_a_head_with_enough_cosignatures_and_waits_for_none(
    database_url: str, tmp_path: Path
) -> None:
    seen = [{"vkey": one.who.vkey, "url": "http://127.0.0.1:9/"} for one in (Place(LIAR, ""),)]
    stack = Stack(database_url, tmp_path, witnesses=seen)
    stack.accept(first := stack.publish("FIRST"))
    advanced(stack)
    (alone,) = {read_note(head_of(data)) for data in bundles(stack, first).values()}
    assert len(alone.lines) == 1
    stack.pass_time(seconds=60)
    stack.accept(second := stack.publish("SECOND"))
    honest = answering(lambda body: ("200 OK", line_of(head_in(body), stack.now)))
    with at_a_door(honest) as url:
        size = advanced(stack).size
        assert collect(stack.engine, of(Place(LIAR, url + PATH)), now=stack.now).cosigned == 1
    quorum = Quorum((LIAR,))
    for wanted in (first, second):  # also the first one's, which an earlier head covers
        for data in bundles(stack, wanted).values():
            note = read_note(head_of(data))
            assert verify_note(note, seal_certificates=[pki().seal.certificate]).checkpoint.size == size
            counted = count_cosignatures(note, quorum, stated=stack.now, at=stack.now)
            assert counted.is_enough
            trust = replace(load_trust(write_trust(tmp_path / "trust")), quorum=quorum, issuers=None)
            report = verify(data, trust=trust, at=stack.now, require_witnesses=True)
            assert report.outcome is Outcome.PASSED, report
    stack.close()


def head_of(data: bytes) -> bytes:
    return bundle.read_container(data)[bundle.CHECKPOINT]


# --- witnesses that lie -----------------------------------------------------------------------------


def answering(answer: Callable[[bytes], tuple[str, bytes]]) -> WSGIApplication:
    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, body = answer(environ["wsgi.input"].read())
        start_response(status, [("Content-Type", "text/plain"), ("Location", "http://127.0.0.1:1/")])
        return [body]

    return application


def line_of(text: bytes, at: datetime, *, key: Ed25519PrivateKey = KEY) -> bytes:
    return SignatureLine(LIAR.name, LIAR.key_id, cosign(text, key, at)).to_bytes()


def head_in(body: bytes) -> bytes:
    return read_note(read_submission(body).note).text


def lies(text: bytes, now: datetime) -> Iterator[tuple[str, bytes, str]]:
    """Yield answers, each with the word by which it is refused."""
    honest = line_of(text, now)
    yield "200 OK", b"<html>hello</html>", "signature"
    yield "200 OK", b"", "signature"
    yield "200 OK", b"\xff\n", "cannot be read"
    yield "200 OK", b"x" * 200_000, "larger than"
    yield "200 OK", line_of(b"other\n", now), "not its own"
    yield "200 OK", line_of(text, now, key=Ed25519PrivateKey.generate()), "not its own"
    yield "200 OK", line_of(text, now - timedelta(hours=1)), "clock differs"
    yield "200 OK", line_of(text, now + timedelta(hours=1)), "clock differs"
    yield "200 OK", honest.replace(b"liar", b"lier"), "another key"
    yield "200 OK", honest[:-1], "signature"
    yield "409 Conflict", b"99999999\n", "gone back"
    yield "409 Conflict", b"hello", "not the size"
    yield "409 Conflict", b"7\n", "contradicts itself"
    yield "422 Unprocessable", b"", "does not continue"
    yield "404 Not Found", b"", "name"
    yield "403 Forbidden", b"", "seal"
    yield "302 Found", b"", "302"
    yield "500 Oops", b"", "500"


def test_what_a_witness_answers_is_checked_before_it_is_kept(sqlite_stack: Stack) -> None:
    keep(sqlite_stack)
    with reading(sqlite_stack.engine) as session:
        head = find_last_checkpoint(session)
        assert head is not None
    now: list[tuple[str, bytes]] = []
    with at_a_door(answering(lambda _: now[-1])) as url:
        for number in range(len(list(lies(head.text, sqlite_stack.now)))):
            sqlite_stack.pass_time(seconds=3_601)
            status, body, said = list(lies(head.text, sqlite_stack.now))[number]
            now.append((status, body))
            found = collect(sqlite_stack.engine, of(Place(LIAR, url + PATH)), now=sqlite_stack.now)
            assert (found.cosigned, found.failed, found.lacking) == (0, 1, 1), said
            [failure] = found.failures
            assert failure.startswith("liar.example: ")
            assert said in failure
    assert not signed_by(sqlite_stack, SECOND)


def test_what_unknown_keys_have_signed_beside_it_is_ignored(sqlite_stack: Stack) -> None:
    keep(sqlite_stack)
    now = sqlite_stack.now
    other = SignatureLine("other.example", b"\x01\x02\x03\x04", bytes(72)).to_bytes()
    both = answering(lambda body: ("200 OK", other + line_of(head_in(body), now)))
    with at_a_door(both) as url:
        assert collect(sqlite_stack.engine, of(Place(LIAR, url + PATH)), now=now).cosigned == 1
    assert signed_by(sqlite_stack, SECOND) == [LIAR.name]


def test_a_witness_that_saw_another_log_is_told_as_a_split_view(sqlite_stack: Stack, tmp_path: Path) -> None:
    """The log was restored from a backup, or never was one: the witness has cosigned another view."""
    keep(sqlite_stack)
    other = Log.of(*words(SECOND))
    with witnessing(made := room(tmp_path / "w1"), lambda: sqlite_stack.now) as url:
        for old, said in ((0, "split view"), (SECOND, "gone back")):
            assert post(url, other.submission(old, at=sqlite_stack.now))[0] == 200
            found = collect(sqlite_stack.engine, of(place(made, url)), now=sqlite_stack.now)
            assert [said in one for one in found.failures] == [True], found
            other.add("more")
            sqlite_stack.pass_time(seconds=61)
    assert not signed_by(sqlite_stack, SECOND)


# --- the command ------------------------------------------------------------------------------------


def test_the_command_asks_and_tells(sqlite_stack: Stack, tmp_path: Path) -> None:
    keep(sqlite_stack)
    with witnessing(made := room(tmp_path / "w1"), lambda: sqlite_stack.now) as url:
        file = settings_file(sqlite_stack, tmp_path, made, url)
        result = CliRunner().invoke(app, ["cosign", "--settings", str(file), "--json"])
    # The witness's clock is the test's, the command's is the machine's.
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert (said["cosigned"], said["failed"]) == (0, 1)
    assert "witness.example/w1: " in result.stderr


def test_by_hand_it_asks_at_once_and_says_when_it_asked(sqlite_stack: Stack, tmp_path: Path) -> None:
    keep(sqlite_stack)
    made = room(tmp_path / "w1", origins=("another.example/log",))

    def told(*more: str) -> Result:
        return CliRunner().invoke(app, ["cosign", "--settings", str(file), *more])

    with witnessing(made, lambda: datetime.now(UTC)) as url:
        file = settings_file(sqlite_stack, tmp_path, made, url)
        result = told()
        assert result.exit_code == 1
        assert f"of {SECOND} entries, has 0 cosignatures, of 1 that are needed: 0 new" in result.stdout
        assert "witness.example/w1: it does not know a log of this name" in result.stderr
        assert "witness.example/w1: asked last at 20" in result.stderr
    text = made.file.read_text().replace("another.example/log", ORIGIN)
    made.file.write_text(text)  # its operator has named the log
    with witnessing(made, lambda: datetime.now(UTC)) as url:
        file = settings_file(sqlite_stack, tmp_path, made, url)
        result = told("--due")  # what was said then, and nobody is asked yet
        assert (result.exit_code, "does not know a log" in result.stderr) == (1, True)
        result = told()
        assert (result.exit_code, result.stderr) == (0, "")
        assert "has 1 cosignatures, of 1 that are needed: 1 new, 0 witnesses failed" in result.stdout
        assert "has 1 cosignatures, of 1 that are needed: 0 new" in told().stdout


def settings_file(stack: Stack, folder: Path, made: Room, url: str) -> Path:
    values = {name: value for name, value in stack.overrides.items() if not isinstance(value, (list, dict))}
    lines = [
        f"{name} = {json.dumps(value if isinstance(value, int) else str(value))}"
        for name, value in values.items()
    ]
    lines += ["[[witnesses]]", f'vkey = "{made.me.vkey}"', f'url = "{url}/"']
    file = folder / "notigateway.toml"
    file.write_text("\n".join(lines))
    file.chmod(0o600)
    return file


def test_the_log_has_the_name_that_the_witnesses_know() -> None:
    assert Log().origin == ORIGIN
