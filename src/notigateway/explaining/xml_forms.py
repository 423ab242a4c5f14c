"""Bytes that are no XML which is read here: undone where that can be done, else seen where they break.

A row of `UNDOING` returns the bytes as they were meant; where they are then read the cause is sure.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.errors import GatewayError
from notigateway.explaining.cause import Cause, Certainty, Explained, Known, told
from notigateway.wss.envelope import parse_xml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.explaining.sight import Sight

_BARE_AMPERSAND: Final = re.compile(rb"&(?!(?:[A-Za-z]\w*|#\d+|#x[0-9A-Fa-f]+);)")
_DECLARATION: Final = re.compile(rb"^<\?xml[^>]*\?>")
_HEAD: Final = re.compile(rb"^(?:POST|HTTP)[^\n]*\n(?:[^\r\n]+\r?\n)*\r?\n")
_OPENED: Final = re.compile(rb"<(?:[\w.\-]+:)?Envelope[\s>]")
_CLOSED: Final = re.compile(rb"</(?:[\w.\-]+:)?Envelope\s*>")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MOST_UNPACKED: Final = 1024 * 1024


def _utf16(data: bytes) -> bytes:
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("no mark of UTF-16")
    return _DECLARATION.sub(b"", data.decode("utf-16").encode())


def _latin(data: bytes) -> bytes:
    with suppress(UnicodeDecodeError):
        data.decode("utf-8")
        raise ValueError("it is UTF-8")
    return _DECLARATION.sub(b"", data).decode("cp1252").encode()


def _declared_otherwise(data: bytes) -> bytes:
    return _DECLARATION.sub(b"", data.removeprefix(b"\xef\xbb\xbf"))


def _late_declaration(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()


def _http(data: bytes) -> bytes:
    return _HEAD.sub(b"", data)


def _mime(data: bytes) -> bytes:
    if not data.lstrip().startswith(b"--"):
        raise ValueError("no boundary")
    start = data.index(b"<", data.index(b"\n"))
    end = data.rindex(b">") + 1
    return data[start : data.find(b"\r\n--", start)] if data.find(b"\r\n--", start) > 0 else data[start:end]


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        raise ValueError("not packed")
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
        return packed.read(_MOST_UNPACKED)


def _in_json(data: bytes) -> bytes:
    text = json.loads(data)
    if not isinstance(text, str):
        raise TypeError("no text")
    return text.encode()


def _escaped(data: bytes) -> bytes:
    if not data.lstrip().startswith(b"&lt;"):
        raise ValueError("not escaped")
    return html.unescape(data.decode()).strip().encode()


def _ampersands(data: bytes) -> bytes:
    return _BARE_AMPERSAND.sub(b"&amp;", data)


def _without_controls(data: bytes) -> bytes:
    return _CONTROL.sub(b"", data)


def _named_entities(data: bytes) -> bytes:
    return re.sub(
        rb"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{1,20});",
        lambda found: html.unescape(found[0].decode()).encode(),
        data,
    )


def _first_alone(data: bytes) -> bytes:
    end = re.search(rb"</(?:[\w.\-]+:)?Envelope\s*>", data)
    if end is None:
        raise ValueError("no end")
    return data[: end.end()]


UNDOING: Final[tuple[Known[Callable[[bytes], bytes]], ...]] = (
    Known("utf-16", "the message is UTF-16", "send UTF-8", _utf16),
    Known("http-headers", "the file begins with HTTP headers", "keep the body only", _http),
    Known("mime-message", "the file is a MIME message (MTOM or attachments)", "send plain SOAP", _mime),
    Known("packed", "the body is packed by gzip", "send it as it is", _unpacked),
    Known("in-json", "the message is a text within JSON", "send the text itself", _in_json),
    Known("escaped-as-text", "the message is escaped as text (&lt;)", "send the XML itself", _escaped),
    Known("not-utf-8", "a text is written in ISO 8859-1 or Windows-1252, not in UTF-8", "write UTF-8",
          _latin),
    Known("space-before-declaration",
          "white space or a second byte order mark stands before the XML declaration",
          "begin with <?xml", _late_declaration),
    Known("declared-otherwise",
          "the XML declaration names another version or character set than XML 1.0 in UTF-8",
          "declare UTF-8, or nothing", _declared_otherwise),
    Known("ampersand", "an ampersand is not escaped", "write &amp;", _ampersands),
    Known("html-entities", "entities of HTML, which XML does not have", "write the characters",
          _named_entities),
    Known("control-characters", "control characters that XML does not have", "leave them out",
          _without_controls),
    Known("more-than-one-document", "something follows the end of the envelope", "send one document",
          _first_alone),
)  # fmt: skip
EMPTY: Final = Known("empty", "the file is empty", "send the envelope", None)
UNFINISHED: Final = Known(
    "unfinished", "the message ends before its elements are closed",
    "send all of it; compare Content-Length", None
)  # fmt: skip
PREFIX: Final = Known("prefix-undeclared", "a prefix has no namespace declaration", "declare it", None)
NO_XML: Final = Known("no-xml", "what was sent is no XML", "send the envelope itself", None)
WRONG_AT: Final = Known("xml-error", "the XML is not well-formed", "mend it there", None)
DOCTYPE: Final = Known("doctype", "a DOCTYPE is never needed in SOAP", "remove it", None)
LIMIT: Final = Known("xml-limit", "the XML is larger or deeper than is read here", "send less at once", None)
ALL: Final[tuple[Known[Any], ...]] = (*UNDOING, EMPTY, NO_XML, UNFINISHED, PREFIX, WRONG_AT, DOCTYPE, LIMIT)
_UNREADABLE: Final = (ValueError, TypeError, OSError, EOFError, zlib.error, GatewayError, RecursionError)


def xml_causes(sight: Sight) -> Iterator[Cause]:
    """Tell why bytes are not read as XML: what is undone, and else the line, the column and what."""
    if not sight.data.strip():
        yield EMPTY.cause(Certainty.SEEN)
        return
    if len(sight.data) <= sight.limits.request_max_bytes:
        found = [Explained(((known, _place(sight)),)) for known in UNDOING if _is_read(known, sight)]
        if found:
            yield from told(found)
            return
    yield from _where(sight)


def _is_read(known: Known[Callable[[bytes], bytes]], sight: Sight) -> bool:
    try:
        meant = known.how(sight.data)
        if meant == sight.data:
            return False
        parse_xml(meant, limits=sight.limits)
    except _UNREADABLE:
        return False
    return True


def _where(sight: Sight) -> Iterator[Cause]:
    """Tell where the parser stopped, in its words."""
    error = _syntax_error(sight)
    if error is None:
        yield NO_XML.cause(Certainty.SEEN, f"it begins {sight.data[:40]!r}")
        return
    said = (error.msg or "").partition(", line ")[0].replace("\n", " ")[:200]
    detail = f"{_place(sight)}: {said}"
    known = WRONG_AT
    if error.code == etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE:
        known = PREFIX
    elif _OPENED.search(sight.data) and not _CLOSED.search(sight.data):
        known = UNFINISHED
    yield known.cause(Certainty.SEEN, detail)


def _place(sight: Sight) -> str:
    """Return where the parser stopped; nothing where it never began."""
    error = _syntax_error(sight)
    return "line {}, column {}".format(*error.position) if error is not None else ""


def _syntax_error(sight: Sight) -> etree.XMLSyntaxError | None:
    try:
        parse_xml(sight.data, limits=sight.limits)
    except GatewayError as error:
        return error.__cause__ if isinstance(error.__cause__, etree.XMLSyntaxError) else None
    return None
