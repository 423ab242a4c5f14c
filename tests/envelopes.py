"""Signed request envelopes with every defect one may want, made without our signer.

`Draft` writes the text of an envelope, canonicalises with lxml and signs with `cryptography`; every
part can be replaced, also by a wrong one. What the dataclass cannot say is done to the tree:
`prepare` before signing, `tamper` afterwards. The shapes of real clients are in `client_shapes`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from pki import NOW, pki

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_WSS}-wssecurity-secext-1.0.xsd"
WSU = f"{_WSS}-wssecurity-utility-1.0.xsd"
BASE64 = f"{_WSS}-soap-message-security-1.0#Base64Binary"
X509_PROFILE = f"{_WSS}-x509-token-profile-1.0"
X509V3 = f"{X509_PROFILE}#X509v3"
THUMBPRINT = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
DS = "http://www.w3.org/2000/09/xmldsig#"
EC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
RSA_SHA256 = f"{MORE}rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
NS = {"soap": SOAP, "wsse": WSSE, "wsu": WSU, "ds": DS, "ec": EC}

PING = '<n:Ping xmlns:n="urn:notigateway:v1"><n:text>hola</n:text></n:Ping>'

_DIGESTS = {
    SHA256: "sha256",
    f"{MORE}sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    f"{DS}sha1": "sha1",
}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def instant(at: datetime) -> str:
    """Write an instant as most stacks do: UTC with milliseconds and Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


@dataclass(frozen=True)
class Ref:
    """A ds:Reference: to Body, Timestamp, Token, or to the element with that wsu:Id."""

    part: str = "Body"
    uri: str | None = None
    transforms: tuple[str, ...] = (EC,)
    prefixes: str | None = None
    digest_method: str = SHA256
    digest_value: str | None = None


SIGN_BODY_AND_TIMESTAMP = (Ref("Body"), Ref("Timestamp"))


@dataclass(frozen=True)
class Parts:
    """The elements of an envelope that tests take apart."""

    root: etree._Element
    header: etree._Element
    security: etree._Element
    body: etree._Element
    signature: etree._Element
    timestamp: etree._Element | None
    token: etree._Element | None


