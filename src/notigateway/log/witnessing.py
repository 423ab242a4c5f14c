"""Asks the witnesses to cosign the newest head of the log (C2SP tlog-witness), outside of every request.

A head has its whole effect without them, so a witness that is dead, slow or lying delays and never loses: it
is asked again later, at longer and longer intervals, for the newest head of then; a consistency proof from
whatever it saw last is made whenever it is wanted. Witnesses are asked side by side, so that one that hangs
holds up nobody but this job. What they answer is checked before it is kept.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from notigateway.errors import (
    CheckpointInvalidError,
    ConfigurationError,
    RevocationDataError,
)
from notigateway.evidence.seals import load_history
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
from notigateway.instants import instant_text
from notigateway.log.growing import consistency_of
from notigateway.log.notes import note_of
from notigateway.pki.keys import fingerprint
from notigateway.repository.cosignatures import (
    find_last_cosigned,
    keep_cosignature,
    keep_witness,
    list_cosignatures,
    list_witnesses,
)
from notigateway.repository.engine import reading, writing
from notigateway.repository.log import find_last_checkpoint
from notigateway.tlog.cosignature import read_vkey, verify_cosignature
from notigateway.tlog.note import NOTE_MAX_BYTES, read_lines
from notigateway.tlog.submission import PATH, read_size, write_submission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.pki.fetching import Fetcher, Reply
    from notigateway.repository.log import LogCheckpoint
    from notigateway.settings import Settings
    from notigateway.tlog.cosignature import Cosigner
    from notigateway.tlog.note import SignatureLine

_AT_ONCE: Final = 8
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_MOST_DOUBLINGS: Final = 7
_KIND: Final = "text/plain; charset=utf-8"
_OK: Final = 200
_CONFLICT: Final = 409
_GONE_BACK: Final = "it has gone back (after a restore: `notigateway log resume`)"
_SAID: Final = {
    403: "it does not know the seal of this head, or that seal's period: after a change of the seal its "
    "operator pins the new certificate, and restarts it",
    404: "it does not know a log of this name: its operator has to name it, or to confirm a new name",
    422: "it holds that this log does not continue the one that it saw: find out why before anything else",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A witness, and where it is asked."""

    who: Cosigner
    url: str


@dataclass(frozen=True)
class Witnesses:
    """Who is asked, how many are needed, and the seals by which heads of the log were signed."""

    places: Sequence[Place]
    needed: int
    timeout_seconds: int
    seals: Mapping[str, Certificate]

    @classmethod
    def by(cls, settings: Settings, present: Certificate | None = None) -> Self | None:
        """Read them from the settings; None where they name none.

        `present` is what seals now, as for `load_history`.

        Raises: `ConfigurationError`.
        """
        if not settings.witnesses:
            return None
        try:
            places = [
                Place(read_vkey(one.vkey), str(one.url).rstrip("/") + PATH) for one in settings.witnesses
            ]
        except ValueError as error:
            raise ConfigurationError(f"witnesses: {error}") from error
        history = load_history(settings, present)
        seals = {fingerprint(one.certificate): one.certificate for one in history}
        return cls(places, settings.witnesses_needed, settings.witness_timeout_seconds, seals)


@dataclass(slots=True)
class Collected:
    """What a run did: cosignatures it got, witnesses that failed, and heads that still have too few."""

    cosigned: int = 0
    failed: int = 0
    lacking: int = 0
    failures: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Standing:
    """How it stands with a witness: the size that it saw last, and how often it has failed in a row."""

    place: Place
    size: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class _Answered:
    """What came of asking: a checked line of the witness, or why there is none."""

    size: int
    line: SignatureLine | None = None
    at: datetime | None = None
    trouble: str | None = None


