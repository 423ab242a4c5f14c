"""The signature value: bound to a family of keys, verified by `cryptography`, never by us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notigateway.errors import AlgorithmError, SignatureValueError
from notigateway.pki.fitness import check_key
from notigateway.wss.header import decode_base64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from notigateway.wss.policy import SignatureMethod

_MAX_SIGNATURE_BYTES: Final = 2048
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303  (whether it is expected was decided before)
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}

VerifyingKey = RSAPublicKey | EllipticCurvePublicKey


def key_for(method: SignatureMethod, key: PublicKeyTypes) -> VerifyingKey:
    """Return the key if the method is one of its family and anything may be computed with it.

    Raises: `AlgorithmError` when the method belongs to another kind of key, else what `check_key` raises.
    """
    check_key(key)
    if method.family == "ECDSA" and isinstance(key, EllipticCurvePublicKey):
        return key
    if method.family in {"RSA", "RSA-PSS"} and isinstance(key, RSAPublicKey):
        return key
    raise AlgorithmError("method does not match the key", part="SignatureMethod", received=method.short_name)


def decode_signature_value(text: str, key: VerifyingKey) -> bytes:
    """Return the octets of SignatureValue, of exactly the width that the key produces.

    Raises: `SignatureValueError`.
    """
    try:
        value = decode_base64(text, max_bytes=_MAX_SIGNATURE_BYTES)
    except ValueError as error:
        raise SignatureValueError("SignatureValue is not base64") from error
    if len(value) != _width(key):
        raise SignatureValueError("SignatureValue has the wrong length")
    return value


def _width(key: VerifyingKey) -> int:
    # RFC 8017 §8.2.2; XML-DSig 1.1 §6.4.3: r and s, each as wide as the field, concatenated
    octets = (key.key_size + 7) // 8
    return octets if isinstance(key, RSAPublicKey) else 2 * octets


def check_signature_value(value: bytes, signed: bytes, *, key: VerifyingKey, method: SignatureMethod) -> None:
    """Verify the signature value over the canonical SignedInfo.

    Raises: `SignatureValueError`.
    """
    algorithm = _HASHES[method.hash_name]
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(value, signed, _padding(method, algorithm), algorithm)
        else:
            key.verify(encode_dss_signature(*_halves(value)), signed, ECDSA(algorithm))
    except (InvalidSignature, ValueError) as error:  # ValueError: a key too short for the hash
        raise SignatureValueError("the signature value does not verify") from error


def _padding(method: SignatureMethod, algorithm: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if method.family == "RSA-PSS":
        # RFC 6931 §2.3.10: MGF1 with the same hash, salt as long as the hash
        return padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
    return padding.PKCS1v15()


def _halves(value: bytes) -> tuple[int, int]:
    middle = len(value) // 2
    return int.from_bytes(value[:middle]), int.from_bytes(value[middle:])


def unique_form(value: bytes, key: VerifyingKey) -> bytes:
    """Return the one form that all valid spellings of this signature share.

    From an ECDSA signature (r, s) anybody can compute (r, n - s), which verifies as well: a replay
    would look new. The smaller s stands for both. An RSA signature has one spelling.
    """
    if isinstance(key, RSAPublicKey):
        return value
    middle = len(value) // 2
    s = int.from_bytes(value[middle:])
    return value[:middle] + min(s, key.curve.group_order - s).to_bytes(len(value) - middle)
