"""The signing of envelopes: what is signed is what is sent, byte for byte.

An outgoing envelope is assembled from octets that already are in exclusive canonical form; the
digests are taken over the very octets that are sent, and no tree is serialised afterwards. The
shape is always the same, for requests, answers and faults: Timestamp, BinarySecurityToken and
Signature in the Header, then the Body; references to Timestamp and Body; token by direct
reference. A form adds what was agreed with one client. Tests prove with two independent verifiers
that each part is canonical.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from notigateway.errors import ConfigurationError
from notigateway.instants import instant_text
from notigateway.wss.canonical import canonical
from notigateway.wss.ns import (
    BASE64,
    DS,
    EXC_C14N,
    NOTIGATEWAY_V1,
    SWA_CONTENT,
    WSA,
    WSSE,
    WSSE11,
    WSU,
    X509V3,
)
from notigateway.wss.policy import DigestMethod, SignatureMethod
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography import x509

_MIN_RSA_BITS: Final = 2048
_DEFAULT_TTL: Final = timedelta(seconds=300)
_P256_OCTETS: Final = 32
# The prefixes that the values of a fault's codes have, QNames, so they must be signed too. BSP R5405
_FAULT_PREFIXES: Final = ("ng", "soap", "wsa", "wsse", "wsu")
_CODE_NAMESPACES: Final = {"ng": NOTIGATEWAY_V1, "wsa": WSA, "wsse": WSSE, "wsu": WSU}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeForm:
    """How one envelope departs from the ordinary form.

    `confirmation` is the signature value of the request, where it is to be repeated (WSS 1.1.1 §8.5);
    `addressing` are WS-Addressing headers, name and text, all signed; `sha1` signs with rsa-sha1 for
    a client that verifies nothing else.
    """

    soap: SoapVersion = SoapVersion.V1_1
    must_understand: bool = False
    confirmation: bytes | None = None
    addressing: tuple[tuple[str, str], ...] = ()
    sha1: bool = False


_ORDINARY: Final = EnvelopeForm()


class Beside(Protocol):
    """What travels in parts beside an envelope."""

    @property
    def attachments(self) -> Iterable[tuple[str, bytes]]:
        """The Content-ID and the SHA-256 of each part that is signed by itself."""
        ...

    def inlined(self, body: bytes) -> Iterable[bytes]:
        """Yield the Body as it is signed: with the base64 text of each part in the place of its Include."""
        ...


@dataclass(frozen=True)
class Signer:
    """A key and its certificate, ready to sign envelopes; safe to share between threads.

    Raises: `ConfigurationError` for anything but RSA of 2048 bits or more and P-256.
    """

    key: RSAPrivateKey | EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate
    token: bytes = field(init=False, repr=False)
    method: SignatureMethod = field(init=False)

    def __post_init__(self) -> None:
        """Encode the token once and choose the algorithm of the key."""
        der = self.certificate.public_bytes(Encoding.DER)
        object.__setattr__(self, "token", base64.b64encode(der))
        object.__setattr__(self, "method", _method_of(self.key))

    def method_for(self, form: EnvelopeForm) -> SignatureMethod:
        """Return the algorithm of an envelope: the key's own, unless SHA-1 was agreed and the key is RSA."""
        has_sha1 = form.sha1 and isinstance(self.key, RSAPrivateKey)
        return SignatureMethod.RSA_SHA1 if has_sha1 else self.method

    def sign(self, octets: bytes, method: SignatureMethod) -> bytes:
        """Return the signature value over octets, in the form of XML-DSig (raw r and s for ECDSA)."""
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(octets, padding.PKCS1v15(), _RSA_HASHES[method])
        r, s = decode_dss_signature(self.key.sign(octets, ECDSA(hashes.SHA256())))
        return r.to_bytes(_P256_OCTETS) + s.to_bytes(_P256_OCTETS)


_RSA_HASHES: Final[dict[SignatureMethod, hashes.HashAlgorithm]] = {
    SignatureMethod.RSA_SHA1: hashes.SHA1(),  # noqa: S303  (agreed with that client, until a date)
    SignatureMethod.RSA_SHA256: hashes.SHA256(),
}


def _method_of(key: RSAPrivateKey | EllipticCurvePrivateKey) -> SignatureMethod:
    if isinstance(key, RSAPrivateKey) and key.key_size >= _MIN_RSA_BITS:
        return SignatureMethod.RSA_SHA256
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return SignatureMethod.ECDSA_SHA256
    raise ConfigurationError("a key that signs envelopes must be RSA of at least 2048 bits, or P-256")


