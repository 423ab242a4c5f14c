"""What a Content-Type says of a message in several parts, and what an Accept asks for (RFC 2387, 9110)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import MimeInvalidError

if TYPE_CHECKING:
    from collections.abc import Iterator

RELATED: Final = "multipart/related"
XOP: Final = "application/xop+xml"
# RFC 2046 §5.1.1
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=?]{1,70}")
_CONTENT_ID: Final = re.compile(r"<([!-;=?-~]{1,256})>")
# Commas and semicolons within quotes part nothing.
_ELEMENTS: Final = re.compile(r'(?:[^,"]|"[^"]*")+')
_NO_QUALITY: Final = re.compile(r"0(\.0{0,3})?")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type in lower case, and its parameters without quotes."""

    name: str
    parameters: dict[str, str]

    def get(self, parameter: str, default: str = "") -> str:
        """Return a parameter."""
        return self.parameters.get(parameter, default)


@dataclass(frozen=True, slots=True)
class Related:
    """A message in several parts as its header announces it; without `start` the first part is the root."""

    boundary: bytes
    type: MediaType
    start: str | None
    start_info: MediaType


def media_type(header: str) -> MediaType:
    """Read a Content-Type; where it says a parameter twice, nothing is taken for certain.

    Raises: `MimeInvalidError`.
    """
    message = Message()
    message["Content-Type"] = " ".join(header.split())
    found: list[tuple[str, Any]] = [(name.lower(), value) for name, value in message.get_params([])[1:]]
    parameters = dict(found)
    # RFC 2231's form of a value, in pieces with a language, comes as a tuple
    if len(parameters) != len(found) or not all(isinstance(value, str) for value in parameters.values()):
        raise MimeInvalidError("a parameter twice, or in several pieces", rule="content-type")
    return MediaType(message.get_content_type(), parameters)


def read_related(header: str) -> Related:
    """Read the Content-Type of a message in several parts. Raises: `MimeInvalidError`."""
    found = media_type(header)
    boundary = found.get("boundary")
    if found.name != RELATED or not _BOUNDARY.fullmatch(boundary):
        raise MimeInvalidError("boundary", rule="content-type")
    start = found.get("start").removeprefix("<").removesuffix(">")  # without quotes the brackets are theirs
    return Related(
        boundary=boundary.encode("ascii"),
        type=media_type(found.get("type")),
        start=content_id(f"<{start}>") if start else None,
        start_info=media_type(found.get("start-info")),
    )


def content_id(text: str) -> str:
    """Return what stands between the angle brackets of a Content-ID (RFC 2392).

    Raises: `MimeInvalidError`.
    """
    found = _CONTENT_ID.fullmatch(text.strip())
    if found is None:
        raise MimeInvalidError("Content-ID", rule="content-id")
    return found[1]


def accepted(header: str) -> Iterator[MediaType]:
    """Yield the media types that an Accept names and does not exclude; what cannot be read names nothing."""
    for element in _ELEMENTS.findall(header):
        try:
            found = media_type(element.strip())
        except MimeInvalidError:
            continue
        if not _NO_QUALITY.fullmatch(found.get("q", "1")):
            yield found
