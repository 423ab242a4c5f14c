"""Requests as real clients write and sign them: by zeep itself, and after the others' sources."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import xmlsec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from zeep.wsse.signature import _make_sign_key, _sign_envelope_with_key_binary

from envelopes import EC, ENVELOPED, PING, WSSE, WSU, Draft, Ref, plain_envelope
from notigateway.pki.keys import KeyPair
from pki import NOW


def zeep_envelope(pair: KeyPair, content: str = PING, now: datetime = NOW) -> bytes:
    """Let zeep sign, as its documentation says: Signature, then token, then the user's Timestamp."""
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
    _sign_envelope_with_key_binary(  # type: ignore[no-untyped-call]
        root, sign_key, method, constants.TransformSha256
    )
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


def wcf(pair: KeyPair, content: str = PING) -> Draft:
    """.NET Framework: its prefixes, Strict layout, `_0` and `uuid-…` ids, unknown blocks signed."""
    addressing = "http://www.w3.org/2005/08/addressing"
    return Draft(
        pair=pair,
        content=content,
        prefixes={"soap": "s", "wsse": "o", "wsu": "u"},
        ids={"Body": "_2", "Timestamp": "uuid-1f-1", "Token": "uuid-1f-2"},
        header_before=(
            f'<a:To u:Id="_3" xmlns:a="{addressing}" xmlns:u="{WSU}">http://127.0.0.1/</a:To>'
            f'<a:Action u:Id="_4" xmlns:a="{addressing}" xmlns:u="{WSU}">Ping</a:Action>'
        ),
        references=(Ref("Body"), Ref("_3"), Ref("_4"), Ref("Timestamp")),
    )


CLIENT_SHAPES: dict[str, Callable[[KeyPair], bytes]] = {
    "zeep": zeep_envelope,
    "node-soap": lambda pair: node_soap(pair).build(),
    "node-soap-wsu": lambda pair: node_soap(pair, id_mode="wsu:Id").build(),
    "wse-php": lambda pair: wse_php(pair).build(),
    "cxf": lambda pair: cxf(pair).build(),
    "wcf": lambda pair: wcf(pair).build(),
    "pretty": lambda pair: Draft(pair=pair, pretty=True).build(),
}
