"""What is read without Spyne is what Spyne reads, and every fault of reading is Spyne's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from spyne import ServiceBase

import notigateway.soap  # noqa: F401  (makes Spyne importable)
from notigateway.contract.v1 import ListNotifications, Ping, PingResponse, RetrieveDocument
from notigateway.contract.v1_decisions import AcceptNotifications
from notigateway.contract.v1_following import ListChanges
from notigateway.contract.xml import Builtin, Part, describe
from notigateway.errors import InvalidRequestError
from notigateway.soap.notigateway_issuing_v1.registering_service import RegisteringService
from notigateway.soap.notigateway_issuing_v1.service import IssuingService
from notigateway.soap.notigateway_v1.following_service import FollowingService
from notigateway.soap.notigateway_v1.marks_service import MarksService
from notigateway.soap.notigateway_v1.push_service import PushService
from notigateway.soap.notigateway_v1.representation_service import RepresentationService
from notigateway.soap.notigateway_v1.service import MailboxService
from notigateway.soap.operation import declared_in, operation
from notigateway.soap.plain_reading import read_plainly
from notigateway.soap.protocol import Dispatcher
from notigateway.wss.ns import NOTIGATEWAY_V1, XSI

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn
    from lxml.etree import _Element

    from notigateway.contract.xml import Description, VersionedRequest

SERVICES: tuple[Any, ...] = (
    MailboxService,
    FollowingService,
    MarksService,
    PushService,
    RepresentationService,
    IssuingService,
    RegisteringService,
)
ASKED = [one.asked for service in SERVICES for one in declared_in(service).values()]
SPACES = st.sampled_from(["", "", "", " ", "\n\t "])
# Of each type what nearly everybody writes, and what hardly anybody does.
VALUES: dict[Builtin, list[str]] = {
    Builtin.TEXT: ["x", " a  b ", "ñ&<>", "0", "true", "\n"],
    Builtin.WORD: ["own", "1.1", "1.0", "a-b_c", "x y", "Ñ"],
    Builtin.UUID: ["0190a5b4-0000-7000-8000-0000000000aF", "no"],
    Builtin.INT: ["1", "007", "+5", "-3", "999999999", "2147483648", "1.0", "x", "٣"],
    Builtin.LONG: ["1", "007", "+5", "9223372036854775807", "99999999999999999999", "0x1"],
    Builtin.INTEGER: ["1", "12345678901234567890", "-0", "1e3"],
    Builtin.BOOLEAN: ["true", "false", "1", "0", "TRUE", "yes"],
    Builtin.INSTANT: [
        "2026-06-01T12:00:00Z",
        "2026-06-01T12:00:00.123+02:00",
        "2026-06-01T24:00:00Z",
        "0000-13-01",
    ],
    Builtin.DURATION: ["P1D", "-PT5S", "x"],
    Builtin.BASE64: ["QUJD", "Q U J D", "!"],
}


def echo_of(asked: type[VersionedRequest]) -> Callable[..., Any]:
    def echo(request: object, given: Part) -> bytes:
        return repr((request, given)).encode()

    echo.__name__ = asked.__name__
    declared: Callable[..., Any] = operation(asked, PingResponse)(echo)
    return declared


def dispatcher_of(namespace: str) -> Dispatcher:
    """Return one whose operations answer with what was read."""
    operations = {one.__name__: echo_of(one) for one in ASKED if one.xmlns == namespace}
    return Dispatcher((type(ServiceBase)("Echo", (ServiceBase,), operations),), namespace)


DISPATCHERS = {namespace: dispatcher_of(namespace) for namespace in {one.xmlns for one in ASKED}}


def answered(call: Callable[[_Element, object], bytes], element: _Element) -> object:
    try:
        return call(element, "request")
    except InvalidRequestError as refusal:
        return refusal.code, refusal.detail, refusal.facts


def check_both_ways(element: _Element) -> None:
    dispatcher = DISPATCHERS[etree.QName(element).namespace or ""]
    kept = etree.tostring(element)
    assert answered(dispatcher.call, element) == answered(dispatcher.call_by_spyne, element)
    assert etree.tostring(element) == kept


@st.composite
def elements(draw: DrawFn) -> _Element:
    """Draw an element of some operation, mostly as it may be asked."""
    kind = draw(st.sampled_from(ASKED))
    element = etree.Element(f"{{{kind.xmlns}}}{kind.__name__}", nsmap={None: kind.xmlns})
    fill(draw, element, kind)
    return element


def fill(draw: DrawFn, element: _Element, kind: type[Part]) -> None:
    for one in describe(kind):
        least = 0 if one.is_optional else 1
        for _ in range(draw(st.integers(least, 3 if one.is_many else 1))):
            child = etree.SubElement(element, f"{{{kind.xmlns}}}{one.name}")
            put_in(draw, child, one)
    if draw(st.integers(0, 19)) == 0:
        add_something_odd(draw, element)


def put_in(draw: DrawFn, child: _Element, one: Description) -> None:
    if isinstance(one.type, Builtin):
        text = draw(st.sampled_from([*VALUES[one.type], ""]))
        child.text = f"{draw(SPACES)}{text}{draw(SPACES)}" or None
    else:
        fill(draw, child, one.type)


def add_something_odd(draw: DrawFn, element: _Element) -> None:
    # Of `xsi:nil` nothing comes here: the schema refuses it, and from an empty operation it is taken.
    odd = draw(st.sampled_from(["type", "attribute", "comment"]))
    target = draw(st.sampled_from([element, *element]))
    if odd == "comment":
        target.append(etree.Comment("x"))
    elif odd == "attribute":
        target.set("x", "y")
    else:
        target.set(f"{{{XSI}}}{odd}", "true")


@given(elements())
def test_both_ways_read_the_same_and_refuse_the_same(element: _Element) -> None:
    check_both_ways(element)


def test_what_is_nil_and_not_empty_is_refused_both_ways() -> None:
    element = etree.fromstring(
        f'<ListNotifications xmlns="{NOTIGATEWAY_V1}" xmlns:xsi="{XSI}" xsi:nil="true">'
        "<cursor>x</cursor></ListNotifications>"
    )
    for call in (DISPATCHERS[NOTIGATEWAY_V1].call, DISPATCHERS[NOTIGATEWAY_V1].call_by_spyne):
        with pytest.raises(InvalidRequestError):
            call(element, "request")


@pytest.mark.parametrize(
    ("kind", "inner"),
    [
        (Ping, ""),
        (Ping, "<contractVersion>1.1</contractVersion>"),
        (ListNotifications, "<pageSize>1000</pageSize>"),
        (ListNotifications, "<filter><state>available</state><role>own</role></filter><cursor>x</cursor>"),
        (ListChanges, "<cursor>abc</cursor><fromNow>true</fromNow>"),
        (AcceptNotifications, "<id>0190a5b4-0000-7000-8000-000000000001</id>" * 500),
        (RetrieveDocument, "<id>a</id><documentId>b</documentId><offset>7</offset>"),
    ],
)
def test_what_nearly_everybody_writes_is_read_without_spyne(kind: type[VersionedRequest], inner: str) -> None:
    element = etree.fromstring(f'<{kind.__name__} xmlns="{NOTIGATEWAY_V1}">{inner}</{kind.__name__}>')
    assert read_plainly(kind, element) is not None
    check_both_ways(element)


@pytest.mark.parametrize(
    "inner",
    [
        "<cursor/>",
        '<cursor x="y">a</cursor>',
        "<pageSize>+5</pageSize>",
        "<cursor>a</cursor><cursor>b</cursor>",
        "<unknown>a</unknown>",
        "<filter><availableFrom>2026-06-01T12:00:00Z</availableFrom></filter>",
    ],
)
def test_what_is_unusual_is_left_to_spyne(inner: str) -> None:
    element = etree.fromstring(f'<ListNotifications xmlns="{NOTIGATEWAY_V1}">{inner}</ListNotifications>')
    assert read_plainly(ListNotifications, element) is None
    check_both_ways(element)
