"""References that point to nothing: ids that no NCName allows, other attributes, URIs without `#`.

Where the element that was meant has the digest that the reference states, the cause is sure.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.errors import CanonicalFormError
from notigateway.explaining.cause import Cause, Certainty, Known
from notigateway.wss.canonical import canonical
from notigateway.wss.header import decode_base64
from notigateway.wss.ns import WSU_ID, wsse
from notigateway.wss.references import find_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from notigateway.explaining.sight import Sight
    from notigateway.wss.signed_info import Reference

_NCNAME: Final = re.compile(r"[^\W\d][\w.\-]{0,255}")
_MAX_DIGEST_BYTES: Final = 64

NO_HASH: Final = Known(
    "reference-without-hash", "the reference names an id without `#` before it", 'write URI="#id"', None
)  # fmt: skip
NO_NCNAME: Final = Known(
    "id-is-no-name",
    "the id is none that XML allows: an NCName begins with a letter or _ and has no colon or space",
    "put a letter before it, such as id-", None,
)  # fmt: skip
OTHER_ATTRIBUTE: Final = Known(
    "wrong-id-attribute", "wrong Id attribute: read are wsu:Id and Id", "name the part by wsu:Id", None
)  # fmt: skip
USER_NAME: Final = Known(
    "username-token-signed", "the UsernameToken is signed: it is none that is read here, so it may not be",
    "leave it out, or unsigned", None,
)  # fmt: skip
NOT_SIGNABLE: Final = Known(
    "part-not-signable", "the reference names an element that may not be signed here",
    "sign the Body itself, the Timestamp, the token or header blocks", None,
)  # fmt: skip
NOBODY: Final = Known(
    "id-of-nobody", "no element has that id: it was signed and left out, or renamed, after signing",
    "send every part that is signed", None,
)  # fmt: skip
NO_FRAGMENT: Final = Known(
    "reference-elsewhere", "the reference is no `#id` of this document", 'write URI="#id" of the part', None
)  # fmt: skip
ALL: Final[tuple[Known[Any], ...]] = (
    NO_HASH, NO_NCNAME, OTHER_ATTRIBUTE, USER_NAME, NOT_SIGNABLE, NOBODY, NO_FRAGMENT,
)  # fmt: skip


def reference_causes(sight: Sight) -> Iterator[Cause]:
    """Tell for each reference that designates no part what it points to instead."""
    if sight.signed_info is None or sight.root is None:
        return
    for reference in sight.signed_info.references:
        if find_part(reference.uri, sight.parts) is None:
            yield _cause(reference, sight.root)


def _cause(reference: Reference, root: _Element) -> Cause:
    uri = reference.uri or ""
    name = uri.removeprefix("#")
    element, attribute = _holder(name, root)
    if element is None:
        known = NOBODY if uri.startswith("#") and name else NO_FRAGMENT
        return known.cause(Certainty.SEEN, repr(uri[:100]))
    local = etree.QName(element).localname
    certainty = Certainty.SURE if _has_digest(element, reference) else Certainty.SEEN
    if not uri.startswith("#"):
        return NO_HASH.cause(certainty, f"{uri[:100]!r}, the id of {local}")
    if attribute not in {WSU_ID, "Id"}:
        return OTHER_ATTRIBUTE.cause(certainty, f"{local} has {attribute}={name[:100]!r}")
    if _NCNAME.fullmatch(name) is None:
        return NO_NCNAME.cause(certainty, f"{local} has {name[:100]!r}")
    if element.tag == wsse("UsernameToken"):
        return USER_NAME.cause(certainty)
    return NOT_SIGNABLE.cause(certainty, f"{name[:100]!r} is the id of {local}")


def _holder(name: str, root: _Element) -> tuple[_Element | None, str]:
    """Return where a value stands as an attribute, whatever the attribute is called."""
    found = [
        (element, str(attribute))
        for element in root.iter()
        for attribute, value in element.attrib.items()
        if value == name and name and attribute != "URI"
    ]
    return next((one for one in found if one[1] in {WSU_ID, "Id"}), found[0] if found else (None, ""))


def _has_digest(element: _Element, reference: Reference) -> bool:
    """Tell whether the reference states the digest of that element."""
    with suppress(ValueError, CanonicalFormError):
        stated = decode_base64(reference.digest, max_bytes=_MAX_DIGEST_BYTES)
        octets = canonical(element, prefixes=reference.prefixes)
        return stated == hashlib.new(reference.method.hash_name, octets).digest()
    return False
