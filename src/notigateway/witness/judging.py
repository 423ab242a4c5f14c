"""Whether a witness cosigns a head: the rules of C2SP tlog-witness, and what of the head they leave open.

1. The request has its one form, and names a log that is known.
2. A pinned seal of that log signed the head. It was in use at the instant that the head states, and is now:
   whoever has stolen a key that is no longer in use could state any instant.
3. The request continues the head that was cosigned last: the size, a consistency proof, and the head's
   instant, which never goes back and is not ahead of the witness's clock.
4. The head is kept, and only then cosigned.

What costs little is done first; what nobody has signed reaches not the file, and the log of lines once an
hour for each log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from notigateway.errors import CheckpointInvalidError
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
from notigateway.logger import Logger
from notigateway.tlog.checkpoint import read_checkpoint
from notigateway.tlog.cosignature import cosign
from notigateway.tlog.merkle import is_consistent
from notigateway.tlog.note import Note, SignatureLine, read_note, verify_note
from notigateway.tlog.submission import SIZE_KIND, read_submission, write_size
from notigateway.witness.kept import Cosigned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.evidence.history import DatedCertificate
    from notigateway.tlog.checkpoint import Checkpoint
    from notigateway.witness.configured import Configured
    from notigateway.witness.kept import Kept, Turn

# A log that was restored so often has other troubles.
_NAMES_AT_MOST: Final = 100
# Anybody can ask so: more often it would fill the log of lines.
_TOLD_AGAIN: Final = timedelta(hours=1)
_TEXT: Final = "text/plain; charset=utf-8"

_log = Logger("notigateway.witness")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is answered, with which status of HTTP."""

    status: int
    body: bytes
    kind: str = _TEXT


_MALFORMED: Final = Verdict(400, b"not a submission\n")
_SMALLER: Final = Verdict(400, b"the old size is larger than the head's\n")
_UNKNOWN: Final = Verdict(404, b"unknown log\n")
_NOT_SIGNED: Final = Verdict(403, b"no known seal that is in use signed this head\n")
_FORMER: Final = Verdict(403, b"this log goes on under another name\n")
_NOT_PROVEN: Final = Verdict(422, b"the consistency proof does not prove it\n")
_MISDATED: Final = Verdict(422, b"the head's instant goes back, or is ahead of this clock\n")


class Witness:
    """Cosigns what it may, whichever thread asks."""

    def __init__(self, configured: Configured, kept: Kept) -> None:
        self.me = configured.me
        self._key = configured.key
        self._logs = configured.logs
        self._kept = kept
        self._told: dict[str, datetime] = {}

    def judge(self, body: bytes, now: datetime) -> Verdict:
        """Answer a submission. Raises: `TemporarilyUnavailableError`; then nothing was cosigned."""
        try:
            submission = read_submission(body)  # 1
            note = read_note(submission.note)
            head = read_checkpoint(note.text)
        except CheckpointInvalidError:
            return _MALFORMED
        seals = self._seals_of(head.origin)
        if seals is None:
            self._note_unknown(note, head, now)
            return _UNKNOWN
        sealed = _sealed(note, seals, now)  # 2
        if sealed is None:
            self._tell_unpinned(head.origin, now)
            return _NOT_SIGNED
        if submission.old > head.size:
            return _SMALLER
        asked = _Asked(head, sealed.to_bytes(), submission.old, submission.proof)
        return self._cosign_next(note, asked, now)

    def _cosign_next(self, note: Note, asked: _Asked, now: datetime) -> Verdict:
        """Answer about a head that its seal signed."""
        head = asked.head
        with self._kept.turn() as turn:
            present = turn.present(head.origin)  # a person may have accepted the next name a moment ago
            if present != head.origin:
                _note_former(turn, asked, present, now)
                return _FORMER
            last = turn.last(head.origin)
            verdict = _judge_next(turn, last, asked, now)  # 3
            if verdict is not None:
                return verdict
            at = max(int(now.timestamp()), last.cosigned)
            turn.keep(head.origin, Cosigned(head.size, head.root, asked.note, at))
        signed = cosign(note.text, self._key, datetime.fromtimestamp(at, UTC))  # 4
        return Verdict(200, SignatureLine(self.me.name, self.me.key_id, signed).to_bytes())

    def _tell_unpinned(self, origin: str, now: datetime) -> None:
        """Tell the operator, once an hour, that a known log has another seal, or somebody else asks."""
        told = self._told.get(origin)
        if told is None or now - told >= _TOLD_AGAIN:
            self._told[origin] = now
            _log.warning("witness_seal_unknown", origin=origin)

    def _seals_of(self, origin: str) -> Sequence[DatedCertificate] | None:
        """Return the pinned seals of a log, also under a name that a person has confirmed."""
        for _ in range(_NAMES_AT_MOST):
            if origin in self._logs:
                return self._logs[origin]
            before = self._kept.follows(origin)
            if before is None:
                break
            origin = before
        return None

    def _note_unknown(self, note: Note, head: Checkpoint, now: datetime) -> None:
        """Have a person asked about an unknown name that the seal of a known log has signed.

        A name that was given up is not asked about again, whatever the settings name now.
        """
        if self._kept.present(head.origin) != head.origin:
            return
        for known, seals in self._logs.items():
            sealed = _sealed(note, seals, now)
            if sealed is not None:
                present = self._kept.present(known)
                with self._kept.turn() as turn:
                    is_new = turn.keep_waiting(head.origin, present, sealed.to_bytes(), now)
                if is_new:
                    _log.warning("witness_origin_waits", origin=head.origin, follows=present)
                return


