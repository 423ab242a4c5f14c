"""From references to elements: by identity, among the few that may be signed.

A name is never looked up in the document. The parts that may be signed are known by their place
(Body, Timestamp, tokens, blocks of the Header); a reference can only choose among them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.errors import (
    DuplicateIdError,
    NotSignedError,
    SecurityHeaderInvalidError,
    SignatureReferenceError,
)
from notigateway.wss.envelope import must_be_understood
from notigateway.wss.ns import WSA, WSU_ID, namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lxml.etree import _Element

    from notigateway.wss.envelope import Envelope
    from notigateway.wss.header import SecurityHeader
    from notigateway.wss.policy import Expectations
    from notigateway.wss.signed_info import Reference

# "#" and an NCName (Namespaces in XML §3, without its rarest letters): no XPointer, no scheme,
# no path, no percent escapes, not empty.
_SAME_DOCUMENT: Final = re.compile(r"#([^\W\d][\w.\-]{0,255})")

_PARTS: Final = frozenset({"Body", "Timestamp", "BinarySecurityToken"})
# WS-Addressing 1.0, core, §3.2; a reference parameter is whatever its owner calls it.
_ADDRESSING: Final = frozenset({"To", "From", "ReplyTo", "FaultTo", "Action", "MessageID", "RelatesTo"})
# Everything that some software takes for an id: local name Id or ID in any namespace, and xml:id.
# Lower-case `id` without a namespace is business content: nothing in SOAP or WS-Security reads it.
_ID_LIKE: Final = etree.XPath("//@*[local-name()='Id' or local-name()='ID' or name()='xml:id']")


def signable_parts(envelope: Envelope, header: SecurityHeader) -> dict[str, _Element]:
    """Return the parts that may be signed, by each of their ids (wsu:Id and unqualified Id).

    Raises: `DuplicateIdError` when any id-like value stands on two elements of the document.
    """
    _check_unique_ids(envelope.root)
    blocks = envelope.header if envelope.header is not None else ()
    parts = [envelope.body, *header.tokens, *header.confirmations]
    parts.extend(block for block in blocks if block is not header.security)
    if header.timestamp is not None:
        parts.append(header.timestamp)
    return {name: part for part in parts for name in _names(part)}


def _names(part: _Element) -> Iterable[str]:
    return (value for value in (part.get(WSU_ID), part.get("Id")) if value is not None)


def _check_unique_ids(root: _Element) -> None:
    owners: dict[str, _Element] = {}
    for value in _ID_LIKE(root):
        owner = value.getparent()
        # one element may carry the same value as wsu:Id and as Id
        if owners.setdefault(str(value), owner) is not owner:
            raise DuplicateIdError


def resolve(references: Sequence[Reference], parts: dict[str, _Element]) -> list[_Element]:
    """Return the element of each reference, in their order; no element twice.

    Raises: `SignatureReferenceError` for a reference to anything else than a part that may be
    signed; `SecurityHeaderInvalidError` for two references to one part.
    """
    targets: list[_Element] = []
    for number, reference in enumerate(references, start=1):
        target = find_part(reference.uri, parts)
        if target is None:
            raise SignatureReferenceError(f"reference {number}", reference=number)
        if any(target is other for other in targets):
            raise SecurityHeaderInvalidError("two references to one part", reference=number)
        targets.append(target)
    return targets


def find_part(uri: str | None, parts: dict[str, _Element]) -> _Element | None:
    """Return the part that a same-document URI names, or None: also for every other kind of URI."""
    match = _SAME_DOCUMENT.fullmatch(uri or "")
    return parts.get(match[1]) if match else None


def part_facts(target: _Element) -> dict[str, str]:
    """Return the facts that name a part: `part`, and `header` for a header of WS-Addressing.

    Words of our own, all of them: the names of foreign headers are not repeated.
    """
    name = etree.QName(target)
    if name.localname in _PARTS:
        return {"part": name.localname}
    is_known = name.namespace == WSA and name.localname in _ADDRESSING
    return {"part": "header"} | ({"header": name.localname} if is_known else {})


def check_coverage(targets: Sequence[_Element], envelope: Envelope, header: SecurityHeader) -> None:
    """Check that the Body element itself and the Timestamp are among the signed elements.

    Raises: `NotSignedError` naming the part.
    """
    if not any(target is envelope.body for target in targets):
        raise NotSignedError("Body not signed", part="Body")
    if header.timestamp is not None and not any(target is header.timestamp for target in targets):
        raise NotSignedError("Timestamp not signed", part="Timestamp")


def check_addressing_coverage(
    targets: Sequence[_Element], envelope: Envelope, expectations: Expectations
) -> None:
    """Check that no WS-Addressing header would be ignored that must not be: unsigned ones are.

    Raises: `NotSignedError`.
    """
    for block in envelope.header if envelope.header is not None else ():
        if namespace_of(str(block.tag)) != WSA or any(block is target for target in targets):
            continue
        if expectations.signed_addressing or must_be_understood(block, envelope.soap):
            raise NotSignedError("WS-Addressing header not signed", **part_facts(block))
