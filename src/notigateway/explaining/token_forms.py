"""What stands in tokens instead of one certificate: PEM, bags, paths, containers, keys.

Each row reads octets in one form and returns the certificates in it; the way the octets are written as text
is one of `encodings`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import parser  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from notigateway.explaining.cause import Known
from notigateway.explaining.encodings import decodings
from notigateway.wss import certificates
from notigateway.wss.ns import PKCS7, X509_PKI_PATH, X509V3, ds, wsse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.x509 import Certificate
    from lxml.etree import _Element

    from notigateway.explaining.sight import Sight

    Container = Known[Callable[[bytes], list[Certificate]]]

_MOST_CHARS: Final = 2 * certificates.MAX_PATH_BYTES
_MOST_CERTIFICATES: Final = 8
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]{0,90000})-----END \1-----")
_BAG: Final = re.compile(rb"Bag Attributes|localKeyID|friendlyName|subject=|issuer=")


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a token can be read: the mistakes in it, and the certificates then found."""

    mistakes: tuple[Known[Any], ...]
    certificates: tuple[Certificate, ...]
    element: str


def _pem(octets: bytes, label: bytes) -> list[bytes]:
    return [found[2] for found in _PEM.finditer(octets) if found[1] == label]


def _der_of_pem(text: bytes) -> bytes:
    lines = [line for line in text.decode("ascii").replace("\\n", "\n").split("\n") if ":" not in line]
    return next(octets for known, octets in decodings("".join(lines)) if known is None)


def _certificates_of_pem(octets: bytes) -> list[Certificate]:
    return [
        x509.load_der_x509_certificate(_der_of_pem(one))
        for one in _pem(octets, b"CERTIFICATE")[:_MOST_CERTIFICATES]
    ]


def _one_pem(octets: bytes) -> list[Certificate]:
    found = _certificates_of_pem(octets)
    if len(found) != 1 or _BAG.search(octets):
        raise ValueError("not one certificate alone")
    return found


def _bag(octets: bytes) -> list[Certificate]:
    if not _BAG.search(octets):
        raise ValueError("no bag attributes")
    return _certificates_of_pem(octets)


def _several_pem(octets: bytes) -> list[Certificate]:
    found = _certificates_of_pem(octets)
    if len(found) < 2 or _BAG.search(octets):  # noqa: PLR2004  (two are several)
        raise ValueError("one certificate at most")
    return found


def _pieces(octets: bytes) -> list[bytes]:
    """Return the DER elements that stand one behind the other."""
    pieces: list[bytes] = []
    while octets and len(pieces) < _MOST_CERTIFICATES:
        length = parser.peek(octets)
        pieces.append(octets[:length])
        octets = octets[length:]
    return pieces


def _joined(octets: bytes) -> list[Certificate]:
    pieces = _pieces(octets)
    if len(pieces) < 2:  # noqa: PLR2004  (two are several)
        raise ValueError("one element only")
    return [x509.load_der_x509_certificate(one) for one in pieces]


def _path(octets: bytes) -> list[Certificate]:
    _, _, _, _, content, trailer = parser.parse(octets, strict=True)
    if trailer:
        raise ValueError("more than a sequence")
    found = [x509.load_der_x509_certificate(one) for one in _pieces(content)]
    if not found:
        raise ValueError("an empty path")
    return found


def _reversed_path(octets: bytes) -> list[Certificate]:
    found = _path(octets)
    if len(found) < 2 or found[0].issuer != found[1].subject:  # noqa: PLR2004
        raise ValueError("not the other way round")
    return found


def _pkcs7(octets: bytes) -> list[Certificate]:
    inner = _pem(octets, b"PKCS7") or _pem(octets, b"CERTIFICATES")
    return pkcs7.load_der_pkcs7_certificates(_der_of_pem(inner[0]) if inner else octets)


def _nothing_of(label: bytes) -> Callable[[bytes], list[Certificate]]:
    def find(octets: bytes) -> list[Certificate]:
        if not any(label in found[1] for found in _PEM.finditer(octets)):
            raise ValueError("not that")
        return []

    return find


def _request(octets: bytes) -> list[Certificate]:
    x509.load_der_x509_csr(octets)
    return []


def _container(octets: bytes) -> list[Certificate]:
    if b"\x2a\x86\x48\x86\xf7\x0d\x01\x07" not in octets[:40] or octets[4:7] != b"\x02\x01\x03":
        raise ValueError("no PKCS #12")
    return []


