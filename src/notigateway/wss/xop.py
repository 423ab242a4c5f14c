"""XOP: what of an envelope travels beside it, put back where it belongs before anything is proven.

What is signed is the envelope with the base64 text in place of each `xop:Include` (XOP 1.0 §2, as WS-I BSP
and the stacks sign it). So a request is made whole first, and those bytes are what is verified, read and kept
as evidence: nobody who looks at them later needs to know that there were parts.
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from lxml import etree

from notigateway.errors import MimeInvalidError, TooLargeError
from notigateway.mime.media_type import XOP as XOP_TYPE
from notigateway.mime.media_type import Related, media_type
from notigateway.mime.parts import Bounds, PartHead, PartReader
from notigateway.wss.envelope import parse_xml
from notigateway.wss.ns import XOP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

    from notigateway.wss.policy import Limits

INCLUDE: Final = f"{{{XOP}}}Include"
_SCHEME: Final = "cid:"
_UTF8: Final = frozenset({"", "utf-8"})


class _Part(bytearray):
    """The bytes of a part; a file to who writes them."""

    write = bytearray.extend


def read_whole(data: bytes, related: Related, *, limits: Limits) -> bytes:
    """Return the envelope of a message in parts, whole.

    Raises: `MimeInvalidError`; what `parse_xml` raises; `TooLargeError` where it would be too large.
    """
    found: list[tuple[PartHead, _Part]] = []

    def begin(head: PartHead) -> _Part:
        found.append((head, _Part()))
        return found[-1][1]

    reader = PartReader(related.boundary, begin, bounds=Bounds())
    reader.add(data)
    reader.end()
    root = next((one for one in found if related.start in {None, one[0].content_id}), None)
    if root is None:
        raise MimeInvalidError("no part is the root", rule="start")
    check_root(root[0], related)
    others = [one for one in found if one is not root]
    if any(head.content_id is None for head, _ in others):
        raise MimeInvalidError("a part without Content-ID", rule="content-id")
    return _whole(bytes(root[1]), {str(head.content_id): part for head, part in others}, limits)


def check_root(head: PartHead, related: Related) -> None:
    """Check that the root says of itself what the message says of it (XOP 1.0 §4.1).

    Raises: `MimeInvalidError`.
    """
    said = media_type(head.content_type)
    is_same = media_type(said.get("type")).name == related.start_info.name
    if said.name != XOP_TYPE or not is_same or said.get("charset").lower() not in _UTF8:
        raise MimeInvalidError("the root's Content-Type", rule="root-content-type")


def included(element: _Element) -> str:
    """Return the Content-ID to which an `xop:Include` points (RFC 2392), and it alone stands there.

    Raises: `MimeInvalidError`.
    """
    parent, href = element.getparent(), element.get("href", "")
    if parent is None or len(parent) > 1 or f"{parent.text or ''}{element.tail or ''}".strip(" \t\r\n"):
        raise MimeInvalidError("xop:Include beside other content", rule="include-alone")
    if len(element) or element.text or set(element.attrib) != {"href"} or href[:4].lower() != _SCHEME:
        raise MimeInvalidError("xop:Include points elsewhere", rule="include-href")
    try:
        return unquote(href[len(_SCHEME) :], errors="strict")
    except UnicodeDecodeError as error:
        raise MimeInvalidError("an escape that is none", rule="include-href") from error


def pointed_at(root: _Element) -> dict[str, _Element]:
    """Return each `xop:Include` by the part that it points to. Raises: `MimeInvalidError`."""
    pointing: dict[str, _Element] = {}
    for element in root.iter(INCLUDE):
        if pointing.setdefault(included(element), element) is not element:
            raise MimeInvalidError("two xop:Include of one part", rule="part-twice")
    return pointing


def check_same(pointing: Mapping[str, object], parts: Mapping[str, object]) -> None:
    """Check that there is a part for each Include, and the other way round. Raises: `MimeInvalidError`."""
    if pointing.keys() - parts.keys():
        raise MimeInvalidError("a part is missing", rule="part-missing")
    if parts.keys() - pointing.keys():
        raise MimeInvalidError("nothing points to a part", rule="part-unused")


def _whole(root: bytes, parts: Mapping[str, _Part], limits: Limits) -> bytes:
    size = len(root) + sum(4 * (len(part) + 2) // 3 for part in parts.values())
    if size > limits.request_max_bytes:
        raise TooLargeError(limit_bytes=limits.request_max_bytes)
    tree = parse_xml(root, limits=limits)
    pointing = pointed_at(tree)
    check_same(pointing, parts)
    if not pointing:
        return root
    for content_id, element in pointing.items():
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
            parent.text = b2a_base64(parts[content_id], newline=False).decode("ascii")
    return etree.tostring(tree, encoding="utf-8", xml_declaration=True)
