"""Finds out what a signature value covers, and by whose key, where it does not verify as it should.

Like the digests: how the value is written, which method made it, over which octets. For RSA PKCS #1 v1.5
the key shows what it signed (RFC 8017 §8.2.2), so that many readings cost one operation.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from notigateway.errors import GatewayError
from notigateway.explaining.cause import Cause, Certainty, Explained, Known, told
from notigateway.explaining.encodings import decodings
from notigateway.explaining.meant import signs
from notigateway.explaining.readings import EXCHANGED, OF_ANOTHER, Part, readings
from notigateway.explaining.token_forms import forms_of
from notigateway.wss.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.explaining.sight import Sight
    from notigateway.wss.signature_value import VerifyingKey

_MOST_VALUE_BYTES: Final = 2048
_HASHES: Final[tuple[hashes.HashAlgorithm, ...]] = (
    hashes.SHA256(),
    hashes.SHA1(),  # noqa: S303  (to recognise it, not to accept it)
    hashes.SHA384(),
    hashes.SHA512(),
)
# RFC 8017 §9.2, note 1: what stands before the digest
_DIGEST_INFO: Final = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
OTHER_METHOD: Final = Known(
    "value-of-another-method", "SignatureMethod names another method than made the value",
    "state the method that is used", None,
)  # fmt: skip
DER: Final = Known(
    "ecdsa-in-der", "the ECDSA value is in DER, as OpenSSL and Java give it",
    "write r and s, each as wide as the field, one behind the other (XML-DSig 1.1 §6.4.3)", None,
)  # fmt: skip
NO_DIGEST_INFO: Final = Known(
    "no-digest-info", "the bare digest was signed, without its DigestInfo",
    "let the library hash and sign in one call (RFC 8017 §9.2)", None,
)  # fmt: skip
SALT: Final = Known(
    "pss-salt", "RSA-PSS with another length of salt than the hash has",
    "set the salt's length (RFC 6931 §2.3.10)",
    None,
)  # fmt: skip
NO_VALUE: Final = Known(
    "value-unreadable", "SignatureValue is not base64, nor another way of writing that is known",
    "write the value's octets in base64", None,
)  # fmt: skip
OTHER_CERTIFICATE: Final = Known(
    "key-of-another-certificate",
    "another certificate of the message verifies the value: KeyInfo points to the wrong one",
    "send the certificate of the key that signs, and point to it", None,
)  # fmt: skip
REGISTERED: Final = Known(
    "key-of-a-registered-certificate",
    "the key is that of a certificate registered here: the message carries another",
    "send the certificate of the key that signs", None,
)  # fmt: skip
OTHER_SIZE: Final = Known(
    "value-of-another-size",
    "the value is not as long as the certificate's key makes one",
    "compare the key with the certificate's, and send all octets", None,
)  # fmt: skip
OTHER_OCTETS: Final = Known(
    "other-octets-signed",
    "the certificate's key made the value, over other octets than SignedInfo as it stands",
    "sign SignedInfo last, in its canonical form; then leave it as it is", None,
)  # fmt: skip
OTHER_KEY: Final = Known(
    "another-key",
    "no reading that is known verifies with the certificate's key: most likely another key signed",
    "compare the key with the certificate's: their public keys must be equal", None,
)  # fmt: skip
BODY_SIGNED: Final = Known(
    "part-signed-directly", "the value is over a part itself, not over SignedInfo",
    "digest the parts, and sign SignedInfo", None,
)  # fmt: skip
ALL: Final[tuple[Known[Any], ...]] = (
    OTHER_METHOD, DER, NO_DIGEST_INFO, SALT, NO_VALUE, OTHER_CERTIFICATE, REGISTERED, OTHER_SIZE,
    OTHER_OCTETS, OTHER_KEY,
    BODY_SIGNED,
)  # fmt: skip
# Of RSA with 1024 to 8192 bits, and of P-256, P-384 and P-521.
_WIDTHS: Final = frozenset({128, 256, 384, 512, 1024, 64, 96, 132})
_MOST_REGISTERED: Final = 200
_AT: Final = "SignedInfo"


def value_causes(sight: Sight) -> Iterator[Cause]:
    """Tell what the signature value covers, where it does not verify over SignedInfo as it stands."""
    header, key = sight.header, sight.key
    if header is None or sight.signed_info is None or key is None:
        return
    values = [
        (known, value)
        for known, value in decodings(header.signature_value)
        if len(value) <= _MOST_VALUE_BYTES
    ]
    if not values:
        yield NO_VALUE.cause(Certainty.SEEN)
        return
    found = [one for known, value in values for one in _explanations(sight, key, known, value)]
    if found:
        yield from told(found, at=_AT)
        return
    others = (one for form in forms_of(sight) for one in form.certificates)
    if any(signs(sight, one) for one in others):
        yield OTHER_CERTIFICATE.cause(Certainty.SURE)
        return
    known = next((one for one in islice(sight.registered, _MOST_REGISTERED) if signs(sight, one)), None)
    if known is not None:
        yield REGISTERED.cause(Certainty.SURE, f"serial number {known.serial_number}")
        return
    yield from _whose(values, key)


def _explanations(
    sight: Sight, key: VerifyingKey, written: Known[Any] | None, value: bytes
) -> Iterator[Explained]:
    """Yield what makes one value of the text verify."""
    header, signed_info = sight.header, sight.signed_info
    assert header is not None  # noqa: S101  (looked at then only)
    assert signed_info is not None  # noqa: S101
    octets = canonical(header.signed_info, prefixes=signed_info.prefixes)
    part = Part(header.signed_info, signed_info.prefixes, sight, octets)
    shown = _shown(value, key)
    marks = [(written, "")] if written is not None else []
    for reading, tried in _readings(part):
        for words, more in _methods(value, tried, key, shown):
            other = []
            if words != signed_info.method.short_name:
                other = [
                    (OTHER_METHOD, f"{signed_info.method.short_name} is stated, the value is of {words}")
                ]
            read = [(reading, "")] if reading is not None else []
            explained = Explained((*marks, *read, *((one, "") for one in more), *other))
            if explained.mistakes:
                yield explained


def _readings(part: Part) -> Iterator[tuple[Known[Any] | None, bytes]]:
    yield from ((known, octets) for known, octets in readings(part) if known not in {EXCHANGED, OF_ANOTHER})
    for target in {id(one): one for one in part.sight.parts.values()}.values():
        with suppress(GatewayError):
            yield BODY_SIGNED, canonical(target)


def _shown(value: bytes, key: VerifyingKey) -> bytes | None:
    """Return what an RSA key signed by PKCS #1 v1.5, or None: another key, or another padding."""
    if not isinstance(key, RSAPublicKey):
        return None
    try:
        return key.recover_data_from_signature(value, padding.PKCS1v15(), None)
    except (InvalidSignature, ValueError):
        return None


