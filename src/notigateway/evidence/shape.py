"""The fixed shape of a seal: what must stand where, and nothing beside it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from signxml.algorithms import DigestAlgorithm

from notigateway.errors import ReceiptInvalidError
from notigateway.evidence.statement import only
from notigateway.evidence.template import XADES
from notigateway.wss.ns import ds, names_in

if TYPE_CHECKING:
    from lxml.etree import _Element

_xades: Final = names_in(XADES)
# A receipt of an act of a thousand documents has some ten thousand tags and a hundred attributes.
_MOST_TAGS: Final = 200_000
_MOST_ATTRIBUTES: Final = 5_000


def check_spelling(data: bytes) -> None:
    """Check what tells without a parser that bytes are no receipt: before one sees them.

    Canonical XML writes no DTD, entity, comment, CDATA or instruction. Attributes are counted since a parser
    compares each of an element with all others of it.

    Raises: `ReceiptInvalidError`.
    """
    if b"<!" in data or b"<?" in data:
        raise ReceiptInvalidError("the receipt is not in canonical form")
    check_most(data)


def check_most(data: bytes) -> None:
    """Check that bytes have no more tags and attributes than a receipt. Raises: `ReceiptInvalidError`."""
    if data.count(b"<") > _MOST_TAGS or data.count(b"=") > _MOST_ATTRIBUTES:
        raise ReceiptInvalidError("the receipt has more elements or attributes than any")


def children(element: _Element, *tags: str) -> list[_Element]:
    """Return the children if they are exactly these, with no text between them."""
    found = list(element)
    if [child.tag for child in found] != list(tags) or element.text or any(c.tail for c in found):
        raise ReceiptInvalidError("the seal does not have the structure of the profile")
    return found


def check_attributes(element: _Element, *names: str) -> None:
    """Check that the element has these attributes and no other. Raises: `ReceiptInvalidError`."""
    if set(element.attrib) != set(names):
        raise ReceiptInvalidError("the seal does not have the attributes of the profile")


def is_algorithm(element: _Element, tag: str, uri: str | None = None) -> bool:
    """Tell whether the element names an algorithm and nothing besides."""
    named = element.tag == tag and set(element.attrib) == {"Algorithm"} and len(element) == 0
    return named and (uri is None or element.get("Algorithm") == uri)


def property_of(signed_properties: _Element, *path: str) -> _Element:
    """Return a signed property. Raises: `ValueError` where there is none or a second one."""
    element = only(signed_properties, _xades("SignedSignatureProperties"))
    for name in path:
        element = only(element, _xades(name))
    return element


def digest_at(signed_properties: _Element, *path: str) -> str:
    """Return the digest that a signed property states. Raises: `ReceiptInvalidError`, `ValueError`."""
    element = property_of(signed_properties, *path)
    method, value = only(element, ds("DigestMethod")), only(element, ds("DigestValue"))
    if not is_algorithm(method, ds("DigestMethod"), DigestAlgorithm.SHA256.value):
        raise ReceiptInvalidError("the digests must be SHA-256")
    return base64.b64decode(value.text or "").hex()