@dataclass(kw_only=True)
class Draft:
    """A request envelope to be written and signed; every field may be wrong on purpose."""

    pair: KeyPair = field(default_factory=lambda: pki().company_seal)
    content: str = PING
    now: datetime = NOW
    ttl: timedelta | None = timedelta(seconds=300)
    references: tuple[Ref, ...] = SIGN_BODY_AND_TIMESTAMP
    order: tuple[str, ...] = ("Timestamp", "Token", "Signature")
    prefixes: dict[str, str] = field(default_factory=dict)
    id_attribute: str = "wsu:Id"
    ids: dict[str, str] = field(default_factory=dict)
    prolog: str = _DECLARATION
    soap_namespace: str = SOAP
    root_attributes: str = ""
    header_before: str = ""
    header_after: str = ""
    security_attributes: str = 'soap:mustUnderstand="1"'
    security_extra: str = ""
    timestamp: str | None = None
    created: str | None = None
    expires: str | None = None
    token: str | None = None
    token_attributes: str = f'EncodingType="{BASE64}" ValueType="{X509V3}"'
    token_text: str | None = None
    c14n: str = EC
    c14n_prefixes: str | None = None
    signature_method: str | None = None
    signature_method_content: str = ""
    signed_info_extra: str = ""
    signature_extra: str = ""
    key_info: str | None = None
    body_attributes: str = ""
    after_body: str = ""
    pretty: bool = False
    sign: Callable[[bytes], bytes] | None = None
    prepare: Callable[[Parts], None] | None = None
    tamper: Callable[[Parts], None] | None = None

    def build(self) -> bytes:
        """Return the signed envelope."""
        return etree.tostring(self.tree(), encoding="UTF-8", xml_declaration=self.prolog == _DECLARATION)

    def tree(self) -> etree._Element:
        """Return the signed envelope as the tree that `build` writes."""
        parser = etree.XMLParser(remove_blank_text=self.pretty, resolve_entities=False)
        root = etree.fromstring(self.text().encode(), parser)
        if self.pretty:
            etree.indent(root)
        root = etree.fromstring(etree.tostring(root))  # prefixes as a receiver would intern them
        if self.prepare:
            self.prepare(parts_of(root))
        self._digest(root)
        self._sign(root)
        if self.tamper:
            self.tamper(parts_of(root))
        return root

    # --- text

    def text(self) -> str:
        """Return the envelope before its digests and its signature are filled in."""
        pieces = {
            "Timestamp": self._timestamp_text(),
            "Token": self._token_text(),
            "Signature": self._signature_text(),
            "Extra": self.security_extra,
        }
        order = self.order if "Extra" in self.order else (*self.order, "Extra")
        text = (
            f'<soap:Envelope xmlns:soap="{self.soap_namespace}" xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" '
            f'xmlns:ds="{DS}" {self.root_attributes}><soap:Header>{self.header_before}'
            f"<wsse:Security {self.security_attributes}>{''.join(pieces[name] for name in order)}"
            f"</wsse:Security>{self.header_after}</soap:Header>"
            f"<soap:Body {self._id('Body')} {self.body_attributes}>{self.content}</soap:Body>"
            f"{self.after_body}</soap:Envelope>"
        )
        for usual, other in self.prefixes.items():
            text = text.replace(f"<{usual}:", f"<{other}:").replace(f"</{usual}:", f"</{other}:")
            text = text.replace(f"xmlns:{usual}=", f"xmlns:{other}=").replace(f" {usual}:", f" {other}:")
        return text

    def id_of(self, part: str) -> str:
        return self.ids.get(part, {"Body": "id-1", "Timestamp": "ts-1", "Token": "x509-1"}.get(part, part))

    def _id(self, part: str) -> str:
        # a token is named by wsu:Id in every stack, whatever the Body and the Timestamp have
        attribute = "wsu:Id" if part == "Token" else self.id_attribute
        return f'{attribute}="{self.id_of(part)}"' if self.id_of(part) else ""

    def _timestamp_text(self) -> str:
        if self.timestamp is not None:
            return self.timestamp
        created = self.created or instant(self.now)
        expires = self.expires or (instant(self.now + self.ttl) if self.ttl else None)
        until = f"<wsu:Expires>{expires}</wsu:Expires>" if expires else ""
        return (
            f"<wsu:Timestamp {self._id('Timestamp')}><wsu:Created>{created}</wsu:Created>{until}"
            "</wsu:Timestamp>"
        )

    def _token_text(self) -> str:
        if self.token is not None:
            return self.token
        der = self.pair.certificate.public_bytes(Encoding.DER)
        text = base64.b64encode(der).decode() if self.token_text is None else self.token_text
        return (
            f"<wsse:BinarySecurityToken {self._id('Token')} {self.token_attributes}>{text}"
            "</wsse:BinarySecurityToken>"
        )

    def _signature_text(self) -> str:
        references = "".join(self._reference_text(reference) for reference in self.references)
        key_info = self.key_info
        if key_info is None:
            key_info = key_info_text(f'<wsse:Reference URI="#{self.id_of("Token")}" ValueType="{X509V3}"/>')
        c14n = _method("CanonicalizationMethod", self.c14n, self.c14n_prefixes)
        return (
            f'<ds:Signature Id="sig-1"><ds:SignedInfo>{c14n}'
            f'<ds:SignatureMethod Algorithm="{self._method()}">{self.signature_method_content}'
            f"</ds:SignatureMethod>{references}{self.signed_info_extra}</ds:SignedInfo>"
            f"<ds:SignatureValue/>{key_info}{self.signature_extra}</ds:Signature>"
        )

    def _reference_text(self, reference: Ref) -> str:
        uri = f"#{self.id_of(reference.part)}" if reference.uri is None else reference.uri
        transforms = "".join(
            _method("Transform", algorithm, reference.prefixes if algorithm == EC else None)
            for algorithm in reference.transforms
        )
        wrapped = f"<ds:Transforms>{transforms}</ds:Transforms>" if reference.transforms else ""
        return (
            f'<ds:Reference URI="{uri}">{wrapped}<ds:DigestMethod Algorithm="{reference.digest_method}"/>'
            "<ds:DigestValue/></ds:Reference>"
        )

    def _method(self) -> str:
        if self.signature_method is not None:
            return self.signature_method
        return (
            RSA_SHA256 if not isinstance(self.pair.key, ec.EllipticCurvePrivateKey) else f"{MORE}ecdsa-sha256"
        )

    # --- digests and signature

    def _digest(self, root: etree._Element) -> None:
        written = root.findall(
            f".//{{{WSSE}}}Security/{{{DS}}}Signature/{{{DS}}}SignedInfo/{{{DS}}}Reference"
        )
        for reference, element in zip(self.references, written, strict=True):
            value = element.find(f"{{{DS}}}DigestValue")
            assert value is not None
            value.text = reference.digest_value or self._digest_value(root, reference)

    def _digest_value(self, root: etree._Element, reference: Ref) -> str:
        target = _find(root, reference.part, self.id_of(reference.part))
        if target is None:
            return base64.b64encode(bytes(32)).decode()
        octets = exclusive(target, (reference.prefixes or "").split())
        name = _DIGESTS.get(reference.digest_method, "sha256")
        return base64.b64encode(hashlib.new(name, octets).digest()).decode()

    def _sign(self, root: etree._Element) -> None:
        signature = root.find(f".//{{{WSSE}}}Security/{{{DS}}}Signature")
        assert signature is not None
        signed_info, value = signature[0], signature[1]
        octets = exclusive(signed_info, (self.c14n_prefixes or "").split())
        value.text = base64.b64encode((self.sign or self._value)(octets)).decode()

    def _value(self, octets: bytes) -> bytes:
        return signature_value(self.pair, self._method(), octets)


