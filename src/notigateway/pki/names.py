"""Distinguished names in text, as the stacks of the world spell them: only to find a known certificate.

Java and xmlsec write RFC 4514 or RFC 2253, .NET quotes instead of escaping, OpenSSL writes
`/C=ES/O=…`; they disagree about the order, about spaces and about what an attribute is called. Two
spellings of one name give the same key; nothing is ever trusted because a name matches.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509

NameKey = tuple[tuple[tuple[str, str], ...], ...]

_MAX_CHARS: Final = 4096
_MAX_SHORT: Final = 129  # X.690 §8.1.3.4: the length in one octet
# RFC 4514 §3, RFC 4519, and what Java, .NET and OpenSSL call the rest
_OIDS: Final = {
    "cn": "2.5.4.3",
    "sn": "2.5.4.4",
    "surname": "2.5.4.4",
    "serialnumber": "2.5.4.5",
    "c": "2.5.4.6",
    "l": "2.5.4.7",
    "st": "2.5.4.8",
    "s": "2.5.4.8",
    "street": "2.5.4.9",
    "o": "2.5.4.10",
    "ou": "2.5.4.11",
    "t": "2.5.4.12",
    "title": "2.5.4.12",
    "description": "2.5.4.13",
    "postalcode": "2.5.4.17",
    "gn": "2.5.4.42",
    "g": "2.5.4.42",
    "givenname": "2.5.4.42",
    "initials": "2.5.4.43",
    "generationqualifier": "2.5.4.44",
    "generation": "2.5.4.44",
    "dnqualifier": "2.5.4.46",
    "dnq": "2.5.4.46",
    "pseudonym": "2.5.4.65",
    "organizationidentifier": "2.5.4.97",
    "uid": "0.9.2342.19200300.100.1.1",
    "dc": "0.9.2342.19200300.100.1.25",
    "e": "1.2.840.113549.1.9.1",
    "email": "1.2.840.113549.1.9.1",
    "emailaddress": "1.2.840.113549.1.9.1",
}
# UTF8String, PrintableString, TeletexString, IA5String, BMPString
_STRINGS: Final = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
_TYPE: Final = re.compile(
    r"\s*+(?:OID\.)?+([A-Z][A-Z0-9\-]*+|[0-9]++(?:\.[0-9]++)++)\s*+=\s*+", re.IGNORECASE | re.ASCII
)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.|"")*+)"\s*+', re.DOTALL)
_PLAIN: Final = re.compile(r"((?:[^\\,;+]|\\.)*+)", re.DOTALL)
# `\C3\B3` of RFC 4514 §2.4, and `\xC3\xB3` as OpenSSL writes octets that are not ASCII
_ESCAPED: Final = re.compile(r'((?:\\x?[0-9A-Fa-f]{2})++)|\\(.)|""', re.DOTALL)
_HEXADECIMAL: Final = re.compile(r"#((?:[0-9A-Fa-f]{2})++)")
# An attribute in OpenSSL's one line: `/` begins a level, `+` another attribute of the same.
_ONE_LINE: Final = re.compile(
    r"(?<!\\)([/+])([A-Z][A-Z0-9\-]*+|[0-9]++(?:\.[0-9]++)++)=", re.IGNORECASE | re.ASCII
)
_ONE_LINE_ESCAPED: Final = re.compile(rb"\\x([0-9A-Fa-f]{2})|\\([/+])")


def key_of_name(name: x509.Name) -> NameKey:
    """Return the key of a certificate's name."""
    return _key(
        [(attribute.oid.dotted_string, _text(attribute.value)) for attribute in rdn] for rdn in name.rdns
    )


def key_of_text(text: str) -> NameKey:
    """Return the key of a name in any of the spellings. Raises: `ValueError` for no name at all."""
    if len(text) > _MAX_CHARS:
        raise ValueError("a name that long is nobody's")
    text = text.strip()
    return _key(_one_line(text) if text.startswith("/") else _listed(text))


def _key(rdns: Iterable[Iterable[tuple[str, str]]]) -> NameKey:
    """Fold what spellings differ in: case, spaces, composed characters, and both directions."""
    folded = tuple(tuple(sorted((oid, _folded(value)) for oid, value in rdn)) for rdn in rdns)
    return min(folded, folded[::-1])


def _folded(value: str) -> str:
    # RFC 4518 §2, as far as it matters for finding
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def _listed(text: str) -> list[list[tuple[str, str]]]:
    """Read the spellings with commas (or, older, semicolons) between and `+` inside."""
    rdns: list[list[tuple[str, str]]] = [[]]
    at = 0
    while True:
        kind = _TYPE.match(text, at)
        if kind is None:
            raise ValueError("not a distinguished name")
        quoted = _QUOTED.match(text, kind.end())
        value = quoted or _PLAIN.match(text, kind.end())
        if value is None:
            raise ValueError("not a distinguished name")
        rdns[-1].append((_oid(kind[1]), _value(value[1], is_quoted=quoted is not None)))
        at = value.end()
        if at == len(text):
            return rdns
        if text[at] in ",;":
            rdns.append([])
        elif text[at] != "+":
            raise ValueError("not a distinguished name")
        at += 1


def _one_line(text: str) -> list[list[tuple[str, str]]]:
    r"""Read OpenSSL's one line, `/C=ES/O=…`, as `-nameopt compat` and PHP write it.

    OpenSSL 3 writes `\/` and `\+` where they stand in a value, older ones do not; none escapes a backslash.
    """
    found = list(_ONE_LINE.finditer(text))
    if not found or found[0].start() or found[0][1] != "/":
        raise ValueError("not a distinguished name")
    rdns: list[list[tuple[str, str]]] = []
    for one, end in zip(found, [*(other.start() for other in found[1:]), len(text)], strict=True):
        if one[1] == "/":
            rdns.append([])
        rdns[-1].append((_oid(one[2]), _one_line_value(text[one.end() : end])))
    return rdns


def _one_line_value(text: str) -> str:
    r"""Read a value whose octets stand as `\xC3` where they are not ASCII, in whatever string they were."""
    octets = _ONE_LINE_ESCAPED.sub(_octet, text.encode())
    if b"\0" in octets:  # a BMPString
        return octets.decode("utf-16-be")
    try:
        return octets.decode()
    except UnicodeDecodeError:  # a TeletexString
        return octets.decode("latin-1")


def _octet(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode()) if match[1] else match[2]


def _oid(kind: str) -> str:
    oid = _OIDS.get(kind.lower(), kind)
    if not oid[0].isdigit():
        raise ValueError("an attribute nobody knows")
    return oid


def _value(text: str, *, is_quoted: bool) -> str:
    encoded = None if is_quoted else _HEXADECIMAL.fullmatch(text.strip())
    return _decoded(bytes.fromhex(encoded[1])) if encoded else _ESCAPED.sub(_unescaped, text)


def _decoded(octets: bytes) -> str:
    """Read a string in BER, as Java writes attributes that it has no name for (RFC 4514 §2.4)."""
    charset = _STRINGS.get(octets[0])
    if charset is None or not 1 < len(octets) <= _MAX_SHORT or octets[1] != len(octets) - 2:
        raise ValueError("not a string of less than 128 octets")
    return octets[2:].decode(charset)


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return bytes.fromhex(match[1].replace("\\", "").replace("x", "")).decode("utf-8")
    return match[2] or '"'