def collect(engine: Engine, witnesses: Witnesses, *, now: datetime, at_once: bool = False) -> Collected:
    """Ask the witnesses that are due for a cosignature on the newest head, once each; `at_once` all of them.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    # Who only reads cosignatures takes them from here, and asks nobody.
    from notigateway.pki.fetching import Fetcher  # noqa: PLC0415

    done = Collected()
    with reading(engine) as session:
        head = find_last_checkpoint(session)
        if head is None:
            return done
        note = note_of(head, witnesses.seals)
        known = list_witnesses(session, [place.who.name for place in witnesses.places])
        have = {one.witness for one in list_cosignatures(session, head.size)}
    wanted = [place for place in witnesses.places if place.who.name not in have]
    later = {one.witness for one in known.values() if one.due_at > now and not at_once}
    waiting = [known[name].trouble for name in later - have]
    due = [
        _Standing(place, kept.size, kept.attempts)
        if (kept := known.get(place.who.name))
        else _Standing(place)
        for place in wanted
        if place.who.name not in later
    ]
    hosts = [one.place.url.partition("://")[2].partition("/")[0] for one in due]
    fetching = Fetcher(hosts, timeout_seconds=witnesses.timeout_seconds, max_bytes=NOTE_MAX_BYTES)
    with fetching as fetcher, ThreadPoolExecutor(_AT_ONCE) as pool:
        asking = _Asking(engine, fetcher, head, note, now)
        for standing, answered in zip(due, pool.map(asking.ask, due), strict=True):
            _keep(engine, head, standing, answered, now=now)
            _count(done, standing, answered)
    done.failed += len(waiting)
    done.failures.update(one for one in waiting if one is not None)
    with reading(engine) as session:
        done.lacking = int(find_last_cosigned(session, needed=witnesses.needed) < head.size)
    return done


def cosigned_by(engine: Engine, witnesses: Witnesses) -> tuple[int, list[str], list[str]]:
    """Return the size of the newest head, who has cosigned it, and of the others when each is asked again."""
    names = [place.who.name for place in witnesses.places]
    with reading(engine) as session:
        head = find_last_checkpoint(session)
        size = 0 if head is None else head.size
        have = {one.witness for one in list_cosignatures(session, size)}.intersection(names)
        known = list_witnesses(session, names)
    told = [
        f"{one.witness}: asked last at {instant_text(one.due_at - _pause(one.attempts - 1))}; the jobs ask "
        f"again from {instant_text(one.due_at)} on, `notigateway cosign` at once"
        for one in known.values()
        if one.witness not in have and one.attempts
    ]
    return size, sorted(have), sorted(told)


def _pause(failed_before: int) -> timedelta:
    """Return how long a witness is left alone that has failed so often before, and now again."""
    pause: timedelta = _FIRST_PAUSE * 2 ** min(failed_before, _MOST_DOUBLINGS)
    return min(pause, _LONGEST_PAUSE)


@dataclass(frozen=True)
class _Asking:
    """The head for which witnesses are asked, each in a thread."""

    engine: Engine
    fetcher: Fetcher
    head: LogCheckpoint
    note: bytes
    now: datetime

    def ask(self, standing: _Standing) -> _Answered:
        """Ask one; whoever saw another size says which, and is asked once more."""
        size = min(standing.size, self.head.size)
        for _ in range(2):
            try:
                reply = self._post(standing.place.url, size)
                if reply.status == _OK:
                    return self._checked(reply, standing.place.who)
                if reply.status != _CONFLICT:
                    return _Answered(size, trouble=_SAID.get(reply.status, f"HTTP status {reply.status}"))
                told = read_size(reply.body)
            except (RevocationDataError, CheckpointInvalidError) as error:
                return _Answered(size, trouble=error.detail)
            if told > self.head.size:
                back = f"it saw {told} entries, and this log has {self.head.size}: {_GONE_BACK}"
                return _Answered(size, trouble=back)
            if told == size:
                break
            size = told
        is_split = size == self.head.size
        said = f"it saw another log of {size} entries: a split view" if is_split else "it contradicts itself"
        return _Answered(size, trouble=said)

    def _post(self, url: str, old: int) -> Reply:
        with reading(self.engine) as session:
            proof = consistency_of(session, old, self.head.size)
        body = write_submission(old, proof, self.note)
        return self.fetcher.exchange("POST", url, content=body, headers={"Content-Type": _KIND})

    def _checked(self, reply: Reply, who: Cosigner) -> _Answered:
        """Return the witness's own line, proven; those of others are ignored.

        Raises: `CheckpointInvalidError`.
        """
        for line in read_lines(reply.body):
            if (line.name, line.key_id) == (who.name, who.key_id):
                at = verify_cosignature(self.head.text, line.signature, who)
                if abs(at - self.now) > CLOCKS_DIFFER_AT_MOST:
                    raise CheckpointInvalidError(f"its clock differs by {abs(at - self.now)}")
                return _Answered(self.head.size, line, at)
        raise CheckpointInvalidError("it has cosigned with another key than the one that is named")


def _keep(
    engine: Engine, head: LogCheckpoint, standing: _Standing, answered: _Answered, *, now: datetime
) -> None:
    """Keep what a witness answered; one that failed is due again later."""
    name, line = standing.place.who.name, answered.line
    attempts, due_at = 0, now
    if line is None:
        attempts = standing.attempts + 1
        due_at = now + _pause(standing.attempts)
    with writing(engine) as session:
        if line is not None and answered.at is not None:
            keep_cosignature(
                session, head.size, name, key_id=line.key_id, at=answered.at, signature=line.signature
            )
        told = None if answered.trouble is None else f"{name}: {answered.trouble}"
        keep_witness(session, name, size=answered.size, attempts=attempts, due_at=due_at, trouble=told)


def _count(done: Collected, standing: _Standing, answered: _Answered) -> None:
    if answered.trouble is None:
        done.cosigned += 1
    else:
        done.failed += 1
        done.failures.add(f"{standing.place.who.name}: {answered.trouble}")
