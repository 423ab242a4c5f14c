from __future__ import annotations

import base64
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notigateway.errors import CheckpointInvalidError
from notigateway.evidence.sealing import Seal
from notigateway.tlog.checkpoint import Checkpoint
from notigateway.tlog.note import (
    LINES_AT_MOST,
    NOTE_MAX_BYTES,
    Note,
    SignatureLine,
    read_note,
    seal_key_id,
    verify_note,
    write_note,
)
from pki import Issue, authority, pki, rsa_key
from watched import next_seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair

AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ORIGIN = "notigateway.example/log"
FOREIGN = SignatureLine("witness.example/w1", b"\x01\x02\x03\x04", bytes(72))


def sealed(pair: KeyPair, *cosignatures: SignatureLine, origin: str = ORIGIN) -> bytes:
    text = Checkpoint(origin, 7, bytes(range(32)), AT).to_bytes()
    signature = Seal(pair).sign(text, now=AT)
    return write_note(text, signature, origin=origin, certificate=pair.certificate, cosignatures=cosignatures)


def test_a_note_is_the_text_an_empty_line_and_a_line_of_the_seal() -> None:
    data = sealed(pki().seal)
    text, line = data.split(b"\n\n")
    assert text + b"\n" == Checkpoint(ORIGIN, 7, bytes(range(32)), AT).to_bytes()
    dash, name, signed = line.decode().rstrip("\n").split(" ")
    key = pki().seal.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert (dash, name) == ("—", ORIGIN)
    assert base64.b64decode(signed)[:4] == sha256(key).digest()[:4]
    found = verify_note(read_note(data), seal_certificates=[pki().seal.certificate], origin=ORIGIN)
    assert (found.checkpoint.size, found.seal.certificate) == (7, pki().seal.certificate)


def test_cosignatures_follow_by_their_names_and_are_no_seals() -> None:
    other = SignatureLine("a.example", b"\x09\x02\x03\x04", bytes(72))
    data = sealed(pki().seal, FOREIGN, other)
    note = read_note(data)
    assert [line.name for line in note.lines] == [ORIGIN, "a.example", "witness.example/w1"]
    assert note.to_bytes() == data
    assert verify_note(note, seal_certificates=[pki().seal.certificate]).line == note.lines[0]
    alone = Note(note.text, note.lines[1:])
    with pytest.raises(CheckpointInvalidError, match="no pinned seal"):
        verify_note(alone, seal_certificates=[pki().seal.certificate])


def test_a_seal_of_rsa_has_a_key_id_of_its_own() -> None:
    pair = Issue(next_seal().certificate.subject, rsa_key("seal", 3072), by=pki().issuing).make()
    found = verify_note(read_note(sealed(pair)), seal_certificates=[pki().seal.certificate, pair.certificate])
    assert found.seal.certificate == pair.certificate
    assert seal_key_id(ORIGIN, pair.certificate) != seal_key_id("another.example", pair.certificate)


def test_a_log_whose_name_no_key_may_have_still_has_notes() -> None:
    data = sealed(pki().seal, origin="a+b/c+d")
    assert b" a_b/c_d " in data
    verify_note(read_note(data), seal_certificates=[pki().seal.certificate], origin="a+b/c+d")


def refused(data: bytes) -> str:
    with pytest.raises(CheckpointInvalidError) as refusal:
        verify_note(read_note(data), seal_certificates=[pki().seal.certificate, next_seal().certificate])
    return refusal.value.detail


def test_no_flipped_bit_survives() -> None:
    data = sealed(pki().seal)
    for place in range(8 * len(data)):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        refused(bytes(changed))


def test_the_first_line_of_a_known_key_decides() -> None:
    note = read_note(sealed(pki().seal))
    (line,) = note.lines
    wrong = SignatureLine(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    assert "signature" in refused(Note(note.text, (wrong, line)).to_bytes())
    verify_note(
        read_note(Note(note.text, (FOREIGN, line)).to_bytes()),
        seal_certificates=[pki().seal.certificate],
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:0],
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: data + b"more\n",
        lambda data: data.replace(b"\n\n", b"\n"),
        lambda data: data.replace("—".encode(), b"-"),
        lambda data: data.replace("— ".encode(), "—  ".encode()),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace("— ".encode(), "— \u2003".encode()),
        lambda data: data[:-1] + b"=\n",
        lambda data: data + "— a.example AQIDBA==\n".encode(),  # a key id without a signature
        lambda data: data + "— a.example AQIDBAV=\n".encode(),  # another spelling of five bytes
        lambda data: data + b"\xff\n",
        lambda data: data + LINES_AT_MOST * FOREIGN.to_bytes(),
        lambda data: data + b"x" * NOTE_MAX_BYTES,
    ],
    ids=range(15),
)
def test_another_spelling_is_no_note(change: Callable[[bytes], bytes]) -> None:
    refused(change(sealed(pki().seal)))


def test_a_certificate_that_is_not_pinned_seals_nothing() -> None:
    assert "no pinned seal" in refused(sealed(authority("somebody")))
