"""What everybody may read of the log: its head, its tiles, its entries, that it only grew (C2SP tlog-tiles).

Only what a committed head covers is given, so nobody sees a leaf before the log is bound to it. Entries are
leaves: commitments that tell nothing without their salts, and they stay when records are erased.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notigateway.errors import InvalidRequestError
from notigateway.log.growing import consistency_of
from notigateway.log.notes import note_of
from notigateway.pki.keys import fingerprint
from notigateway.repository.cosignatures import list_cosignatures
from notigateway.repository.log import TileReader, find_last_checkpoint, list_leaves
from notigateway.tlog.merkle import HASH_BYTES
from notigateway.tlog.tile_paths import TILE_WIDTH, width_of
from notigateway.tlog.tiles import Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography.x509 import Certificate

    from notigateway.repository.session import Session

_LENGTH_BYTES: Final = 2


@dataclass(frozen=True)
class PublicLog:
    """Reads the log for everybody; `seals` are all that have ever signed a head of it."""

    seals: Callable[[], Iterable[Certificate]]
    _known: dict[str, Certificate] = field(default_factory=dict)

    def head(self, session: Session) -> bytes | None:
        """Return the newest head as a note with its cosignatures; None while there is none.

        Raises: `ConfigurationError` where the certificate of its seal is not among them.
        """
        last = find_last_checkpoint(session)
        if last is None:
            return None
        if last.seal_sha256 not in self._known:  # the present one, or one that was put out of use meanwhile
            self._known.update({fingerprint(one): one for one in self.seals()})
        return note_of(last, self._known, list_cosignatures(session, last.size))

    def tile(self, session: Session, tile: Tile, width: int) -> bytes | None:
        """Return the first hashes of a tile; None for more than the newest head covers."""
        if width > width_of(tile, _covered(session)):
            return None
        return TileReader(session)(tile)[: width * HASH_BYTES]

    def entries(self, session: Session, place: int, width: int) -> bytes | None:
        """Return the first entries of a bundle, each behind its length; None for more than is covered."""
        if width > width_of(Tile(0, place), _covered(session)):
            return None
        start = place * TILE_WIDTH
        leaves = [leaf.to_bytes() for leaf in list_leaves(session, start, start + width)]
        return b"".join(len(leaf).to_bytes(_LENGTH_BYTES) + leaf for leaf in leaves)

    def consistency(self, session: Session, older: int, newer: int) -> tuple[bytes, ...]:
        """Return the proof that the log of `newer` entries begins with that of `older`.

        Raises: `InvalidRequestError` for sizes in another order, or that no head covers.
        """
        if not 0 <= older <= newer <= _covered(session):
            raise InvalidRequestError(element="oldSize" if older > newer or older < 0 else "newSize")
        return consistency_of(session, older, newer)


def _covered(session: Session) -> int:
    last = find_last_checkpoint(session)
    return 0 if last is None else last.size
