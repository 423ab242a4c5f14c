"""Requests as real clients write and sign them: by zeep itself, and after the others' sources."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from lxml import etree
from zeep.wsse.signature import (
    _make_sign_key,
    _sign_envelope_with_key,
    _sign_envelope_with_key_binary,
)

from envelopes import (
    BASE64,
    EC,
    ENVELOPED,
    PING,
    SOAP12,
    THUMBPRINT,
    WSSE,
    WSU,
    X509_PROFILE,
    X509V3,
    Draft,
    Ref,
    key_info_text,
    plain_envelope,
)
from notigateway.pki.keys import KeyPair
from pki import NOW, pki


def zeep_envelope(
    pair: KeyPair, content: str = PING, now: datetime = NOW, *, sign: Callable[..., object] | None = None
) -> bytes:
    """Let zeep sign, as its documentation says: Signature, then token, then the user's Timestamp.

    `sign` is zeep's `BinarySignature` unless it is that of its `Signature`, with X509Data.
    """
    root = etree.fromstring(plain_envelope(content, f'<wsse:Security xmlns:wsse="{WSSE}"/>'))
    security = root[0][0]
    timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
    etree.SubElement(timestamp, f"{{{WSU}}}Created").text = now.isoformat()
    etree.SubElement(timestamp, f"{{{WSU}}}Expires").text = (now + timedelta(minutes=10)).isoformat()
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate = pair.certificate.public_bytes(Encoding.PEM)
    rsa = not isinstance(pair.key, ec.EllipticCurvePrivateKey)
    constants = xmlsec.constants
    method = constants.TransformRsaSha256 if rsa else constants.TransformEcdsaSha256
    sign_key = _make_sign_key(key, certificate, None)  # type: ignore[no-untyped-call]
    (sign or _sign_envelope_with_key_binary)(root, sign_key, method, constants.TransformSha256)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def node_soap(pair: KeyPair, content: str = PING, *, id_mode: str = "Id") -> Draft:
    """node-soap's WSSecurityCert: unqualified Id, enveloped-signature first, whole seconds."""
    return Draft(
        pair=pair,
        content=content,
        id_attribute=id_mode,
        ids={"Body": "_0", "Timestamp": "_1", "Token": "x509-4cd5"},
        order=("Token", "Timestamp", "Signature"),
        created=NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        expires=(NOW + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        references=(Ref("Body", transforms=(ENVELOPED, EC)), Ref("Timestamp", transforms=(ENVELOPED, EC))),
    )


def node_soap_with_algorithm(pair: KeyPair, content: str = PING) -> Draft:
    """node-soap with the option signatureAlgorithm: the Body without enveloped-signature."""
    return replace(
        node_soap(pair, content), references=(Ref("Body"), Ref("Timestamp", transforms=(ENVELOPED, EC)))
    )


def wse_php(pair: KeyPair, content: str = PING) -> Draft:
    """wse-php: Timestamp on top, Signature before the token, every child of Security signed."""
    return Draft(
        pair=pair,
        content=content,
        ids={"Body": "pfx1", "Timestamp": "pfx2", "Token": "pfx3"},
        order=("Timestamp", "Signature", "Token"),
        references=(Ref("Token"), Ref("Timestamp"), Ref("Body")),
    )


def cxf(pair: KeyPair, content: str = PING) -> Draft:
    """CXF from a policy: token and Timestamp signed too, InclusiveNamespaces everywhere."""
    return Draft(
        pair=pair,
        content=content,
        ids={"Body": "_c1", "Timestamp": "TS-c2", "Token": "X509-c3"},
        order=("Token", "Timestamp", "Signature"),
        root_attributes='xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns="urn:default"',
        c14n_prefixes="soap",
        references=(
            Ref("Timestamp", prefixes="wsse soap"),
            Ref("Body", prefixes="#default  xsd\t"),
            Ref("Token", prefixes="soap"),
        ),
    )


def wcf(
    pair: KeyPair,
    content: str = PING,
    *,
    to: str = "http://127.0.0.1:8080/notigateway/v1",
    action: str = "urn:notigateway:v1:Ping",
) -> Draft:
    """.NET Framework with WS-Addressing: its prefixes, Strict layout, `_0` and `uuid-…` ids, 8 references."""
    addressing = {
        "Action": action,
        "MessageID": "urn:uuid:8f7c6f4e-2f10-4e6c-9f7a-0b7a3f5a1d11",
        "ReplyTo": "<a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address>",
        "From": "<a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address>",
        "To": to,
    }
    must = {"Action", "To"}
    return Draft(
        pair=pair,
        content=content,
        prefixes={"soap": "s", "wsse": "o", "wsu": "u"},
        ids={"Body": "_0", "Timestamp": "uuid-1f-1", "Token": "uuid-1f-2"},
        root_attributes='xmlns:a="http://www.w3.org/2005/08/addressing"',
        header_before="".join(
            f'<a:{name} soap:mustUnderstand="{int(name in must)}" wsu:Id="_{number}">{value}</a:{name}>'
            for number, (name, value) in enumerate(addressing.items(), 1)
        ),
        references=(
            Ref("Body"),
            *(Ref(f"_{number}") for number in range(1, len(addressing) + 1)),
            Ref("Timestamp"),
            Ref("Token"),
        ),
    )


def pki_path(pair: KeyPair, content: str = PING) -> Draft:
    """SoapUI, with its key identifier "Binary Security Token" and a path in it."""
    path = der_sequence(pki().issuing.certificate, pair.certificate)
    kind = f"{X509_PROFILE}#X509PKIPathv1"
    return Draft(
        pair=pair,
        content=content,
        token_text=base64.b64encode(path).decode(),
        token_attributes=f'EncodingType="{BASE64}" ValueType="{kind}"',
        key_info=key_info_text(f'<wsse:Reference URI="#x509-1" ValueType="{kind}"/>'),
    )


def by_name(pair: KeyPair, key_info: str, content: str = PING) -> Draft:
    """A message without a token: KeyInfo names a certificate that the service knows."""
    return Draft(pair=pair, content=content, token="", key_info=key_info)


def cxf_action(pair: KeyPair, content: str = PING) -> Draft:
    """CXF in action mode, as WSS4J does by default: IssuerSerial, InclusiveNamespaces everywhere."""
    return replace(
        by_name(pair, issuer_serial_text(pair), content),
        ids={"Body": "id-1f", "Timestamp": "TS-2f"},
        order=("Signature", "Timestamp"),
        root_attributes='xmlns="urn:default" xmlns:xsd="http://www.w3.org/2001/XMLSchema"',
        c14n_prefixes="soap",
        references=(Ref("Body", prefixes="#default xsd"), Ref("Timestamp", prefixes="wsse soap #default")),
    )


def issuer_serial_text(pair: KeyPair, name: str | None = None, serial: str | None = None) -> str:
    """Return KeyInfo with X509IssuerSerial, the name as Java and xmlsec write it unless given."""
    certificate = pair.certificate
    return key_info_text(
        f"<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>"
        f"{escape(certificate.issuer.rfc4514_string()) if name is None else escape(name)}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number if serial is None else serial}"
        "</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
    )


def key_identifier_text(octets: bytes, kind: str) -> str:
    """Return KeyInfo with a KeyIdentifier of that kind."""
    return key_info_text(
        f'<wsse:KeyIdentifier EncodingType="{BASE64}" ValueType="{kind}">'
        f"{base64.b64encode(octets).decode()}</wsse:KeyIdentifier>"
    )


def ski_text(pair: KeyPair) -> str:
    """Return KeyInfo with the certificate's subject key identifier."""
    digest = x509.SubjectKeyIdentifier.from_public_key(pair.certificate.public_key()).digest
    return key_identifier_text(digest, f"{X509_PROFILE}#X509SubjectKeyIdentifier")


def thumbprint_text(pair: KeyPair) -> str:
    """Return KeyInfo with the SHA-1 of the certificate."""
    return key_identifier_text(pair.certificate.fingerprint(hashes.SHA1()), THUMBPRINT)  # noqa: S303


def der_sequence(*certificates: x509.Certificate) -> bytes:
    """Return the DER of a SEQUENCE OF Certificate."""
    content = b"".join(one.public_bytes(Encoding.DER) for one in certificates)
    return b"\x30\x83" + len(content).to_bytes(3) + content


def pkcs7_bytes(*certificates: x509.Certificate) -> bytes:
    """Return a PKCS #7 that holds certificates only."""
    return pkcs7.serialize_certificates(list(certificates), Encoding.DER)


def certificate_text(certificate: x509.Certificate) -> str:
    """Return X509Certificate."""
    text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return f"<ds:X509Certificate>{text}</ds:X509Certificate>"


def subject_text(pair: KeyPair, name: str | None = None) -> str:
    """Return X509SubjectName, as Java and xmlsec write it unless given."""
    written = pair.certificate.subject.rfc4514_string() if name is None else name
    return f"<ds:X509SubjectName>{escape(written)}</ds:X509SubjectName>"


def x509_data(pair: KeyPair, *children: str, content: str = PING) -> Draft:
    """A message whose X509Data has these children, in a SecurityTokenReference."""
    return by_name(pair, key_info_text(f"<ds:X509Data>{''.join(children)}</ds:X509Data>"), content)


def path_text(pair: KeyPair) -> str:
    """Return KeyInfo with the whole path of a certificate of the issuing CA."""
    path = (pair, pki().issuing, pki().root)
    texts = "".join(certificate_text(one.certificate) for one in path)
    return key_info_text(f"<ds:X509Data>{texts}</ds:X509Data>")


def with_path(pair: KeyPair, *, content: str = PING) -> Draft:
    """Java's and .NET's X509Data with the whole path, and the subject's name before it."""
    path = (pair, pki().issuing, pki().root)
    texts = (certificate_text(one.certificate) for one in path)
    return x509_data(pair, subject_text(pair), *texts, content=content)


CLIENT_SHAPES: dict[str, Callable[[KeyPair], bytes]] = {
    "zeep": zeep_envelope,
    "zeep-signature": lambda pair: zeep_envelope(pair, sign=_sign_envelope_with_key),
    "node-soap": lambda pair: node_soap(pair).build(),
    "node-soap-wsu": lambda pair: node_soap(pair, id_mode="wsu:Id").build(),
    "wse-php": lambda pair: wse_php(pair).build(),
    "cxf": lambda pair: cxf(pair).build(),
    "wcf": lambda pair: wcf(pair).build(),
    "node-soap-algorithm": lambda pair: node_soap_with_algorithm(pair).build(),
    "soapui-path": lambda pair: pki_path(pair).build(),
    "pkcs7": lambda pair: Draft(
        pair=pair,
        token_text=base64.b64encode(pkcs7_bytes(pair.certificate, pki().issuing.certificate)).decode(),
        token_attributes=f'ValueType="{X509_PROFILE}#PKCS7"',
        key_info=key_info_text('<wsse:Reference URI="#x509-1"/>'),
    ).build(),
    "embedded-key-identifier": lambda pair: by_name(
        pair, key_identifier_text(pair.certificate.public_bytes(Encoding.DER), X509V3)
    ).build(),
    "soap12": lambda pair: Draft(pair=pair, soap_namespace=SOAP12).build(),
    "soap12-wcf": lambda pair: replace(wcf(pair), soap_namespace=SOAP12).build(),
    "pretty": lambda pair: Draft(pair=pair, pretty=True).build(),
    "x509-data-path": lambda pair: with_path(pair).build(),
    "us-ascii": lambda pair: (
        Draft(pair=pair, prolog="")
        .build()
        .replace(b"<soap:Envelope", b'<?xml version="1.0" encoding="US-ASCII"?><soap:Envelope', 1)
    ),
}

# The same of clients that name a certificate instead of sending it: it must be registered.
NAMING_SHAPES: dict[str, Callable[[KeyPair], bytes]] = {
    "cxf-action": lambda pair: cxf_action(pair).build(),
    "ski": lambda pair: by_name(pair, ski_text(pair)).build(),
    "thumbprint": lambda pair: by_name(pair, thumbprint_text(pair)).build(),
}
