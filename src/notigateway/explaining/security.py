"""What stands where it does not belong in the Security header and its Signature; all of it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.explaining.cause import Cause, Known
from notigateway.explaining.structure import blocks_of, local_name, named, seen, version_of
from notigateway.wss.envelope import is_for_us
from notigateway.wss.ns import DS, WSSE, WSU, XENC, ds, namespace_of, wsse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from notigateway.explaining.sight import Sight
    from notigateway.explaining.structure import Finding

_SIGNATURE: Final = ["SignedInfo", "SignatureValue", "KeyInfo"]
_SPACE: Final = " \t\r\n"
_READ_IN_SECURITY: Final = frozenset(
    {"Timestamp", "BinarySecurityToken", "Signature", "SecurityTokenReference", "UsernameToken",
     "SignatureConfirmation"}
)  # fmt: skip


_RIGHT_NAMESPACES: Final = {
    "Timestamp": {WSU},
    "Signature": {DS},
    "BinarySecurityToken": {WSSE},
    "UsernameToken": {WSSE},
    "SecurityTokenReference": {WSSE},
}


def _ours(root: _Element) -> list[_Element]:
    return [
        one for one in blocks_of(root) if one.tag == wsse("Security") and is_for_us(one, version_of(root))
    ]


def _no_header(root: _Element) -> Iterator[str]:
    if not named(root, "Header"):
        yield ""


def _no_security(root: _Element) -> Iterator[str]:
    if named(root, "Header") and not any(local_name(one) == "Security" for one in blocks_of(root)):
        yield ""


def _old_security(root: _Element) -> Iterator[str]:
    for block in blocks_of(root):
        if local_name(block) == "Security" and block.tag != wsse("Security"):
            yield f"{namespace_of(str(block.tag))[:100]!r} instead of {WSSE}"


def _other_actor(root: _Element) -> Iterator[str]:
    found = [one for one in blocks_of(root) if one.tag == wsse("Security")]
    if found and not _ours(root):
        yield repr((found[0].get(version_of(root).actor) or "")[:100])


def _two_security(root: _Element) -> Iterator[str]:
    if len(_ours(root)) > 1:
        yield f"{len(_ours(root))}"


def _signature_beside(root: _Element) -> Iterator[str]:
    for block in blocks_of(root):
        if block.tag == ds("Signature"):
            yield "in the Header itself"
    for body in named(root, "Body"):
        if any(True for _ in body.iter(ds("Signature"))) and not any(
            one.find(ds("Signature")) is not None for one in _ours(root)
        ):
            yield "in the Body"


def _user_alone(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        if security.find(wsse("UsernameToken")) is not None and security.find(ds("Signature")) is None:
            yield ""


def _unsigned(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        signed = any(True for _ in root.iter(ds("Signature")))
        if security.find(wsse("UsernameToken")) is None and not signed:
            yield ", ".join(local_name(child) for child in security) or "it is empty"


def _signed_twice(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        if len(security.findall(ds("Signature"))) > 1:
            yield f"{len(security.findall(ds('Signature')))}"


def _signature_children(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        for signature in security.findall(ds("Signature")):
            names = [local_name(child) for child in signature]
            if names != _SIGNATURE:
                yield ", ".join(names[:6]) or "nothing"


def _signed_info_children(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        for info in security.iterfind(f"{ds('Signature')}/{ds('SignedInfo')}"):
            names = [local_name(child) for child in info]
            if names[:2] != ["CanonicalizationMethod", "SignatureMethod"] or set(names[2:]) != {"Reference"}:
                yield ", ".join(names[:6]) or "nothing"


def _saml(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        for child in security:
            if (
                isinstance(child.tag, str)
                and namespace_of(child.tag) not in {WSSE, WSU, DS, XENC}
                and (local_name(child) not in _READ_IN_SECURITY)
            ):
                yield local_name(child)[:60]


def _encrypted(root: _Element) -> Iterator[str]:
    for found in root.iter(f"{{{XENC}}}*"):
        yield local_name(found)
        return


def _unknown_child(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        for child in security:
            if namespace_of(str(child.tag)) in {WSSE, WSU, DS} and local_name(child) not in _READ_IN_SECURITY:
                yield local_name(child)[:60]


def _child_namespace(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        for child in security:
            local, namespace = local_name(child), namespace_of(str(child.tag))
            right = _RIGHT_NAMESPACES.get(local, {namespace})
            if namespace not in right:
                yield f"{local} is in {namespace[:100]!r}"


def _text_inside(root: _Element) -> Iterator[str]:
    for security in _ours(root):
        for element in security.iter():
            if len(element):
                texts = [element.text, *(child.tail for child in element)]
                yield from (f"in {local_name(element)}" for text in texts if text and text.strip(_SPACE))


def _same_part_twice(root: _Element) -> Iterator[str]:
    for info in (one for security in _ours(root) for one in security.iter(ds("SignedInfo"))):
        found = [one.get("URI", "") for one in info.iter(ds("Reference"))]
        yield from (repr(uri[:60]) for uri in dict.fromkeys(found) if found.count(uri) > 1)


SECURITY: Final[tuple[Finding, ...]] = (
    Known("no-header", "the message has no Header: WS-Security is not switched on", "sign the message",
          _no_header),
    Known("no-security", "the Header holds no Security: WS-Security is not switched on", "sign the message",
          _no_security),
    Known("security-namespace", "Security is in another namespace", "use that of WSS 1.0", _old_security),
    Known("security-for-another", "the Security header is addressed to another actor",
          "leave actor or role out",
          _other_actor),
    Known("two-security-headers", "there are two Security headers for this service",
          "put everything into one",
          _two_security),
    Known("signature-beside-security", "the Signature stands outside the Security header",
          "put it into Security",
          _signature_beside),
    Known("user-name-alone", "the client sends a user name and does not sign", "sign with the certificate",
          _user_alone),
    Known("unsigned", "Security holds no Signature", "sign the Body and the Timestamp", _unsigned),
    Known("signed-twice", "there are several Signatures: two places of the client sign", "sign once",
          _signed_twice),
    Known("signature-children", "Signature holds something else than SignedInfo, SignatureValue and KeyInfo",
          "write these three in this order, without ds:Object", _signature_children),
    Known("signed-info-children", "SignedInfo does not hold its two methods and then references",
          "write CanonicalizationMethod, SignatureMethod, Reference", _signed_info_children),
    Known("foreign-token", "Security holds a token that is not read, such as SAML", "send an X.509 token",
          _saml),
    Known("encrypted", "something is encrypted", "sign only: TLS encrypts", _encrypted),
    Known("security-child", "Security holds an element that is not known there", "leave it out",
          _unknown_child),
    Known("security-child-namespace", "a child of Security is in another namespace than it has in WSS",
          "use the namespace of WSS 1.0", _child_namespace),
    Known("text-in-security", "text stands between the elements of Security", "leave it out", _text_inside),
    Known("part-referenced-twice", "two references name one part", "sign each part once", _same_part_twice),
)  # fmt: skip


def security_causes(sight: Sight) -> Iterator[Cause]:
    """Tell what is wrong with the structure of the Security header."""
    yield from seen(SECURITY, sight)


def namespace_causes(sight: Sight) -> Iterator[Cause]:
    """Tell whether a Security header that must be understood is one of another namespace."""
    yield from seen(tuple(one for one in SECURITY if one.how is _old_security), sight)


def encryption_causes(sight: Sight) -> Iterator[Cause]:
    """Tell what is encrypted, since the error for it says nothing on purpose."""
    yield from seen(tuple(one for one in SECURITY if one.how is _encrypted), sight)