@dataclass(frozen=True, slots=True)
class _Asked:
    """A head that its log's seal has signed, `note` with no line but the seal's, and what is to prove it."""

    head: Checkpoint
    note: bytes
    old: int
    proof: tuple[bytes, ...]


def _note_former(turn: Turn, asked: _Asked, present: str, now: datetime) -> None:
    """Keep a head under a name that was given up, where it is later than the last one under the next.

    An older one is what some copy still has; a later one is a second log beside the first.
    """
    last = turn.last(present)
    if not last.note or asked.head.at <= read_checkpoint(read_note(last.note).text).at:
        return
    refused = Cosigned(asked.head.size, asked.head.root, asked.note)
    if turn.keep_conflict(asked.head.origin, last, refused, now):
        _log.error("witness_former_name", origin=asked.head.origin, present=present)


def _judge_next(turn: Turn, last: Cosigned, asked: _Asked, now: datetime) -> Verdict | None:
    """Return why the next head of a log is not cosigned; None where it is."""
    head, refused = asked.head, Cosigned(asked.head.size, asked.head.root, asked.note)
    if head.size < last.size and head.at > read_checkpoint(read_note(last.note).text).at:
        # Later and smaller: no copy that is not up to date, whoever has sent it. It has gone back.
        if turn.keep_conflict(head.origin, last, refused, now):
            _log.error("witness_gone_back", origin=head.origin, size=head.size, seen=last.size)
        return Verdict(409, write_size(last.size), SIZE_KIND)
    if asked.old != last.size:
        return Verdict(409, write_size(last.size), SIZE_KIND)
    if last.note and head.size == last.size and head.root != last.root:
        turn.keep_conflict(head.origin, last, refused, now)
        _log.error("witness_split_view", origin=head.origin, size=head.size)
        return Verdict(409, write_size(last.size), SIZE_KIND)
    if not is_consistent(last.size, head.size, older_root=last.root, newer_root=head.root, proof=asked.proof):
        _log.warning("witness_not_proven", origin=head.origin, old=last.size, size=head.size)
        return _NOT_PROVEN
    latest = now + CLOCKS_DIFFER_AT_MOST
    goes_back = bool(last.note) and head.at < read_checkpoint(read_note(last.note).text).at
    if goes_back or head.at > latest or last.cosigned > latest.timestamp():
        _log.warning("witness_misdated", origin=head.origin, size=head.size)
        return _MISDATED
    return None


def _sealed(note: Note, seals: Sequence[DatedCertificate], now: datetime) -> Note | None:
    """Return the note with no line but the seal's, which is in use now and was then; None else."""
    in_use = [one for one in seals if one.covers(now)]
    try:
        return Note(note.text, (verify_note(note, seal_certificates=in_use, either_form=True).line,))
    except CheckpointInvalidError:
        return None
