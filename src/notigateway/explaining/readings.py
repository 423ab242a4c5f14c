"""What clients digest or sign instead of the exclusive canonical form of a part, made again.

Each row yields octets. A row whose octets have the digest that the message states *is* what the client
digested, or something with the same octets; nothing is said of a row whose octets have not.
"""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.errors import CanonicalFormError
from notigateway.explaining.cause import Known
from notigateway.explaining.reshaping import CHANGES, changed, path_of
from notigateway.wss.canonical import canonical
from notigateway.wss.ns import DS, SOAP11, SOAP12, WSSE, WSU, XSD, XSI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.explaining.sight import Sight

    Reading = Known[Callable[["Part"], Iterator[bytes]]]

# Readings cost a canonical form each; a larger part gets the cheapest only.
_MAX_READ_AGAIN_BYTES: Final = 256 * 1024
# Inclusive C14N writes every declaration at every element that could use it.
_MAX_DECLARATIONS: Final = 64
_MAX_PREFIXES: Final = 8
_DECLARED: Final = re.compile(rb' xmlns(?::[\w.\-]+)?="[^"]*"')
_PREFIX: Final = re.compile(rb"(</?|\s)[A-Za-z_][\w.\-]*:(?=[A-Za-z_])")
_EMPTY: Final = re.compile(rb"<([^\s<>/]+)([^<>]*)></\1>")
_DECLARATIONS: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>',
    b'<?xml version="1.0" encoding="utf-8"?>',
    b"<?xml version='1.0' encoding='UTF-8'?>",
    b'<?xml version="1.0"?>',
    b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
)
_USUAL_PREFIXES: Final = {
    SOAP11: ("soap", "soapenv", "s", "S", "SOAP-ENV", "env", "soap-env"),
    SOAP12: ("soap", "soap12", "s", "S", "env", "soapenv", "soap-env"),
    WSU: ("wsu", "u"),
    WSSE: ("wsse", "o"),
    DS: ("ds", "dsig", ""),
}
_USUAL_NAMESPACES: Final = {
    "xsd": XSD, "xs": XSD, "xsi": XSI, "soap": SOAP11, "soapenv": SOAP11, "s": SOAP11, "SOAP-ENV": SOAP11,
    "wsu": WSU, "u": WSU, "wsse": WSSE, "o": WSSE, "ds": DS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the message, with the prefixes that its transform states and its canonical form."""

    target: etree._Element
    prefixes: tuple[str, ...]
    sight: Sight
    octets: bytes

    @property
    def is_large(self) -> bool:
        """Tell whether making it again costs much."""
        return len(self.octets) > _MAX_READ_AGAIN_BYTES


# --- from the canonical octets alone --------------------------------------------------------------


def _escaped_returns(part: Part) -> Iterator[bytes]:
    if b"\n" in part.octets:
        yield part.octets.replace(b"\n", b"&#xD;\n")


def _returns(part: Part) -> Iterator[bytes]:
    if b"\n" in part.octets:
        yield part.octets.replace(b"\n", b"\r\n")


def _without_returns(part: Part) -> Iterator[bytes]:
    if b"&#xD;" in part.octets:
        yield part.octets.replace(b"&#xD;", b"")


def _declared(part: Part) -> Iterator[bytes]:
    for declaration in _DECLARATIONS:
        yield declaration + part.octets
        yield declaration + b"\n" + part.octets


def _line_end(part: Part) -> Iterator[bytes]:
    yield part.octets + b"\n"
    yield part.octets + b"\r\n"


def _without_namespaces(part: Part) -> Iterator[bytes]:
    bare = _DECLARED.sub(b"", part.octets)
    yield bare
    yield _PREFIX.sub(rb"\1", bare)


def _own_namespaces(part: Part) -> Iterator[bytes]:
    """Yield the part without what its first tag declares, unless it is written so."""
    end = part.octets.find(b">")
    octets = _DECLARED.sub(b"", part.octets[:end]) + part.octets[end:]
    if octets not in part.sight.data:
        yield octets


def _inside(part: Part) -> Iterator[bytes]:
    children = [canonical(child, prefixes=part.prefixes) for child in part.target]
    yield from children
    yield part.octets[part.octets.find(b">") + 1 : part.octets.rfind(b"</")]


def _text(part: Part) -> Iterator[bytes]:
    text = "".join(part.target.itertext())
    yield text.encode()
    yield text.strip().encode()


def _empty_tags(part: Part) -> Iterator[bytes]:
    yield _EMPTY.sub(rb"<\1\2/>", part.octets)
    yield _EMPTY.sub(rb"<\1\2 />", part.octets)


def _other_letters(part: Part) -> Iterator[bytes]:
    text = part.octets.decode("utf-8", "replace")
    for encoding in ("latin-1", "cp1252", "utf-16-le", "utf-16"):
        with suppress(UnicodeEncodeError):
            yield text.encode(encoding)


def _digest_again(part: Part) -> Iterator[bytes]:
    for name in ("sha256", "sha1", "sha512"):
        digest = hashlib.new(name, part.octets).digest()
        yield digest
        yield digest.hex().encode()
        yield base64.b64encode(digest)


def _nothing(_part: Part) -> Iterator[bytes]:
    yield b""


def _other_prefix(part: Part) -> Iterator[bytes]:
    """Yield the part with another usual prefix of its own namespace: what a proxy renames."""
    name = etree.QName(part.target)
    own = part.target.prefix or ""
    for prefix in _USUAL_PREFIXES.get(name.namespace or "", ()):
        if prefix != own:
            yield _renamed(part.octets, own.encode(), prefix.encode())


def _renamed(octets: bytes, old: bytes, new: bytes) -> bytes:
    before, after = (old + b":" if old else b""), (new + b":" if new else b"")
    for start in (b"<", b"</", b" "):
        octets = octets.replace(start + before, start + after) if before else octets
    declared = (b" xmlns:" + old if old else b" xmlns") + b'="'
    return octets.replace(declared, (b" xmlns:" + new if new else b" xmlns") + b'="')


# --- other parts ----------------------------------------------------------------------------------


def _exchanged(part: Part) -> Iterator[bytes]:
    """Yield the parts whose references state the digest of this one."""
    for reference, other in part.sight.differing:
        stated = "".join(reference.digest.split())
        ours = [
            base64.b64encode(hashlib.new(reference.method.hash_name, octets).digest()).decode()
            for octets in (part.octets, canonical(part.target))
        ]
        if other is not part.target and stated in ours:
            yield canonical(other, prefixes=reference.prefixes)
            yield canonical(other)


def _others(part: Part) -> Iterator[bytes]:
    exchanged = set(_exchanged(part))
    for other in {id(one): one for one in part.sight.parts.values()}.values():
        octets = canonical(other)
        if other is not part.target and octets not in exchanged:
            yield octets


def _whole(part: Part) -> Iterator[bytes]:
    if part.sight.root is not None:
        yield canonical(part.sight.root)
    yield part.sight.data


# --- by other rules of canonicalisation -----------------------------------------------------------


def _no_list(part: Part) -> Iterator[bytes]:
    if part.prefixes:
        yield canonical(part.target)


def _inclusive(part: Part) -> Iterator[bytes]:
    if part.sight.data.count(b"xmlns") <= _MAX_DECLARATIONS:
        yield etree.tostring(part.target, method="c14n", exclusive=False, with_comments=False)


def _listed(part: Part) -> Iterator[bytes]:
    """Yield it with one more prefix of those in scope; with all of them it is inclusive C14N."""
    plain = canonical(part.target)
    for prefix in [prefix or "#default" for prefix in part.target.nsmap][:_MAX_PREFIXES]:
        octets = canonical(part.target, prefixes=(*part.prefixes, prefix))
        if octets != plain:
            yield octets


def _out_of_scope(part: Part) -> Iterator[bytes]:
    """Yield it with those prefixes of the list declared that nothing in scope declares."""
    missing = [one for one in part.prefixes if one != "#default" and one not in part.target.nsmap]
    known = {prefix: uri for one in part.target.getroottree().iter() for prefix, uri in one.nsmap.items()}
    start = part.octets.find(b" ") if b" " in part.octets[: part.octets.find(b">")] else -1
    declared = {one: known.get(one) or _USUAL_NAMESPACES.get(one) for one in missing[:_MAX_PREFIXES]}
    if not missing or start < 0 or not all(declared.values()):
        return
    end = part.octets.find(b">")
    head = part.octets[:end]
    there = _DECLARED.findall(head)
    ours = [f' xmlns:{prefix}="{uri}"'.encode() for prefix, uri in declared.items()]
    rest = _DECLARED.sub(b"", head)
    place = rest.find(b" ") if b" " in rest else len(rest)
    yield rest[:place] + b"".join(sorted([*there, *ours])) + rest[place:] + part.octets[end:]


def _with_comments(part: Part) -> Iterator[bytes]:
    if b"<!--" not in part.sight.data:
        return
    root = etree.fromstring(part.sight.data, etree.XMLParser(resolve_entities=False, no_network=True))
    for step in path_of(part.target):
        root = [child for child in root if isinstance(child.tag, str)][step]
    yield etree.tostring(root, method="c14n", exclusive=True, with_comments=True)


def _as_written(part: Part) -> Iterator[bytes]:
    """Yield the characters of the file: what is digested by who joins strings instead of XML."""
    qualified = f"{part.target.prefix}:" if part.target.prefix else ""
    name = re.escape(f"{qualified}{etree.QName(part.target).localname}".encode())
    found = re.search(rb"<" + name + rb"[\s>].*</" + name + rb"\s*>", part.sight.data, re.DOTALL)
    if found:
        yield found[0]
    yield etree.tostring(part.target, encoding="utf-8", with_tail=False)


def _reshaped(change: Callable[[etree._Element], None]) -> Callable[[Part], Iterator[bytes]]:
    def make(part: Part) -> Iterator[bytes]:
        target = changed(part.target, change)
        octets = canonical(target, prefixes=part.prefixes)
        if octets == part.octets:
            return
        yield octets
        yield octets.replace(b"\n", b"&#xD;\n")
        if part.prefixes:
            yield canonical(target)

    return make


_CANONICAL: Final = "digest the exclusive canonical form that the library makes"
EXCHANGED: Final[Reading] = Known("references-exchanged",
    "two references state each other's digest: they are exchanged",
          "let each Reference name the part whose digest it states", _exchanged)  # fmt: skip
OF_ANOTHER: Final[Reading] = Known("digest-of-another-part", "the digest is that of another part",
    "digest the part that the Reference names", _others)  # fmt: skip
CHEAP: Final[tuple[Reading, ...]] = (
    Known("crlf-escaped", "CR LF was digested where LF arrives",
          "XML parsers read CR LF as LF: sign what was parsed",
          _escaped_returns),
    Known("crlf", "digested with CR LF at the ends of lines",
          "XML parsers read CR LF as LF: sign what was parsed",
          _returns),
    Known("carriage-returns-added",
          "carriage returns (&#13;) are in the message that were not there when it was "
          "digested", "send the octets that were signed", _without_returns),
    Known("xml-declaration-digested", "digested with an XML declaration before it", _CANONICAL, _declared),
    Known("line-end-digested", "digested with a line end behind it", _CANONICAL, _line_end),
    Known("namespaces-left-out", "digested without its namespace declarations", _CANONICAL,
          _without_namespaces),
    Known("namespaces-of-the-part-left-out",
          "digested without the declarations at its first tag, as a piece of text",
          _CANONICAL, _own_namespaces),
    Known("content-digested", "the digest is that of the element inside, or of the content",
          "digest the signed part itself, its tag included", _inside),
    Known("text-digested", "the digest is that of the text alone, without tags", _CANONICAL, _text),
    Known("empty-tags", "digested with empty elements as <a/>", _CANONICAL, _empty_tags),
    Known("other-character-set", "digested in another character set than UTF-8", "digest UTF-8",
          _other_letters),
    Known("hashed-twice", "the digest was digested again", "hand over the octets, not their digest",
          _digest_again),
    Known("nothing-digested", "the digest is that of no octets at all",
          "the part was not found when it was digested: set its id first", _nothing),
    Known("prefix-renamed", "digested with another prefix: it was renamed after signing",
          "let nothing rewrite a signed message", _other_prefix),
    EXCHANGED,
    OF_ANOTHER,
)  # fmt: skip
DEAR: Final[tuple[Reading, ...]] = (
    Known("prefix-list-not-applied", "digested without the PrefixList that the Transform states",
          "apply the list, or state none", _no_list),
    Known("inclusive-c14n", "digested in inclusive C14N, while the Transform says exclusive C14N",
          "canonicalise as stated", _inclusive),
    Known("prefix-list-not-stated", "digested with prefixes that the Transform's PrefixList does not state",
          "state the list that is applied", _listed),
    Known("prefix-out-of-scope",
          "the PrefixList names prefixes that nothing in scope declares here, and they were "
          "declared when it was digested", "declare them at the Envelope, or leave them out of the list",
          _out_of_scope),
    Known("comments-digested", "digested with its comments (#WithComments)", "leave comments out",
          _with_comments),
    Known("digested-as-written", "digested as it is written, not in its canonical form", _CANONICAL,
          _as_written),
    Known("whole-message-digested", "the digest is that of the whole message", "digest the part", _whole),
    *(Known(one.name, one.words, one.cure, _reshaped(one.how)) for one in CHANGES),
)  # fmt: skip
READINGS: Final = (*CHEAP, *DEAR)


def readings(part: Part) -> Iterator[tuple[Reading | None, bytes]]:
    """Yield what may have been digested, with the mistake that leads to it; None is what is right."""
    yield None, part.octets
    for known in CHEAP if part.is_large else READINGS:
        # a changed part may have no canonical form
        with suppress(CanonicalFormError, etree.LxmlError):
            for octets in known.how(part):
                if octets != part.octets:
                    yield known, octets
