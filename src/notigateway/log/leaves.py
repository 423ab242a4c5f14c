"""The leaves of the log against the records that are stored, in portions that can be looked at apart.

Each leaf costs two hashes and the reading of its record; what is made of them, the tree, is the caller's.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import LogDamagedError
from notigateway.instants import instant_text
from notigateway.repository.engine import reading
from notigateway.repository.log import list_entries
from notigateway.tlog.leaf import Leaf, LeafKind
from notigateway.tlog.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy import Engine, Row

    from notigateway.repository.session import Session

_READ_AT_ONCE: Final = 500
_NAMES: Final = {
    LeafKind.RECEIPT: "receipt",
    LeafKind.ACCESS: "access record",
    LeafKind.RENEWAL: "renewal",
}


@dataclass
class Looked:
    """What came of leaves from a position on: their hashes and records, up to the first that is wrong."""

    hashes: list[bytes] = field(default_factory=list)
    subjects: list[UUID] = field(default_factory=list)
    erased: int = 0
    records: Counter[LeafKind] = field(default_factory=Counter)
    # What is wrong with the leaf behind them; empty where nothing is.
    wrong: str = ""


def portions_of(size: int) -> Iterator[range]:
    """Yield the positions of so many leaves, in portions."""
    for start in range(0, size, _READ_AT_ONCE):
        yield range(start, min(start + _READ_AT_ONCE, size))


def look_apart(engine: Engine, positions: range) -> Looked:
    """Look at a portion by itself, in a snapshot of its own: what has a position stays as it is.

    But for what is erased meanwhile, with its salt at once. Raises: `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        return look(session, positions)


def look(session: Session, positions: range) -> Looked:
    """Look at the leaves with these positions."""
    looked = Looked()
    rows = list_entries(session, after=positions.start - 1, limit=len(positions))
    try:
        for position, row in zip_longest(positions, rows):
            _check_position(row, position)
            looked.hashes.append(leaf_hash(checked(row, f"leaf {position}", looked).to_bytes()))
            looked.subjects.append(row.subject)
    except LogDamagedError as damage:
        looked.wrong = damage.detail
    return looked


def _check_position(row: Row[*tuple[Any, ...]] | None, position: int) -> None:
    if row is None or row.position != position:
        raise LogDamagedError(f"leaf {position} is missing")


def checked(row: Row[*tuple[Any, ...]], name: str, looked: Looked) -> Leaf:
    """Return a leaf once it is known to speak of the record that is stored; count it.

    Raises: `LogDamagedError`.
    """
    leaf = Leaf(row.kind, row.subject, row.commitment)
    record = {LeafKind.RECEIPT: row.xml, LeafKind.ACCESS: row.record, LeafKind.RENEWAL: row.renewal}[row.kind]
    subject = f"{name}: {named(row.kind, row.subject)}"
    if row.salt is None:
        if record is not None:
            raise LogDamagedError(f"{subject} is there, its salt is not")
        looked.erased += 1
        return leaf
    if record is None:
        raise LogDamagedError(f"{subject} is gone")
    if not leaf.speaks_of(record, row.salt):
        raise LogDamagedError(f"{subject} is not what was logged")
    if not _columns_agree(row):
        raise LogDamagedError(f"{subject}: its columns differ from what was logged")
    looked.records[row.kind] += 1
    return leaf


def named(kind: LeafKind, subject: UUID) -> str:
    """Return what a record is called."""
    return f"the {_NAMES[kind]} {subject}"


def _columns_agree(row: Row[*tuple[Any, ...]]) -> bool:
    """Tell whether the columns beside a record say what it says."""
    if row.kind is LeafKind.RECEIPT:
        return hashlib.sha256(row.xml).hexdigest() == str(row.sha256)
    if row.kind is LeafKind.RENEWAL:
        return True  # its columns are held against its token, where renewals are looked at
    said = json.loads(row.record)
    columns = (str(row.subject), instant_text(row.at), row.party, row.operation, row.result)
    return columns == tuple(said[name] for name in ("id", "at", "party", "operation", "result"))
