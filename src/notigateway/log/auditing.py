"""Recomputing the whole log: every record against its leaf, the tree leaf by leaf, every checkpoint.

It trusts nothing that is stored but the records themselves and the seal certificates it is given. The
tree is computed in a second way than the one that keeps it, so an error in either is found. Whoever
could rewrite the whole database and held the seal key is found by nothing inside it: for that there are
heads kept elsewhere, which can be given too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from notigateway.errors import CheckpointInvalidError, LogDamagedError, StampInvalidError
from notigateway.evidence.history import dated
from notigateway.evidence.timestamp import embedded_certificates
from notigateway.instants import instant_text
from notigateway.log.auditing_renewals import RenewalAudit
from notigateway.log.heads import misdating, renaming
from notigateway.log.leaves import Looked, checked, look, named, portions_of
from notigateway.log.proving import lost_with, restores_of
from notigateway.repository.engine import reading
from notigateway.repository.log import (
    LogCheckpoint,
    TileReader,
    find_unlogged,
    list_checkpoints,
    list_waiting_entries,
    log_size,
)
from notigateway.tlog.checkpoint import Checkpoint, verify_checkpoint
from notigateway.tlog.dating import verify_checkpoint_token
from notigateway.tlog.leaf import LeafKind
from notigateway.tlog.merkle import Frontier
from notigateway.tlog.tiles import TILE_BYTES, Tile, grow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.history import DatedCertificate, Pin
    from notigateway.evidence.timestamp import Stamp
    from notigateway.repository.session import Session

    _LookAt = Callable[[Iterable[range]], Iterable[Looked]]

_READ_AT_ONCE: Final = 500


@dataclass
class Audited:
    """What was found to be in order."""

    leaves: int = 0
    waiting: int = 0
    erased: int = 0
    checkpoints: int = 0
    timestamped: int = 0
    # Heads whose instants go back: nothing is missing, but a clock was wrong.
    misdated: list[str] = field(default_factory=list)
    # Heads of seals out of use that no time-stamp from before covers: whoever has the key may have made them.
    unproven: list[str] = field(default_factory=list)
    records: Counter[LeafKind] = field(default_factory=Counter)
    renewals: int = 0
    second: int = 0

    @property
    def words(self) -> str:
        """Return the numbers for people: what waits is said of what."""
        said = dict[str, int]()
        for name, number in self.summary().items():
            said["records waiting for a checkpoint" if name == "waiting" else name] = number
            if name == "time-stamped" and number < self.checkpoints:
                said["without a time-stamp"] = self.checkpoints - number
        return ", ".join(f"{number} {name}" for name, number in said.items())

    def summary(self) -> dict[str, int]:
        """Return the numbers by their names."""
        return {
            "leaves": self.leaves,
            "receipts": self.records[LeafKind.RECEIPT],
            "access records": self.records[LeafKind.ACCESS],
            "erased": self.erased,
            "checkpoints": self.checkpoints,
            "time-stamped": self.timestamped,
            "waiting": self.waiting,
            **({"renewals": self.renewals} if self.renewals else {}),
            **({"entries of the second tree": self.second} if self.second else {}),
        }


def audit_log(
    engine: Engine,
    *,
    seal_certificates: Sequence[Pin],
    origin: str,
    authorities: Sequence[Certificate] = (),
    heads: Sequence[Checkpoint] = (),
    now: datetime | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
    look_at: _LookAt | None = None,
) -> Audited:
    """Recompute everything in one snapshot of the database; return what there is.

    Where it is much, `look_at` looks at the leaves of several portions at once, as `leaves.look_apart`
    does; it gives what came of them in their order.

    1. Every receipt and every access record has its leaf.
    2. Every leaf speaks of the record that is stored; the record's columns say what it says.
    3. Positions run from 0 without a gap, and the tree of the leaves is the one in the tiles.
    4. Every checkpoint is signed with one of the seal certificates and states the root at its size: so
       each of them contains all those before it. Its time-stamp, if it has one, is of this signature and of
       one of the `authorities`; with none given, of anybody. One that is of a time before the checkpoint or
       the record before it is told (`misdated`), and the walk goes on: what follows may be damaged.
       Where a seal is out of use `now`, a time-stamp of the authorities on that head or a later one must be
       from before that end, or it is told (`unproven`); without any authority nothing is told of that.
    5. The log is at least as long as its newest checkpoint.
    6. The same for `heads`: checkpoints of this log that were kept elsewhere.
    7. Renewals and the second tree are as `auditing_renewals` says, each entry computed anew.

    Raises: `LogDamagedError` naming the first thing that is wrong, `TemporarilyUnavailableError`.
    """
    pinned, kept = dated(seal_certificates), sorted(heads, key=lambda head: head.size)
    with reading(engine) as session:
        return _Audit(session, pinned, origin, authorities, kept, now).run(on_progress, look_at)


@dataclass
class _Audit:
    """One walk through the log."""

    session: Session
    pinned: dict[str, DatedCertificate]
    origin: str
    authorities: Sequence[Certificate]
    heads: list[Checkpoint]
    now: datetime | None = None
    found: Audited = field(default_factory=Audited)
    tree: Frontier = field(default_factory=Frontier)
    edge: dict[Tile, bytes] = field(default_factory=dict)
    before: datetime | None = None
    # The name of the head before, and all that there were.
    name: str | None = None
    names: set[str] = field(default_factory=set)
    undated: list[tuple[datetime, str]] = field(default_factory=list)
    stamp: Stamp | None = None

    def __post_init__(self) -> None:
        """Take the first of the checkpoints."""
        self.checkpoints = self._list_checkpoints()
        self.next = next(self.checkpoints, None)

    def run(
        self,
        on_progress: Callable[[int], None],
        look_at: Callable[[Iterable[range]], Iterable[Looked]] | None,
    ) -> Audited:
        """Walk."""
        unlogged = find_unlogged(self.session)
        if unlogged is not None:  # 1
            raise LogDamagedError(f"{named(*unlogged)} has no leaf")
        portions = portions_of(log_size(self.session))
        for looked in look_at(portions) if look_at else map(partial(look, self.session), portions):
            self._check_placed(looked)
            on_progress(self.tree.size)
        if self.next is not None:  # 5
            raise LogDamagedError(f"{_tail(self.tree.size)} {self.next.size}")
        if self.heads:  # 6
            raise self._missed(self.heads[0], f"{_tail(self.tree.size)} {self.heads[0].size}, kept elsewhere")
        if self.name not in {None, self.origin}:
            raise LogDamagedError(f'the log is signed as "{self.name}", and log_origin says "{self.origin}"')
        lack = "and no time-stamp from before proves that it is older"
        self.found.unproven = [f"{said}, {lack}" for _, said in self.undated]
        self._check_edge()
        self._check_waiting()
        renewals = RenewalAudit(self.session, list(self.pinned.values()), self.authorities)
        self.found.renewals, self.found.second = renewals.check()  # 7
        self.found.leaves = self.tree.size
        return self.found

    def _check_placed(self, looked: Looked) -> None:
        """Check leaves that have a position, and the heads of the tree on the way."""
        start = self.tree.size
        for hashed, subject in zip(looked.hashes, looked.subjects, strict=True):
            self.tree.append(hashed)
            self._check_heads(subject)
        if looked.wrong:  # 2, 3
            raise LogDamagedError(looked.wrong)
        self._count(looked)
        for tile, content in grow(start, looked.hashes, self.edge.__getitem__).items():
            if len(content) == TILE_BYTES:
                self._check_tile(tile, content)
                self.edge.pop(tile, None)
            else:
                self.edge[tile] = content

    def _count(self, looked: Looked) -> None:
        self.found.erased += looked.erased
        self.found.records += looked.records

    def _check_waiting(self) -> None:
        """Check the leaves of what was committed since the log was advanced last."""
        after = UUID(int=0)
        while rows := list_waiting_entries(self.session, after=after, limit=_READ_AT_ONCE):
            looked = Looked()
            for row in rows:
                checked(row, "a leaf without position", looked)
            self._count(looked)
            self.found.waiting += len(rows)
            after = rows[-1].subject

    def _check_heads(self, record: UUID) -> None:
        """Check the checkpoint of the tree's present size, if there is one, and heads kept elsewhere.

        `record` is the last one in the tree.
        """
        if self.next is not None and self.next.size == self.tree.size:  # 4
            name = f"the checkpoint of {self.tree.size} leaves"
            head = self._verified(self.next, name)
            if (head.size, head.root) != (self.tree.size, self.tree.root()):
                raise LogDamagedError(f"{name} states another root than that of the leaves")
            self.found.checkpoints += 1
            renamed = renaming(head, self.name)
            if renamed is not None:
                raise LogDamagedError(f"{name}: {renamed}")
            self._date(self.next, name)
            self.name = head.origin
            self.names.add(head.origin)
            wrong = misdating(head, self.before, record)
            if wrong is not None:
                self.found.misdated.append(f"{name}: {wrong}")
            self.before = head.at
            self.next = next(self.checkpoints, None)
        while self.heads and self.heads[0].size <= self.tree.size:  # 6
            head = self.heads.pop(0)
            if head.origin not in {*self.names, self.origin} or head.root != self.tree.root():
                raise self._missed(
                    head, f"the head of {head.size} leaves kept elsewhere is not one of this log"
                )

    def _missed(self, head: Checkpoint, said: str) -> LogDamagedError:
        """Return that a head kept elsewhere is not of this log, and with which restore it was lost."""
        lost = lost_with(head, restores_of(self.session))
        return LogDamagedError(f"{said}, {lost}" if lost else said)

    def _date(self, row: LogCheckpoint, name: str) -> None:
        """Note a head whose seal is out of use until a time-stamp dates it, or one that goes on from it."""
        if self.now is None or not self.authorities:
            return
        until = self.pinned[row.seal_sha256].until
        if until < self.now:
            self.undated.append((until, f"{name}: its seal is out of use since {instant_text(until)}"))
        if self.stamp is not None:
            self.undated = [one for one in self.undated if one[0] < self.stamp.at]

    def _verified(self, row: LogCheckpoint, name: str) -> Checkpoint:
        certificate = self.pinned.get(row.seal_sha256)
        if certificate is None:
            raise LogDamagedError(f"{name} was signed with a seal whose certificate was not given")
        try:
            head = verify_checkpoint(
                row.text,
                row.signature,
                seal_certificate=certificate,
                either_form=True,  # a log may be older than the rule
            )
            self.stamp = None
            if row.token is not None:
                authorities = self.authorities or embedded_certificates(row.token)
                self.stamp = verify_checkpoint_token(row.token, row.signature, head, authorities=authorities)
                self.found.timestamped += 1
        except (CheckpointInvalidError, StampInvalidError) as error:
            raise LogDamagedError(f"{name}: {error.detail}") from error
        if head.at != row.at:
            raise LogDamagedError(f"{name}: its instant differs from the one that was signed")
        return head

    def _list_checkpoints(self) -> Iterator[LogCheckpoint]:
        after = 0
        while rows := list_checkpoints(self.session, after, limit=_READ_AT_ONCE):
            yield from (row for row, _ in rows)
            after = rows[-1][0].size

    def _check_edge(self) -> None:
        for tile, content in self.edge.items():
            self._check_tile(tile, content)

    def _check_tile(self, tile: Tile, content: bytes) -> None:
        """Check that what proofs are read from is the tree of the leaves."""
        try:
            stored = TileReader(self.session)(tile)
        except LookupError as error:
            raise LogDamagedError(str(error)) from error
        if stored != content:
            raise LogDamagedError(f"{tile} does not hold the hashes of the leaves")


def _tail(size: int) -> str:
    return f"the log ends after {size} leaves, and there is a signed head of"
