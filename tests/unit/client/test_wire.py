from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from notigateway.client import wire
from notigateway.client.errors import (
    DocumentMismatchError,
    GatewayFaultError,
    ReceiptNotVerifiedError,
    UnexpectedResponseError,
    UnsendableTextError,
)
from notigateway.client.values import (
    Document,
    Filter,
    Metadata,
    Notification,
    NotificationReceipts,
    Receipt,
    RetrievedNotification,
)
from notigateway.contract import v1, v1_decisions, v1_following, v1_marks
from notigateway.contract.xml import Part
from notigateway.wss.canonical import canonical
from notigateway.wss.ns import soap
from service_simulator import DEADLINE, Item, element, fault_element

SCHEMA = Path(__file__).parents[3] / "wsdl" / "notigateway-v1.xsd"
ID = "01931e7c-5c00-7cc3-98c4-dc0c0c07398f"
# What XML 1.0 can carry; lxml refuses the rest, which has a test of its own.
XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
)
ODD = "\r\n\t ]]> <script>&amp;'\" \u202e\U0001f4dc"


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA))


@given(XML_TEXT)
@example(ODD)
def test_any_text_in_a_request_arrives_as_it_is_and_in_canonical_form(text: str) -> None:
    data = wire.message(v1_decisions.RejectNotifications(ids=(ID,), reason=text))
    root = etree.fromstring(data)
    assert (root.findtext("{*}reason") or "") == text
    assert canonical(root) == data


@given(XML_TEXT)
@example(ODD)
def test_any_text_in_an_answer_is_read_as_it_is(text: str) -> None:
    data = canonical(Item(code=7, subject=text).metadata())
    assert wire.read(Notification, etree.fromstring(data)).subject == text


@pytest.mark.parametrize("text", ["\x00", "a\x1bb", "\ud800", "\uffff"])
def test_text_that_xml_cannot_carry_is_refused_before_it_is_sent(text: str) -> None:
    with pytest.raises(UnsendableTextError, match="reason"):
        wire.message(v1_decisions.RejectNotifications(ids=(ID,), reason=text))


def test_requests_match_the_published_schema(schema: etree.XMLSchema) -> None:
    instant = datetime(2026, 11, 23, 9, tzinfo=UTC)
    everything = Filter(
        states=("available", "accepted"),
        kind="notification",
        role="own",
        addressee_id="B00000000",
        issuer_id="EA0041778",
        available_from=instant,
        available_to=instant + timedelta(days=1),
        deadline_before=instant,
        ccc="011128123456742",
        naf="281234567840",
        matter="collection",
        procedure="202301",
        reference="2026/1",
        metadata=(Metadata(key="period", value="2026-01"), Metadata(key="unit", value="2")),
        text="providencia apremio",
        downloaded=False,
        archived=True,
        assigned_to="Mesa 3",
        label="visto",
    )
    asked: Part
    for asked in (
        wire.listing(everything, cursor="abc", page_size=1000),
        wire.listing(Filter(), cursor=None, page_size=1),
        v1_decisions.AcceptNotifications(ids=(ID, ID)),
        v1_decisions.RejectNotifications(ids=(ID,), reason=ODD),
        v1.RetrieveDocument(id=ID, document_id=ID, offset=0, length=9),
        v1_following.ListChanges(from_now=True, page_size=1),
        v1_marks.MarkNotifications(ids=(ID,), downloaded=True, assigned_to=ODD, add_labels=("visto",)),
        v1.Ping(),
    ):
        schema.assertValid(etree.fromstring(wire.message(asked)))


def test_a_filter_that_restricts_nothing_is_left_out() -> None:
    for nothing in (Filter(), Filter(states=frozenset())):  # type: ignore[arg-type]
        assert b"filter" not in wire.message(wire.listing(nothing, cursor=None, page_size=100))


def test_a_filter_may_ask_for_what_is_not_marked() -> None:
    asked = wire.message(wire.listing(Filter(downloaded=False), cursor=None, page_size=100))
    assert b"<filter><downloaded>false</downloaded></filter>" in asked


def test_a_notification_is_read_by_name_in_any_order_and_with_unknown_elements() -> None:
    metadata = Item(code=7, id=ID, subject="Recargo").metadata()
    metadata[:] = reversed(metadata)
    read = wire.read(Notification, metadata)
    assert (read.code, read.id, read.subject, read.state) == (7, ID, "Recargo", "available")
    assert read.issuing_body.acronym == "TGSS"
    assert read.deadline == DEADLINE
    assert read.time_left == timedelta(days=7, hours=3, seconds=4)
    assert read.document_sizes == (16,)


