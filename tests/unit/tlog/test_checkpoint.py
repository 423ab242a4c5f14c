from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from notigateway.errors import CheckpointInvalidError
from notigateway.evidence.sealing import Seal
from notigateway.sandbox.certifying import CertificateWish, authority_name
from notigateway.tlog.checkpoint import Checkpoint, read_checkpoint, verify_checkpoint
from notigateway.tlog.leaf import Leaf, LeafKind, commitment

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.certifying import PrivateKey

AT = datetime(2026, 3, 29, 1, 59, 59, 123000, tzinfo=UTC)
CHECKPOINT = Checkpoint("notigateway.example/log", 20_852_163, bytes(range(32)), AT)
TEXT = (
    b"notigateway.example/log\n"
    b"20852163\n"
    b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    b"2026-03-29T01:59:59.123Z\n"
)


def test_the_text_has_one_line_each_for_origin_size_root_and_instant() -> None:
    assert CHECKPOINT.to_bytes() == TEXT
    assert read_checkpoint(TEXT) == CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TEXT[:-1],
        TEXT + b"\n",
        TEXT + b"extension\n",
        TEXT.replace(b"20852163", b"020852163"),
        TEXT.replace(b"20852163", b"-1"),
        TEXT.replace(b"20852163", "２０".encode()),
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b"Hh8=", b"Hh9="),  # another spelling of the same 32 bytes
        TEXT.replace(b"Hh8=", b"Hw=="),
        TEXT.replace(b".123Z", b".123+00:00"),
        TEXT.replace(b"03-29", b"02-30"),
        b" " + TEXT,
        b"x" * 1_001 + TEXT,
    ],
)
def test_another_spelling_is_no_checkpoint(text: bytes) -> None:
    with pytest.raises(CheckpointInvalidError):
        read_checkpoint(text)


def test_a_checkpoint_signed_with_the_seal_verifies(seal_pair: KeyPair) -> None:
    signature = Seal(seal_pair).sign(TEXT, now=AT)
    assert (
        verify_checkpoint(TEXT, signature, seal_certificate=seal_pair.certificate, origin=CHECKPOINT.origin)
        == CHECKPOINT
    )


def test_any_flipped_byte_of_text_or_signature_is_found(seal_pair: KeyPair) -> None:
    signature = Seal(seal_pair).sign(TEXT, now=AT)
    for place in range(len(TEXT)):
        with pytest.raises(CheckpointInvalidError):
            verify_checkpoint(flipped(TEXT, place), signature, seal_certificate=seal_pair.certificate)
    for place in range(len(signature)):
        with pytest.raises(CheckpointInvalidError):
            verify_checkpoint(TEXT, flipped(signature, place), seal_certificate=seal_pair.certificate)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_another_log_and_another_holder_are_refused(
    seal_pair: KeyPair, certify: Callable[[str], KeyPair]
) -> None:
    signature = Seal(seal_pair).sign(TEXT, now=AT)
    with pytest.raises(CheckpointInvalidError, match="another log"):
        verify_checkpoint(TEXT, signature, seal_certificate=seal_pair.certificate, origin="other.example/log")
    other = certify("Another holder of the same authority")
    with pytest.raises(CheckpointInvalidError, match="not the seal's"):
        verify_checkpoint(TEXT, signature, seal_certificate=other.certificate)


@pytest.mark.parametrize("days", [-2, 2])
def test_a_checkpoint_outside_the_seals_validity_is_refused(seal_pair: KeyPair, days: int) -> None:
    text = replace(CHECKPOINT, at=CHECKPOINT.at + timedelta(days=days)).to_bytes()
    with pytest.raises(CheckpointInvalidError, match="was not valid, or not in use"):
        verify_checkpoint(text, Seal(seal_pair).sign(text, now=AT), seal_certificate=seal_pair.certificate)


def self_signed(key: PrivateKey) -> x509.Certificate:
    day = timedelta(days=1)
    wish = CertificateWish(authority_name("Seal"), key, not_before=AT - day, not_after=AT + day)
    return wish.make().certificate


def test_the_second_profile_is_rsa_pss_and_not_pkcs_1() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    certificate = self_signed(key)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
    signature = key.sign(TEXT, pss, hashes.SHA256())
    assert verify_checkpoint(TEXT, signature, seal_certificate=certificate) == CHECKPOINT
    older = key.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(CheckpointInvalidError, match="not the seal's"):
        verify_checkpoint(TEXT, older, seal_certificate=certificate)


def test_a_weak_key_or_another_curve_seals_nothing() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
    curve = ec.generate_private_key(ec.SECP384R1())
    for signature, certificate in (
        (weak.sign(TEXT, pss, hashes.SHA256()), self_signed(weak)),
        (curve.sign(TEXT, ec.ECDSA(hashes.SHA256())), self_signed(curve)),
    ):
        with pytest.raises(CheckpointInvalidError, match="no kind that seals"):
            verify_checkpoint(TEXT, signature, seal_certificate=certificate)


def test_a_leaf_speaks_of_one_record_under_one_salt() -> None:
    record, salt = b"<Evidence/>", bytes(32)
    leaf = Leaf(LeafKind.RECEIPT, UUID(int=7), commitment(record, salt))
    assert leaf.to_bytes() == (
        b"notigateway-leaf/1\n"
        b"receipt\n"
        b"00000000-0000-0000-0000-000000000007\n"
        b"15ff0f92f8ae814e7f21b9ac805ff289d86247df32373887a5109a077db72c0c\n"
    )
    assert leaf.speaks_of(record, salt)
    assert not leaf.speaks_of(record + b" ", salt)
    assert not leaf.speaks_of(record, bytes(31) + b"\x01")
