"""Requests that the schema refuses, mended in a copy: what then is accepted was the mistake, for sure."""

from __future__ import annotations

import re
from copy import deepcopy
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.errors import GatewayError
from notigateway.explaining import schema_words
from notigateway.explaining.cause import Cause, Certainty, Explained, Known, told
from notigateway.wss.ns import XSI, namespace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element

    from notigateway import errors
    from notigateway.explaining.sight import Sight
    from notigateway.soap.contract import Contract

    Repair = Known[Callable[[_Element, Contract], None]]

_MOST_ELEMENTS: Final = 2_000
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_UUID_LIKE: Final = re.compile(r"[{(]?([0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12})[)}]?")


def _qualified(element: _Element, _contract: Contract) -> None:
    own = namespace_of(str(element.tag))
    for child in element.iterdescendants():
        if not namespace_of(str(child.tag)):
            child.tag = etree.QName(own, str(child.tag))


def _same_namespace(element: _Element, _contract: Contract) -> None:
    own = namespace_of(str(element.tag))
    for child in element.iterdescendants():
        if namespace_of(str(child.tag)) not in {"", own}:
            child.tag = f"{{{own}}}{etree.QName(child).localname}"


def _trimmed(element: _Element, _contract: Contract) -> None:
    for child in element.iterdescendants():
        if not len(child) and child.text:
            child.text = child.text.strip()


def _plain_uuids(element: _Element, _contract: Contract) -> None:
    for child in element.iterdescendants():
        found = _UUID_LIKE.fullmatch((child.text or "").removeprefix("urn:uuid:"))
        if found:
            digits = found[1].replace("-", "").lower()
            child.text = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _without_empty(element: _Element, _contract: Contract) -> None:
    for child in list(element.iterdescendants()):
        parent = child.getparent()
        if parent is not None and not len(child) and not (child.text or "").strip():
            parent.remove(child)


def _without_instance_attributes(element: _Element, _contract: Contract) -> None:
    for one in element.iter():
        for name in [name for name in one.attrib if namespace_of(str(name)) == XSI]:
            del one.attrib[name]


def _without_unknown(element: _Element, contract: Contract) -> None:
    names = {name.lower() for name in _names(contract)}
    for child in list(element.iterdescendants()):
        parent = child.getparent()
        if parent is not None and etree.QName(child).localname.lower() not in names:
            parent.remove(child)


def _in_order(element: _Element, contract: Contract) -> None:
    places = {name: place for place, name in reversed(list(enumerate(_names(contract))))}
    for one in list(element.iter()):
        one[:] = sorted(one, key=lambda child: places.get(etree.QName(child).localname, len(places)))


def _other_case(element: _Element, contract: Contract) -> None:
    names = {name.lower(): name for name in _names(contract)}
    for child in element.iterdescendants():
        name = etree.QName(child)
        right = names.get(name.localname.lower())
        if right is not None and right != name.localname:
            child.tag = etree.QName(name.namespace, right)


def _names(contract: Contract) -> list[str]:
    """Return the names of the schema's elements in the order of their declaration."""
    tree = etree.fromstring(contract.schema)
    return [str(one.get("name")) for one in tree.iter(f"{_XS}element") if one.get("name")]


REPAIRS: Final[tuple[Repair, ...]] = (
    Known("children-unqualified", "the children of the operation have no namespace",
          'qualify them: the schema has elementFormDefault="qualified"', _qualified),
    Known("children-of-another-namespace", "children of the operation are in another namespace than it is",
          "write them in the operation's namespace", _same_namespace),
    Known("space-around-values", "white space stands around values", "write the value alone", _trimmed),
    Known("uuid-written-otherwise",
          "an identifier is written in upper case, in braces, as a URN or without hyphens",
          "repeat identifiers as they were received", _plain_uuids),
    Known("empty-elements", "elements that may be left out are there and empty", "leave them out",
          _without_empty),
    Known("instance-attributes", "attributes xsi:type or xsi:nil do not fit the schema", "leave them out",
          _without_instance_attributes),
    Known("children-in-another-order", "the children are not in the order of the schema",
          "write them in the order of the schema", _in_order),
    Known("names-in-another-case", "names of children differ in upper and lower case",
          "write them as the schema does",
          _other_case),
    Known("unknown-children", "there are elements that the schema does not have", "leave them out",
          _without_unknown),
)  # fmt: skip
SCHEMA: Final = Known("schema", "the schema refuses an element", "write it as the schema says", None)
ALL: Final[tuple[Known[Any], ...]] = (*REPAIRS, SCHEMA)


def request_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell which mistakes the schema accepts the request without; else which element it refuses."""
    envelope, contract, served = sight.envelope, sight.contract, sight.served
    if envelope is None or contract is None or served is None:
        return
    operation = envelope.operation
    if sum(1 for _ in operation.iter()) <= _MOST_ELEMENTS:
        found = [Explained(((one, ""),)) for one in REPAIRS if _accepted(operation, (one,), sight)]
        if not found:
            pairs = (pair for pair in combinations(REPAIRS, 2) if _accepted(operation, pair, sight))
            found = [Explained(tuple((one, "") for one in pair)) for pair in pairs]
        if found:
            yield from told(found)
            return
    facts = ", ".join(str(value) for value in error.facts.values())
    said = schema_words.RULES.get(str(error.facts.get("rule")))
    wanted = said or schema_words.wanted(contract, operation)
    yield SCHEMA.cause(Certainty.SEEN, "; ".join(filter(None, (wanted, facts or error.detail))))


def _accepted(operation: _Element, repairs: tuple[Repair, ...], sight: Sight) -> bool:
    assert sight.contract is not None  # noqa: S101  (asked then only)
    assert sight.served is not None  # noqa: S101
    copy = deepcopy(operation)
    before = etree.tostring(copy)
    for repair in repairs:
        repair.how(copy, sight.contract)
    if etree.tostring(copy) == before:
        return False
    try:
        sight.contract.check_request(copy)
        sight.served.check_arguments(copy)
    except GatewayError:
        return False
    return True