@pytest.mark.parametrize("state", ["accepted", "rejected", "a-state-of-tomorrow"])
def test_an_unknown_word_is_kept_as_text(state: str) -> None:
    assert wire.read(Notification, Item(code=7, state=state).metadata()).state == state


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("id", "../../etc/passwd"),
        ("code", "1_0"),
        ("code", ""),
        ("availableAt", "2026-11-23T09:00:00"),
        ("availableAt", "2026-13-23T09:00:00Z"),
        ("timeLeft", "P"),
        ("timeLeft", "P1Y"),
        ("specialCategory", "yes"),
        ("documentSize", "many"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(name: str, text: str) -> None:
    metadata = Item(code=7).metadata()
    found = metadata.find(f"{{*}}{name}")
    assert found is not None
    found.text = text
    with pytest.raises(UnexpectedResponseError, match=f"{name} in notification"):
        wire.read(Notification, metadata)


@pytest.mark.parametrize("name", ["code", "issuingBody", "state"])
def test_a_missing_or_repeated_value_is_refused(name: str) -> None:
    metadata = Item(code=7).metadata()
    found = metadata.find(f"{{*}}{name}")
    assert found is not None
    metadata.append(etree.fromstring(etree.tostring(found)))
    with pytest.raises(UnexpectedResponseError, match=name):
        wire.read(Notification, metadata)
    for one in metadata.findall(f"{{*}}{name}"):
        metadata.remove(one)
    with pytest.raises(UnexpectedResponseError, match=name):
        wire.read(Notification, metadata)


def test_a_fault_keeps_code_texts_facts_and_correlation_id() -> None:
    fault = wire.read_fault(fault_element("MESSAGE_EXPIRED", retryable=True, max_age_seconds="300"))
    assert (fault.code, fault.retryable, fault.facts) == ("MESSAGE_EXPIRED", True, {"max_age_seconds": "300"})
    assert (fault.text_en, fault.text_es) == ("Text of MESSAGE_EXPIRED", "Texto de MESSAGE_EXPIRED")
    assert fault.line() == (
        "MESSAGE_EXPIRED: Text of MESSAGE_EXPIRED max_age_seconds=300 "
        "(correlation id 01931e7c-5c00-7cc3-98c4-dc0c0c07398f)"
        "; see https://gateway.example/notigateway/errors#MESSAGE_EXPIRED"
    )


def test_a_fault_that_says_a_path_sends_nobody_there() -> None:
    element = fault_element("MESSAGE_EXPIRED", retryable=True)
    (told,) = element.iter("{*}documentation")
    told.text = "docs/errors.md#message_expired"
    assert wire.read_fault(element).line().endswith("(correlation id 01931e7c-5c00-7cc3-98c4-dc0c0c07398f)")


@pytest.mark.parametrize("quoted", ["req-2026-000123", "", " 01931e7c "])
def test_a_fault_keeps_whatever_the_service_gives_to_be_quoted(quoted: str) -> None:
    element = fault_element("TEMPORARILY_UNAVAILABLE", retryable=True)
    (given,) = element.iter("{*}correlationId")
    given.text = quoted
    fault = wire.read_fault(element)
    assert (fault.code, fault.retryable, fault.correlation_id) == ("TEMPORARILY_UNAVAILABLE", True, quoted)


def test_a_fault_without_our_detail_keeps_its_bare_texts_and_is_not_retryable() -> None:
    fault = etree.Element(soap("Fault"))
    etree.SubElement(fault, "faultcode").text = "soap:Client"
    etree.SubElement(fault, "faultstring").text = "no"
    with pytest.raises(GatewayFaultError, match="no") as raised:
        wire.read_answer("Ping", fault)
    assert (raised.value.code, raised.value.retryable) == ("Client", False)


def test_the_answer_to_another_operation_is_refused() -> None:
    with pytest.raises(UnexpectedResponseError, match="Ping"):
        wire.read_answer("Ping", element("AcceptNotificationsResponse"))


def test_an_answer_about_other_notifications_is_refused() -> None:
    answer = element("RetrieveReceiptsResponse", element("item", element("id", ID)))
    assert len(list(wire.items_of(NotificationReceipts, answer, [ID.upper()]))) == 1
    with pytest.raises(UnexpectedResponseError, match="other notifications"):
        wire.items_of(NotificationReceipts, answer, [ID, ID])


def test_an_item_with_another_notification_inside_is_refused() -> None:
    item = element("item", element("id", ID), Item(code=7).metadata())
    with pytest.raises(UnexpectedResponseError, match="another notification"):
        wire.retrieved(wire.read(RetrievedNotification, item))


def test_inline_bytes_are_given_only_when_they_match_their_hash() -> None:
    item = Item(code=7)
    assert wire.read(Document, item.document()).content() == item.content
    item.sha256 = "0" * 64
    (sent,) = wire.read(RetrievedNotification, element("item", element("id", ID), item.document())).documents
    with pytest.raises(DocumentMismatchError, match=item.document_id):
        sent.content()
    document = Document(document_id=ID, name="a", media_type="b", size=1, sha256="0" * 64, inline=b"x")
    with pytest.raises(DocumentMismatchError, match=ID):
        document.content()
    receipt = Receipt(
        receipt_id=ID, state="accepted", event_time=DEADLINE, sha256="0" * 64, sealed=b"<receipt/>"
    )
    with pytest.raises(ReceiptNotVerifiedError, match=ID):
        receipt.xml()
