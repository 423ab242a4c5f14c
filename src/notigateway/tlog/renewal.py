r"""Renewed heads of the log, as they are written: the record of each, and what a bundle carries of them.

A time-stamp convinces as long as its authority's certificate lasts. Once a year the newest head gets another
one, by the authority of then; what came of it is kept as a *record*, and the record is a leaf of the log:

    head 1 <- token 1          the token is about the SHA-256 of the whole note of the head
    record 1 = head 1, token 1, its authority's certificates and revocation data
    leaf of record 1  in  head 2 <- token 2, record 2 ...

So token 2 covers, by head 2 and one proof, everything by which token 1 is judged, and shows that it existed
while its own authority still counted: the time-stamp renewal of RFC 4998 §5.2, with the log in the place of
a reduced hash tree, so that one token is for every receipt there is. It is about the note and not, as the
first token of a head, about the signature in it: nobody need believe in the seal's algorithm any more.

A receipt is proven by its inclusion in the first renewed head, and the records from there to the newest one.

Pure: bytes in, values out; whether a chain convinces stands in `renewed`, the second tree in `second`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NoReturn
from uuid import UUID

from notigateway.errors import CheckpointInvalidError
from notigateway.tlog.leaf import SALT_BYTES, Leaf, LeafKind, commitment
from notigateway.tlog.merkle import HASH_BYTES, SHA512

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT: Final = "urn:notigateway:renewals:1"
RECORD_FORMAT: Final = "urn:notigateway:renewal:1"
RECORD_MAX_BYTES: Final = 512 * 1024
RENEWALS_MAX_BYTES: Final = 16 * 1024 * 1024
# A renewal a year, and some by other reasons, for a hundred years.
RENEWALS_AT_MOST: Final = 120
PARTS_AT_MOST: Final = 32
_PROOF_AT_MOST: Final = 64
# Two quotes and a comma for each text: 120 renewals with a proof of 64 hashes each, and as many again.
_PIECES, _PIECES_AT_MOST = (b'"', b"[", b"{", b","), 60_000
_MOST: Final = 10**18


@dataclass(frozen=True, slots=True)
class Record:
    """What a renewal got: `subject` is what its token is about, the note of a head or a statement.

    `certificates` are those of the authority (DER), its own first; `revocations` the lists and answers kept
    of them (DER). They are carried for who wants to judge them; what counts is whom a verifier pins.
    """

    subject: bytes
    token: bytes
    certificates: tuple[bytes, ...] = ()
    revocations: tuple[bytes, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the record in its one spelling."""
        said = {
            "format": RECORD_FORMAT,
            "subject": self.subject.decode(),
            "token": _base64(self.token),
            "certificates": [_base64(one) for one in self.certificates],
            "revocations": [_base64(one) for one in self.revocations],
        }
        return _written(said)


def read_record(text: bytes) -> Record:
    """Read a record in its one spelling; nothing is proven yet. Raises: `CheckpointInvalidError`."""
    said = _read(text, RECORD_MAX_BYTES, "record of a renewal")
    try:
        record = Record(
            said["subject"].encode(),
            _from_base64(said["token"]),
            tuple(map(_from_base64, _few(said["certificates"], PARTS_AT_MOST))),
            tuple(map(_from_base64, _few(said["revocations"], PARTS_AT_MOST))),
        )
        spelled = record.to_bytes()
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CheckpointInvalidError("the record of a renewal cannot be read") from error
    if spelled != text:
        raise CheckpointInvalidError("the record of a renewal is not in its one spelling")
    return record


def note_imprint(note: bytes) -> bytes:
    """Return what the time-stamp of a renewed head is about: all of its note."""
    return sha256(note).digest()


# --- what a bundle carries --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Covered:
    """Where the leaf of a record stands in the next renewed head, and what opens its commitment."""

    record_id: UUID
    salt: bytes
    index: int
    proof: tuple[bytes, ...]

    def said(self) -> dict[str, Any]:
        """Return it as it is written."""
        return {
            "record": str(self.record_id),
            "salt": self.salt.hex(),
            "index": self.index,
            "proof": [one.hex() for one in self.proof],
        }

    def to_bytes(self) -> bytes:
        """Return the same in one spelling by itself: what the second tree binds."""
        return json.dumps(self.said(), separators=(",", ":")).encode("ascii")

    def leaf(self, record: bytes) -> bytes:
        """Return the leaf that must stand there."""
        return Leaf(LeafKind.RENEWAL, self.record_id, commitment(record, self.salt)).to_bytes()


@dataclass(frozen=True, slots=True)
class Link:
    """A renewal: its record, and how the next renewed head covers it; the newest is covered by none."""

    record: bytes
    covered: Covered | None = None


