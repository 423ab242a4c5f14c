"""Whether an issuer's key made the signature of a certificate: the first question, and the cheapest.

Whatever else stands in a certificate, it is only worth reading when this is answered: anybody may write an
authorised issuer's name into one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


def is_signed_by(certificate: x509.Certificate, key: PublicKeyTypes) -> bool:
    """Tell whether a certificate carries a right signature by the key (RFC 5280 §6.1.3 (a) (1)).

    It decides nothing else: names, validity and extensions are for path validation, which only what is
    genuine may ask for.
    """
    try:
        algorithm, signed = certificate.signature_algorithm_parameters, certificate.tbs_certificate_bytes
        if isinstance(key, EllipticCurvePublicKey) and isinstance(algorithm, ECDSA):
            key.verify(certificate.signature, signed, algorithm)
            return True
        digest = certificate.signature_hash_algorithm
        if isinstance(key, RSAPublicKey) and isinstance(algorithm, PSS | PKCS1v15) and digest is not None:
            key.verify(certificate.signature, signed, algorithm, digest)
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return False
