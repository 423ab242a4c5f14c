"""Renews the head of the log: a time-stamp by the authority of now, kept as a record that is a leaf itself.

What must be so for the chain to hold (`tlog.renewal`): the head covers the leaf of the record before it, so
the log is advanced first, and the token is asked only then. A kill at any point leaves nothing half: what was
asked and not kept is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.errors import LogDamagedError, StampInvalidError
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, embedded_certificates
from notigateway.instants import instant_text
from notigateway.log.growing import advance
from notigateway.log.notes import note_of
from notigateway.repository.cosignatures import list_cosignatures
from notigateway.repository.engine import reading, writing
from notigateway.repository.log import LogCheckpoint, LogLeaf, TileReader, find_first_covering
from notigateway.repository.renewals import (
    LogRenewal,
    find_last_renewal,
    list_renewals,
    lock_renewals,
)
from notigateway.tlog.merkle import inclusion_proof
from notigateway.tlog.renewal import (
    RENEWALS_AT_MOST,
    Covered,
    Link,
    Record,
    Renewals,
    note_imprint,
    read_record,
)
from notigateway.tlog.tiles import subtree_in_tiles
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.evidence.timestamp import Timestamp
    from notigateway.repository.session import Session
    from notigateway.tlog.merkle import Subtree

# So long before what it rests on ends, a head is renewed, or it is told that it cannot be.
AHEAD: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Renewing:
    """What heads are renewed with: `ask` gets a checked token about a hash from the authority of now.

    `seals` are all certificates of the seal by their fingerprints; `until` tells how long a token counts;
    `validation` gives what is kept of an authority's certificate: further certificates, and revocation data.
    """

    ask: Callable[[bytes], Timestamp]
    seal: Seal
    seals: Mapping[str, Certificate]
    origin: str
    until: Callable[[bytes], datetime]
    validation: Callable[[Certificate], tuple[Sequence[bytes], Sequence[bytes]]] = lambda _: ((), ())

    def record(self, subject: bytes, imprint: bytes) -> tuple[Record, Timestamp]:
        """Ask for a token about a subject and return the record of it.

        Raises: `StampInvalidError`, and what `ask` raises.
        """
        stamp = self.ask(imprint)
        (authority,) = embedded_certificates(stamp.token)
        others, revocations = self.validation(authority)
        own = authority.public_bytes(Encoding.DER)
        return Record(subject, stamp.token, (own, *others), tuple(revocations)), stamp


@dataclass(frozen=True, slots=True)
class Renewed:
    """The newest renewal after a run: its number, size and instant, and until when its token counts."""

    number: int
    size: int
    at: datetime
    until: datetime
    is_new: bool


def renew(
    engine: Engine, renewing: Renewing, *, now: datetime, beyond: datetime | None = None
) -> Renewed | None:
    """Renew the newest head, whether that is due or not; None while the log is empty.

    Whoever ends the period of a seal calls this before: what the seal has made until then stays proven. Of
    two at once one stands. A token that does not count `beyond` an instant is not kept: it lengthens nothing.

    Raises: `StampInvalidError`, `RevocationDataError` where nobody answers, `LogDamagedError`,
    `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    head = advance(engine, seal=renewing.seal, origin=renewing.origin, now=now)
    if head is None:
        return None
    with reading(engine) as session:
        before = find_last_renewal(session)
        if before is not None:
            _check_covered(session, before, head)
        note = note_of(head, renewing.seals, list_cosignatures(session, head.size))
    record, stamp = renewing.record(note, note_imprint(note))
    if beyond is not None and renewing.until(stamp.token) <= beyond:
        return None if before is None else _told(before, renewing, is_new=False)
    earliest = head.at if before is None else max(head.at, before.at)
    if stamp.at < earliest - CLOCKS_DIFFER_AT_MOST:
        raise StampInvalidError("the time-stamp is from before the head that it is about")
    number = 1 if before is None else before.number + 1
    with writing(engine) as session:
        lock_renewals(session)
        last = find_last_renewal(session)
        if (0 if last is None else last.number) >= number:
            return None if last is None else _told(last, renewing, is_new=False)
        made = LogRenewal(number=number, id=uuid7(now), size=head.size, at=stamp.at, record=record.to_bytes())
        session.add(made)
    return _told(made, renewing, is_new=True)


def _check_covered(session: Session, before: LogRenewal, head: LogCheckpoint) -> None:
    """Check that a head covers the record of the last renewal. Raises: `LogDamagedError`."""
    leaf = session.get(LogLeaf, before.id)
    if leaf is None or leaf.position is None or leaf.position >= head.size:
        raise LogDamagedError(f"the record of renewal {before.number} is not in the newest head of the log")


def _told(row: LogRenewal, renewing: Renewing, *, is_new: bool) -> Renewed:
    return Renewed(row.number, row.size, row.at, renewing.until(read_record(row.record).token), is_new)


# --- when ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What is renewed until now: when that was last (of none: since when there is a log), and until when."""

    since: datetime
    until: datetime | None


def standing(engine: Engine, until: Callable[[bytes], datetime]) -> Standing | None:
    """Return how it stands, by what tells how long a token counts; None while the log has no head.

    Raises: `LogDamagedError` where a record cannot be read, `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        last = find_last_renewal(session)
        if last is not None:
            return Standing(last.at, until(read_record(last.record).token))
        first = find_first_covering(session, 0)
        if first is None:
            return None
        return Standing(first.at, until(first.token) if first.token else None)


