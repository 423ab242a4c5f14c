r"""Cosignatures: that a witness saw a head of the log, and that the log had only grown until then.

C2SP tlog-cosignature, Ed25519: the signature line of a note whose signature is of type 0x04. What is signed
is not the head's text alone but two lines before it, of which the second is the witness's own clock:

    cosignature/v1
    time 1679315147
    notigateway.example/log
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    2026-01-31T22:59:59.123Z

A witness is named by a *vkey*: `NAME+KEYID+KEY`, the key id in eight hexadecimal digits, the key in base64
behind the byte 0x04. Each of them has one spelling.

Stand-alone: a verifier needs this file, the standard library and `cryptography`.
"""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notigateway.errors import CheckpointInvalidError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_TYPE: Final = b"\x04"
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
# struct timestamped_signature: u64 timestamp, opaque ed25519_signature[64].
_STAMPED: Final = struct.Struct(">Q64s")
COSIGNATURE_BYTES: Final = _STAMPED.size
# A name as everybody reads it alike: no space, no plus (signed-note, "Format"), no letter beyond ASCII.
_NAME: Final = re.compile(r"[!-*,-~]{1,200}", re.ASCII)
_VKEY: Final = re.compile(
    r"(?P<name>[!-*,-~]{1,200})\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/]{44})", re.ASCII
)
# RFC 8032 section 5.1: the field, and the y of the points of order 8; those of order 1, 2 and 4 are 1, -1, 0.
_P: Final = 2**255 - 19
_Y_OF_ORDER_8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_Y_OF_SMALL_ORDER: Final = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})
_LAST_SECOND: Final = int(datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp())


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness as others know it: its name, and its public key of 32 bytes (RFC 8032)."""

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which its signature lines are found, together with its name."""
        return sha256(self.name.encode() + b"\n" + _TYPE + self.key).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The text by which it is given to others."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_TYPE + self.key).decode()}"


def cosigner_of(name: str, key: Ed25519PrivateKey) -> Cosigner:
    """Return a witness by its own key. Raises: `ValueError` for a name that is none."""
    if not _NAME.fullmatch(name):
        raise ValueError("a witness's name has letters, digits and signs of ASCII, no space and no plus")
    return Cosigner(name, key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def read_vkey(text: str) -> Cosigner:
    """Read a witness's vkey in its one spelling. Raises: `ValueError`."""
    found = _VKEY.fullmatch(text)
    if found is None:
        raise ValueError("a witness is written NAME+KEYID+KEY, as `notigateway witness key` prints it")
    data = base64.b64decode(found["key"], validate=True)
    if data[:1] != _TYPE or len(data) != 1 + _KEY_BYTES:
        raise ValueError("the key is not an Ed25519 key of cosignatures (type 0x04)")
    cosigner = Cosigner(found["name"], data[1:])
    if cosigner.vkey != text:
        raise ValueError("the key does not have that key id")
    y = int.from_bytes(cosigner.key, "little") & ~(1 << 255)
    if y >= _P or y in _Y_OF_SMALL_ORDER:  # under such a key everybody can sign
        raise ValueError("the key is one to which no private key belongs")
    return cosigner


def cosign(text: bytes, key: Ed25519PrivateKey, at: datetime) -> bytes:
    """Return the timestamped signature on a head's text; the instant is said in whole seconds.

    Whoever signs has verified that the log had only grown.
    """
    seconds = int(at.timestamp())
    return _STAMPED.pack(seconds, key.sign(_message(text, seconds)))


def verify_cosignature(text: bytes, signature: bytes, cosigner: Cosigner) -> datetime:
    """Return when a witness says that it saw the head of this text, the newest of its log then.

    Raises: `CheckpointInvalidError` with the reason.
    """
    if len(signature) != COSIGNATURE_BYTES:
        raise CheckpointInvalidError(
            f"the cosignature of {cosigner.name} does not have {COSIGNATURE_BYTES} bytes"
        )
    seconds, signed = _STAMPED.unpack(signature)
    if seconds > _LAST_SECOND:
        raise CheckpointInvalidError(f"the cosignature of {cosigner.name} is of no instant")
    try:
        Ed25519PublicKey.from_public_bytes(cosigner.key).verify(signed, _message(text, seconds))
    except InvalidSignature as error:
        raise CheckpointInvalidError(
            f"the cosignature of {cosigner.name} is not its own on this head"
        ) from error
    return datetime.fromtimestamp(seconds, UTC)


def _message(text: bytes, seconds: int) -> bytes:
    """Return the bytes that are signed (tlog-cosignature, "Ed25519 signed message")."""
    return b"cosignature/v1\ntime %d\n" % seconds + text
