"""Whether a witness cosigns: the rules, each by itself, on a file of its own and without HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.evidence.history import PERIODS
from notigateway.instants import instant_text
from notigateway.tlog.cosignature import cosign, verify_cosignature
from notigateway.tlog.note import Note, SignatureLine, read_note
from notigateway.tlog.submission import SIZE_KIND, write_submission
from notigateway.witness.configured import load_witness
from notigateway.witness.judging import Verdict, Witness
from notigateway.witness.kept import Kept, Turn
from pki import pki, write_issuers
from watched import AT, ORIGIN, Log, later, next_seal, room, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Hurried(Kept):
    """Whose next name a person accepts just before each turn: another process may, at any moment."""

    accept: Callable[[Turn], None] | None = None

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        with super().turn() as turn:
            if self.accept is not None:
                accept, self.accept = self.accept, None
                accept(turn)
            yield turn


class Case:
    """A witness, and what it was asked last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        room(folder)
        self.begin()

    def begin(self) -> None:
        configured = load_witness(self.folder / "witness.toml")
        self.kept = Kept(configured.database)
        self.witness = Witness(configured, self.kept)

    def again(self) -> None:
        """Restart it."""
        self.kept.close()
        self.begin()

    def ask(self, body: bytes, *, now: float = 1) -> Verdict:
        return self.witness.judge(body, later(now))

    def cosigned(self, log: Log, old: int, size: int | None = None, *, now: float = 1) -> None:
        """Ask as an honest log, and check the cosignature."""
        body = log.submission(old, size)
        verdict = self.ask(body, now=now)
        assert verdict.status == 200, verdict
        note = Note(read_note(log.note(size)).text, ())
        (line,) = read_note(note.to_bytes() + verdict.body).lines
        me = self.witness.me
        assert (line.name, line.key_id) == (me.name, me.key_id)
        assert verify_cosignature(note.text, line.signature, me) == later(now).replace(microsecond=0)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path / "room")
    yield made
    made.kept.close()


def test_a_log_that_grows_is_cosigned_head_by_head(case: Case) -> None:
    log = Log.of(*words(1))
    case.cosigned(log, 0)
    for number in range(2, 20):
        log.add(*words(number, f"more {number}"))
        old = case.kept.heads()[ORIGIN].size
        case.cosigned(log, old, now=number)
        case.again()
    case.cosigned(log, len(log.leaves), now=30)  # the same head once more, with another instant


def test_whoever_does_not_know_the_size_is_told_it(case: Case) -> None:
    log = Log.of(*words(9))
    case.cosigned(log, 0, 7)
    for old in (0, 6, 8, 9):
        verdict = case.ask(log.submission(old))
        assert (verdict.status, verdict.body, verdict.kind) == (409, b"7\n", SIZE_KIND)


def test_a_smaller_log_is_refused(case: Case) -> None:
    log = Log.of(*words(9))
    case.cosigned(log, 0)
    for old in (0, 5):
        verdict = case.ask(log.submission(old, 5))
        assert (verdict.status, verdict.body) == (409, b"9\n")
    assert case.ask(log.submission(9, 5)).status == 400
    assert case.kept.heads()[ORIGIN].size == 9


def test_a_log_that_has_gone_back_leaves_both_notes_and_an_old_copy_does_not(case: Case) -> None:
    log = Log.of(*words(9))
    case.cosigned(log, 0)
    for at in (AT, AT - timedelta(days=1)):  # anybody may send a head that was honest once
        assert case.ask(log.submission(5, 7, at)).status == 409
    assert not case.kept.conflicts()
    for size in (5, 6, 7):  # told once, however often it asks on its way
        verdict = case.ask(log.submission(size, size, AT + timedelta(seconds=size)), now=10)
        assert (verdict.status, verdict.body) == (409, b"9\n")
    [(origin, size, seen, refused, _)] = case.kept.conflicts()
    assert (origin, size) == (ORIGIN, 5)
    assert read_note(seen).text == read_note(log.note()).text
    assert read_note(refused).text == read_note(log.note(5, AT + timedelta(seconds=5))).text
    # Another view of as many entries is kept beside it.
    assert case.ask(log.fork(5, *words(4, "other")).submission(9)).status == 409
    assert sorted(one[1] for one in case.kept.conflicts()) == [5, 9]


