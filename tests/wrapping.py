"""The generator of signature wrapping: every part x every place x every way to name x every order.

The attacker has a valid message, moves a signed part to where nobody reads it, and puts a part of
his own in its place. The signature still is right over the moved part; the verifier must not care.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

from lxml import etree

from client_shapes import path_text
from envelopes import DS, NS, SIGN_BODY_AND_TIMESTAMP, SOAP, WSSE, WSU, Draft, Parts, Ref, instant
from pki import NOW, pki

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ID = f"{{{WSU}}}Id"
SECURITY = f"{{{WSSE}}}Security"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'

# Where the signed part is hidden; each receives the envelope and the hidden part.
PLACES: dict[str, Callable[[Parts, etree._Element], None]] = {
    "header": lambda parts, part: parts.header.append(part),
    "header, first": lambda parts, part: parts.header.insert(0, part),
    "wrapper in header": lambda parts, part: wrapper(parts.header).append(part),
    "deep in header": lambda parts, part: wrapper(wrapper(wrapper(parts.header))).append(part),
    "security": lambda parts, part: parts.security.append(part),
    "wrapper in security": lambda parts, part: wrapper(parts.security).append(part),
    "object in signature": lambda parts, part: etree.SubElement(parts.signature, f"{{{DS}}}Object").append(
        part
    ),
    "key info": lambda parts, part: parts.signature[2].append(part),
    "signed info": lambda parts, part: parts.signature[0].append(part),
    "second security header": lambda parts, part: etree.SubElement(
        parts.header, f"{{{WSSE}}}Security"
    ).append(part),
    "security of somebody else": lambda parts, part: foreign_security(parts.header).append(part),
    "operation": lambda parts, part: body_of(parts).find("*").append(part),  # type: ignore[union-attr]
    "beside the operation": lambda parts, part: body_of(parts).append(part),
    "after the body": lambda parts, part: parts.root.append(part),
    "before the header": lambda parts, part: parts.root.insert(0, part),
    "wrapper in envelope": lambda parts, part: wrapper(parts.root).append(part),
}

# How the attacker's part is named; `value` is the id that the signature references.
NAMES: dict[str, Callable[[etree._Element, str], None]] = {
    "no id": lambda _part, _value: None,
    "another id": lambda part, _value: part.set(ID, "other"),
    "same id": lambda part, value: part.set(ID, value),
    "same id, unqualified": lambda part, value: part.set("Id", value),
    "same id, capitals": lambda part, value: part.set("ID", value),
    "same id, xml:id": lambda part, value: part.set("{http://www.w3.org/XML/1998/namespace}id", value),
    "same id, lower case": lambda part, value: part.set("id", value),
    "same id, other case": lambda part, value: part.set(ID, value.upper()),
    "same id, spaces": lambda part, value: part.set(ID, f" {value} "),
    "both": lambda part, value: part.attrib.update({ID: "other", "Id": value}),
}

ORDERS = ("evil first", "evil last")
PARTS = ("Body", "Timestamp", "Token", "h1")


# Names that leave two elements with one id in the document.
DOUBLED = {"same id", "same id, unqualified", "same id, capitals", "same id, xml:id", "both"}
# A header block moved among the blocks, or a token among the tokens, stays what it was.
NOT_MOVED_AWAY = {("h1", "header"), ("h1", "header, first"), ("Token", "security")}


@dataclass(frozen=True)
class Wrapping:
    """One attack: the signed part, where it is hidden, how the attacker's is named, and their order."""

    part: str
    place: str
    naming: str
    order: str
    key: str = "token"

    def build(self, evil: str) -> bytes:
        """Return the attack on a message; `evil` is the operation that the attacker wants executed.

        Where the Body is wrapped the signed operation is a harmless one. Where it is something else
        `evil` was signed by its caller for another occasion: too long ago, or not by this token.
        """
        has_token = self.key == "token"
        return Draft(
            content=evil if self.part in {"Timestamp", "Token"} else PING,
            now=NOW.replace(hour=9) if self.part == "Timestamp" else NOW,
            header_before='<h xmlns="urn:h" wsu:Id="h1">good</h>',
            references=(*SIGN_BODY_AND_TIMESTAMP, *([Ref("Token")] if has_token else []), Ref("h1")),
            token=None if has_token else "",
            key_info=None if has_token else path_text(pki().company_seal),
            tamper=lambda parts: self._attack(parts, evil),
        ).build()

    def _attack(self, parts: Parts, evil: str) -> None:
        original = part_of(parts, self.part)
        value = original.get(ID) or ""
        parent = original.getparent()
        assert parent is not None
        at = parent.index(original)
        attackers = attackers_part(self.part, original, evil)
        NAMES[self.naming](attackers, value)
        parent.insert(at, attackers)
        parent.remove(original)
        PLACES[self.place](parts, original)
        if self.order == "evil last":
            parent.append(attackers)


def wrappings(part: str, place: str, key: str = "token") -> Iterator[Wrapping]:
    """Yield all attacks on a part that hide it at a place; the key is a token, or a path in X509Data."""
    for naming, order in product(NAMES, ORDERS):
        yield Wrapping(part, place, naming, order, key)


def arrangements() -> Iterator[tuple[str, ...]]:
    """Yield every order of certificates that an attacker could put beside the victim's."""
    holders = ("company_seal", "person", "issuing", "root", "stranger")
    for count in range(1, len(holders) + 1):
        yield from permutations(holders, count)


def hidings() -> list[tuple[str, str]]:
    """Return every part with every place that takes it away from where it is read."""
    return [pair for pair in product(PARTS, PLACES) if pair not in NOT_MOVED_AWAY]


def added(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, name)


def wrapper(parent: etree._Element) -> etree._Element:
    return added(parent, "{urn:wrapper}w")


def foreign_security(header: etree._Element) -> etree._Element:
    return etree.SubElement(header, SECURITY, {f"{{{SOAP}}}actor": "urn:other"})


def body_of(parts: Parts) -> etree._Element:
    return parts.root.findall("soap:Body", NS)[-1]


def part_of(parts: Parts, part: str) -> etree._Element:
    found = {"Body": parts.body, "Timestamp": parts.timestamp, "Token": parts.token}.get(part)
    return found if found is not None else parts.header[0]


def attackers_part(part: str, original: etree._Element, evil: str) -> etree._Element:
    """Return what the attacker wants to be read instead."""
    copy = etree.fromstring(etree.tostring(original))
    copy.tail = None
    for name in (ID, "Id"):
        copy.attrib.pop(name, None)
    if part == "Body":
        copy[:] = [etree.fromstring(evil)]
    elif part == "Timestamp":
        copy[0].text, copy[1].text = instant(NOW), instant(NOW.replace(minute=30))
    elif part == "Token":
        token = Draft(pair=pki().stranger).tree().find(".//wsse:BinarySecurityToken", NS)
        assert token is not None
        copy.text = token.text
    else:
        copy.text = "evil"
    return copy