def is_due(found: Standing, *, every: timedelta, seal: Certificate, now: datetime) -> bool:
    """Tell whether the head is to be renewed now, whatever the token.

    So often as the setting says; earlier where the seal's certificate ends soon and nothing was renewed in
    that time.
    """
    seal_ends = seal.not_valid_after_utc - AHEAD
    return now >= found.since + every or found.since < seal_ends <= now


def is_ending(found: Standing, *, now: datetime) -> bool:
    """Tell whether what proves by now ends soon: the authority, its certificate or an algorithm of it."""
    return found.until is not None and found.until - AHEAD <= now


def warning(found: Standing, *, now: datetime) -> str | None:
    """Return what is to be told of an authority that ends soon, once renewing has not helped; None else."""
    if found.until is None or not is_ending(found, now=now):
        return None
    return (
        f"what is proven by time-stamps is so until {instant_text(found.until)}, when their authority or an "
        "algorithm of theirs ends: pin and ask another one before"
    )


# --- what proves a receipt --------------------------------------------------------------------------


def links_of(
    session: Session, rows: Sequence[LogRenewal], subtree: Callable[[Subtree], bytes]
) -> tuple[Link, ...]:
    """Return successive renewals as links, each with how the next one covers it.

    A number of reads for each that grows with the logarithm of the log. Raises: `LogDamagedError`.
    """
    found = []
    for row, after in zip_longest(rows, rows[1:]):
        if after is None:
            found.append(Link(row.record))
            continue
        leaf = session.get(LogLeaf, row.id)
        if leaf is None or leaf.position is None or leaf.salt is None or leaf.position >= after.size:
            raise LogDamagedError(f"the record of renewal {row.number} is not covered by the next one")
        proof = inclusion_proof(leaf.position, after.size, subtree)
        found.append(Link(row.record, Covered(row.id, leaf.salt, leaf.position, tuple(proof))))
    return tuple(found)


def renewals_of(session: Session, position: int, first: LogRenewal) -> Renewals:
    """Return how the leaf at a position leads to the newest renewed head; `first` is the first that has it.

    Raises: `LogDamagedError`.
    """
    rows = list_renewals(session, after=first.number - 1, limit=RENEWALS_AT_MOST)
    subtree = partial(subtree_in_tiles, tile=TileReader(session))
    proof = inclusion_proof(position, first.size, subtree)
    return Renewals(position, tuple(proof), links_of(session, rows, subtree))
