from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from notigateway.errors import CheckpointInvalidError
from notigateway.tlog.checkpoint import Checkpoint
from notigateway.tlog.cosignature import (
    COSIGNATURE_BYTES,
    Cosigner,
    cosign,
    cosigner_of,
    read_vkey,
    verify_cosignature,
)

AT = datetime(2026, 6, 1, 12, 0, 7, 999_000, tzinfo=UTC)
TEXT = Checkpoint("notigateway.example/log", 7, bytes(range(32)), AT).to_bytes()
NAME = "witness.example/w1"
KEY = Ed25519PrivateKey.generate()
WITNESS = cosigner_of(NAME, KEY)
SIGNED = cosign(TEXT, KEY, AT)
# The order of the group (RFC 8032 §5.1): whoever adds it to S has another spelling of the signature.
ORDER = 2**252 + 27742317777372353535851937790883648493


def test_a_cosignature_states_its_instant_in_whole_seconds() -> None:
    assert verify_cosignature(TEXT, SIGNED, WITNESS) == AT.replace(microsecond=0)
    assert len(SIGNED) == COSIGNATURE_BYTES


def test_what_is_signed_is_two_lines_and_the_heads_text() -> None:
    """As anybody with the specification and a library would check it."""
    seconds = struct.unpack(">Q", SIGNED[:8])[0]
    message = f"cosignature/v1\ntime {seconds}\n".encode() + TEXT
    KEY.public_key().verify(SIGNED[8:], message)


def test_a_vkey_is_name_key_id_and_key() -> None:
    name, key_id, key = WITNESS.vkey.split("+", 2)
    public = KEY.public_key().public_bytes_raw()
    assert (name, base64.b64decode(key)) == (NAME, b"\x04" + public)
    assert key_id == sha256(NAME.encode() + b"\n\x04" + public).hexdigest()[:8]
    assert read_vkey(WITNESS.vkey) == WITNESS


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        WITNESS.vkey + " ",
        WITNESS.vkey.replace("witness", "wit ness"),
        WITNESS.vkey.replace("witness", "other"),  # the key id of another name
        WITNESS.vkey.replace(WITNESS.key_id.hex(), WITNESS.key_id.hex().upper() + "0"),
        Cosigner(NAME, b"\x00" * 31).vkey,
        f"{NAME}+00000000+{base64.b64encode(bytes([1]) + WITNESS.key).decode()}",
        "ñ" + WITNESS.vkey,
    ],
    ids=range(9),
)
def test_what_is_no_vkey_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"witness|key"):
        read_vkey(text)


_P = 2**255 - 19
_ORDER_8 = int("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16)


@pytest.mark.parametrize("y", [0, 1, _P - 1, _P, _P + 1, _P + 5, _ORDER_8, _P - _ORDER_8])
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_a_key_under_which_everybody_signs_is_refused(y: int, sign: int) -> None:
    weak = Cosigner(NAME, (y | sign).to_bytes(32, "little"))
    with pytest.raises(ValueError, match="no private key"):
        read_vkey(weak.vkey)


def test_such_a_key_would_let_everybody_sign() -> None:
    """Why: the identity as key, and a signature that nobody had a private key for."""
    anybody = struct.pack(">Q", int(AT.timestamp())) + bytes([1]) + bytes(63)
    seen = verify_cosignature(TEXT, anybody, Cosigner(NAME, bytes([1]) + bytes(31)))
    assert seen == AT.replace(microsecond=0)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "ñ", "x" * 201])
def test_a_name_that_two_readers_would_not_read_alike_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        cosigner_of(name, KEY)


def refused(text: bytes, signature: bytes, witness: Cosigner = WITNESS) -> str:
    with pytest.raises(CheckpointInvalidError) as refusal:
        verify_cosignature(text, signature, witness)
    return refusal.value.detail


def test_no_flipped_bit_survives() -> None:
    for place in range(8 * len(SIGNED)):
        changed = bytearray(SIGNED)
        changed[place // 8] ^= 1 << place % 8
        refused(TEXT, bytes(changed))


def test_a_cosignature_of_another_head_another_key_or_another_length_is_none() -> None:
    assert "not its own" in refused(TEXT.replace(b"\n7\n", b"\n8\n"), SIGNED)
    assert "not its own" in refused(TEXT, SIGNED, cosigner_of(NAME, Ed25519PrivateKey.generate()))
    for other in (b"", SIGNED[:-1], SIGNED + b"\x00"):
        assert "bytes" in refused(TEXT, other)


def test_an_instant_beyond_the_calendar_is_none() -> None:
    for seconds in (2**63 - 1, 2**64 - 1, 253_402_300_800):
        message = b"cosignature/v1\ntime %d\n" % seconds + TEXT
        assert "no instant" in refused(TEXT, struct.pack(">Q", seconds) + KEY.sign(message))


def test_a_signature_has_one_spelling() -> None:
    s = int.from_bytes(SIGNED[40:], "little") + ORDER
    assert "not its own" in refused(TEXT, SIGNED[:40] + s.to_bytes(32, "little"))
