"""Mistakes that clients make, each made from a right request of several client shapes.

`MISTAKES` is the corpus of `notigateway explain`: for each the name of the cause that must be told, and of
those that may be told beside it because they are as true. `made` applies one or several to a shape.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from client_shapes import cxf, node_soap, wcf, wse_php
from envelopes import (
    BASE64,
    DS,
    NS,
    WSU,
    X509V3,
    Draft,
    Ref,
    exclusive,
    key_info_text,
)
from explained import PUBLIC_URL
from notigateway.explaining.way import Way
from notigateway.soap.served import SERVED
from pki import NOW, pki

if TYPE_CHECKING:
    from collections.abc import Callable

    from envelopes import Parts
    from notigateway.pki.keys import KeyPair

V1: Final = "urn:notigateway:v1"
ID: Final = "0198e3a0-0000-7000-8000-000000000001"
LIST: Final = (
    f'<n:ListNotifications xmlns:n="{V1}"><n:filter><n:state>available</n:state></n:filter>'
    "<n:pageSize>10</n:pageSize></n:ListNotifications>"
)
RETRIEVE: Final = f'<n:RetrieveNotifications xmlns:n="{V1}"><n:id>{ID}</n:id></n:RetrieveNotifications>'


def zeep(pair: KeyPair, content: str) -> Draft:
    """Return what zeep writes, as a draft: Signature, token, Timestamp."""
    return Draft(pair=pair, content=content, order=("Signature", "Token", "Timestamp"))


# As `client_shapes` has them; each can be made wrong.
SHAPES: Final[dict[str, Callable[[KeyPair, str], Draft]]] = {
    "zeep": zeep,
    "cxf": cxf,
    "node-soap": node_soap,
    "wcf": lambda pair, content: wcf(pair, content, action=f"{V1}:{content.partition(':')[2].split()[0]}"),
    "php": wse_php,
}


@dataclass(frozen=True)
class Mistake:
    """A mistake: `before` changes the draft, `after` the bytes; `cause` is what must be told of it."""

    cause: str
    before: Callable[[Draft], Draft] = field(default=lambda draft: draft)
    after: Callable[[bytes], bytes] = field(default=lambda data: data)
    also: frozenset[str] = frozenset()
    shapes: tuple[str, ...] = tuple(SHAPES)
    content: str = LIST
    is_sure: bool = False
    content_type: str = "text/xml; charset=utf-8"
    action: str = ""
    contract: str = ""

    @property
    def way(self) -> Way:
        """Return where it is sent, with its HTTP headers."""
        return Way(public_url=PUBLIC_URL, served=SERVED.get(self.contract), content_type=self.content_type,
                   action=self.action)  # fmt: skip


def made(*mistakes: Mistake, shape: str) -> bytes:
    """Return a request of that shape with these mistakes, in their order."""
    ec_key = any("ecdsa" in one.cause for one in mistakes)
    draft = SHAPES[shape](
        pki().ec_company if ec_key else pki().company_seal, mistakes[0].content if mistakes else LIST
    )
    for one in mistakes:
        draft = one.before(draft)
    data = draft.build()
    for one in mistakes:
        data = one.after(data)
    return data


# --- how ------------------------------------------------------------------------------------------


def field_of(**changes: object) -> Callable[[Draft], Draft]:
    return lambda draft: replace(draft, **changes)  # type: ignore[arg-type]


def swap(old: bytes, new: bytes, count: int = 1) -> Callable[[bytes], bytes]:
    def swap(data: bytes) -> bytes:
        assert old in data, old
        return data.replace(old, new, count)

    return swap


def exchanged(draft: Draft) -> Draft:
    """State the digest of the Body for the Timestamp, and that of the Timestamp for the Body."""
    values = [element.text or "" for element in draft.tree().iter(f"{{{DS}}}DigestValue")]
    stated = {one.part: value for one, value in zip(draft.references, values, strict=True)}
    stated["Body"], stated["Timestamp"] = stated["Timestamp"], stated["Body"]
    references = tuple(replace(one, digest_value=stated[one.part]) for one in draft.references)
    return replace(draft, references=references)


def digest_text(write: Callable[[str], str], part: str = "Body") -> Callable[[Draft], Draft]:
    """Write the right digest of a part otherwise."""

    def change(draft: Draft) -> Draft:
        tree = draft.tree()
        values = [element.text or "" for element in tree.iter(f"{{{DS}}}DigestValue")]
        references = tuple(
            replace(one, digest_value=write(value)) if one.part == part else one
            for one, value in zip(draft.references, values, strict=True)
        )
        return replace(draft, references=references)

    return change


def digested(
    make: Callable[[etree._Element, list[str]], bytes], name: str = "sha256"
) -> Callable[[Draft], Draft]:
    """State the digest of other octets than the Body's canonical form."""

    def change(draft: Draft) -> Draft:
        tree = draft.tree()
        body = next(child for child in tree if str(child.tag).endswith("}Body"))
        references = []
        for one in draft.references:
            if one.part == "Body":
                octets = make(body, (one.prefixes or "").split())
                value = base64.b64encode(hashlib.new(name, octets).digest()).decode()
                references.append(replace(one, digest_value=value))
            else:
                references.append(one)
        return replace(draft, references=tuple(references))

    return change


