"""What the gateway has answered, read for who tests: the code, the items that were refused, what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.contract import reading
from notigateway.contract.xml import ContractError
from notigateway.metering.account import OK
from notigateway.sandbox.calling.contents import element_of, said_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

# How texts of the Social Security's contract begin.
_CODED: Final = re.compile(r"\[([A-Z0-9_]+)\]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused: of the whole request, or of one item of it, which `item` names."""

    code: str
    text: str
    item: str | None = None


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP, as it was sent, to an operation of a contract; status 0 where none came."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    contract: str
    number: int = 0

    @property
    def code(self) -> str:
        """Return what came of it: OK, or the code of the request's or of the first item's refusal."""
        return self.refusals[0].code if self.refusals else OK

    @cached_property
    def refusals(self) -> list[Refusal]:
        """Return what was refused."""
        element = self._element
        if element is None:
            return [] if self.status == HTTPStatus.OK else [Refusal(self._refusal_by_http, "")]
        if _local(element) == "Fault":
            return [_fault(element)]
        return [
            *(_problem(one) for one in element.iter("{*}problem")),
            *(_numbered(one) for one in element.iter("error") if one.findtext("codigo") != "0"),
        ]

    @property
    def _refusal_by_http(self) -> str:
        """Return what came of it where no envelope tells: the connection ended, or a bare status."""
        return f"HTTP_{self.status}" if self.status else "NO_ANSWER"

    @cached_property
    def said(self) -> dict[str, Any]:
        """Return what the answer says, by the names on the wire; of a fault its facts."""
        element = self._element
        if element is None:
            return {}
        if _local(element) == "Fault":
            return {one.get("name", ""): one.text or "" for one in element.iter("{*}fact")}
        kind = element_of(self.contract, _local(element))
        if kind is None:
            return {}
        # The Social Security's contract wraps what it answers once more.
        inner = element if kind.xmlns else element[0]
        try:
            return said_of(reading.read(kind, inner))
        except ContractError:
            return {}

    @cached_property
    def _element(self) -> _Element | None:
        """Return the one element of the Body; None where there is no envelope."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        try:
            root = etree.fromstring(self.body, parser)
        except (etree.XMLSyntaxError, ValueError):
            return None
        found = root.find("{*}Body")
        return None if found is None or not len(found) else found[0]

    def line(self) -> dict[str, Any]:
        """Return what a harness is told of it."""
        refused = [{"code": one.code, "item": one.item} for one in self.refusals if one.item is not None]
        return {
            "status": self.status,
            "code": self.code,
            "refused": refused,
            "answer": self.said,
            "entry": self.number or None,
        }


def _fault(element: _Element) -> Refusal:
    code = element.findtext(".//{*}GatewayFault/{*}code")
    if code is not None:
        return Refusal(code, element.findtext(".//{*}GatewayFault/{*}textEn") or "")
    text = element.findtext("faultstring") or ""
    found = _CODED.match(text)
    return Refusal(found[1] if found else "FAULT", text)


def _problem(element: _Element) -> Refusal:
    owner = element.getparent()
    named = None if owner is None else owner.findtext("{*}id") or owner.findtext("{*}reference")
    code, text = element.findtext("{*}code") or "", element.findtext("{*}textEn") or ""
    return Refusal(code, text, named or "")


def _numbered(element: _Element) -> Refusal:
    text = element.findtext("descripcion") or ""
    found = _CODED.match(text)
    return Refusal(found[1] if found else f"WSCN_{element.findtext('codigo')}", text)


def _local(element: _Element) -> str:
    return etree.QName(element).localname
