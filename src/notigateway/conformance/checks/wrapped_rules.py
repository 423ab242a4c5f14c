"""Signature wrapping: nothing that nobody signed is read, wherever what was signed is hidden."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.conformance.dialects import FAULTS
from notigateway.conformance.expecting import expect, told_of
from notigateway.conformance.kit import BOTH, Need, check
from notigateway.conformance.raw import REPLY_LIMITS, soap_headers
from notigateway.conformance.wrapping import copy_of, wrappings
from notigateway.errors import GatewayError
from notigateway.instants import instant_text
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import wsa

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

    from notigateway.conformance.drafting import Draft, Parts
    from notigateway.conformance.raw import Reply
    from notigateway.conformance.target import Target
    from notigateway.conformance.wrapping import Wrapping

_SOURCE: Final = "docs/attacks.md, rows 39 to 47; docs/security.md, The procedure"
_HOUR: Final = timedelta(hours=1)
_STOLEN_ID: Final = "urn:uuid:00000000-0000-4000-8000-000000000000"


@check("WRAP-01", "a Body that was put in the place of the signed one is not read", _SOURCE, contracts=BOTH)
def _body(target: Target) -> None:
    dialect = target.dialect

    def evil(part: _Element) -> _Element:
        found = copy_of(part)
        found[:] = [etree.fromstring(dialect.content(dialect.other))]
        return found

    for one in _attacks(target):
        draft = target.draft(addressing=(), after=_applied(one, lambda parts: parts.body, evil))
        told = told_of(_sent(target, draft, ""))
        expect(
            told != f"{dialect.other}Response", f"an operation that nobody signed was executed ({one.words})"
        )
        expect(not told.startswith("HTTP status"), f"{told} ({one.words})")


@check(
    "WRAP-02",
    "a Timestamp that was put in the place of the signed one does not make a message fresh",
    _SOURCE,
    contracts=BOTH,
)
def _timestamp(target: Target) -> None:
    def evil(part: _Element) -> _Element:
        found = copy_of(part)
        now = target.now()
        found[0].text, found[1].text = instant_text(now), instant_text(now + timedelta(minutes=4))
        return found

    for one in _attacks(target):
        created = target.now() - _HOUR
        after = _applied(one, lambda parts: parts.timestamp, evil)
        _expect_refused(target, target.draft(created=created, after=after), one)


@check(
    "WRAP-03",
    "a token that was put in the place of the signed one does not make it somebody else's message",
    _SOURCE,
    Need.SECOND,
    contracts=BOTH,
)
def _token(target: Target) -> None:
    def evil(part: _Element) -> _Element:
        found = copy_of(part)
        found.text = target.second.token.decode()
        return found

    for one in _attacks(target):
        after = _applied(one, lambda parts: parts.token, evil)
        draft = target.draft(signs=("Timestamp", "Body", "Token"), after=after)
        if one.place == "security" and one.naming == "no id":
            continue  # a token among the tokens stays what it was
        _expect_refused(target, draft, one)


@check(
    "WRAP-04",
    "an answer never relates to a MessageID that was put in the place of the signed one",
    f"{_SOURCE}; docs/integration.md, Answers that answer",
    contracts=BOTH,
)
def _message_id(target: Target) -> None:
    def evil(part: _Element) -> _Element:
        found = copy_of(part)
        found.text = _STOLEN_ID
        return found

    for one in _attacks(target):
        after = _applied(one, lambda parts: parts.addressed("MessageID"), evil)
        reply = _sent(target, target.draft(after=after), target.dialect.action(target.dialect.harmless))
        expect(
            _STOLEN_ID not in _related(reply),
            f"the answer relates to a MessageID nobody signed ({one.words})",
        )


def _attacks(target: Target) -> list[Wrapping]:
    return list(wrappings(all_of_them=target.given.all_wrappings))


def _applied(
    one: Wrapping, choose: Callable[[Parts], _Element], evil: Callable[[_Element], _Element]
) -> Callable[[Parts], None]:
    def after(parts: Parts) -> None:
        part = choose(parts)
        one.apply(parts, part, evil(part))

    return after


def _sent(target: Target, draft: Draft, action: str) -> Reply:
    return target.send(draft, soap_headers(action))


def _expect_refused(target: Target, draft: Draft, one: Wrapping) -> None:
    reply = _sent(target, draft, target.dialect.action(target.dialect.harmless))
    try:
        is_fault = parse_envelope(reply.body, limits=REPLY_LIMITS).operation.tag in FAULTS
    except GatewayError:
        is_fault = False
    expect(is_fault, f"the service answered {told_of(reply)} ({one.words})")


def _related(reply: Reply) -> set[str]:
    try:
        envelope = parse_envelope(reply.body, limits=REPLY_LIMITS)
    except GatewayError:
        return set()
    header = envelope.header
    return set() if header is None else {(one.text or "").strip() for one in header.iter(wsa("RelatesTo"))}