def test_a_known_log_of_an_unknown_seal_is_told_once_an_hour(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Log.of(*words(9))
    log.seal = next_seal()
    for seconds in (1, 2, 3000, 3602, 3603):
        assert case.ask(log.submission(0, 9), now=seconds).status == 403
    assert capsys.readouterr().out.count("witness_seal_unknown") == 2


def test_another_view_is_refused_and_of_one_size_both_notes_are_kept(case: Case) -> None:
    log = Log.of(*words(9))
    case.cosigned(log, 0)
    other = log.fork(5, *words(4, "other"))
    for _ in range(3):
        assert case.ask(other.submission(9)).status == 409
    [(origin, size, seen, refused, _)] = case.kept.conflicts()
    assert (origin, size) == (ORIGIN, 9)
    assert {read_note(seen).text, read_note(refused).text} == {
        read_note(one.note()).text for one in (log, other)
    }
    other.add(*words(3, "more"))
    assert case.ask(other.submission(9)).status == 422
    case.cosigned(log, 9)


def test_a_wrong_proof_is_refused(case: Case) -> None:
    log = Log.of(*words(20))
    case.cosigned(log, 0, 7)
    right = log.submission(7)
    lines = right.split(b"\n")
    for wrong in (
        write_submission(7, [], log.note()),
        right.replace(lines[1] + b"\n", b"", 1),
        right.replace(lines[1], lines[2], 1),
        right.replace(b"\n\n", b"\n" + lines[1] + b"\n\n", 1),
    ):
        assert case.ask(wrong).status == 422
    assert case.ask(write_submission(7, [bytes(32)] * 63, log.note())).status == 422
    case.cosigned(log, 7)


def test_a_proof_from_nothing_is_none(case: Case) -> None:
    log = Log.of(*words(3))
    assert case.ask(write_submission(0, [bytes(32)], log.note())).status == 422
    case.cosigned(log, 0)


def test_a_log_that_is_not_known_is_refused(case: Case) -> None:
    assert case.ask(Log.of(*words(3), origin="another.example/log").submission(0)).status == 404
    assert not case.kept.heads()


def test_an_unknown_key_is_refused_and_an_unknown_line_beside_the_seals_is_not(case: Case) -> None:
    log = Log.of(*words(3))
    note = read_note(log.note())
    foreign = SignatureLine("somebody.example", b"\x01\x02\x03\x04", bytes(64))
    (seal,) = note.lines
    changed = seal.signature[:-1] + bytes([seal.signature[-1] ^ 1])
    for lines in ((foreign,), (SignatureLine(seal.name, seal.key_id, changed), seal)):
        body = write_submission(0, [], Note(note.text, lines).to_bytes())
        assert case.ask(body).status == 403
    body = write_submission(0, [], Note(note.text, (foreign, seal)).to_bytes())
    assert case.ask(body).status == 200
    # What was not verified is not kept.
    assert read_note(case.kept.heads()[ORIGIN].note).lines == (seal,)


def test_a_seal_out_of_its_period_is_refused_whatever_instant_it_states(case: Case) -> None:
    log = Log.of(*words(3))
    case.cosigned(log, 0)
    log.add("stolen")
    end = instant_text(later(60))
    (case.folder / "seals" / PERIODS).write_text(f'["issuer-0.pem"]\nuntil = {end}\n')
    case.again()
    assert case.ask(log.submission(3, at=later(70)), now=50).status == 403
    # By the witness's clock it is not in use any more: an instant from before says nothing.
    assert case.ask(log.submission(3, at=later(10)), now=61).status == 403
    assert case.ask(log.submission(3, at=later(10)), now=59).status == 200


def test_a_seal_that_was_changed_goes_on(case: Case) -> None:
    log = Log.of(*words(3))
    case.cosigned(log, 0)
    new = next_seal()
    write_issuers(case.folder / "seals", [pki().seal.certificate, new.certificate])
    case.again()
    log.seal = new
    log.add("sealed by the next one")
    assert case.ask(log.submission(3, at=later(1))).status == 200


def test_an_instant_that_goes_back_or_is_ahead_is_refused(case: Case) -> None:
    log = Log.of(*words(5))
    assert case.ask(log.submission(0, 3, at=later(10)), now=11).status == 200
    assert case.ask(log.submission(3, at=later(9)), now=12).status == 422
    ahead = later(12) + timedelta(minutes=6)
    assert case.ask(log.submission(3, at=ahead), now=12).status == 422
    assert case.ask(log.submission(3, at=later(12)), now=12).status == 200


def test_the_witnesss_own_clock_never_goes_back(case: Case) -> None:
    log = Log.of(*words(5))
    case.cosigned(log, 0, 3, now=100)
    body = log.submission(3)
    assert case.ask(body, now=-400).status == 422
    assert cosign(read_note(log.note()).text, case.witness._key, later(100)) == (
        read_note(Note(read_note(log.note()).text, ()).to_bytes() + case.ask(body, now=90).body)
        .lines[0]
        .signature
    )


@pytest.mark.parametrize(
    "body", [b"", b"old 0\n\n", b"old 0\n\nhello\n", b"\xff" * 100, b"old 0\n\n\xff\n\n\n"]
)
def test_garbage_is_refused(case: Case, body: bytes) -> None:
    assert case.ask(body).status == 400


def test_of_many_at_once_those_that_contradict_each_other_are_not_both_cosigned(case: Case) -> None:
    """Two views, each sent by many threads: all that is cosigned after the fork is of one of them."""
    views = [log := Log.of(*words(40)), log.fork(8, *words(32, "other"))]
    case.cosigned(log, 0, 8)
    asked = [(view, old, size) for old in range(8, 20) for size in range(old, old + 9, 4) for view in (0, 1)]

    def ask(one: tuple[int, int, int]) -> tuple[int, int] | None:
        view, old, size = one
        verdict = case.ask(views[view].submission(old, size))
        return (view, size) if verdict.status == 200 else None

    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(ask, asked) if one is not None]
    assert found
    assert len({view for view, size in found if size > 8}) == 1


