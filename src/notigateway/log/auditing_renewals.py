"""Renewals of the log's head and its second tree, held against the log itself.

The tree of the log is taken as it is kept: whoever wants that proven recomputes it first (`auditing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from notigateway.errors import CheckpointInvalidError, LogDamagedError, StampInvalidError
from notigateway.evidence.timestamp import check_token, embedded_certificates
from notigateway.log.renewing import links_of
from notigateway.log.second import bound_by, entries
from notigateway.repository.log import TileReader, log_size
from notigateway.repository.renewals import (
    SecondTiles,
    list_renewals,
    list_roots,
    second_size,
    sizes_of_renewals,
)
from notigateway.tlog.merkle import SHA512, root_of
from notigateway.tlog.note import read_note, verify_note
from notigateway.tlog.renewal import note_imprint, read_record
from notigateway.tlog.second import read_statement, record_digest, statement_imprint
from notigateway.tlog.tiles import grow, subtree_in_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.evidence.history import Pin
    from notigateway.repository.renewals import LogRenewal, SecondRoot
    from notigateway.repository.session import Session
    from notigateway.tlog.tiles import Tile

_AT_ONCE: Final = 100
_ROOTS_AT_MOST: Final = 1_000
_ENTRIES_AT_ONCE: Final = 512
_SECOND_WHOLE: Final = SHA512.size << 8


@dataclass(frozen=True, slots=True)
class RenewalAudit:
    """What is checked, and against whom: with no authorities given, tokens are of anybody."""

    session: Session
    seals: Sequence[Pin]
    authorities: Sequence[Certificate] = ()

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with each renewal and each statement: of which, and how it is.

        1. They are numbered from 1 without a gap, and their columns say what their records do.
        2. The note of a renewal is one that a known seal signed, and states the root of the log at its size.
        3. The leaf of a record lies in the head of the next renewal.
        4. A statement states the root of the second tree at its size, binds the renewals that it is said to,
           and names the record of the one before.
        5. Each token is about its subject.
        """
        renewals = list(self._renewals())
        for number, row in enumerate(renewals, 1):
            if (why := self._said(partial(self._check_renewal, row, number))) is not None:
                yield f"renewal {row.number}", why
        if (why := self._said(lambda: links_of(self.session, renewals, self._subtree))) is not None:  # 3
            yield "renewals", why
            return
        before: SecondRoot | None = None
        for number, root in enumerate(list_roots(self.session, limit=_ROOTS_AT_MOST), 1):
            if (why := self._said(partial(self._check_root, root, number, before))) is not None:
                yield f"statement {root.number}", why
            before = root

    def check(self) -> tuple[int, int]:
        """Check all of that, and the second tree entry by entry; return how many renewals and entries.

        Raises: `LogDamagedError` naming the first thing that is wrong.
        """
        for what, why in self.problems():
            raise LogDamagedError(f"{what} of the log: {why}")
        return len(list(self._renewals())), self._check_entries()

    def _renewals(self) -> Iterator[LogRenewal]:
        after = 0
        while rows := list_renewals(self.session, after=after, limit=_AT_ONCE):
            yield from rows
            after = rows[-1].number

    @property
    def _subtree(self) -> partial[bytes]:
        return partial(subtree_in_tiles, tile=TileReader(self.session))

    def _said(self, check: Callable[[], object]) -> str | None:
        """Return why a check is not passed; None where it is."""
        try:
            check()
        except (CheckpointInvalidError, StampInvalidError, LogDamagedError) as error:
            return error.detail
        except LookupError as error:
            return str(error)
        return None

    def _check_renewal(self, row: LogRenewal, number: int) -> None:
        _check_number(row.number, number)  # 1
        record = read_record(row.record)
        head = verify_note(
            read_note(record.subject), seal_certificates=self.seals, either_form=True
        ).checkpoint  # 2
        at = self._token(record.token, note_imprint(record.subject))  # 5
        _check_columns((head.size, at), (row.size, row.at))  # 1
        if head.size > log_size(self.session) or head.root != root_of(head.size, self._subtree):  # 2
            raise LogDamagedError("it is of another log, or of one that was longer")

    def _check_root(self, row: SecondRoot, number: int, before: SecondRoot | None) -> None:
        _check_number(row.number, number)  # 1
        record = read_record(row.record)
        said = read_statement(record.subject)
        at = self._token(record.token, statement_imprint(record.subject))  # 5
        _check_columns((said.size, at), (row.size, row.at))  # 1
        subtree = partial(subtree_in_tiles, tile=SecondTiles(self.session), hashing=SHA512)
        is_there = said.size <= second_size(self.session)
        if not is_there or said.root != root_of(said.size, subtree, hashing=SHA512):  # 4
            raise LogDamagedError("it states another root than that of the second tree")
        if said.renewals != bound_by(self.session, row.renewal):
            raise LogDamagedError("it binds other renewals than these")
        if said.before != (None if before is None else record_digest(before.record)):
            raise LogDamagedError("it does not name the statement before it")

    def _token(self, token: bytes, imprint: bytes) -> datetime:
        return check_token(
            token, imprint=imprint, authorities=self.authorities or embedded_certificates(token)
        )

    def _check_entries(self) -> int:
        """Recompute the second tree from leaves and receipts; return how many entries it has."""
        size, sizes = second_size(self.session), sizes_of_renewals(self.session)
        if size and (not sizes or size > sizes[-1]):
            raise LogDamagedError("the second tree is longer than the newest renewed head")
        edge: dict[Tile, bytes] = {}
        for start in range(0, size, _ENTRIES_AT_ONCE):
            hashes = entries(self.session, start, min(_ENTRIES_AT_ONCE, size - start), sizes)
            for tile, content in grow(start, hashes, edge.__getitem__, hashing=SHA512).items():
                if len(content) == _SECOND_WHOLE:
                    self._check_tile(tile, content)
                    edge.pop(tile, None)
                else:
                    edge[tile] = content
        for tile, content in edge.items():
            self._check_tile(tile, content)
        return size

    def _check_tile(self, tile: Tile, content: bytes) -> None:
        try:
            stored = SecondTiles(self.session)(tile)
        except LookupError as error:
            raise LogDamagedError(str(error)) from error
        if stored != content:
            raise LogDamagedError(f"the second tree: {tile} does not hold the hashes of its entries")


def _check_number(found: int, wanted: int) -> None:
    if found != wanted:
        raise LogDamagedError(f"number {wanted} is missing before it")


def _check_columns(said: tuple[int, datetime], columns: tuple[int, datetime]) -> None:
    if said != columns:
        raise LogDamagedError("its columns say otherwise than its record")
