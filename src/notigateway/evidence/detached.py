"""Signatures of the seal that stand beside what they sign: on checkpoints and on manifests of bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from notigateway.pki.low_form import is_low

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_RSA_MIN_BITS: Final = 3072


def verify_detached(
    text: bytes, signature: bytes, certificate: Certificate, *, either_form: bool = False
) -> None:
    """Check a signature of the seal: ECDSA P-256, or RSA-PSS of 3072 bits or more, with SHA-256.

    Of the two forms that an ECDSA signature has, only the low one is the seal's; `either_form` admits both,
    as seals were made before they were told apart.

    Raises: `cryptography`'s `InvalidSignature`; `ValueError` for a key of no kind that seals.
    """
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
        if not (either_form or is_low(signature)):
            raise InvalidSignature("in its high form")
    elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_MIN_BITS:
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
        key.verify(signature, text, pss, hashes.SHA256())
    else:
        raise ValueError("the seal certificate's key is of no kind that seals")
