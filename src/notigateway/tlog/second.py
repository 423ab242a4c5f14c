r"""The log's second tree: SHA-512 over its leaves and the receipts themselves, for when SHA-256 has ended.

A proof by SHA-256 convinces as long as nobody can make another that leads to the same root. Past that day
it convinces only where all that it consists of is known to have existed before (hash-tree renewal, RFC 4998
§5.3): the receipt, its leaf, the way to its renewed head, that head, its token, and so on to the newest
renewal. So the second tree has an *entry* for each leaf, at the leaf's own place:

    notigateway-entry/1
    <the four lines of the leaf>
    <SHA-512 of the receipt as it was issued; "-" for a leaf of anything else>
    <SHA-512 of the receipt before it, as it was issued; "-" where it names none>
    <SHA-512 of the signed request that it names; "-" where none is kept>
    <size of the first renewed head that covers the leaf>
    <SHA-512 of the proof that leads there, its hashes side by side>

The leaf of an access record stands for itself, so its record may be erased and the tree stays what it is.
What all entries share, the renewals, is bound by the *statement* of a root, which gets a time-stamp by
SHA-512:

    notigateway-second-tree/1
    <name of the log>
    <number of entries>
    <root, in base64>
    <SHA-512 over the renewals until then, `chained`>
    <SHA-512 of the record of the statement before; "-" for the first>
    <instant>

Statements are renewed as heads are; each names the record of the one before, so no tree is in between.

Pure, like `merkle`.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha512
from typing import TYPE_CHECKING, Final

from notigateway.errors import CheckpointInvalidError
from notigateway.instants import instant_text
from notigateway.tlog.merkle import SHA512

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notigateway.tlog.renewal import Covered, Link

STATEMENT_MAX_BYTES: Final = 1_000
# What stands before the first renewal of a log.
START: Final = sha512(b"notigateway-renewals/1\n").digest()
_ENTRY: Final = b"notigateway-entry/1\n"
_TITLE: Final = "notigateway-second-tree/1"
_NONE: Final = "-"
_TEXT: Final = re.compile(
    _TITLE + r"\n(?P<origin>[!-~]+(?: [!-~]+)*)\n(?P<size>0|[1-9][0-9]{0,18})\n"
    r"(?P<root>[A-Za-z0-9+/]{86}==)\n(?P<renewals>[0-9a-f]{128})\n(?P<before>[0-9a-f]{128}|-)\n"
    r"(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)\n",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Bound:
    """The SHA-512 of a receipt, and of what it names by its SHA-256 alone: all in hexadecimal."""

    receipt: str | None = None
    previous: str | None = None
    request: str | None = None


def entry(leaf: bytes, bound: Bound, *, head: int, proof: Sequence[bytes]) -> bytes:
    """Return the entry of a leaf: `proof` leads to the renewed head of that size."""
    digests = [one or _NONE for one in (bound.receipt, bound.previous, bound.request)]
    lines = (*digests, str(head), sha512(b"".join(proof)).hexdigest())
    return _ENTRY + leaf + "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True, slots=True)
class Statement:
    """What the second tree was: a root, which renewals it binds, and the record of the statement before."""

    origin: str
    size: int
    root: bytes
    renewals: bytes
    before: bytes | None
    at: datetime

    def to_bytes(self) -> bytes:
        """Return the text that gets the time-stamp."""
        root = base64.b64encode(self.root).decode()
        before = _NONE if self.before is None else self.before.hex()
        lines = (
            _TITLE,
            self.origin,
            str(self.size),
            root,
            self.renewals.hex(),
            before,
            instant_text(self.at),
        )
        return "".join(f"{line}\n" for line in lines).encode()


def read_statement(text: bytes) -> Statement:
    """Read a statement in its one spelling; nothing is proven yet. Raises: `CheckpointInvalidError`."""
    try:
        found = _TEXT.fullmatch(text.decode("ascii")) if len(text) <= STATEMENT_MAX_BYTES else None
        if found is None:
            raise CheckpointInvalidError("the text does not have the form of a statement of the second tree")
        before = found["before"]
        statement = Statement(
            found["origin"],
            int(found["size"]),
            base64.b64decode(found["root"], validate=True),
            bytes.fromhex(found["renewals"]),
            None if before == _NONE else bytes.fromhex(before),
            datetime.fromisoformat(found["at"]),
        )
    except ValueError as error:
        raise CheckpointInvalidError("the statement of the second tree cannot be read") from error
    if len(statement.root) != SHA512.size or statement.to_bytes() != text:
        raise CheckpointInvalidError("the statement of the second tree is not in its one spelling")
    return statement


def statement_imprint(text: bytes) -> bytes:
    """Return what the time-stamp of a statement is about."""
    return sha512(text).digest()


def record_digest(record: bytes) -> bytes:
    """Return by what the next statement names the record of one."""
    return sha512(record).digest()


# --- the renewals that a statement binds ------------------------------------------------------------


def with_record(before: bytes, record: bytes) -> bytes:
    """Return what stands for all renewals up to one, from what stood before its record."""
    return sha512(before + sha512(record).digest()).digest()


def with_proof(after: bytes, covered: Covered) -> bytes:
    """Return what stands before the next record, once it is shown how its head covers the one before."""
    return sha512(after + sha512(covered.to_bytes()).digest()).digest()


def chained(before: bytes, links: Sequence[Link]) -> Iterator[bytes]:
    """Yield what stands for all renewals up to and with each of these."""
    for one in links:
        after = with_record(before, one.record)
        yield after
        if one.covered is not None:
            before = with_proof(after, one.covered)