def signature_value(pair: KeyPair, method: str, octets: bytes) -> bytes:
    """Sign octets by the method of that URI; an unknown URI signs as rsa-sha256 does."""
    name = next((name for name in ("sha256", "sha384", "sha512", "sha1") if name in method), "sha256")
    algorithm: hashes.HashAlgorithm = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
        "sha1": hashes.SHA1(),  # noqa: S303  (what must be refused has to be made)
    }[name]
    if isinstance(pair.key, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(pair.key.sign(octets, ec.ECDSA(algorithm)))
        width = (pair.key.curve.key_size + 7) // 8
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")
    if "MGF1" in method:
        scheme: padding.AsymmetricPadding = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        return pair.key.sign(octets, scheme, algorithm)
    return pair.key.sign(octets, padding.PKCS1v15(), algorithm)


def exclusive(element: etree._Element, prefixes: list[str] | None = None) -> bytes:
    """Canonicalise as the builder's own; `#default` is made known to lxml by the HTML parser."""
    etree.fromstring("<p #default=''></p>", etree.HTMLParser())
    return etree.tostring(element, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes or None)


def key_info_text(reference: str) -> str:
    """Return KeyInfo with a SecurityTokenReference around that text."""
    return f"<ds:KeyInfo><wsse:SecurityTokenReference>{reference}</wsse:SecurityTokenReference></ds:KeyInfo>"


def parts_of(root: etree._Element) -> Parts:
    """Take an envelope apart; the first of each kind, where it usually stands."""
    header = next(child for child in root if etree.QName(child).localname == "Header")
    body = next(child for child in root if etree.QName(child).localname == "Body")
    security = next(child for child in header if child.tag == f"{{{WSSE}}}Security")
    signature = security.find(f"{{{DS}}}Signature")
    assert signature is not None
    return Parts(
        root=root,
        header=header,
        security=security,
        body=body,
        signature=signature,
        timestamp=security.find(f"{{{WSU}}}Timestamp"),
        token=security.find(f"{{{WSSE}}}BinarySecurityToken"),
    )


def _find(root: etree._Element, part: str, identifier: str) -> etree._Element | None:
    named = {"Body": "soap:Body", "Timestamp": "wsu:Timestamp", "Token": "wsse:BinarySecurityToken"}.get(part)
    path = f"//{named}" if named else "//*[@wsu:Id=$id or @Id=$id]"
    found = root.xpath(path, namespaces={**NS, "soap": etree.QName(root).namespace or SOAP}, id=identifier)
    return found[0] if found else None


def _method(name: str, algorithm: str, prefixes: str | None) -> str:
    inner = (
        f'<ec:InclusiveNamespaces xmlns:ec="{EC}" PrefixList="{prefixes}"/>' if prefixes is not None else ""
    )
    return f'<ds:{name} Algorithm="{algorithm}">{inner}</ds:{name}>'


def plain_envelope(content: str = PING, header: str = "") -> bytes:
    """Return an unsigned envelope."""
    return (
        f'{_DECLARATION}<soap:Envelope xmlns:soap="{SOAP}"><soap:Header>{header}</soap:Header>'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    ).encode()
