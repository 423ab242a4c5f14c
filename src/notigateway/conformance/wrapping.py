"""Signature wrapping, generated: a signed part is hidden, and a part of an attacker's stands in its place.

The signature is right over the hidden part. Whoever verifies that and then reads the other one executes what
nobody signed (McIntosh and Austel, 2005). An attack is a part, a place to hide it, a way to name the
attacker's, and an order of the two.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.wss.ns import DS, SOAP11, WSSE, WSU_ID, XML

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element

    from notigateway.conformance.drafting import Parts

_WRAPPER: Final = "{urn:wrapper}w"
_SECURITY: Final = f"{{{WSSE}}}Security"


def _within(parent: _Element, *names: str) -> _Element:
    """Return an element within new ones, each within the one before."""
    for name in names:
        parent = etree.SubElement(parent, name)
    return parent


def _foreign_security(header: _Element) -> _Element:
    return etree.SubElement(header, _SECURITY, {f"{{{SOAP11}}}actor": "urn:other"})


# Where the signed part is hidden.
PLACES: Final[dict[str, Callable[[Parts, _Element], None]]] = {
    "header": lambda parts, part: parts.header.append(part),
    "first in header": lambda parts, part: parts.header.insert(0, part),
    "wrapper in header": lambda parts, part: _within(parts.header, _WRAPPER).append(part),
    "deep in header": lambda parts, part: _within(parts.header, *[_WRAPPER] * 3).append(part),
    "security": lambda parts, part: parts.security.append(part),
    "wrapper in security": lambda parts, part: _within(parts.security, _WRAPPER).append(part),
    "object in signature": lambda parts, part: _within(parts.signature, f"{{{DS}}}Object").append(part),
    "key info": lambda parts, part: parts.signature[2].append(part),
    "second security": lambda parts, part: _within(parts.header, _SECURITY).append(part),
    "security of another": lambda parts, part: _foreign_security(parts.header).append(part),
    "operation": lambda parts, part: parts.root[-1][0].append(part),
    "beside the operation": lambda parts, part: parts.root[-1].append(part),
    "after the body": lambda parts, part: parts.root.append(part),
    "before the header": lambda parts, part: parts.root.insert(0, part),
    "wrapper in envelope": lambda parts, part: _within(parts.root, _WRAPPER).append(part),
}

# How the attacker's part is named, by the id that the signature references.
NAMES: Final[dict[str, Callable[[_Element, str], None]]] = {
    "no id": lambda _part, _value: None,
    "same id": lambda part, value: part.set(WSU_ID, value),
    "same id, unqualified": lambda part, value: part.set("Id", value),
    "another id": lambda part, _value: part.set(WSU_ID, "other"),
    "same id, capitals": lambda part, value: part.set("ID", value),
    "same id, xml:id": lambda part, value: part.set(f"{{{XML}}}id", value),
    "same id, other case": lambda part, value: part.set(WSU_ID, value.upper()),
    "same id, spaces": lambda part, value: part.set(WSU_ID, f" {value} "),
}
# Of these every part and place is tried once with each, unless all are wanted.
_USUAL: Final = ("no id", "same id")


@dataclass(frozen=True, slots=True)
class Wrapping:
    """One attack."""

    place: str
    naming: str
    is_last: bool

    @property
    def words(self) -> str:
        """Return which it is."""
        return f"hidden: {self.place}; named: {self.naming}; {'last' if self.is_last else 'first'}"

    def apply(self, parts: Parts, part: _Element, evil: _Element) -> None:
        """Hide a signed part, and put the attacker's in its place."""
        parent = part.getparent()
        assert parent is not None  # noqa: S101  (it is a part of an envelope)
        NAMES[self.naming](evil, str(part.get(WSU_ID)))
        parent.insert(parent.index(part), evil)
        parent.remove(part)
        PLACES[self.place](parts, part)
        if self.is_last:
            parent.append(evil)


def wrappings(*, all_of_them: bool = False) -> Iterator[Wrapping]:
    """Yield the attacks on a part: some for each place, or every one."""
    if all_of_them:
        yield from (Wrapping(*one) for one in product(PLACES, NAMES, (False, True)))
        return
    for number, place in enumerate(PLACES):
        for other, naming in enumerate(_USUAL):
            yield Wrapping(place, naming, is_last=bool((number + other) % 2))


def copy_of(part: _Element) -> _Element:
    """Return a part without its id, as an attacker begins."""
    found = deepcopy(part)
    found.tail = None
    found.attrib.pop(WSU_ID, None)
    return found
