"""The container under the seal of a PDF (CMS, RFC 5652; PAdES, ETSI EN 319 142-1), in its one form.

Written by hand: the forms are few and fixed, and asn1crypto would take ten milliseconds to write them, and
forty to write them anew from what it has read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from asn1crypto.algos import DigestAlgorithm, SignedDigestAlgorithm  # type: ignore[import-untyped]
from asn1crypto.core import ObjectIdentifier  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from notigateway.evidence.der import OCTETS, SEQUENCE, SET, TAGGED_0, TAGGED_1, TAGGED_4, V1, der
from notigateway.pki.low_form import is_low

if TYPE_CHECKING:
    from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

SALT_BYTES: Final = 32
# Two numbers of a P-521 key, each with its sign, in a sequence.
_LONGEST_ECDSA: Final = 3 + 2 * (2 + 67)
# A time-stamp with the authority's certificate alone: 1.5 kB by ECDSA, 4 kB by RSA-4096.
TOKEN_ROOM: Final = 8 * 1024
_HASH: Final[dict[str, object]] = {"algorithm": "sha256"}


def pss() -> SignedDigestAlgorithm:
    """Return how a seal with an RSA key signs; a new one each time, since threads may not share one."""
    parameters = {
        "hash_algorithm": _HASH,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": _HASH},
        "salt_length": SALT_BYTES,
    }
    return SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})


def _oid(dotted: str) -> bytes:
    encoded: bytes = ObjectIdentifier(dotted).dump()
    return encoded


_SHA256: Final[bytes] = DigestAlgorithm(_HASH).dump()
_RSA: Final[bytes] = pss().dump()
_ECDSA: Final[bytes] = SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump()
_DATA: Final = _oid("1.2.840.113549.1.7.1")
_SIGNED_DATA: Final = _oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE: Final = _oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = _oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE: Final = _oid("1.2.840.113549.1.9.16.2.47")
_TIMESTAMP_TOKEN: Final = _oid("1.2.840.113549.1.9.16.2.14")


def signed_attributes(digest: bytes, certificate: asn1.Certificate) -> bytes:
    """Return what a seal signs: the kind of content, its SHA-256, and the certificate (RFC 5035)."""
    body = certificate["tbs_certificate"]
    name = der(SEQUENCE, der(TAGGED_4, body["issuer"].dump()))
    hashed = der(OCTETS, hashlib.sha256(certificate.dump()).digest())
    named = der(SEQUENCE, hashed, der(SEQUENCE, name, body["serial_number"].dump()))
    attributes = (
        (_CONTENT_TYPE, _DATA),
        (_MESSAGE_DIGEST, der(OCTETS, digest)),
        (_SIGNING_CERTIFICATE, der(SEQUENCE, der(SEQUENCE, named))),
    )
    encoded = (der(SEQUENCE, kind, der(SET, value)) for kind, value in attributes)
    return der(TAGGED_0, *sorted(encoded))


def as_signed(attributes: bytes) -> bytes:
    """Return signed attributes as they are hashed: as a SET OF, not with their tag (RFC 5652 §5.4)."""
    return bytes((SET,)) + attributes[1:]


def container(
    attributes: bytes, signature: bytes, certificate: asn1.Certificate, token: bytes | None = None
) -> bytes:
    """Return a seal's container: what its signature covers, the signature, its certificate, no more.

    Versions, the certificate's name and serial number, and the names of algorithms are under no signature. A
    time-stamp of the signature is the one unsigned attribute there may be (RFC 3161 appendix A; EN 319 122-1
    §5.3): it is added later.
    """
    body = certificate["tbs_certificate"]
    is_rsa = certificate.public_key.algorithm == "rsa"
    signer = der(
        SEQUENCE,
        V1,
        der(SEQUENCE, body["issuer"].dump(), body["serial_number"].dump()),
        _SHA256,
        attributes,
        _RSA if is_rsa else _ECDSA,
        der(OCTETS, signature),
        *_unsigned(token),
    )
    signed = der(
        SEQUENCE,
        V1,
        der(SET, _SHA256),
        der(SEQUENCE, _DATA),
        der(TAGGED_0, certificate.dump()),
        der(SET, signer),
    )
    return der(SEQUENCE, _SIGNED_DATA, der(TAGGED_0, signed))


def _unsigned(token: bytes | None) -> tuple[bytes, ...]:
    if token is None:
        return ()
    return (der(TAGGED_1, der(SEQUENCE, _TIMESTAMP_TOKEN, der(SET, token))),)


def room_for(certificate: asn1.Certificate, key: PublicKeyTypes) -> int:
    """Return how many bytes a container takes at most: the key's longest signature, and a time-stamp."""
    longest = key.key_size // 8 if isinstance(key, RSAPublicKey) else _LONGEST_ECDSA
    attributes = signed_attributes(bytes(SHA256.digest_size), certificate)
    return len(container(attributes, bytes(longest), certificate, bytes(TOKEN_ROOM)))


def is_right(attributes: bytes, signature: bytes, key: PublicKeyTypes, *, either_form: bool = False) -> bool:
    """Tell whether a key made the signature over just these bytes of attributes.

    Of ECDSA in its low form, or in `either_form`.
    """
    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, as_signed(attributes), ECDSA(SHA256()))
            return either_form or is_low(signature)
        if isinstance(key, RSAPublicKey):
            key.verify(signature, as_signed(attributes), PSS(MGF1(SHA256()), SALT_BYTES), SHA256())
            return True
    except InvalidSignature:
        return False
    return False
