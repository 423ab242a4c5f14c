"""The container under a PDF's seal, written by hand: byte for byte what a library of ASN.1 writes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import cms, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from asn1crypto.algos import SignedDigestAlgorithm  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.evidence.cms import as_signed, container, is_right, pss, room_for, signed_attributes
from notigateway.evidence.der import SEQUENCE, der
from notigateway.evidence.sealing import Seal
from pki import ec_key, rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.evidence.statement import Statement
    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.certifying import PrivateKey

DIGEST = hashlib.sha256(b"what was sealed").digest()
SHA256 = {"algorithm": "sha256"}


def written(attributes: cms.CMSAttributes, signature: bytes, certificate: asn1.Certificate) -> bytes:
    is_rsa = certificate.public_key.algorithm == "rsa"
    named = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber(named)}),
        "digest_algorithm": SHA256,
        "signature_algorithm": pss() if is_rsa else SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signed_attrs": attributes,
        "signature": signature,
    }
    content = {
        "version": "v1",
        "digest_algorithms": [SHA256],
        "encap_content_info": {"content_type": "data"},
        "certificates": [certificate],
        "signer_infos": [signer],
    }
    made: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(content)}).dump()
    return made


def attributes_of(certificate: asn1.Certificate) -> cms.CMSAttributes:
    named: dict[str, Any] = {
        "cert_hash": hashlib.sha256(certificate.dump()).digest(),
        "issuer_serial": {
            "issuer": [asn1.GeneralName("directory_name", certificate.issuer)],
            "serial_number": certificate.serial_number,
        },
    }
    signing = tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2(named)]})
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "message_digest", "values": [DIGEST]}),
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [signing]}),
        ]
    )


@pytest.mark.parametrize("key", [ec_key("seal"), rsa_key("seal", 3072)], ids=["ECDSA", "RSA"])
def test_by_hand_as_by_the_library(
    key: PrivateKey, certify: Callable[..., KeyPair], accepted: Statement
) -> None:
    pair = certify("Sello de pruebas", key)
    certificate = asn1.Certificate.load(pair.certificate.public_bytes(Encoding.DER))
    attributes = signed_attributes(DIGEST, certificate)
    assert as_signed(attributes) == attributes_of(certificate).dump()
    signature = Seal(pair).sign(as_signed(attributes), now=accepted.event_time)
    made = container(attributes, signature, certificate)
    assert made == written(attributes_of(certificate), signature, certificate)
    assert len(made) <= room_for(certificate, pair.certificate.public_key())
    assert is_right(attributes, signature, pair.certificate.public_key())
    assert not is_right(
        attributes[:-1] + bytes((attributes[-1] ^ 1,)), signature, pair.certificate.public_key()
    )
    assert not is_right(attributes, signature, certify("Another", ec_key("other")).certificate.public_key())


@pytest.mark.parametrize(
    ("size", "head"), [(0, "3000"), (127, "307f"), (128, "308180"), (255, "3081ff"), (256, "30820100")]
)
def test_a_length_is_written_in_its_shortest_form(size: int, head: str) -> None:
    assert der(SEQUENCE, bytes(size)).hex() == head + "00" * size
