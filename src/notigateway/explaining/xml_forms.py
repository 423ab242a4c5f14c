"""Bytes that are no XML which is read here: undone where that can be done, else seen where they break.

A row of `UNDOING` returns the bytes as they were meant. That they are then read proves little: the cause is
sure where they have the digests, too, that the message states, and its signature.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import zlib
from contextlib import suppress
from dataclasses import replace
from functools import partial
from html.entities import name2codepoint
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.errors import GatewayError
from notigateway.explaining.cause import Cause, Certainty, Explained, Known, told
from notigateway.explaining.meant import signs
from notigateway.wss.envelope import parse_envelope, parse_xml
from notigateway.wss.header import read_security
from notigateway.wss.references import resolve, signable_parts
from notigateway.wss.signed_info import read_signed_info
from notigateway.wss.tokens import read_token
from notigateway.wss.verify import check_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.explaining.sight import Sight

_ENTITIES: Final = "|".join(sorted({*name2codepoint, "apos"}, key=len, reverse=True)).encode()
_UNENDED: Final = re.compile(rb"&(%b|#\d+|#x[0-9A-Fa-f]+)(?![\w;])" % _ENTITIES)
_BARE_AMPERSAND: Final = re.compile(
    rb"&(?!(?:[A-Za-z]\w*|#\d+|#x[0-9A-Fa-f]+);|(?:%b|#\d+|#x[0-9A-Fa-f]+)(?![\w;]))" % _ENTITIES
)
_DECLARATION: Final = re.compile(rb"^<\?xml[^>]*\?>", re.IGNORECASE)
# XML 1.0 §2.8 [23], with whatever version.
_RIGHT_DECLARATION: Final = re.compile(
    rb"""^<\?xml\s+version\s*=\s*(["'])[\w.:\-]+\1(?:\s+encoding\s*=\s*(["'])[A-Za-z][\w.\-]*\2)?"""
    rb"""(?:\s+standalone\s*=\s*(["'])(?:yes|no)\3)?\s*\?>"""
)
_HEAD: Final = re.compile(rb"^(?:POST|HTTP)[^\n]*\n(?:[^\r\n]+\r?\n)*\r?\n")
_OPENED: Final = re.compile(rb"<(?:[\w.\-]+:)?Envelope[\s>]")
_CLOSED: Final = re.compile(rb"</(?:[\w.\-]+:)?Envelope\s*>")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MOST_UNPACKED: Final = 1024 * 1024


def _wide(data: bytes, *, begins: dict[bytes, str]) -> bytes:
    """Return what is written in wide characters, with their mark or beginning with `<` (XML 1.0 §F.1)."""
    for start, encoding in begins.items():
        if data.startswith(start):
            return _DECLARATION.sub(b"", data.decode(encoding).encode())
    raise ValueError("no such beginning")


def _latin(data: bytes) -> bytes:
    with suppress(UnicodeDecodeError):
        data.decode("utf-8")
        raise ValueError("it is UTF-8")
    return _DECLARATION.sub(b"", data).decode("cp1252").encode()


def _declared_otherwise(data: bytes) -> bytes:
    bare = data.removeprefix(b"\xef\xbb\xbf")
    if _RIGHT_DECLARATION.match(bare) is None:
        raise ValueError("no declaration, or not well-formed")
    return _DECLARATION.sub(b"", bare)


def _malformed_declaration(data: bytes) -> bytes:
    bare = data.removeprefix(b"\xef\xbb\xbf")
    if _RIGHT_DECLARATION.match(bare) is not None:
        raise ValueError("well-formed")
    return _DECLARATION.sub(b"", bare)


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


def _ended(data: bytes) -> bytes:
    return _UNENDED.sub(rb"&\1;", data) if _UNENDED.search(data) else data


def _without_controls(data: bytes) -> bytes:
    if data.count(b"\0") * 8 > len(data):
        raise ValueError("wide characters")
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


_UTF16: Final = {
    b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be",
}  # fmt: skip
_UTF32: Final = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"<\0\0\0": "utf-32-le", b"\0\0\0<": "utf-32-be",
}  # fmt: skip
UNDOING: Final[tuple[Known[Callable[[bytes], bytes]], ...]] = (
    Known("utf-16", "the message is UTF-16", "send UTF-8", partial(_wide, begins=_UTF16)),
    Known("utf-32", "the message is UTF-32", "send UTF-8", partial(_wide, begins=_UTF32)),
    Known("http-headers", "the file begins with HTTP headers", "keep the body only", _http),
    Known("mime-message", "the file is a MIME message (MTOM or attachments)",
          "send MTOM with its Content-Type, or plain SOAP", _mime),
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
    Known("declaration-malformed", "the XML declaration is not well-formed",
          'write <?xml version="1.0" encoding="UTF-8"?>, or nothing', _malformed_declaration),
    Known("semicolon-missing", "an entity ends without its semicolon", "write &amp;, the semicolon with it",
          _ended),
    Known("ampersand", "an ampersand is not escaped", "write &amp;", _ampersands),
    Known("html-entities", "entities of HTML, which XML does not have", "write the characters",
          _named_entities),
    Known("control-characters", "control characters that XML does not have", "leave them out",
          _without_controls),
    Known("more-than-one-document", "something follows the end of the envelope", "send one document",
          _first_alone),
)  # fmt: skip
# What may as well be something else, until the digests tell.
_GUESSES: Final = frozenset({"not-utf-8", "semicolon-missing"})
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
        read = [(known, meant) for known in UNDOING if (meant := _read(known, sight)) is not None]
        if read:
            yield from _told(read, sight)
            return
    yield from _where(sight)


def _told(read: list[tuple[Known[Any], bytes]], sight: Sight) -> Iterator[Cause]:
    """Tell what was undone: for sure where the digests then hold, else as it is seen or guessed."""
    place = _place(sight)
    held = [known for known, meant in read if _holds(meant, sight)]
    if held:
        yield from told(Explained(((known, place),)) for known in held)
        return
    for known, _ in read:
        is_guess = known.name in _GUESSES or len(read) > 1
        yield known.cause(Certainty.LIKELY if is_guess else Certainty.SEEN, place)
    if any(known.name in _GUESSES for known, _ in read):
        yield from _where(sight)


def _holds(meant: bytes, sight: Sight) -> bool:
    """Tell whether these bytes were signed: every digest holds, the Body's among them, and the signature.

    The digests alone say nothing of the octets of the signature, the token and what is not signed.
    """
    try:
        envelope = parse_envelope(meant, limits=sight.limits)
        header = read_security(envelope, max_tokens=sight.expectations.max_tokens)
        signed_info = read_signed_info(header.signed_info, sight.expectations)
        parts = signable_parts(envelope, header)
        targets = resolve(signed_info.references, parts)
        for reference, target in zip(signed_info.references, targets, strict=True):
            check_digest(reference, target)
        token = read_token(header, parts, sight.registered)
    except GatewayError:
        return False
    is_signed = signs(replace(sight, header=header, signed_info=signed_info), token.certificate)
    return is_signed and any(target is envelope.body for target in targets)


def _read(known: Known[Callable[[bytes], bytes]], sight: Sight) -> bytes | None:
    try:
        meant = known.how(sight.data)
        if meant == sight.data:
            return None
        parse_xml(meant, limits=sight.limits)
    except _UNREADABLE:
        return None
    return meant


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