# What is in the octets, under the ValueType of one certificate.
FORMS: Final[tuple[Container, ...]] = (
    Known("token-bag-attributes", "the token holds PEM with bag attributes, as `openssl pkcs12` writes it",
          "send the DER of the one certificate, in base64", _bag),
    Known("token-several-certificates", "the token holds several certificates in PEM",
          "send the first alone, or a PKIPath", _several_pem),
    Known("token-in-pem", "the token holds a PEM text, with its BEGIN and END lines",
          "send what stands between them alone", _one_pem),
    Known("token-private-key", "the token holds a private key, which is no secret any more",
          "revoke the certificate, and send the certificate alone", _nothing_of(b"PRIVATE KEY")),
    Known("token-public-key", "the token holds a public key", "send the certificate",
          _nothing_of(b"PUBLIC KEY")),
    Known("token-joined-certificates", "the token holds certificates one behind the other",
          "send the first alone, or a PKIPath", _joined),
    Known("token-is-pkcs7", "the token holds a PKCS #7 (p7b)",
          f"state ValueType {PKCS7}, or send the certificate",
          _pkcs7),
    Known("token-is-a-path", "the token holds a PKIPath",
          f"state ValueType {X509_PKI_PATH}, or send the certificate",
          _path),
    Known("token-is-pkcs12", "the token holds a PKCS #12 file, private key and all",
          "revoke the certificate, and send the certificate alone", _container),
    Known("token-is-a-request", "the token holds a certificate request", "send the certificate", _request),
)  # fmt: skip
PATH_REVERSED: Final[Container] = Known(
    "token-path-reversed",
    "the PKIPath leads from the holder up",
    "begin with the authority, end with the holder (ITU-T X.509 §7.7)",
    _reversed_path,
)
PATH_IS_CERTIFICATE: Final[Container] = Known(
    "token-is-one-certificate",
    "the token holds one certificate, and its ValueType says a path or PKCS #7",
    f"state ValueType {X509V3}",
    lambda octets: [x509.load_der_x509_certificate(octets)],
)
NO_PATH: Final[Container] = Known(
    "token-not-one-path",
    "the PKIPath does not lead from each certificate to the next",
    "begin with the authority, end with the holder, and leave others out",
    _path,
)
NO_PKCS7_PATH: Final[Container] = Known(
    "token-not-one-path-in-pkcs7",
    "the certificates in the PKCS #7 are not one path",
    "put in the holder's and those above it, and no others",
    _pkcs7,
)
_UNDER_PATH: Final[tuple[Container, ...]] = (
    PATH_REVERSED,
    PATH_IS_CERTIFICATE,
    *(one for one in FORMS if one.how is not _path),
    NO_PATH,
)
_UNDER_PKCS7: Final[tuple[Container, ...]] = (
    PATH_IS_CERTIFICATE,
    *(one for one in FORMS if one.how is not _pkcs7),
    NO_PKCS7_PATH,
)
_BY_TYPE: Final[dict[str, tuple[Container, ...]]] = {X509_PKI_PATH: _UNDER_PATH, PKCS7: _UNDER_PKCS7}
_READABLE: Final = {
    X509V3: certificates.load,
    X509_PKI_PATH: certificates.load_pki_path,
    PKCS7: certificates.load_pkcs7,
}
ALL: Final[tuple[Container, ...]] = (*FORMS, PATH_REVERSED, PATH_IS_CERTIFICATE, NO_PATH, NO_PKCS7_PATH)
UNREADABLE: Final = (*certificates.UNREADABLE, StopIteration, IndexError)


def forms_of(sight: Sight) -> Iterator[Form]:
    """Yield how the tokens of the message, and the certificates in its KeyInfo, can be read."""
    header = sight.header
    if header is None:
        return
    inside = [*header.key_info.iter(ds("X509Certificate"), wsse("KeyIdentifier"))]
    for element in (*header.tokens, *inside)[: sight.expectations.max_tokens]:
        yield from _forms(element)


def _forms(element: _Element) -> Iterator[Form]:
    text = element.text or ""
    if len(text) > _MOST_CHARS:
        return
    kind = element.get("ValueType", X509V3)
    name = str(element.tag).partition("}")[2]
    readings: list[tuple[tuple[Known[Any], ...], bytes]] = []
    if "-----BEGIN" in text:
        readings.append(((), text.encode()))
    readings.extend(((known,) if known is not None else (), octets) for known, octets in decodings(text))
    for written, octets in readings:
        plain = _plain(octets, kind)
        if plain is not None:
            yield Form(written, (plain,), name)
            continue
        for form in _BY_TYPE.get(kind, FORMS):
            try:
                found = tuple(form.how(octets))
            except UNREADABLE:
                continue
            yield Form((*written, form), found, name)
            break


def _plain(octets: bytes, kind: str) -> Certificate | None:
    """Return the certificate of octets that are as their ValueType says, or None."""
    try:
        return _READABLE.get(kind, certificates.load)(octets)[0]
    except UNREADABLE:
        return None