@dataclass(frozen=True, slots=True)
class Second:
    """What the second tree adds: the proof in its first root that covers the receipt, and its statements.

    `before` stands for the renewals before those that are here (`second.chained`); `previous` and `request`
    are the SHA-512 of what the receipt names, whether it is beside it or not.
    """

    before: bytes
    previous: bytes | None
    request: bytes | None
    proof: tuple[bytes, ...]
    statements: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Renewals:
    """How a receipt leads to the newest renewed head: `index` and `proof` are in the first that has it."""

    index: int
    proof: tuple[bytes, ...]
    links: tuple[Link, ...]
    second: Second | None = None

    def to_bytes(self) -> bytes:
        """Return the member of a bundle, in its one spelling."""
        links = [
            {"record": one.record.decode("ascii"), "covered": one.covered and one.covered.said()}
            for one in self.links
        ]
        second = self.second and {
            "before": self.second.before.hex(),
            "previous": self.second.previous and self.second.previous.hex(),
            "request": self.second.request and self.second.request.hex(),
            "proof": [one.hex() for one in self.second.proof],
            "statements": [one.decode("ascii") for one in self.second.statements],
        }
        said = {
            "format": FORMAT,
            "index": self.index,
            "proof": [one.hex() for one in self.proof],
            "renewals": links,
            "second_tree": second,
        }
        return _written(said)


def read_renewals(text: bytes) -> Renewals:
    """Read the member of a bundle in its one spelling; nothing is proven yet.

    Raises: `CheckpointInvalidError`.
    """
    said = _read(text, RENEWALS_MAX_BYTES, "file of renewals")
    try:
        found = Renewals(
            _number(said["index"]),
            _hashes(said["proof"], HASH_BYTES),
            tuple(map(_read_link, _few(said["renewals"], RENEWALS_AT_MOST))),
            None if said["second_tree"] is None else _read_second(said["second_tree"]),
        )
        spelled = found.to_bytes()
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CheckpointInvalidError("the file of renewals cannot be read") from error
    if spelled != text:
        raise CheckpointInvalidError("the file of renewals is not in its one spelling")
    return found


def _read_link(said: dict[str, Any]) -> Link:
    covered = said["covered"]
    if covered is None:
        return Link(said["record"].encode("ascii"))
    return Link(
        said["record"].encode("ascii"),
        Covered(
            UUID(covered["record"]),
            _hash(covered["salt"], SALT_BYTES),
            _number(covered["index"]),
            _hashes(covered["proof"], HASH_BYTES),
        ),
    )


def _read_second(said: dict[str, Any]) -> Second:
    return Second(
        _hash(said["before"], SHA512.size),
        None if said["previous"] is None else _hash(said["previous"], SHA512.size),
        None if said["request"] is None else _hash(said["request"], SHA512.size),
        _hashes(said["proof"], SHA512.size),
        tuple(one.encode("ascii") for one in _few(said["statements"], RENEWALS_AT_MOST)),
    )


# --- one spelling -----------------------------------------------------------------------------------


def _written(said: dict[str, Any]) -> bytes:
    return (json.dumps(said, indent=1) + "\n").encode("ascii")


def _read(text: bytes, most: int, what: str) -> dict[str, Any]:
    """Parse, once and within limits. Raises: `CheckpointInvalidError`."""
    if len(text) > most or sum(map(text.count, _PIECES)) > _PIECES_AT_MOST:
        raise CheckpointInvalidError(f"the {what} is larger than any")
    try:
        said = json.loads(text.decode("ascii"), parse_constant=_no_number, parse_float=_no_number)
    except (ValueError, RecursionError) as error:
        raise CheckpointInvalidError(f"the {what} cannot be read") from error
    if not isinstance(said, dict):
        raise CheckpointInvalidError(f"the {what} cannot be read")
    return said


def _no_number(_: str) -> NoReturn:
    raise ValueError("there are whole numbers alone")


def _number(said: object) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said < _MOST:
        raise ValueError("not a place in a log")
    return said


def _few(said: Sequence[Any], most: int) -> Sequence[Any]:
    if not isinstance(said, list) or len(said) > most:
        raise ValueError("not a list, or too long")
    return said


def _hashes(said: Sequence[str], size: int) -> tuple[bytes, ...]:
    return tuple(_hash(one, size) for one in _few(said, _PROOF_AT_MOST))


def _hash(said: str, size: int) -> bytes:
    found = bytes.fromhex(said)
    if len(found) != size:
        raise ValueError("not a hash of that size")
    return found


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(said: str) -> bytes:
    return base64.b64decode(said, validate=True)
