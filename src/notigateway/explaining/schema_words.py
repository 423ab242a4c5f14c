"""What the schema wanted, in words: from the validator's message, and the types of the contract.

The fault itself says only the element and the rule's name, since it goes to whoever asked. Here the reader
has the message in hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

    from notigateway.soap.contract import Contract

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_QUALIFIED: Final = re.compile(r"\{(?:urn|https?):[^}]*\}")
_INSTANT: Final = "an instant with its zone, as 2026-06-01T12:00:00Z"
_TYPES: Final = {
    "int": "a whole number", "integer": "a whole number", "long": "a whole number", "short": "a whole number",
    "nonNegativeInteger": "a whole number from 0", "positiveInteger": "a whole number from 1",
    "decimal": "a number", "boolean": "true or false", "dateTime": _INSTANT,
    "date": "a date, as 2026-06-01", "time": "a time, as 12:00:00", "base64Binary": "base64",
}  # fmt: skip
# How the patterns of the contracts are said, by a text that one has and no other.
PATTERNS: Final = (
    ("[0-9a-fA-F]{12}", "a UUID, as 0198e3a0-0000-7000-8000-000000000001"),
    ("[0-9a-f]{64}", "a SHA-256: 64 hexadecimal digits in lower case"),
    ("(19|20|21)", _INSTANT),
    (r"1\.(0|", "a version of the contract, as 1.1"),
    ("[0-9A-Z]{9}", "nine digits or upper-case letters"),
    ("[0-9]{11}", "a contribution account: eleven digits, fifteen with its regime"),
    ("[0-9]{12}", "an affiliation number: twelve digits"),
)
# The rules of what is read without a schema, and of what is looked at behind it.
RULES: Final = {
    "required": "it has to be there",
    "repeated": "it may be there once",
    "unknown": "no element has that name there",
    "simple": "it wants a text, no elements",
    "attribute": "it may have no attribute",
    "int": "it wants a whole number",
    "boolean": "it wants true or false",
    "nil": "it may not be nil",
    "type": "its xsi:type is none that it may have",
}


def wanted(contract: Contract, operation: _Element) -> str:
    """Return in words what the schema wanted where it refuses first, or nothing where that is not known."""
    message = _QUALIFIED.sub("", contract.complaint(operation))
    for pattern, say in _MESSAGES:
        found = re.search(pattern, message, re.DOTALL)
        if found is not None:
            return say(found, contract)
    return ""


def _type(found: re.Match[str], contract: Contract) -> str:
    name = _built_in(found[1].removeprefix("xs:"), contract)
    return f"wants {_TYPES[name]}" if name in _TYPES else ""


def _built_in(name: str, contract: Contract) -> str:
    """Return the type of XML Schema that one of the contract restricts."""
    types = {one.get("name"): one for one in etree.fromstring(contract.schema).iter(f"{_XS}simpleType")}
    seen: set[str] = set()
    while name in types and name not in seen:
        seen.add(name)
        restriction = types[name].find(f"{_XS}restriction")
        base = restriction.get("base") if restriction is not None else None
        name = (base or "").rpartition(":")[2]
    return name


def _pattern(found: re.Match[str], _contract: Contract) -> str:
    known = next((words for mark, words in PATTERNS if mark in found[1]), None)
    return f"wants {known}" if known else f"wants what matches {found[1]}"


def _chosen(found: re.Match[str], _contract: Contract) -> str:
    words = found[1].replace("'", "")
    return f"wants one of {words}"


def _expected(found: re.Match[str], _contract: Contract) -> str:
    names = [name.strip() for name in found[1].split(",")]
    return f"wants {' or '.join(names)} there"


_MESSAGES: Final[tuple[tuple[str, Callable[[re.Match[str], Contract], str]], ...]] = (
    (r"is not a valid value of the (?:atomic|local atomic|list|union) type '([^']+)'", _type),
    (r"is not accepted by the pattern '(.+)'\.$", _pattern),
    (r"is not an element of the set \{(.+)\}", _chosen),
    (r"\[facet 'maxInclusive'\].*\('(-?\d+)'\)", lambda found, _: f"wants at most {found[1]}"),
    (r"\[facet 'minInclusive'\].*\('(-?\d+)'\)", lambda found, _: f"wants at least {found[1]}"),
    (r"\[facet 'maxLength'\].* of '(\d+)'", lambda found, _: f"wants a text of length {found[1]} or less"),
    (r"\[facet 'minLength'\].* of '(\d+)'", lambda found, _: f"wants a text of length {found[1]} or more"),
    (r"Expected is (?:one of )?\( (.+) \)\.", _expected),
    (r"This element is not expected\.$", lambda *_: "wants nothing more there"),
    (r"The attribute '[^']+' is not allowed", lambda *_: "wants no such attribute"),
    (r"Character content other than whitespace is not allowed", lambda *_: "wants elements, no text"),
    (r"Element content is not allowed, because the type", lambda *_: "wants a text alone"),
)  # fmt: skip
