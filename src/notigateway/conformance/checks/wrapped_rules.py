"""Signature wrapping: nothing that nobody signed is read, wherever what was signed is hidden."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.conformance.expecting import answered, expect, is_fault, refused, told_of
from notigateway.conformance.kit import BOTH, Need, check
from notigateway.conformance.raw import REPLY_LIMITS, soap_headers
from notigateway.conformance.verdict import FailedError
from notigateway.conformance.wrapping import copy_of, wrappings
from notigateway.errors import GatewayError
from notigateway.instants import instant_text
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import wsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element

    from notigateway.conformance.drafting import Parts
    from notigateway.conformance.raw import Reply
    from notigateway.conformance.target import Target
    from notigateway.conformance.wrapping import Wrapping

_SOURCE: Final = "docs/attacks.md, rows 39 to 47; docs/security.md, The procedure"
# What a message is refused with that is not as it was signed: docs/errors.md has no others of this kind.
_REFUSALS: Final = (
    "DIGEST_DIFFERS",
    "ENVELOPE_STRUCTURE",
    "HEADER_NOT_UNDERSTOOD",
    "ID_DUPLICATE",
    "MESSAGE_EXPIRED",
    "PART_NOT_SIGNED",
    "REFERENCE_NOT_RESOLVED",
    "SECURITY_HEADER_INVALID",
    "SECURITY_HEADER_MISSING",
    "SIGNATURE_WRONG",
    "TIMESTAMP_INVALID",
    "TOKEN_INVALID",
    "TOKEN_TYPE_UNSUPPORTED",
    "TOKEN_UNAVAILABLE",
)
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
        with _telling(one):
            reply = target.send(draft, soap_headers(""))
            told = told_of(reply)
            expect(told != f"{dialect.other}Response", "an operation that nobody signed was executed")
            _expect_nothing_else(target, reply)


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
        with _telling(one):
            refused(target, target.draft(created=created, after=after), *_REFUSALS)


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
        if one.place == "security" and one.naming != "same id":
            continue  # a token among the tokens stays what it was
        with _telling(one):
            refused(target, draft, *_REFUSALS)


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

    # so it is about the attack where the addressing of one is refused
    answered(target, target.send(target.draft()))
    for one in _attacks(target):
        after = _applied(one, lambda parts: parts.addressed("MessageID"), evil)
        with _telling(one):
            reply = target.send(target.draft(after=after))
            expect(_STOLEN_ID not in _related(reply), "the answer relates to a MessageID nobody signed")
            _expect_nothing_else(target, reply, "ADDRESSING_INVALID")


def _attacks(target: Target) -> list[Wrapping]:
    return list(wrappings(all_of_them=target.given.all_wrappings))


def _applied(
    one: Wrapping, choose: Callable[[Parts], _Element], evil: Callable[[_Element], _Element]
) -> Callable[[Parts], None]:
    def after(parts: Parts) -> None:
        part = choose(parts)
        one.apply(parts, part, evil(part))

    return after


@contextmanager
def _telling(one: Wrapping) -> Iterator[None]:
    """Have a failure tell by which attack."""
    try:
        yield
    except FailedError as error:
        raise FailedError(f"{error} ({one.words})") from error


def _expect_nothing_else(target: Target, reply: Reply, *codes: str) -> None:
    """Expect that the message is refused, or what was signed in it is answered.

    `codes` are those with which it may be refused beside the usual ones. Raises: `FailedError`.
    """
    if told_of(reply) == f"{target.dialect.harmless}Response":
        answered(target, reply)
    else:
        is_fault(target, reply, *_REFUSALS, *codes)


def _related(reply: Reply) -> set[str]:
    try:
        envelope = parse_envelope(reply.body, limits=REPLY_LIMITS)
    except GatewayError:
        return set()
    header = envelope.header
    return set() if header is None else {(one.text or "").strip() for one in header.iter(wsa("RelatesTo"))}
