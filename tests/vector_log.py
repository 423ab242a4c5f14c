"""The log of the vectors: leaves, heads, the lines under them."""

from __future__ import annotations

import hashlib
import hmac
import struct
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vector_keys import Holder, witness_key
from vector_seals import b64

LOG: Final = "log.example/vectors"
NIF, NAME, BODY_NIF = "B12345674", "Conservas de Prueba SL", "Q2827003A"


def text_of(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def leaf_of(identifier: str, record: bytes, salt: bytes, kind: str = "receipt") -> bytes:
    """Return a leaf (V55)."""
    commitment = hmac.digest(salt, record, "sha256").hex()
    return f"notigateway-leaf/1\n{kind}\n{identifier}\n{commitment}\n".encode()


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def head_text(size: int, root: bytes, at: datetime, *more: str) -> bytes:
    """Return the text of a head (V60)."""
    return "".join(f"{line}\n" for line in (LOG, str(size), b64(root), text_of(at), *more)).encode()


def key_id(by: Holder, name: str = LOG) -> bytes:
    """Return the four bytes of the seal's key (V62)."""
    spki = by.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if by.is_rsa:
        spki = name.encode() + b"\n\xffnotigateway.example/rsa-pss-sha256\n" + spki
    return hashlib.sha256(spki).digest()[:4]


def line(name: str, identifier: bytes, signature: bytes) -> bytes:
    return f"— {name} {b64(identifier + signature)}\n".encode()


def witness_id(name: str) -> bytes:
    public = witness_key(name).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(f"{name}.example".encode() + b"\n\x04" + public).digest()[:4]


def vkey(name: str) -> str:
    public = witness_key(name).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"{name}.example+{witness_id(name).hex()}+{b64(bytes([4]) + public)}"


def cosigned(text: bytes, name: str, at: datetime, about: bytes | None = None) -> bytes:
    """Return the line of a witness (V67); `about` is what it signs instead."""
    seconds = int(at.timestamp())
    signed = witness_key(name).sign(b"cosignature/v1\ntime %d\n" % seconds + (about or text))
    return line(f"{name}.example", witness_id(name), struct.pack(">Q", seconds) + signed)