def _methods(
    value: bytes, octets: bytes, key: VerifyingKey, shown: bytes | None
) -> Iterator[tuple[str, tuple[Known[Any], ...]]]:
    """Yield the methods by which the value is one over these octets, with the mistakes in it."""
    for algorithm in _HASHES:
        if isinstance(key, EllipticCurvePublicKey):
            yield from _ecdsa(value, octets, key, algorithm)
        elif shown is not None:
            digest = hashlib.new(algorithm.name, octets).digest()
            if shown == _DIGEST_INFO[algorithm.name] + digest:
                yield f"rsa-{algorithm.name}", ()
            elif shown in {digest, digest.hex().encode()}:
                yield f"rsa-{algorithm.name}", (NO_DIGEST_INFO,)
        elif len(value) == (key.key_size + 7) // 8:
            yield from _pss(value, octets, key, algorithm)


def _pss(
    value: bytes, octets: bytes, key: RSAPublicKey, algorithm: hashes.HashAlgorithm
) -> Iterator[tuple[str, tuple[Known[Any], ...]]]:
    name = f"{algorithm.name}-rsa-MGF1"
    for length, mistakes in ((algorithm.digest_size, ()), (padding.PSS.AUTO, (SALT,))):
        with suppress(InvalidSignature, ValueError):
            key.verify(value, octets, padding.PSS(padding.MGF1(algorithm), length), algorithm)
            yield name, mistakes
            return


def _ecdsa(
    value: bytes, octets: bytes, key: EllipticCurvePublicKey, algorithm: hashes.HashAlgorithm
) -> Iterator[tuple[str, tuple[Known[Any], ...]]]:
    half = len(value) // 2
    raw = encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))
    for form, mistakes in ((raw, ()), (value, (DER,))):
        with suppress(InvalidSignature, ValueError, UnsupportedAlgorithm):
            key.verify(form, octets, ECDSA(algorithm))
            yield f"ecdsa-{algorithm.name}", mistakes
            return


def _whose(values: list[tuple[Known[Any] | None, bytes]], key: VerifyingKey) -> Iterator[Cause]:
    """Tell whether the certificate's key made the value at all: only RSA PKCS #1 v1.5 shows it."""
    if isinstance(key, RSAPublicKey):
        for written, value in values:
            shown = _shown(value, key)
            hashed = next(
                (name for name, prefix in _DIGEST_INFO.items() if shown and shown.startswith(prefix)), None
            )
            if shown is not None and hashed is not None:
                if written is not None:
                    yield written.cause(Certainty.SURE, at="SignatureValue")
                digest = shown[len(_DIGEST_INFO[hashed]) :].hex()
                yield OTHER_OCTETS.cause(Certainty.SURE, f"{hashed} {digest[:128]}")
                return
    width = (key.key_size + 7) // 8 * (1 if isinstance(key, RSAPublicKey) else 2)
    written, value = values[0]
    if written is None and len(value) != width and len(value) in _WIDTHS:
        yield OTHER_SIZE.cause(Certainty.SEEN, f"{len(value)} octets instead of {width}")
        return
    yield OTHER_KEY.cause(Certainty.LIKELY)
