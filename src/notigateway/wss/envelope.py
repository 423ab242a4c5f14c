"""The one safe parse of a SOAP envelope, and its structure.

Order of work, cheap before expensive: bytes (size, encoding, DOCTYPE, counts), one parse by a
parser that fetches and expands nothing, counts over the tree, then the structure of SOAP 1.1 or
1.2, whichever its namespace says.
Whatever fails before there is a tree, or exceeds a limit, is a `TransportError` (answered
statically and unsigned); what fails afterwards is a `RequestError`.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway import errors
from notigateway.wss.canonical import prepare_thread
from notigateway.wss.ns import (
    ACTOR_NEXT,
    ROLE_NEXT,
    ROLE_ULTIMATE_RECEIVER,
    WSSE11,
    XENC,
    XENC11,
    namespace_of,
    wsa,
    wsse,
)
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from notigateway.wss.policy import Limits

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_OTHER_BOMS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_XML_WHITESPACE: Final = b" \t\r\n"
_DECLARATION: Final = re.compile(
    rb"""<\?xml[ \t\r\n]++version[ \t\r\n]*+=[ \t\r\n]*+(?:"1\.0"|'1\.0')"""
    rb"""(?:[ \t\r\n]++encoding[ \t\r\n]*+=[ \t\r\n]*+(?:"(?:utf-8|(us-ascii))"|'(?:utf-8|(us-ascii))'))?"""
    rb"""(?:[ \t\r\n]++standalone[ \t\r\n]*+=[ \t\r\n]*+(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*+\?>""",
    re.IGNORECASE,
)
# libxml2: XML_ERR_NAME_TOO_LONG, XML_ERR_RESOURCE_LIMIT
_PARSER_LIMITS: Final = frozenset({110, 114})
_OUR_ACTORS: Final = frozenset({"", ACTOR_NEXT, ROLE_NEXT, ROLE_ULTIMATE_RECEIVER})
_MUST: Final = {"0": False, "false": False, "1": True, "true": True}
# Encryption is refused by verify_envelope, always with the same answer, so it is not "unknown" here.
_VERIFIED_LATER: Final = frozenset({WSSE11, XENC, XENC11})
_UNDERSTOOD: Final = frozenset(
    {
        wsse("Security"),
        *map(wsa, ("To", "Action", "MessageID", "ReplyTo", "FaultTo", "From", "RelatesTo")),
    }
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed SOAP envelope; the very tree that is verified and then read."""

    soap: SoapVersion
    root: etree._Element
    header: etree._Element | None
    body: etree._Element
    operation: etree._Element


def parse_envelope(data: bytes, *, limits: Limits) -> Envelope:
    """Parse a SOAP envelope that comes from somebody we do not know yet.

    Raises: `TransportError` family for what is not XML we read; `VersionMismatchError`,
    `EnvelopeStructureError` and `MustUnderstandError` for XML that is not an envelope for us.
    """
    return _structure(parse_xml(data, limits=limits))


def parse_xml(data: bytes, *, limits: Limits) -> etree._Element:
    """Parse one XML document in UTF-8 within the limits and return its root.

    Raises: `TransportError` family.
    """
    _scan(data, limits)
    try:
        root = etree.fromstring(data, _thread.parser)
    except etree.XMLSyntaxError as error:
        if error.code in _PARSER_LIMITS:
            raise errors.XmlLimitError(f"the parser stopped: {error.code}") from error
        raise errors.MalformedXmlError(f"XML error {error.code} at {error.position}") from error
    except ValueError as error:
        raise errors.MalformedXmlError("the parser refused the bytes") from error
    if root.getroottree().docinfo.internalDTD is not None:  # unreachable after the scan; kept cheap
        raise errors.ForbiddenXmlError
    _count(root, limits)
    return root


# --- bytes, before the parse ----------------------------------------------------------------------


def _scan(data: bytes, limits: Limits) -> None:
    """Refuse by the bytes alone what would be dear or dangerous to parse."""
    if len(data) > limits.request_max_bytes:
        raise errors.TooLargeError(limit_bytes=limits.request_max_bytes)
    if data.startswith(_OTHER_BOMS) or b"\0" in data:
        raise errors.MalformedXmlError("not UTF-8: NUL or another byte order mark")
    # An element costs at most two `<`; half as many again leaves room for comments and CDATA.
    if data.count(b"<") > 3 * limits.max_elements:
        raise errors.XmlLimitError("count of <", limit_elements=limits.max_elements)
    # Every attribute has one; four for each element allowed is far beyond what any stack writes.
    if data.count(b"=") > 4 * limits.max_elements:
        raise errors.XmlLimitError("count of =", limit_elements=limits.max_elements)
    # The bytes bound the declarations from above, and cheaply: canonicalisation never sees more.
    declarations = data.count(_XMLNS)
    if declarations > limits.max_namespaces_total:
        raise errors.XmlLimitError("count of xmlns", limit_namespaces=limits.max_namespaces_total)
    most = limits.max_namespaces_per_element
    if declarations > most and _most_in_a_tag(data) > most:
        raise errors.XmlLimitError("xmlns in one tag", limit_namespaces=most)
    _scan_prolog(data)
    # lxml writes a namespace into the name of each of its elements, so its length counts as well
    if any(pattern.search(data) for pattern in _longer_names_than(limits.max_name_chars)):
        raise errors.XmlLimitError("name", limit_name_chars=limits.max_name_chars)


def _most_in_a_tag(data: bytes) -> int:
    """Return the most `xmlns` between two `<`: a start tag holds no second one.

    From each to the next, so what lies between is looked at once, however much of it there is.
    """
    most = count = 0
    at = data.find(_XMLNS)
    while at >= 0:
        count += 1
        most = max(most, count)
        following = data.find(_XMLNS, at + len(_XMLNS))
        if following >= 0 and data.find(b"<", at, following) >= 0:
            count = 0
        at = following
    return most


@cache
def _longer_names_than(octets: int) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return patterns of an element name and of a namespace name of more octets than that.

    Two, since each has a fixed beginning that `re` looks for fast; their union would have none.
    Possessive, so that no input makes them go back.
    """
    more = b"{%d,}" % (octets + 1)
    namespace = rb"xmlns(?::[^\s=<>]*+)?+\s*+=\s*+(?:\"[^\"]" + more + rb"|'[^']" + more + rb")"
    return re.compile(rb"<[^\s<>/]" + more), re.compile(namespace)


_XMLNS: Final = b"xmlns"


def _scan_prolog(data: bytes) -> None:
    """Check the XML declaration, and that no document type declaration precedes the root.

    Nothing but comments, instructions and whitespace may stand there; a DOCTYPE anywhere later is
    not well-formed, or is plain text in CDATA.
    """
    at = len(_UTF8_BOM) if data.startswith(_UTF8_BOM) else 0
    if data[at : at + 6].rstrip(_XML_WHITESPACE) == b"<?xml":
        declaration = _DECLARATION.match(data, at)
        if declaration is None:
            raise errors.MalformedXmlError("XML declaration: version 1.0 and UTF-8 only")
        # Every US-ASCII text is the same octets in UTF-8; what is not, is not what it says it is.
        if any(declaration.groups()) and not data.isascii():
            raise errors.MalformedXmlError("XML declaration: US-ASCII, and an octet that is not")
        at = declaration.end()
    while True:
        at = _end_of_spaces(data, at)
        closing = next((end for start, end in _PROLOG_ITEMS if data.startswith(start, at)), None)
        if closing is None:
            break
        end = data.find(closing, at)
        if end < 0:
            raise errors.MalformedXmlError("prolog is not closed")
        at = end + len(closing)
    if data.startswith(b"<!", at):
        raise errors.ForbiddenXmlError
    if not data.startswith(b"<", at):
        raise errors.MalformedXmlError("no root element")


def _end_of_spaces(data: bytes, at: int) -> int:
    spaces = _SPACES.match(data, at)
    return spaces.end() if spaces else at


_SPACES: Final = re.compile(rb"[ \t\r\n]+")
_PROLOG_ITEMS: Final = ((b"<!--", b"-->"), (b"<?", b"?>"))


# --- one parser per thread ------------------------------------------------------------------------


class _Thread(threading.local):
    """The parser of one thread: a parser of lxml serialises the threads that share it."""

    def __init__(self) -> None:
        super().__init__()
        prepare_thread()
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            recover=False,
            # text next to a comment merges, so what is read is what is digested
            remove_comments=True,
            # kept, so that they can be refused: removing them would change what was signed
            remove_pis=False,
            remove_blank_text=False,
            strip_cdata=True,
        )


_thread: Final = _Thread()


# --- the tree, before any canonicalisation --------------------------------------------------------


# Questions to libxml2 about the whole tree: a loop in Python would make an object of every node.
_INSTRUCTION: Final = etree.XPath("boolean(//processing-instruction())")
_ELEMENTS: Final = etree.XPath("count(//*)")
_ATTRIBUTES: Final = etree.XPath("//@*")


def _count(root: etree._Element, limits: Limits) -> None:
    """Count elements, depth and attributes over the whole tree; refuse processing instructions."""
    if _INSTRUCTION(root):
        raise errors.EnvelopeStructureError("processing instruction")
    if _ELEMENTS(root) > limits.max_elements:
        raise errors.XmlLimitError("elements", limit_elements=limits.max_elements)
    if _deeper_than(limits.max_depth)(root):
        raise errors.XmlLimitError("depth", limit_depth=limits.max_depth)
    attributes = _ATTRIBUTES(root)
    if len(attributes) > limits.max_attributes_per_element and _more_attributes_than(
        limits.max_attributes_per_element
    )(root):
        raise errors.XmlLimitError("attributes", limit_attributes=limits.max_attributes_per_element)
    for value in attributes:
        if len(value.attrname) > limits.max_name_chars:
            raise errors.XmlLimitError("attribute name", limit_name_chars=limits.max_name_chars)
        if len(value) > limits.max_attribute_chars:
            raise errors.XmlLimitError("attribute value", limit_attribute_chars=limits.max_attribute_chars)


@cache
def _deeper_than(depth: int) -> etree.XPath:
    """Return a test for one level more than allowed: one step per level, linear in the nodes."""
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


@cache
def _more_attributes_than(count: int) -> etree.XPath:
    return etree.XPath(f"boolean(//*[count(@*) > {count}])")


# --- SOAP 1.1 §4, SOAP 1.2 part 1 §5 --------------------------------------------------------------


def _structure(root: etree._Element) -> Envelope:
    soap = _version(root)
    children = _only_elements(root)
    header = children.pop(0) if children and children[0].tag == soap.tag("Header") else None
    if len(children) != 1 or children[0].tag != soap.tag("Body"):
        raise errors.EnvelopeStructureError("children of Envelope")
    body = children[0]
    content = _only_elements(body)
    if len(content) != 1:
        raise errors.EnvelopeStructureError("Body needs exactly one element", elements=len(content))
    for block in _only_elements(header) if header is not None else ():
        _check_understood(block, soap)
    return Envelope(soap=soap, root=root, header=header, body=body, operation=content[0])


def _version(root: etree._Element) -> SoapVersion:
    for version in SoapVersion:
        if root.tag == version.tag("Envelope"):
            return version
    # SOAP 1.1 §4.1.2: another namespace of Envelope is a VersionMismatch
    if etree.QName(root).localname == "Envelope":
        raise errors.VersionMismatchError("namespace of Envelope")
    raise errors.EnvelopeStructureError("the root is not Envelope")


def _only_elements(parent: etree._Element) -> list[etree._Element]:
    """Return the children; between them only whitespace is allowed."""
    children = list(parent)
    texts = [parent.text, *(child.tail for child in children)]
    if any(text and text.strip(" \t\r\n") for text in texts):
        raise errors.EnvelopeStructureError("text between elements")
    return children


def is_for_us(block: etree._Element, soap: SoapVersion) -> bool:
    """Tell whether a header block is addressed to us: no actor or role, the next one or the last one."""
    return block.get(soap.actor, "").strip(" \t\r\n") in _OUR_ACTORS


def must_be_understood(block: etree._Element, soap: SoapVersion) -> bool:
    """Tell whether a block addressed to us must be understood. Raises: `EnvelopeStructureError`."""
    # SOAP 1.1 §4.2.3, SOAP 1.2 part 1 §5.2.3
    must = _MUST.get(block.get(soap.tag("mustUnderstand"), "0").strip(" \t\r\n"))
    if must is None:
        raise errors.EnvelopeStructureError("value of mustUnderstand")
    return must and is_for_us(block, soap)


def _check_understood(block: etree._Element, soap: SoapVersion) -> None:
    known = block.tag in _UNDERSTOOD or namespace_of(str(block.tag)) in _VERIFIED_LATER
    if must_be_understood(block, soap) and not known:
        raise errors.MustUnderstandError
