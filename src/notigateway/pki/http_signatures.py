"""Messages of HTTP signed with a key of their own: RFC 9421, with the digest of RFC 9530 over the content.

One form only: ECDSA over P-256, which signs method, address, media type and digest. The key is named by its
thumbprint (RFC 7638), so a name never stands for another key.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from collections.abc import Mapping

# What this signature is for: no other use of the key, should there ever be one, can be taken for it.
TAG: Final = "notigateway-push"
_ALGORITHM: Final = "ecdsa-p256-sha256"
_COVERED: Final = '("@method" "@target-uri" "content-type" "content-digest")'
_PARAMETERS: Final = re.compile(
    r'sig1=\("@method" "@target-uri" "content-type" "content-digest"\);created=([0-9]{1,12});'
    r'keyid="([A-Za-z0-9_-]{43})";alg="ecdsa-p256-sha256";tag="notigateway-push"',
    re.ASCII,
)
_DIGEST: Final = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):", re.ASCII)
_SIGNATURE: Final = re.compile(r"sig1=:([A-Za-z0-9+/]{86}==):", re.ASCII)
_COORDINATE_BYTES: Final = 32


class UnsignedMessageError(Exception):
    """A message is not signed as it must be by a key that is known."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that is posted: to which address, of which media type, with which content.

    A call-back by SOAP also says its action, as SOAP 1.1 has it; nothing is decided by that.
    """

    url: str
    media_type: str
    content: bytes = field(repr=False)
    soap_action: str | None = None


@dataclass(frozen=True)
class MessageKey:
    """The key that signs messages, and its name."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    name: str

    @classmethod
    def of(cls, key: object) -> Self:
        """Return it by its key. Raises: `ValueError` for one that is not of P-256."""
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("not a key of the curve P-256")  # noqa: TRY004  (a wrong file, no wrong call)
        return cls(key, thumbprint(key.public_key()))

    def sign(self, posted: Posted, *, now: datetime) -> dict[str, str]:
        """Return the headers that go with a message: media type, digest and signature."""
        digest = content_digest(posted.content)
        parameters = (
            f'{_COVERED};created={int(now.timestamp())};keyid="{self.name}";alg="{_ALGORITHM}";tag="{TAG}"'
        )
        der = self.key.sign(_base(posted, digest, parameters), ec.ECDSA(SHA256()))
        raw = b"".join(number.to_bytes(_COORDINATE_BYTES) for number in decode_dss_signature(der))
        action = {} if posted.soap_action is None else {"SOAPAction": f'"{posted.soap_action}"'}
        return {
            **action,
            "Content-Type": posted.media_type,
            "Content-Digest": digest,
            "Signature-Input": f"sig1={parameters}",
            "Signature": f"sig1=:{b64encode(raw).decode()}:",
        }


def verify_posted(
    posted: Posted, headers: Mapping[str, str], keys: Mapping[str, ec.EllipticCurvePublicKey]
) -> datetime:
    """Return when a message was signed, by one of the keys; `headers` have names in small letters.

    Raises: `UnsignedMessageError`. Who calls has to look at the age.
    """
    parameters = _PARAMETERS.fullmatch(headers.get("signature-input", ""))
    digest = _DIGEST.fullmatch(headers.get("content-digest", ""))
    signature = _SIGNATURE.fullmatch(headers.get("signature", ""))
    if parameters is None or digest is None or signature is None:
        raise UnsignedMessageError(
            "the headers Content-Digest, Signature-Input and Signature are not there so"
        )
    if digest[0] != content_digest(posted.content):
        raise UnsignedMessageError("the content is not that of its digest")
    key = keys.get(parameters[2])
    if key is None:
        raise UnsignedMessageError("signed by a key that is not known")
    raw = b64decode(signature[1])
    if b64encode(raw).decode() != signature[1]:  # bits that nothing says: one message, one text
        raise UnsignedMessageError("the signature is written otherwise than it must be")
    numbers = (int.from_bytes(raw[:_COORDINATE_BYTES]), int.from_bytes(raw[_COORDINATE_BYTES:]))
    base = _base(posted, digest[0], parameters[0].removeprefix("sig1="))
    try:
        key.verify(encode_dss_signature(*numbers), base, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise UnsignedMessageError("the signature is not over this message") from error
    return datetime.fromtimestamp(int(parameters[1]), UTC)


def content_digest(content: bytes) -> str:
    """Return the value of Content-Digest (RFC 9530)."""
    return f"sha-256=:{b64encode(hashlib.sha256(content).digest()).decode()}:"


def thumbprint(key: ec.EllipticCurvePublicKey) -> str:
    """Return the name of a key: its thumbprint (RFC 7638)."""
    text = json.dumps(_members(key), separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode()).digest())


def as_jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """Return a key as it is published (RFC 7517)."""
    return {**_members(key), "kid": thumbprint(key), "alg": "ES256", "use": "sig"}


def read_jwks(text: bytes) -> dict[str, ec.EllipticCurvePublicKey]:
    """Return the keys of a published set of P-256, by their names.

    Raises: `ValueError` for what is no such set, or names a key wrongly.
    """
    found = {}
    try:
        for one in json.loads(text)["keys"]:
            if (one["kty"], one["crv"]) != ("EC", "P-256"):
                continue
            x, y = (int.from_bytes(_read_base64url(one[name])) for name in ("x", "y"))
            key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            if one["kid"] != thumbprint(key):
                raise ValueError("a key is named otherwise than by its thumbprint")
            found[one["kid"]] = key
    except (LookupError, TypeError, AttributeError, Base64Error) as error:
        raise ValueError("not a set of keys (RFC 7517)") from error
    return found


def _base(posted: Posted, digest: str, parameters: str) -> bytes:
    """Return what is signed (RFC 9421 §2.5)."""
    lines = (
        '"@method": POST',
        f'"@target-uri": {posted.url}',
        f'"content-type": {posted.media_type}',
        f'"content-digest": {digest}',
        f'"@signature-params": {parameters}',
    )
    return "\n".join(lines).encode()


def _members(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    x, y = (_base64url(one.to_bytes(_COORDINATE_BYTES)) for one in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _read_base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
