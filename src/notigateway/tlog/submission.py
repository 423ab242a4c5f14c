r"""What is sent to a witness: a head of the log, and the proof that it continues the one it saw before.

C2SP tlog-witness, `add-checkpoint`: the size that the witness saw last, the consistency proof from there, one
hash a line in base64, an empty line, the signed note. Pure: bytes in, bytes out.

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=

    notigateway.example/log
    ...
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import CheckpointInvalidError
from notigateway.tlog.merkle import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where a witness takes heads, behind the prefix by which it is known.
PATH: Final = "/add-checkpoint"
# The answer that tells which head a witness saw last.
SIZE_KIND: Final = "text/x.tlog.size"
# "The client MUST NOT send more than 63 consistency proof lines."
PROOF_MAX_LINES: Final = 63
SUBMISSION_MAX_BYTES: Final = 64 * 1024
_OLD: Final = re.compile(rb"old (0|[1-9][0-9]{0,18})")
_HASH: Final = re.compile(rb"[A-Za-z0-9+/]{43}=")
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


@dataclass(frozen=True, slots=True)
class Submission:
    """What a witness is asked: to cosign the head of `note`, which continues one of `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes


def write_submission(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Return the body of a request."""
    lines = [b"old %d" % old, *map(base64.b64encode, proof), b""]
    return b"\n".join(lines) + b"\n" + note


def read_submission(body: bytes) -> Submission:
    """Read the body of a request in its one spelling; nothing is proven yet.

    Raises: `CheckpointInvalidError`.
    """
    if len(body) > SUBMISSION_MAX_BYTES:
        raise CheckpointInvalidError("the request is larger than any")
    head, divided, note = body.partition(b"\n\n")
    lines = head.split(b"\n")
    old = _OLD.fullmatch(lines[0])
    if not divided or old is None or len(lines) - 1 > PROOF_MAX_LINES:
        raise CheckpointInvalidError("the request does not begin with a size, a proof and an empty line")
    if not all(_HASH.fullmatch(line) for line in lines[1:]):
        raise CheckpointInvalidError("a line of the proof is no hash")
    proof = tuple(map(base64.b64decode, lines[1:]))
    if any(len(one) != HASH_BYTES for one in proof) or write_submission(int(old[1]), proof, note) != body:
        raise CheckpointInvalidError("the request is not in its one spelling")
    return Submission(int(old[1]), proof, note)


def write_size(size: int) -> bytes:
    """Return the body of the answer that tells a size (409, `text/x.tlog.size`)."""
    return b"%d\n" % size


def read_size(body: bytes) -> int:
    """Read that answer. Raises: `CheckpointInvalidError`."""
    found = _SIZE.fullmatch(body)
    if found is None:
        raise CheckpointInvalidError("the answer is not the size of a log")
    return int(found[1])
