"""The log of receipts and access records: advancing it, signing its checkpoints, proving what is in it.

A proof speaks of a checkpoint, so what was committed a moment ago has none until the next one. Whoever
cannot wait calls `included`, which advances the log first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError, LogDamagedError, TemporarilyUnavailableError
from notigateway.log.heads import check_follows, followed_by, instant_after
from notigateway.pki.keys import fingerprint
from notigateway.repository.cosignatures import find_first_cosigned
from notigateway.repository.engine import let_others_write, reading, writing
from notigateway.repository.log import (
    LogCheckpoint,
    LogLeaf,
    TileReader,
    count_unplaced,
    erase_accesses,
    find_first_covering,
    find_last_checkpoint,
    log_size,
    place_leaves,
)
from notigateway.tlog.checkpoint import Checkpoint
from notigateway.tlog.merkle import consistency_proof, inclusion_proof, root_of
from notigateway.tlog.tiles import subtree_in_tiles

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.repository.session import Session
    from notigateway.tlog.checkpoint import Follows

PLACED_AT_ONCE: Final = 1_000
_ERASED_AT_ONCE: Final = 500
# However many leaves arrive meanwhile, a checkpoint is signed after so many.
_BATCHES_OF_A_CHECKPOINT: Final = 50


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a record is in the log: everything a verifier needs besides the record and the seal certificate.

    `leaf` are the bytes whose hash stands at `index` of the tree that `checkpoint` states; `salt` opens
    the leaf's commitment to the record, and is None once it was erased.
    """

    leaf: bytes
    salt: bytes | None
    index: int
    proof: tuple[bytes, ...]
    checkpoint: LogCheckpoint


def advance(engine: Engine, *, seal: Seal, origin: str, now: datetime) -> LogCheckpoint | None:
    """Give positions to everything committed and sign the log's head; return the newest checkpoint.

    None only while the log is empty. A head that is already signed is not signed again. Several at once
    share the work; one that is cut off leaves nothing half.

    Raises: `ConfigurationError` where the log has another name, `TemporarilyUnavailableError`, also where the
    last head is of a later time than now.
    """
    with reading(engine) as session:
        last = find_last_checkpoint(session)
        check_follows(last, origin)
        if not count_unplaced(session) and (0 if last is None else last.size) == log_size(session):
            return last
    seal.check(instant_after(last, now))  # before anything is placed that could not be covered
    for _ in range(_BATCHES_OF_A_CHECKPOINT - 1):
        with writing(engine) as session:
            if place_leaves(session, limit=PLACED_AT_ONCE) < PLACED_AT_ONCE:
                break
        let_others_write(engine)
    with writing(engine) as session:
        place_leaves(session, limit=PLACED_AT_ONCE)  # holds the log's lock until the checkpoint is committed
        return _sign_head(session, seal=seal, origin=origin, now=now)


def _sign_head(session: Session, *, seal: Seal, origin: str, now: datetime) -> LogCheckpoint | None:
    """Sign the head unless it is signed: of each size there is one checkpoint at most."""
    size, last = log_size(session), find_last_checkpoint(session)
    check_follows(last, origin)  # another may have signed the first one meanwhile
    if size == (0 if last is None else last.size):
        return last
    # Whoever comes later than the first head of a new name has to see what it goes on from, too.
    at, follows = instant_after(last, now), followed_by(last)
    return _signed(session, seal=seal, origin=origin, at=at, follows=follows)


def sign_first(
    session: Session, *, seal: Seal, origin: str, follows: Follows, now: datetime
) -> LogCheckpoint:
    """Sign the first head under a new name, in a session that has placed leaves; it says what it follows.

    So do all heads of that name after it.

    Raises: `TemporarilyUnavailableError`.
    """
    at = instant_after(find_last_checkpoint(session), now)
    return _signed(session, seal=seal, origin=origin, at=at, follows=follows)


def root_at(session: Session, size: int) -> bytes:
    """Return the root of the first `size` leaves."""
    return root_of(size, _subtrees(session))


def _signed(
    session: Session, *, seal: Seal, origin: str, at: datetime, follows: Follows | None = None
) -> LogCheckpoint:
    size = log_size(session)
    head = Checkpoint(origin, size, root_at(session, size), at, follows).to_bytes()
    checkpoint = LogCheckpoint(
        size=size,
        at=at,
        text=head,
        signature=seal.sign(head, now=at),
        seal_sha256=fingerprint(seal.certificate),
    )
    session.add(checkpoint)
    return checkpoint


def inclusion_of(
    session: Session, subject: UUID, *, size: int | None = None, cosignatures: int = 0
) -> Inclusion | None:
    """Return the proof that a receipt or an access record is in the log, at the checkpoint of `size`.

    Without `size` it is the oldest checkpoint that covers it, the one nearest to the fact; where one of those
    near it has as many `cosignatures`, the first of these. None where no checkpoint covers it yet, or the one
    named does not, or there is none of that size. It reads a number of rows that grows with the logarithm of
    the log.
    """
    row = session.get(LogLeaf, subject)
    if row is None or row.position is None:
        return None
    found = session.get(LogCheckpoint, size) if size is not None else None
    if size is None and cosignatures:
        found = find_first_cosigned(session, row.position, needed=cosignatures)
    if size is None and found is None:
        found = find_first_covering(session, row.position)
    if found is None or found.size <= row.position:
        return None
    proof = inclusion_proof(row.position, found.size, _subtrees(session))
    return Inclusion(row.leaf.to_bytes(), row.salt, row.position, tuple(proof), found)


def included(
    engine: Engine, subject: UUID, *, seal: Seal, origin: str, now: datetime, cosignatures: int = 0
) -> Inclusion:
    """Return the proof that a committed record is in the log, advancing it first where that is needed.

    At a checkpoint with as many `cosignatures` where there is one: nobody waits for a witness.

    Raises: `LogDamagedError` for a record without leaf, `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        found = inclusion_of(session, subject, cosignatures=cosignatures)
    if found is None:
        try:
            advance(engine, seal=seal, origin=origin, now=now)
        except ConfigurationError as error:  # it was right when this process began
            raise TemporarilyUnavailableError(error.detail) from error
        with reading(engine) as session:
            found = inclusion_of(session, subject)
    if found is None:
        raise LogDamagedError(f"the record {subject} is not in the log")
    return found


def consistency_of(session: Session, older: int, newer: int) -> tuple[bytes, ...]:
    """Return the proof that the log of `newer` leaves begins with that of `older`, both sizes of checkpoints.

    Raises: `ValueError` where `older` is the larger one or the log has no `newer` leaves.
    """
    if newer > log_size(session):
        raise ValueError(f"the log has no {newer} leaves")
    return tuple(consistency_proof(older, newer, _subtrees(session)))


def erase(engine: Engine, *, before: datetime) -> int:
    """Erase the access records of before an instant with their salts; return how many.

    The leaves stay, and with them every root and proof. Only what a checkpoint covers is erased.

    Raises: `TemporarilyUnavailableError`; what was erased until then stays erased.
    """
    erased = 0
    found = 1
    while found:
        with writing(engine) as session:
            found = erase_accesses(session, before=before, limit=_ERASED_AT_ONCE)
        erased += found
        let_others_write(engine)
    return erased


def _subtrees(session: Session) -> partial[bytes]:
    return partial(subtree_in_tiles, tile=TileReader(session))
