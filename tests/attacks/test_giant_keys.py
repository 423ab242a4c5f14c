"""Row 88 of the catalogue of attacks: keys that cost too much to verify with, also of an authorised issuer.

The signatures here are no signatures: whoever tried one would say that it is wrong.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from asn1crypto import ocsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from client_shapes import der_sequence, pkcs7_bytes
from envelopes import BASE64, X509_PROFILE, Draft, key_info_text
from notigateway.errors import ConfigurationError, RevocationDataError, TokenTooLargeError, TokenWeakError
from notigateway.pki.anchors import TrustStore
from notigateway.pki.fitness import check_key
from notigateway.pki.ocsp import read_answer
from pki import NOW, ec_key, ocsp_answer, pki, responder
from refusals import assert_answered, refused
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from notigateway.pki.keys import KeyPair
    from stack import Stack

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'


def giant(bits: int, exponent: int = 65_537) -> rsa.RSAPublicKey:
    """Return a public key of that size: its modulus is odd and no more, nobody shall compute with it."""
    return rsa.RSAPublicNumbers(exponent, (1 << bits) - 159).public_key()


GIANTS = {
    "8200 bits": giant(8_200),
    "16384 bits": giant(16_384),
    "100000 bits": giant(100_000),
    "exponent of 65 bits": giant(2_048, (1 << 64) + 1),
    "exponent as long as the modulus": giant(3_072, (1 << 3_070) + 1),
}


def certified(key: CertificatePublicKeyTypes, like: KeyPair, by: KeyPair) -> x509.Certificate:
    """Return what an issuer certifies where somebody asks for a certificate of that key."""
    model = like.certificate
    builder = (
        x509.CertificateBuilder(by.certificate.subject, model.subject, key, x509.random_serial_number())
        .not_valid_before(model.not_valid_before_utc)
        .not_valid_after(model.not_valid_after_utc)
    )
    for extension in model.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(by.key, hashes.SHA256())


def message(octets: bytes, kind: str = "X509v3", *, width: int = 256) -> bytes:
    """Return a message whose token is these octets, with a value that is no signature."""
    return Draft(
        content=PING,
        token_text=base64.b64encode(octets).decode(),
        token_attributes=f'EncodingType="{BASE64}" ValueType="{X509_PROFILE}#{kind}"',
        key_info=key_info_text('<wsse:Reference URI="#x509-1"/>'),
        sign=lambda _: b"\x01" * width,
    ).build()


@pytest.mark.parametrize("name", GIANTS)
def test_88_a_giant_key_is_refused_before_anything_is_computed_with_it(gateway: Stack, name: str) -> None:
    key = GIANTS[name]
    certificate = certified(key, pki().company_seal, pki().issuing)
    der, width = certificate.public_bytes(Encoding.DER), (key.key_size + 7) // 8
    path = [pki().issuing.certificate, certificate]
    if key.key_size < 100_000:  # of a signature value no more is read
        refused(gateway, message(der, width=min(width, 2_048)), "TOKEN_TOO_LARGE")
    refused(gateway, message(der_sequence(*path), "X509PKIPathv1"), "TOKEN_TOO_LARGE")
    refused(gateway, message(pkcs7_bytes(*path), "PKCS7"), "TOKEN_TOO_LARGE")


@pytest.mark.parametrize("curve", [ec.SECP256K1, ec.BrainpoolP384R1, ec.SECP224R1], ids=lambda one: one.name)
def test_88_another_curve_is_refused_before_anything_is_computed_with_it(
    gateway: Stack, curve: type[ec.EllipticCurve]
) -> None:
    key = ec_key(curve.name, curve).public_key()
    der = certified(key, pki().company_seal, pki().issuing).public_bytes(Encoding.DER)
    refused(gateway, message(der), "TOKEN_WEAK")


def test_a_key_of_4096_bits_with_an_unusual_exponent_is_welcome(gateway: Stack) -> None:
    pair = pki().holder(pki().company_seal.certificate.subject, rsa_with_exponent_3())
    assert_answered(gateway, gateway.send(Draft(content=PING, pair=pair).build()), "Ping")


def rsa_with_exponent_3() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=3, key_size=4_096)


def test_the_bounds_are_those_of_the_text() -> None:
    check_key(giant(8_192, (1 << 64) - 59))
    with pytest.raises(TokenTooLargeError):
        check_key(giant(8_193))
    with pytest.raises(TokenTooLargeError):
        check_key(giant(8_192, (1 << 64) + 1))
    with pytest.raises(TokenWeakError):
        check_key(giant(2_047))


@pytest.mark.parametrize("name", GIANTS)
def test_no_issuer_has_such_a_key(name: str) -> None:
    authority = certified(GIANTS[name], pki().issuing, pki().root)
    with pytest.raises(ConfigurationError, match="key of the authorised issuer"):
        TrustStore([authority])
    # Of a trusted list it is left out, and the others count.
    TrustStore(pki().anchors, listed=[authority]).check(pki().company_seal.certificate, NOW)


@pytest.mark.parametrize("key", [*GIANTS.values(), ec_key("koblitz", ec.SECP256K1).public_key()])
def test_no_responder_has_such_a_key(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> None:
    issuer, genuine = pki().issuing, responder(pki().issuing)
    delegate = certified(key, genuine, issuer)
    answer = ocsp.OCSPResponse.load(ocsp_answer(pki().person.certificate, issuer, responder=genuine))
    basic = answer["response_bytes"]["response"].parsed
    subject = asn1.Name.load(delegate.subject.public_bytes())
    basic["tbs_response_data"]["responder_id"] = ocsp.ResponderId("by_name", subject)
    basic["certs"] = [asn1.Certificate.load(delegate.public_bytes(Encoding.DER))]
    answer["response_bytes"]["response"] = ocsp.BasicOCSPResponse.load(basic.dump(force=True))
    data = answer.dump(force=True)
    with pytest.raises(RevocationDataError, match="too large"):
        read_answer(data, pki().anchors)


@pytest.mark.parametrize("name", [one for one in GIANTS if one != "100000 bits"])
def test_no_signature_on_a_receipt_is_tried_with_such_a_key(sqlite_stack: Stack, name: str) -> None:
    """The receipt may carry any certificate: whose it is counts after its signature."""
    sqlite_stack.publish("A")
    client = Wscn(sqlite_stack)
    der = certified(GIANTS[name], pki().company_seal, pki().issuing).public_bytes(Encoding.DER)
    signed = sign(client.acuse(1), client.pair)
    head, _, tail = signed.rpartition(b"<ds:X509Certificate>")
    foreign = (
        head + b"<ds:X509Certificate>" + base64.b64encode(der) + tail[tail.index(b"</ds:X509Certificate>") :]
    )
    assert number(client.send_acuse(foreign)) == 22
