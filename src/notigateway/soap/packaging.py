"""How the documents of an answer travel: as base64 text within it, or in parts beside it for who asks.

Who sends MTOM is answered in MTOM; anybody may ask for one or the other in Accept. A media type without the
word that tells them apart asks for nothing: stacks name `multipart/related` whatever they can read.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from notigateway.mime.media_type import RELATED, XOP, accepted
from notigateway.soap.guard import is_in_parts
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from notigateway.mime.media_type import MediaType


class Packaging(Enum):
    """Where the bytes of documents stand."""

    # As base64 text in the element `content`.
    INLINE = auto()
    # In a part to which an `xop:Include` in `content` points: signed like the text in its place (MTOM).
    XOP = auto()
    # In a part named after the document, which has no `content`: signed as an attachment (SwA).
    BESIDE = auto()


_SOAP_TYPES: Final = frozenset(version.media_type for version in SoapVersion)


def asked_packaging(environ: WSGIEnvironment) -> Packaging:
    """Return what a request asks for; of two that it would take, MTOM."""
    if is_in_parts(environ):
        return Packaging.XOP
    header = environ.get("HTTP_ACCEPT", "")
    if RELATED not in header.lower() and XOP not in header.lower():
        return Packaging.INLINE  # every other request, without being looked at any longer
    asked = {_named(one) for one in accepted(header)}
    return next((one for one in (Packaging.XOP, Packaging.BESIDE) if one in asked), Packaging.INLINE)


def _named(found: MediaType) -> Packaging:
    kind = found.get("type").lower()
    if XOP in {found.name, kind if found.name == RELATED else ""}:
        return Packaging.XOP
    return Packaging.BESIDE if found.name == RELATED and kind in _SOAP_TYPES else Packaging.INLINE
