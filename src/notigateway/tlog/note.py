r"""A head of the log as others read it: a signed note (C2SP signed-note), the text with who signed it.

The text, an empty line, one line for each signature: an em dash, the name of who signed, and in base64 the
four bytes that identify the key before the signature. The first line is the seal's, whose name is the log's
own; cosignatures of witnesses follow.

    notigateway.example/log
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    2026-01-31T22:59:59.123Z

    — notigateway.example/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO...
    — witness.example/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeol...

A seal of ECDSA is of type 0x02: its key id begins the SHA-256 of the key (SubjectPublicKeyInfo), and its
signature is DER. RSA-PSS has no type there, so it is 0xff with a name of ours. The signature is the one that
stands beside a checkpoint's text: a note is made of the two, and nothing is signed anew.

Stand-alone: a verifier needs this file, the standard library and `cryptography`.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notigateway.errors import CheckpointInvalidError
from notigateway.evidence.history import dated
from notigateway.evidence.unpinned import NO_PINNED_SEAL
from notigateway.tlog.checkpoint import read_checkpoint, verify_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.evidence.history import DatedCertificate, Pin
    from notigateway.tlog.checkpoint import Checkpoint

# "Verifiers MUST accept at least up to 16 signatures": some more, also of types that need 5 kB each.
LINES_AT_MOST: Final = 64
NOTE_MAX_BYTES: Final = 64 * 1024
_KEY_ID_BYTES: Final = 4
_OTHER_TYPE: Final = b"\xff"
_RSA_PSS: Final = b"notigateway.example/rsa-pss-sha256"
_LINE: Final = re.compile(r"— (?P<name>[^\s+]{1,500}) (?P<data>[A-Za-z0-9+/]{4,}={0,2})")
_CONTROL: Final = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")
# What a name of a key may not hold and an origin may.
_NO_NAME: Final = re.compile(r"[\s+]")


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """A signature, the name of whose it is, and the four bytes that tell its key from its others."""

    name: str
    key_id: bytes
    signature: bytes

    def to_bytes(self) -> bytes:
        """Return the line with its end."""
        data = base64.b64encode(self.key_id + self.signature).decode()
        return f"— {self.name} {data}\n".encode()


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a line feed, and its signatures."""

    text: bytes
    lines: tuple[SignatureLine, ...]

    def to_bytes(self) -> bytes:
        """Return the note."""
        return self.text + b"\n" + b"".join(line.to_bytes() for line in self.lines)


@dataclass(frozen=True, slots=True)
class SealedHead:
    """What a note of a pinned seal says, by which line, and which seal that is."""

    checkpoint: Checkpoint
    line: SignatureLine
    seal: DatedCertificate


def key_name(origin: str) -> str:
    """Return the name of the seal's key in the notes of a log."""
    return _NO_NAME.sub("_", origin)


def seal_key_id(origin: str, certificate: Certificate) -> bytes:
    """Return the four bytes that identify a seal's key in the notes of a log."""
    key = certificate.public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if not isinstance(key, EllipticCurvePublicKey):
        public = key_name(origin).encode() + b"\n" + _OTHER_TYPE + _RSA_PSS + b"\n" + public
    return sha256(public).digest()[:_KEY_ID_BYTES]


def write_note(
    text: bytes,
    signature: bytes,
    *,
    origin: str,
    certificate: Certificate,
    cosignatures: Iterable[SignatureLine] = (),
) -> bytes:
    """Return the note of a head as it is kept: text, the seal's signature, cosignatures by their names."""
    seal = SignatureLine(key_name(origin), seal_key_id(origin, certificate), signature)
    others = sorted(cosignatures, key=lambda line: (line.name, line.key_id))
    return Note(text, (seal, *others)).to_bytes()


def read_note(data: bytes) -> Note:
    """Read a note in its one spelling; nothing is proven yet. Raises: `CheckpointInvalidError`."""
    if len(data) > NOTE_MAX_BYTES:
        raise CheckpointInvalidError("the note is larger than any")
    if _CONTROL.search(data):
        raise CheckpointInvalidError("the note holds a control character")
    # "The text is separated from the signatures by the last empty line in the note."
    text, divided, lines = data.rpartition(b"\n\n")
    if not divided:
        raise CheckpointInvalidError("the note has no signature")
    note = Note(text + b"\n", read_lines(lines))
    if note.to_bytes() != data:
        raise CheckpointInvalidError("the note is not in its one spelling")
    return note


def read_lines(data: bytes) -> tuple[SignatureLine, ...]:
    """Read signature lines, each with its end. Raises: `CheckpointInvalidError`."""
    if not data.endswith(b"\n") or data.count(b"\n") > LINES_AT_MOST or len(data) > NOTE_MAX_BYTES:
        raise CheckpointInvalidError("the note has no signatures, or too many")
    try:
        return tuple(_read_line(line) for line in data[:-1].decode().split("\n"))
    except ValueError as error:
        raise CheckpointInvalidError("the note cannot be read") from error


def _read_line(line: str) -> SignatureLine:
    found = _LINE.fullmatch(line)
    if found is None:
        raise CheckpointInvalidError("a line of the note is no signature")
    data = base64.b64decode(found["data"], validate=True)
    read = SignatureLine(found["name"], data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])
    if not read.signature or read.to_bytes() != f"{line}\n".encode():
        raise CheckpointInvalidError("a line of the note is not in its one spelling")
    return read


def verify_note(
    note: Note, *, seal_certificates: Sequence[Pin], origin: str | None = None, either_form: bool = False
) -> SealedHead:
    """Return what a note says if a pinned seal certificate's key signed exactly its text.

    The first line of a pinned key decides, and what unknown keys have signed is ignored (signed-note): so one
    signature is verified, however many lines there are. The rest is as in `verify_checkpoint`.

    Raises: `CheckpointInvalidError` with the reason.
    """
    stated = note.text.partition(b"\n")[0].decode("utf-8", "replace")
    known: dict[bytes, list[DatedCertificate]] = {}
    for one in dated(seal_certificates).values():
        known.setdefault(seal_key_id(stated, one.certificate), []).append(one)
    for line in note.lines:
        if line.key_id in known and line.name == key_name(stated):
            seal = _in_use(known[line.key_id], read_checkpoint(note.text).at)
            head = verify_checkpoint(
                note.text, line.signature, seal_certificate=seal, origin=origin, either_form=either_form
            )
            return SealedHead(head, line, seal)
    raise CheckpointInvalidError(NO_PINNED_SEAL)


def not_sealed(error: CheckpointInvalidError, pins: str) -> str:
    """Return why a head does not count, and what may be behind it; `pins` is where seals are pinned."""
    if error.detail != NO_PINNED_SEAL:
        return error.detail
    return (
        f"{NO_PINNED_SEAL}. The gateway may have changed its seal: get the new certificate from who runs it, "
        f"by another way than the log, put it with the former ones ({pins}), and try again"
    )


def _in_use(pins: Sequence[DatedCertificate], at: datetime) -> DatedCertificate:
    """Return which certificate of one key it was: a renewed one may certify the same key."""
    return next((one for one in pins if one.covers(at)), pins[0])
