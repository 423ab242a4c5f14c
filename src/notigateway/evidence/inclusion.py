"""The member of a bundle that says where in the log a leaf stands, and how it leads to the root."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import BundleInvalidError
from notigateway.evidence.plain_json import member, members, read_object

if TYPE_CHECKING:
    from collections.abc import Sequence

# No proof is longer, whatever the log.
INCLUSION_MAX_BYTES: Final = 64 * 1024


def inclusion_text(*, index: int, salt: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the member, in its one spelling."""
    said = {"index": index, "salt": salt.hex(), "proof": [one.hex() for one in proof]}
    return (json.dumps(said, indent=1) + "\n").encode("ascii")


@dataclass(frozen=True, slots=True)
class InclusionText:
    """The place of the leaf, the salt that opens it, and the hashes on the way to the root."""

    index: int
    salt: bytes
    proof: tuple[bytes, ...]


def read_inclusion(text: bytes) -> InclusionText:
    """Read the member in its one spelling. Raises: `BundleInvalidError`."""
    try:
        said = read_object(text, max_bytes=INCLUSION_MAX_BYTES)
        found = InclusionText(
            member(said, "index", int),
            bytes.fromhex(member(said, "salt", str)),
            tuple(map(bytes.fromhex, members(said, "proof", str))),
        )
    except ValueError as error:
        raise BundleInvalidError(f"the inclusion proof cannot be read: {error}") from error
    if inclusion_text(index=found.index, salt=found.salt, proof=found.proof) != text:
        raise BundleInvalidError("the inclusion proof is not in its one spelling")
    return found