def value_text(write: Callable[[bytes], str]) -> Callable[[Draft], Draft]:
    """Write the right signature value otherwise."""

    def tamper(parts: Parts) -> None:
        element = parts.signature.find("ds:SignatureValue", NS)
        assert element is not None
        element.text = write(base64.b64decode(element.text or ""))

    return field_of(tamper=tamper)


def signed(sign: Callable[[Draft, bytes], bytes]) -> Callable[[Draft], Draft]:
    return lambda draft: replace(draft, sign=partial(sign, draft))


def token(text: Callable[[KeyPair], str], kind: str = X509V3) -> Callable[[Draft], Draft]:
    """Send another text as the token, with its ValueType in both places."""

    def change(draft: Draft) -> Draft:
        reference = f'<wsse:Reference URI="#{draft.id_of("Token")}" ValueType="{kind}"/>'
        return replace(
            draft,
            token_text=text(draft.pair),
            token_attributes=f'EncodingType="{BASE64}" ValueType="{kind}"',
            key_info=key_info_text(reference),
        )

    return change


def pem(pair: KeyPair) -> str:
    return pair.certificate.public_bytes(Encoding.PEM).decode()


def der(pair: KeyPair) -> bytes:
    return pair.certificate.public_bytes(Encoding.DER)


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def bag(pair: KeyPair) -> str:
    names = "    localKeyID: 01 02 03\n    friendlyName: sello\nsubject=CN = sello\n\nissuer=CN = ca\n\n"
    return f"Bag Attributes\n{names}{pem(pair)}"


def indented(data: bytes) -> bytes:
    root = etree.fromstring(data)
    etree.indent(root)
    return etree.tostring(root)


def minified(data: bytes) -> bytes:
    return etree.tostring(etree.fromstring(data, etree.XMLParser(remove_blank_text=True)))


def written(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="utf-8", with_tail=False)


def without_id(element: etree._Element, prefixes: list[str]) -> bytes:
    root = etree.fromstring(etree.tostring(element.getroottree()))
    body = next(child for child in root if str(child.tag).endswith("}Body"))
    for name in (f"{{{WSU}}}Id", "Id"):
        body.attrib.pop(name, None)
    return exclusive(body, prefixes)


def ids(**ids: str) -> Callable[[Draft], Draft]:
    return lambda draft: replace(draft, ids={**draft.ids, **ids})


def refs(change: Callable[[Ref], Ref | None]) -> Callable[[Draft], Draft]:
    def apply(draft: Draft) -> Draft:
        found = [change(one) for one in draft.references]
        return replace(draft, references=tuple(one for one in found if one is not None))

    return apply