# --- a log that was restored -----------------------------------------------------------------------


def test_a_new_name_is_cosigned_only_after_a_person_confirms(case: Case) -> None:
    case.cosigned(Log.of(*words(9)), 0)
    restored = Log.of(*words(4), origin="notigateway.example/log/2")
    for _ in range(3):
        assert case.ask(restored.submission(0)).status == 404
    [waiting] = case.kept.waiting()
    assert (waiting.origin, waiting.follows) == (restored.origin, ORIGIN)
    with case.kept.turn() as turn:
        turn.accept(waiting, AT)
    case.cosigned(restored, 0)
    case.again()
    case.cosigned(restored, 4)
    assert not case.kept.waiting()
    # What it was before is what it was.
    assert case.kept.heads()[ORIGIN].size == 9
    third = Log.of(*words(2), origin="notigateway.example/log/3")
    assert case.ask(third.submission(0)).status == 404


def test_a_new_name_that_nobody_known_has_sealed_waits_for_nobody(case: Case) -> None:
    foreign = Log.of(*words(4), origin="evil.example/log")
    foreign.seal = next_seal()
    assert case.ask(foreign.submission(0)).status == 404
    assert not case.kept.waiting()


def test_a_former_name_is_not_cosigned_whenever_the_next_one_was_accepted(case: Case) -> None:
    old = Log.of(*words(9))
    case.cosigned(old, 0)
    new = Log.of(*words(4), origin=f"{ORIGIN}/2")
    assert case.ask(new.submission(0)).status == 404
    (waiting,) = case.kept.waiting()
    configured = load_witness(case.folder / "witness.toml")
    with closing(Hurried(configured.database)) as hurried:
        hurried.accept = lambda turn: turn.accept(waiting, AT)
        old.add(*words(2, "more"))
        assert Witness(configured, hurried).judge(old.submission(9), later(3)).status == 403
    assert case.kept.heads()[ORIGIN].size == 9
