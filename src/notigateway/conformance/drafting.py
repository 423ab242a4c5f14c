"""Requests as anybody might send them: right ones, and each wrong in exactly one way.

A draft is written, changed by `before`, signed over the parts that are to be signed, and changed by `after`.
What it does not say otherwise is as the contract wants it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from lxml import etree

from notigateway.instants import instant_text
from notigateway.wss.canonical import canonical, inclusive
from notigateway.wss.ns import BASE64, DS, EXC_C14N, INC_C14N, WSA, WSSE, WSU, WSU_ID, X509V3, ds, wsse, wsu
from notigateway.wss.policy import DigestMethod, SignatureMethod
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

    from notigateway.wss.sign import Signer

_TTL: Final = timedelta(seconds=300)
_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


@dataclass(frozen=True, slots=True)
class Parts:
    """The elements of a draft that may be changed."""

    root: _Element
    header: _Element
    security: _Element
    timestamp: _Element
    token: _Element
    signature: _Element
    body: _Element

    def addressed(self, name: str) -> _Element:
        """Return a WS-Addressing header."""
        found = self.header.find(f"{{{WSA}}}{name}")
        assert found is not None  # noqa: S101  (the draft says that it has one)
        return found


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A request to be written and signed.

    `signs` names the parts that the signature covers: `Timestamp`, `Body`, `Token`, or a header of
    WS-Addressing. By default all of them but the token. `stated` puts another URI in the place of that of an
    algorithm (`c14n`, `method`, `digest`, `transform`), or of the first reference (`uri`), whose part stays
    signed.
    """

    content: bytes
    signer: Signer
    created: datetime
    ttl: timedelta = _TTL
    addressing: tuple[tuple[str, str], ...] = ()
    signs: tuple[str, ...] | None = None
    soap: SoapVersion = SoapVersion.V1_1
    method: SignatureMethod | None = None
    digest: DigestMethod = DigestMethod.SHA256
    c14n: str = EXC_C14N
    stated: dict[str, str] = field(default_factory=dict)
    header: str = ""
    before: Callable[[Parts], None] | None = None
    after: Callable[[Parts], None] | None = None

    def build(self) -> bytes:
        """Return the request as it is sent."""
        return etree.tostring(self.tree(), encoding="UTF-8", xml_declaration=True)

    def tree(self) -> _Element:
        """Return the same as a tree."""
        root = etree.fromstring(self._text(secrets.token_hex(8)).encode(), _PARSER)
        parts = parts_of(root)
        if self.before is not None:
            self.before(parts)
        self._sign(parts)
        if self.after is not None:
            self.after(parts)
        return root

    # --- text

    def _text(self, mark: str) -> str:
        token = self.signer.token.decode()
        addressing = "".join(
            f'<wsa:{name} xmlns:wsa="{WSA}" wsu:Id="{name}{number}-{mark}">{escape(text)}</wsa:{name}>'
            for number, (name, text) in enumerate(self.addressing)
        )
        created, expires = instant_text(self.created), instant_text(self.created + self.ttl)
        return (
            f'<soap:Envelope xmlns:soap="{self.soap.value}" xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" '
            f'xmlns:ds="{DS}"><soap:Header>{self.header}<wsse:Security soap:mustUnderstand="1">'
            f'<wsu:Timestamp wsu:Id="TS-{mark}"><wsu:Created>{created}</wsu:Created>'
            f"<wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
            f'<wsse:BinarySecurityToken wsu:Id="X509-{mark}" EncodingType="{BASE64}" ValueType="{X509V3}">'
            f"{token}</wsse:BinarySecurityToken><ds:Signature><ds:SignedInfo/><ds:SignatureValue/>"
            f'<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#X509-{mark}" '
            f'ValueType="{X509V3}"/></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>'
            f"</wsse:Security>{addressing}</soap:Header>"
            f'<soap:Body wsu:Id="Body-{mark}">{self.content.decode()}</soap:Body></soap:Envelope>'
        )

    # --- signature

    def _sign(self, parts: Parts) -> None:
        method = self.method or self.signer.method
        info = etree.fromstring(self._signed_info(parts, method).encode(), _PARSER)
        parts.signature.replace(parts.signature[0], info)
        octets = (inclusive if self.c14n == INC_C14N else canonical)(parts.signature[0])
        parts.signature[1].text = base64.b64encode(self.signer.sign(octets, method)).decode()

    def _signed_info(self, parts: Parts, method: SignatureMethod) -> str:
        signed = self._signed(parts)
        references = "".join(self._reference(one, first=number == 0) for number, one in enumerate(signed))
        return (
            f'<ds:SignedInfo xmlns:ds="{DS}">'
            f'<ds:CanonicalizationMethod Algorithm="{self._said("c14n", self.c14n)}"/>'
            f'<ds:SignatureMethod Algorithm="{self._said("method", method.value)}"/>'
            f"{references}</ds:SignedInfo>"
        )

    def _signed(self, parts: Parts) -> list[_Element]:
        if self.signs is None:
            addressed = [one for one in parts.header.iterfind(f"{{{WSA}}}*") if one.get(WSU_ID)]
            return [parts.timestamp, *addressed, parts.body]
        named = {"Timestamp": parts.timestamp, "Body": parts.body, "Token": parts.token}
        return [named[name] if name in named else parts.addressed(name) for name in self.signs]

    def _reference(self, part: _Element, *, first: bool) -> str:
        digest = hashlib.new(self.digest.hash_name, canonical(part))
        uri = f"#{part.get(WSU_ID)}"
        if first:
            uri = self._said("uri", uri)
        return (
            f'<ds:Reference URI="{uri}"><ds:Transforms>'
            f'<ds:Transform Algorithm="{self._said("transform", EXC_C14N)}"/></ds:Transforms>'
            f'<ds:DigestMethod Algorithm="{self._said("digest", self.digest.value)}"/>'
            f"<ds:DigestValue>{base64.b64encode(digest.digest()).decode()}</ds:DigestValue></ds:Reference>"
        )

    def _said(self, what: str, uri: str) -> str:
        return self.stated.get(what, uri)


def parts_of(root: _Element) -> Parts:
    """Take a draft apart."""
    header, body = root[0], root[1]
    security = header.find(wsse("Security"))
    assert security is not None  # noqa: S101  (it was written above)
    found = [security.find(one) for one in (wsu("Timestamp"), wsse("BinarySecurityToken"), ds("Signature"))]
    timestamp, token, signature = (one for one in found if one is not None)
    return Parts(root, header, security, timestamp, token, signature, body)
