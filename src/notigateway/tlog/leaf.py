"""What the log says of one record: kind, identifier, and a commitment that tells nothing without its salt.

A leaf holds no hash of the record alone: whoever could guess an access record (who, when, which) would
find it by trying. With the salt erased beside the record the leaf stays in the tree, every proof over
it stays valid, and nobody can tell any more what it spoke of.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

SALT_BYTES: Final = 32
_FORMAT: Final = "notigateway-leaf/1"


class LeafKind(StrEnum):
    """What a leaf speaks of."""

    RECEIPT = "receipt"
    ACCESS = "access"
    RENEWAL = "renewal"


def commitment(record: bytes, salt: bytes) -> bytes:
    """Return HMAC-SHA-256 of the record under its salt: binding, and blind without the salt."""
    return hmac.digest(salt, record, "sha256")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry of the log; `subject` is the identifier of the receipt, access record or renewal."""

    kind: LeafKind
    subject: UUID
    commitment: bytes

    def to_bytes(self) -> bytes:
        r"""Return the bytes that are hashed: four lines, each ended by "\n"."""
        return f"{_FORMAT}\n{self.kind}\n{self.subject}\n{self.commitment.hex()}\n".encode()

    def speaks_of(self, record: bytes, salt: bytes) -> bool:
        """Tell whether this is the leaf of exactly these bytes."""
        return hmac.compare_digest(self.commitment, commitment(record, salt))
