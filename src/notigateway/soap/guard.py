"""HTTP before XML: content type, encoding and size, checked before a byte is parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import MimeInvalidError, TooLargeError, TruncatedBodyError, UnsupportedMediaTypeError
from notigateway.mime.media_type import RELATED, XOP, Related, media_type, read_related
from notigateway.wss.version import SoapVersion
from notigateway.wss.xop import read_whole

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from notigateway.wss.policy import Limits

_CHUNK_BYTES: Final = 64 * 1024
_MEDIA_TYPES: Final = frozenset(version.media_type for version in SoapVersion)
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_DIGITS: Final = re.compile(r"[0-9]{1,18}")


def read_envelope(environ: WSGIEnvironment, *, limits: Limits) -> bytes:
    """Return the request's envelope; one that came in parts (MTOM) is made whole.

    Raises: what `read_body` and `made_whole` raise.
    """
    return made_whole(environ, read_body(environ, max_bytes=limits.request_max_bytes), limits=limits)


def made_whole(environ: WSGIEnvironment, data: bytes, *, limits: Limits) -> bytes:
    """Return the envelope of a request of those headers. Raises: what `read_whole` raises."""
    return read_whole(data, _related(environ), limits=limits) if is_in_parts(environ) else data


def read_body(environ: WSGIEnvironment, *, max_bytes: int) -> bytes:
    """Return the request's bytes.

    Raises: `UnsupportedMediaTypeError`, `TooLargeError` (reading stops there), `TruncatedBodyError`.
    """
    check_headers(environ)
    announced = environ.get("CONTENT_LENGTH") or ""
    if announced and not _DIGITS.fullmatch(announced):
        raise TruncatedBodyError("Content-Length is not a number")
    expected = int(announced) if announced else None
    if expected is not None and expected > max_bytes:
        raise TooLargeError(limit_bytes=max_bytes)
    body = _read(environ["wsgi.input"], expected, max_bytes)
    if expected is not None and len(body) != expected:
        raise TruncatedBodyError(f"{len(body)} of {expected} bytes")
    return body


def read_version(environ: WSGIEnvironment) -> SoapVersion:
    """Return the SOAP version that the media type announces; SOAP 1.1 where it is none of the two."""
    found = _content_type(environ).media_type
    if found == RELATED:
        found = _root_type(environ)
    return SoapVersion.V1_2 if found == SoapVersion.V1_2.media_type else SoapVersion.V1_1


def read_actions(environ: WSGIEnvironment) -> frozenset[str]:
    """Return what the headers say is asked for, without empty ones: all of it must be true.

    SOAPAction (SOAP 1.1 §6.1.1) and the media type's parameter `action` (SOAP 1.2 part 2 §6.5.3), which may
    stand within `start-info` of a message in parts.
    """
    found: list[object] = [environ.get("HTTP_SOAPACTION", ""), _content_type(environ).action]
    if is_in_parts(environ):
        found.append(_related(environ).start_info.get("action"))
    return frozenset(str(one).strip().strip('"').strip() for one in found) - {""}


def check_headers(environ: WSGIEnvironment) -> None:
    """Accept the two media types of SOAP in UTF-8 without content encoding, and MTOM with one of them."""
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaTypeError("content encoding")
    header = _content_type(environ)
    found = header.media_type
    if found == RELATED and header.kind == XOP:
        found = _root_type(environ)
    if found not in _MEDIA_TYPES:
        raise UnsupportedMediaTypeError("content type")
    if header.charset not in _CHARSETS:
        raise UnsupportedMediaTypeError("charset")


def is_in_parts(environ: WSGIEnvironment) -> bool:
    """Tell whether a request came in several parts."""
    return _content_type(environ).media_type == RELATED


def _related(environ: WSGIEnvironment) -> Related:
    return read_related(environ.get("CONTENT_TYPE", ""))


def _root_type(environ: WSGIEnvironment) -> str:
    """Return which media type the root of a message in parts has, "" where the header does not say it."""
    try:
        return _related(environ).start_info.name
    except MimeInvalidError:
        return ""


@dataclass(frozen=True, slots=True)
class _ContentType:
    """What is read of a Content-Type; `kind` is its parameter `type`, without what follows."""

    media_type: str
    kind: str
    charset: str
    action: str


def _content_type(environ: WSGIEnvironment) -> _ContentType:
    return _read_content_type(environ.get("CONTENT_TYPE") or "application/octet-stream")


@lru_cache(maxsize=256)  # a client writes the same one all the time; what it says depends on nothing else
def _read_content_type(text: str) -> _ContentType:
    """Read a Content-Type; one that cannot be read names nothing, which is no type of ours."""
    try:
        header = media_type(text)
    except MimeInvalidError:
        return _ContentType("", "", "", "")
    kind = header.get("type").partition(";")[0].strip().lower()
    charset = header.get("charset", "utf-8").strip("\"' ").lower()
    return _ContentType(header.name, kind, charset, header.get("action"))


def _read(stream: Any, expected: int | None, max_bytes: int) -> bytes:  # noqa: ANN401  (a WSGI input)
    """Read what was announced or, chunked, up to the limit and one byte more to know it is over."""
    wanted = max_bytes + 1 if expected is None else expected
    pieces = []
    try:
        while wanted > 0 and (piece := stream.read(min(wanted, _CHUNK_BYTES))):
            pieces.append(piece)
            wanted -= len(piece)
    except MemoryError:
        raise
    except Exception as error:
        # A broken connection, a malformed chunk: each server has its own words for it.
        raise TruncatedBodyError(f"the body cannot be read: {type(error).__name__}") from error
    body = b"".join(pieces)
    if len(body) > max_bytes:
        raise TooLargeError(limit_bytes=max_bytes)
    return body
