"""What a Content-Type says of a message in several parts, and what an Accept asks for (RFC 2387, 9110)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import MimeInvalidError

if TYPE_CHECKING:
    from collections.abc import Iterator

RELATED: Final = "multipart/related"
XOP: Final = "application/xop+xml"
# RFC 2046 §5.1.1
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=?]{1,70}")
_CONTENT_ID: Final = re.compile(r"<([!-;=?-~]{1,256})>")
# RFC 9110 §5.6.2 to §5.6.6. Every repetition is possessive, so that nothing is looked at twice. No name of
# a parameter has the asterisk of RFC 2231, which gives a value in pieces. Unquoted, stacks write what is no
# token: `<a@b>`, `a/b`.
_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_KEY: Final = r"[!#$%&'+\-.^_`|~0-9A-Za-z]++"
_QUOTED: Final = r'"((?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*+)"'
_PLAIN: Final = r"([!#-:<-~\x80-\xff]*+)"
_NAME: Final = re.compile(rf"[ \t]*+({_WORD}/{_WORD})[ \t]*+")
_PARAMETER: Final = re.compile(
    rf";[ \t]*+(?:({_KEY})[ \t]*+(?:=[ \t]*+(?:{_QUOTED}|{_PLAIN})[ \t]*+)?+)?+",
)
_ESCAPED: Final = re.compile(r"\\(.)")
# Commas within quotes part nothing; a quote that nothing closes goes to the end.
_ELEMENTS: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))++', re.DOTALL)
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
    """Read a media type with its parameters; nothing at all names nothing.

    A parameter without a value is empty, as some stacks write it (`text/xml; utf-8`). One that has two values
    is none. The time is in proportion to the length, whatever stands there.

    Raises: `MimeInvalidError`.
    """
    if not header.strip(" \t"):
        return MediaType("", {})
    found = _NAME.match(header)
    if found is None:
        raise MimeInvalidError("no media type", rule="content-type")
    name, at, parameters = found[1].lower(), found.end(), dict[str, str]()
    while at < len(header):
        found = _PARAMETER.match(header, at)
        if found is None:
            raise MimeInvalidError("a parameter of a media type", rule="content-type")
        at = found.end()
        key, quoted, plain = found.groups()
        if key is None:  # nothing between two semicolons, or behind the last
            continue
        value = (plain or "") if quoted is None else _ESCAPED.sub(r"\1", quoted)
        if parameters.setdefault(key.lower(), value) != value:
            raise MimeInvalidError("a parameter with two values", rule="content-type")
    return MediaType(name, parameters)


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
        if found.name and not _NO_QUALITY.fullmatch(found.get("q", "1")):
            yield found