def body_uri(write: Callable[[str], str]) -> Callable[[Draft], Draft]:
    def change(draft: Draft) -> Draft:
        uri = write(draft.id_of("Body"))
        return refs(lambda one: replace(one, uri=uri) if one.part == "Body" else one)(draft)

    return change


def time(text: str) -> Mistake:
    """Return the draft's change that writes Created so, and leaves Expires out."""
    return Mistake("", field_of(created=text, expires="", ttl=None))


def written_time(cause: str, text: str) -> Mistake:
    return replace(time(text), cause=cause)


def clock(cause: str, *also: str, hours: float) -> Mistake:
    at = NOW + timedelta(hours=hours)
    text = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return replace(time(text), cause=cause, also=frozenset({"clock-skew", "old-message", *also}))


def moved_signature(data: bytes) -> bytes:
    root = etree.fromstring(data)
    signature = next(root.iter(f"{{{DS}}}Signature"))
    security = signature.getparent()
    assert security is not None
    header = security.getparent()
    assert header is not None
    header.append(signature)
    return etree.tostring(root)


def signature_again(data: bytes) -> bytes:
    root = etree.fromstring(data)
    signature = next(root.iter(f"{{{DS}}}Signature"))
    security = signature.getparent()
    assert security is not None
    security.append(etree.fromstring(etree.tostring(signature).replace(b'Id="sig-1"', b'Id="sig-2"')))
    return etree.tostring(root)


def tree(change: Callable[[etree._Element], None]) -> Callable[[bytes], bytes]:
    def apply(data: bytes) -> bytes:
        root = etree.fromstring(data)
        change(root)
        return etree.tostring(root)

    return apply


def key_info_first(root: etree._Element) -> None:
    signature = next(root.iter(f"{{{DS}}}Signature"))
    signature.insert(1, signature[2])


def body_again(root: etree._Element) -> None:
    body = next(child for child in root if str(child.tag).endswith("}Body"))
    root.append(etree.Element(body.tag))


def header_last(root: etree._Element) -> None:
    root.append(root[0])


def operation_again(root: etree._Element) -> None:
    body = next(child for child in root if str(child.tag).endswith("}Body"))
    etree.SubElement(body, f"{{{V1}}}Ping")


def body_emptied(root: etree._Element) -> None:
    body = next(child for child in root if str(child.tag).endswith("}Body"))
    body.remove(body[0])


def body_as_text(root: etree._Element) -> None:
    body = next(child for child in root if str(child.tag).endswith("}Body"))
    body.text = etree.tostring(body[0], encoding="unicode", with_tail=False)
    body.remove(body[0])


def unwrapped(data: bytes) -> bytes:
    root = etree.fromstring(data)
    body = next(child for child in root if str(child.tag).endswith("}Body"))
    return etree.tostring(body[0], with_tail=False)


def user_token(draft: Draft) -> Draft:
    extra = '<wsse:UsernameToken wsu:Id="user-1"><wsse:Username>x</wsse:Username></wsse:UsernameToken>'
    return replace(draft, security_extra=extra, references=(*draft.references, Ref("user-1")))


def header(text: str) -> Callable[[Draft], Draft]:
    return lambda draft: replace(draft, header_after=draft.header_after + text)


def hex_of(value: str) -> str:
    return base64.b64decode(value).hex()


NOT_SIGNING_TOKEN: Final = ("zeep", "node-soap")
NO_LIST: Final = ("zeep", "node-soap", "wcf", "php")
UNQUALIFIED: Final = (
    f'<n:ListNotifications xmlns:n="{V1}"><filter><state>available</state></filter></n:ListNotifications>'
)
COMMENTED: Final = LIST.replace(">10<", "><!-- ten -->10<")
BROKEN_LINES: Final = LIST.replace("><n:pageSize", ">\n<n:pageSize")
