"""Shows people the bytes that came or went: XML indented and highlighted, parts apart, all escaped.

What is shown comes from strangers. It is parsed without fetching or expanding anything, and written anew
piece by piece, so nothing of it reaches the page as markup; what is no XML is shown as the text that it is.
The bytes themselves are for who downloads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree
from markupsafe import Markup, escape

from notigateway.wss.ns import namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.etree import _Element

# Longer texts (a document, a certificate) are cut in the middle of a line that nobody reads.
_TEXT_MAX: Final = 400
_SHOWN_MAX: Final = 200_000
_PARSED_MAX: Final = 4 * 1024 * 1024
_LINES_MAX: Final = 5_000
_DEPTH_MAX: Final = 200
_INDENT: Final = "  "
_BOUNDARY: Final = re.compile(r'boundary="?([^";]{1,200})')
_PARTS_MAX: Final = 50
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class View:
    """One piece of what travelled: what it says of itself, how many bytes it has, and what is shown of it."""

    head: str
    size: int
    # None where it is neither XML nor text.
    shown: Markup | None
    is_whole: bool
    # Of an envelope what is in its Body: the rest of it is long, and much the same in all of them.
    body: Markup | None = None


def views_of(data: bytes, content_type: str) -> list[View]:
    """Return what is shown of a body: one view, or one for each of its parts."""
    found = _BOUNDARY.search(content_type)
    if found is None or not content_type.lower().startswith("multipart/"):
        return [_view("", data)] if data else []
    pieces = data.split(b"--" + found[1].encode("latin-1", "replace"))[1 : _PARTS_MAX + 1]
    return [_part(one) for one in pieces if not one.startswith(b"--")]


def parsed(data: bytes) -> _Element | None:
    """Return the root of XML, however it came; None where it is no XML, or too much of it."""
    if len(data) > _PARSED_MAX:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def in_body(root: _Element) -> _Element | None:
    """Return what an envelope is about: the one element of its Body."""
    body = root.find("{*}Body") if etree.QName(root).localname == "Envelope" else None
    return None if body is None else next(body.iterchildren("*"), None)


def xml_shown(element: _Element) -> tuple[Markup, bool]:
    """Return an element as it is shown, and whether that is all of it."""
    lines: list[Markup] = []
    length = 0
    for line in _lines(element, 0):
        lines.append(line)
        length += len(line)
        if length > _SHOWN_MAX or len(lines) >= _LINES_MAX:
            return Markup("\n").join(lines), False
    return Markup("\n").join(lines), True


def _part(piece: bytes) -> View:
    head, _, content = piece.strip(b"\r\n").partition(b"\r\n\r\n")
    return _view(_text_of(head), content)


def _view(head: str, data: bytes) -> View:
    root = parsed(data)
    if root is not None:
        inner = in_body(root)
        return View(head, len(data), *xml_shown(root), None if inner is None else xml_shown(inner)[0])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return View(head, len(data), None, is_whole=False)
    shown = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text[:_SHOWN_MAX])
    return View(head, len(data), escape(shown), is_whole=len(text) <= _SHOWN_MAX)


def _text_of(data: bytes) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", data[:_TEXT_MAX].decode("utf-8", "replace"))


def _lines(element: _Element, depth: int) -> Iterator[Markup]:
    """Yield the lines of an element; one with text alone is a line. The parser has bounded the depth."""
    margin = _INDENT * depth
    if not isinstance(element.tag, str):
        yield Markup('{}<i class="c">{}</i>').format(margin, _cut(_plain(element)))
        return
    name, start = _name(element), _start(element, depth)
    if depth > _DEPTH_MAX:
        yield Markup("{}{} …").format(margin, start)
        return
    children = list(element)
    if not children:
        if not element.text:
            yield Markup("{}{}<b>/&gt;</b>").format(margin, start)
        else:
            yield Markup("{}{}<b>&gt;</b>{}<b>&lt;/{}&gt;</b>").format(
                margin, start, _cut(element.text), name
            )
        return
    yield Markup("{}{}<b>&gt;</b>").format(margin, start)
    yield from _text(element.text, margin + _INDENT)
    for child in children:
        yield from _lines(child, depth + 1)
        yield from _text(child.tail, margin + _INDENT)
    yield Markup("{}<b>&lt;/{}&gt;</b>").format(margin, name)


def _text(text: str | None, margin: str) -> Iterator[Markup]:
    if text and text.strip():
        yield Markup("{}{}").format(margin, _cut(text.strip()))


def _start(element: _Element, depth: int) -> Markup:
    """Return the start tag without its end: with the namespaces that nothing shown around it has."""
    pieces = [Markup("<b>&lt;{}</b>").format(_name(element))]
    for prefix, uri in _declared(element, depth).items():
        pieces.append(_attribute(f"xmlns:{prefix}" if prefix else "xmlns", uri))
    for key, value in element.attrib.items():
        pieces.append(_attribute(_attribute_name(element, str(key)), str(value)))
    return Markup(" ").join(pieces)


def _declared(element: _Element, depth: int) -> dict[str | None, str]:
    """Return what is to be declared; of an element that is shown alone what it and its own use."""
    parent = element.getparent()
    inherited: Mapping[str | None, str] = {} if parent is None else parent.nsmap
    if depth or parent is None:
        return {prefix: uri for prefix, uri in element.nsmap.items() if inherited.get(prefix) != uri}
    used = {namespace_of(str(name)) for one in element.iter("*") for name in (one.tag, *one.attrib)}
    return {prefix: uri for prefix, uri in element.nsmap.items() if uri in used}


def _attribute(name: str, value: str) -> Markup:
    return Markup('<i class="a">{}</i>=<i class="v">&#34;{}&#34;</i>').format(name, _cut(value))


def _name(element: _Element) -> str:
    local = etree.QName(element).localname
    return f"{element.prefix}:{local}" if element.prefix else local


def _attribute_name(element: _Element, key: str) -> str:
    name = etree.QName(key)
    if name.namespace is None:
        return name.localname
    if name.namespace == "http://www.w3.org/XML/1998/namespace":
        return f"xml:{name.localname}"
    prefix = next((one for one, uri in element.nsmap.items() if one and uri == name.namespace), "?")
    return f"{prefix}:{name.localname}"


def _plain(element: _Element) -> str:
    """Return a comment, a processing instruction or an entity as it is written."""
    return etree.tostring(element, encoding="unicode", with_tail=False)


def _cut(text: str) -> str:
    """Return a text without the middle that nobody reads, and without what no terminal should get."""
    shown = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    if len(shown) <= _TEXT_MAX:
        return shown
    half = _TEXT_MAX // 2
    return f"{shown[:half]} […{len(shown) - 2 * half}…] {shown[-half:]}"
