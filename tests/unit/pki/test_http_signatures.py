"""Signed messages of HTTP: what is signed cannot be changed, and keys are what their names say."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from notigateway.pki.http_signatures import (
    MessageKey,
    Posted,
    UnsignedMessageError,
    as_jwk,
    read_jwks,
    thumbprint,
    verify_posted,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = MessageKey.of(ec.generate_private_key(ec.SECP256R1()))
KEYS = {KEY.name: KEY.key.public_key()}
POSTED = Posted("https://example.org/hook?a=1", "application/json", b'{"a": 1}')


def headers() -> dict[str, str]:
    return {name.lower(): value for name, value in KEY.sign(POSTED, now=NOW).items()}


def test_what_was_signed_is_proven_with_the_second_of_its_signing() -> None:
    assert verify_posted(POSTED, headers(), KEYS) == NOW


@pytest.mark.parametrize(
    "changed",
    [
        replace(POSTED, url="https://example.org/hook?a=2"),
        replace(POSTED, media_type="text/plain"),
        replace(POSTED, content=b'{"a": 2}'),
    ],
)
def test_another_message_under_the_same_signature_is_refused(changed: Posted) -> None:
    with pytest.raises(UnsignedMessageError):
        verify_posted(changed, headers(), KEYS)


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest"])
def test_every_header_is_needed_and_every_character_of_it_counts(name: str) -> None:
    good = headers()
    with pytest.raises(UnsignedMessageError):
        verify_posted(POSTED, {one: value for one, value in good.items() if one != name}, KEYS)
    for place, character in enumerate(good[name]):
        other = "A" if character != "A" else "B"
        bad = {**good, name: good[name][:place] + other + good[name][place + 1 :]}
        with pytest.raises(UnsignedMessageError):
            verify_posted(POSTED, bad, KEYS)


def test_another_key_is_not_believed() -> None:
    other = MessageKey.of(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(UnsignedMessageError, match="not known"):
        verify_posted(POSTED, headers(), {other.name: other.key.public_key()})
    with pytest.raises(UnsignedMessageError, match="not over this message"):
        verify_posted(POSTED, headers(), {KEY.name: other.key.public_key()})


def test_published_keys_are_read_by_their_thumbprints() -> None:
    jwk = as_jwk(KEY.key.public_key())
    assert len(urlsafe_b64decode(jwk["x"] + "=")) == 32
    text = json.dumps({"keys": [jwk, {"kty": "RSA", "crv": "", "kid": "x"}]})
    assert {name: thumbprint(key) for name, key in read_jwks(text.encode()).items()} == {KEY.name: KEY.name}
    for wrong in ({**jwk, "kid": "x"}, {**jwk, "x": jwk["y"]}, {"kty": "EC"}):
        with pytest.raises(ValueError, match=r"."):
            read_jwks(json.dumps({"keys": [wrong]}).encode())


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP256K1()])
def test_only_keys_of_p256_sign(curve: ec.EllipticCurve) -> None:
    with pytest.raises(ValueError, match="P-256"):
        MessageKey.of(ec.generate_private_key(curve))
