"""What everybody may read of the log: its head, its tiles and its entries (C2SP tlog-tiles).

Only what a committed head covers is given, so nobody sees a leaf before the log is bound to it. Entries are
leaves: commitments that tell nothing without their salts, and they stay when records are erased.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway.log.witnessing import note_of
from notigateway.pki.keys import fingerprint
from notigateway.repository.cosignatures import list_cosignatures
from notigateway.repository.engine import reading
from notigateway.repository.log import TileReader, find_last_checkpoint, list_leaves
from notigateway.tlog.merkle import HASH_BYTES
from notigateway.tlog.tile_paths import TILE_WIDTH, width_of
from notigateway.tlog.tiles import Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine


_LENGTH_BYTES = 2


@dataclass(frozen=True)
class PublicLog:
    """Reads the log for everybody; `seals` are all that have ever signed a head of it."""

    engine: Engine
    seals: Callable[[], Iterable[Certificate]]
    _known: dict[str, Certificate] = field(default_factory=dict)

    def head(self) -> bytes | None:
        """Return the newest head as a note with its cosignatures; None while there is none.

        Raises: `TemporarilyUnavailableError`, `ConfigurationError`.
        """
        with reading(self.engine) as session:
            last = find_last_checkpoint(session)
            if last is None:
                return None
            cosignatures = list_cosignatures(session, last.size)
        if last.seal_sha256 not in self._known:  # the present one, or one that was put out of use meanwhile
            self._known.update({fingerprint(one): one for one in self.seals()})
        return note_of(last, self._known, cosignatures)

    def tile(self, level: int, place: int, width: int) -> bytes | None:
        """Return the first hashes of a tile; None for more than the newest head covers.

        Raises: `TemporarilyUnavailableError`.
        """
        tile = Tile(level, place)
        with reading(self.engine) as session:
            last = find_last_checkpoint(session)
            if last is None or width > width_of(tile, last.size):
                return None
            return TileReader(session)(tile)[: width * HASH_BYTES]

    def entries(self, place: int, width: int) -> bytes | None:
        """Return the first entries of a bundle, each behind its length; None for more than the head covers.

        Raises: `TemporarilyUnavailableError`.
        """
        with reading(self.engine) as session:
            last = find_last_checkpoint(session)
            if last is None or width > width_of(Tile(0, place), last.size):
                return None
            start = place * TILE_WIDTH
            leaves = [leaf.to_bytes() for leaf in list_leaves(session, start, start + width)]
        return b"".join(len(leaf).to_bytes(_LENGTH_BYTES) + leaf for leaf in leaves)