def sign_envelope(
    content: bytes,
    *,
    signer: Signer,
    now: datetime,
    is_fault: bool = False,
    ttl: timedelta = _DEFAULT_TTL,
    form: EnvelopeForm = _ORDINARY,
    beside: Beside | None = None,
) -> bytes:
    """Return the envelope with this content in its Body, signed, in UTF-8 with an XML declaration.

    `content` is the Body's one child in exclusive canonical form, as `canonical` gives it. Answers
    leave `must_understand` off, since some stacks refuse what they are not configured for;
    requests set it. What travels `beside` is signed too.

    Raises: what reading that raises.
    """
    mark = secrets.token_hex(16)
    prefixes = _FAULT_PREFIXES if is_fault else ()
    body = _body(content, identifier=f"Body-{mark}", prefixes=prefixes, soap=form.soap)
    timestamp = _timestamp(f"TS-{mark}", now=now, ttl=ttl)
    confirmation = _confirmation(f"SC-{mark}", form.confirmation)
    headers = [_header(f"WSA{number}-{mark}", *one) for number, one in enumerate(form.addressing)]
    references = [
        reference(f"TS-{mark}", timestamp),
        reference(f"SC-{mark}", confirmation) if confirmation else b"",
        *(reference(f"WSA{number}-{mark}", octets) for number, octets in enumerate(headers)),
        reference(f"Body-{mark}", body if beside is None else beside.inlined(body), prefixes=prefixes),
        *(() if beside is None else map(_attachment, beside.attachments)),
    ]
    method = signer.method_for(form)
    info = signed_info(method.value, b"".join(references))
    must = b' soap:mustUnderstand="1"' if form.must_understand else b""
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="%b">'
            % form.soap.value.encode(),
            b'<soap:Header><wsse:Security xmlns:wsse="%b"%b>' % (WSSE.encode(), must),
            timestamp,
            confirmation,
            _token(f"X509-{mark}", signer.token),
            b'<ds:Signature xmlns:ds="%b" Id="SIG-%b">' % (DS.encode(), mark.encode()),
            info,
            b"<ds:SignatureValue>%b</ds:SignatureValue>" % base64.b64encode(signer.sign(info, method)),
            _key_info(f"X509-{mark}"),
            b"</ds:Signature></wsse:Security>",
            *headers,
            b"</soap:Header>",
            body,
            b"</soap:Envelope>",
        )
    )


# --- signed parts, each exactly in its exclusive canonical form -----------------------------------


def _body(content: bytes, *, identifier: str, prefixes: tuple[str, ...], soap: SoapVersion) -> bytes:
    declared = {"soap": soap.value, "wsu": WSU} | (_CODE_NAMESPACES if prefixes else {})
    namespaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in sorted(declared.items()))
    start = f'<soap:Body {namespaces} wsu:Id="{identifier}">'.encode()
    body = b"".join((start, content, b"</soap:Body>"))
    if not prefixes and soap.value.encode() not in content and WSU.encode() not in content:
        return body
    # Inside the Body the content must not declare again what the Body declares: canonicalise both.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    return canonical(etree.fromstring(body, parser), prefixes=prefixes)


def _timestamp(identifier: str, *, now: datetime, ttl: timedelta) -> bytes:
    # WSS 1.1.1 §10: UTC; BSP R3220: at most milliseconds
    created, expires = instant_text(now), instant_text(now + ttl)
    return (
        f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="{identifier}">'
        f"<wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
    ).encode()


def _confirmation(identifier: str, value: bytes | None) -> bytes:
    if value is None:
        return b""
    return (
        f'<wsse11:SignatureConfirmation xmlns:wsse11="{WSSE11}" xmlns:wsu="{WSU}" '
        f'Value="{base64.b64encode(value).decode()}" wsu:Id="{identifier}"></wsse11:SignatureConfirmation>'
    ).encode()


def _header(identifier: str, name: str, text: str) -> bytes:
    start = f'<wsa:{name} xmlns:wsa="{WSA}" xmlns:wsu="{WSU}" wsu:Id="{identifier}">'
    return f"{start}{escape(text)}</wsa:{name}>".encode()


def signed_info(method: str, references: bytes, *, c14n: str = EXC_C14N) -> bytes:
    """Return SignedInfo, to be signed by that method in that canonical form."""
    return (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{c14n}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>'
    ).encode() + b"%b</ds:SignedInfo>" % references


def reference(
    identifier: str,
    octets: bytes | Iterable[bytes],
    *,
    prefixes: tuple[str, ...] = (),
    c14n: str = EXC_C14N,
) -> bytes:
    """Return the reference to a part, by its octets in that canonical form."""
    digest = hashlib.sha256()
    for piece in (octets,) if isinstance(octets, bytes) else octets:
        digest.update(piece)
    return _reference(f"#{identifier}", c14n, _inclusive(prefixes), digest.digest())


def _attachment(named: tuple[str, bytes]) -> bytes:
    """Return the reference to an attachment, by the octets of its content alone (SwA Profile 1.1 §5.4.2)."""
    content_id, digest = named
    return _reference(f"cid:{content_id}", SWA_CONTENT, "", digest)


def _reference(uri: str, transform: str, parameters: str, digest: bytes) -> bytes:
    return (
        f'<ds:Reference URI="{uri}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{transform}">{parameters}</ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{DigestMethod.SHA256.value}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference>"
    ).encode()


def _inclusive(prefixes: tuple[str, ...]) -> str:
    if not prefixes:
        return ""
    return (
        f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{" ".join(prefixes)}">'
        "</ec:InclusiveNamespaces>"
    )


# --- unsigned parts -------------------------------------------------------------------------------


def _token(identifier: str, token: bytes) -> bytes:
    start = (
        f'<wsse:BinarySecurityToken xmlns:wsu="{WSU}" EncodingType="{BASE64}" ValueType="{X509V3}" '
        f'wsu:Id="{identifier}">'
    )
    return b"%b%b</wsse:BinarySecurityToken>" % (start.encode(), token)


def _key_info(token_identifier: str) -> bytes:
    return (
        "<ds:KeyInfo><wsse:SecurityTokenReference>"
        f'<wsse:Reference URI="#{token_identifier}" ValueType="{X509V3}"></wsse:Reference>'
        "</wsse:SecurityTokenReference></ds:KeyInfo>"
    ).encode()
