"""What must be refused, and how: a clear fault, nothing executed, nothing stored, the next caller served.

`attacks/` goes deeper into each kind; here stands what every integrator meets first, on both databases.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from cryptography.x509.oid import NameOID
from lxml import etree

from envelopes import SOAP, WSSE, Draft, Ref, instant, plain_envelope
from notigateway.sandbox.certifying import name
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki, rsa_key
from refusals import assert_answered, assert_refusal, assert_still_answers, refused
from stack import Stack, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable


NGV1 = 'xmlns:n="urn:notigateway:v1"'


def accept_of(wanted: object) -> str:
    return f"<n:AcceptNotifications {NGV1}><n:id>{wanted}</n:id></n:AcceptNotifications>"


def ids(count: int) -> str:
    return "".join(f"<id>{uuid4()}</id>" for _ in range(count))


def outcomes(tree: etree._Element) -> list[str | None]:
    return texts(tree, "item/outcome")


# --- before anything is executed ------------------------------------------------------------------


def test_the_message_that_all_others_are_changed_from_is_executed(stack: Stack) -> None:
    answer = stack.send(Draft(content=accept_of(stack.publish())).build())
    assert_answered(stack, answer, "AcceptNotifications")
    assert outcomes(answer.tree) == ["decided"]
    assert stack.rows()["receipts"] == 2  # put at disposal, and accepted


# Each gives the bytes to send for an operation that would be executed.
MESSAGES: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "unsigned": ("SECURITY_HEADER_MISSING", plain_envelope),
    "no header": (
        "SECURITY_HEADER_MISSING",
        lambda content: f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{content}</s:Body></s:Envelope>'.encode(),
    ),
    "user name only": (
        "TOKEN_TYPE_UNSUPPORTED",
        lambda content: plain_envelope(
            content, f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken/></w:Security>'
        ),
    ),
    "tampered": (
        "DIGEST_DIFFERS",
        lambda content: Draft(content=content).build().replace(b"</n:id>", b"</n:id> "),
    ),
    "Body not signed": (
        "PART_NOT_SIGNED",
        lambda content: Draft(content=content, references=(Ref("Timestamp"),)).build(),
    ),
    "stale": (
        "MESSAGE_EXPIRED",
        lambda content: Draft(content=content, now=NOW - timedelta(minutes=7)).build(),
    ),
    "from the future": (
        "MESSAGE_EXPIRED",
        lambda content: Draft(content=content, now=NOW + timedelta(minutes=2)).build(),
    ),
    "expired": (
        "MESSAGE_EXPIRED",
        lambda content: Draft(
            content=content,
            created=instant(NOW - timedelta(minutes=3)),
            expires=instant(NOW - timedelta(minutes=2)),
        ).build(),
    ),
    "no timestamp": (
        "TIMESTAMP_INVALID",
        lambda content: Draft(content=content, timestamp="", references=(Ref("Body"),)).build(),
    ),
    "DOCTYPE": (
        "XML_DOCTYPE_FORBIDDEN",
        lambda content: b"<!DOCTYPE soap:Envelope>" + Draft(content=content, prolog="").build(),
    ),
    "oversize": (
        "REQUEST_TOO_LARGE",
        lambda content: Draft(content=content).build() + b" " * 10 * 1024 * 1024,
    ),
    "truncated": ("XML_NOT_WELL_FORMED", lambda content: Draft(content=content).build()[:-1]),
    "empty body": ("XML_NOT_WELL_FORMED", lambda _content: b""),
    "two Bodies": (
        "ENVELOPE_STRUCTURE",
        lambda content: Draft(content=content, after_body="<soap:Body><x/></soap:Body>").build(),
    ),
    "empty Body": ("ENVELOPE_STRUCTURE", lambda _content: plain_envelope("")),
    "instruction in Body": (
        "ENVELOPE_STRUCTURE",
        lambda content: Draft(content=content).build().replace(b"</n:id>", b"<?x y?></n:id>"),
    ),
    "SOAP 1.2": (
        "SOAP_VERSION_MISMATCH",
        lambda content: Draft(
            content=content, soap_namespace="http://www.w3.org/2003/05/soap-envelope"
        ).build(),
    ),
    "unknown header": (
        "HEADER_NOT_UNDERSTOOD",
        lambda content: Draft(
            content=content, header_before="<x xmlns='urn:x' soap:mustUnderstand='1'/>"
        ).build(),
    ),
    "unknown operation": (
        "OPERATION_UNKNOWN",
        lambda _content: Draft(content=f"<n:AcceptEverything {NGV1}/>").build(),
    ),
    "no such argument": (
        "INVALID_REQUEST",
        lambda content: Draft(content=content.replace("n:id", "n:ident")).build(),
    ),
    "encrypted": (
        "ALGORITHM_UNSUPPORTED",
        lambda _content: Draft(
            content='<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>'
        ).build(),
    ),
}


@pytest.mark.parametrize("key", MESSAGES)
def test_a_message_that_is_not_in_order_is_refused(shared_stack: Stack, key: str) -> None:
    code, message = MESSAGES[key]
    wanted = shared_stack.publish(f"ACT-{uuid4()}")
    refused(shared_stack, message(accept_of(wanted)), code)
    assert text(shared_stack.accept(wanted)[0], "outcome") == "decided"


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"CONTENT_TYPE": "application/soap+xml"}, "SOAP_VERSION_MISMATCH"),
        ({"CONTENT_TYPE": "text/xml; charset=iso-8859-1"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"CONTENT_TYPE": None}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, "UNSUPPORTED_MEDIA_TYPE"),
        ({"REQUEST_METHOD": "GET", "QUERY_STRING": "op=AcceptNotifications"}, "METHOD_NOT_ALLOWED"),
        ({"REQUEST_METHOD": "PUT"}, "METHOD_NOT_ALLOWED"),
        ({"PATH_INFO": "/"}, "PATH_UNKNOWN"),
        ({"CONTENT_LENGTH": "999999"}, "REQUEST_TRUNCATED"),
        ({"CONTENT_LENGTH": "99999999"}, "REQUEST_TOO_LARGE"),
        ({"HTTP_SOAPACTION": '"urn:notigateway:v1:ListNotifications"'}, "ACTION_MISMATCH"),
    ],
    ids=str,
)
def test_another_way_over_http_is_refused(shared_stack: Stack, environ: dict[str, Any], code: str) -> None:
    wanted = shared_stack.publish(f"ACT-{uuid4()}")
    refused(shared_stack, Draft(content=accept_of(wanted)).build(), code, **environ)


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        ("wrong_issuer", "ISSUER_NOT_AUTHORISED"),
        ("self_signed", "ISSUER_NOT_AUTHORISED"),
        ("expired", "CERTIFICATE_NOT_VALID_NOW"),
        ("not_yet_valid", "CERTIFICATE_NOT_VALID_NOW"),
        ("weak_rsa", "TOKEN_WEAK"),
        ("key_encipherment_only", "CERTIFICATE_MAY_NOT_SIGN"),
        ("stranger", "CALLER_UNKNOWN"),
    ],
)
def test_a_caller_who_is_not_admitted_is_refused(shared_stack: Stack, holder: str, code: str) -> None:
    wanted = shared_stack.publish(f"ACT-{uuid4()}")
    refused(shared_stack, Draft(content=accept_of(wanted), pair=getattr(pki(), holder)).build(), code)


def test_a_certificate_without_identity_is_refused(stack: Stack) -> None:
    wanted = stack.publish()
    nobody = pki().holder(name((NameOID.COMMON_NAME, f"CONSERVAS {COMPANY_NIF}")), rsa_key("company"))
    refused(stack, Draft(content=accept_of(wanted), pair=nobody).build(), "IDENTITY_NOT_READABLE")


def test_ping_tells_a_stranger_what_was_read_in_the_certificate(stack: Stack) -> None:
    answer = stack.ask("Ping", holder=pki().stranger)
    assert text(answer.tree, "signer/identifier") == "00000002W"
    assert text(answer.tree, "known") == "false"
    stack.publish()
    assert text(stack.ask("Ping", holder=pki().representative).tree, "known") == "true"


def test_an_element_of_the_header_never_becomes_an_argument(stack: Stack) -> None:
    wanted = stack.publish()
    header = f'<n:id {NGV1} id="x">{wanted}</n:id>'
    content = f'<n:AcceptNotifications {NGV1}><n:id href="#x"/></n:AcceptNotifications>'
    refused(stack, Draft(content=content, header_before=header).build(), "INVALID_REQUEST")


# --- replay ---------------------------------------------------------------------------------------


def test_the_same_message_twice_is_executed_once(stack: Stack) -> None:
    data = Draft(content=accept_of(stack.publish())).build()
    assert_answered(stack, stack.send(data), "AcceptNotifications")
    refused(stack, data, "MESSAGE_REPLAYED")


def test_the_same_message_at_once_is_executed_once(stack: Stack) -> None:
    data = Draft(content=accept_of(stack.publish())).build()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: stack.send(data), range(20)))
    (welcome,) = [answer for answer in answers if answer.status == 200]
    assert outcomes(stack.check(welcome)) == ["decided"]
    for answer in answers:
        if answer is not welcome:
            assert_refusal(stack, answer, "MESSAGE_REPLAYED")
    rows = stack.rows()
    assert (rows["receipts"], rows["request_envelopes"], rows["replay_keys"]) == (2, 1, 1)


def test_a_restart_forgets_no_message(stack: Stack) -> None:
    data = Draft(content=accept_of(stack.publish())).build()
    assert stack.send(data).status == 200
    stack.start()
    refused(stack, data, "MESSAGE_REPLAYED")


def test_a_message_whose_operation_failed_is_not_let_in_again(stack: Stack) -> None:
    stack.publish()
    content = f"<n:ListNotifications {NGV1}><n:cursor>AAAA</n:cursor></n:ListNotifications>"
    data = Draft(content=content).build()
    assert_refusal(stack, stack.send(data), "INVALID_CURSOR")
    refused(stack, data, "MESSAGE_REPLAYED")


# --- arguments ------------------------------------------------------------------------------------


def fails(stack: Stack, operation: str, inner: str, code: str) -> dict[str, str | None]:
    """Prove that a proven message fails with that code and leaves nothing but its replay key."""
    before = stack.contents()
    answer = stack.ask(operation, inner)
    after = stack.contents()
    assert len(after.pop("replay_keys")) - len(before.pop("replay_keys")) in {0, 1}
    assert after == before
    assert_refusal(stack, answer, code)
    assert_still_answers(stack)
    return answer.facts


@pytest.mark.parametrize("size", ["0", "1001", "-1", "99999999999999999999", "many", "1.5"])
def test_a_page_size_out_of_range_is_refused(shared_stack: Stack, size: str) -> None:
    shared_stack.publish(f"ACT-{uuid4()}")
    facts = fails(shared_stack, "ListNotifications", f"<pageSize>{size}</pageSize>", "INVALID_REQUEST")
    assert facts["element"] == "pageSize"


@pytest.mark.parametrize(
    ("operation", "most"),
    [
        ("AcceptNotifications", 500),
        ("RejectNotifications", 500),
        ("RetrieveNotifications", 100),
        ("RetrieveReceipts", 100),
    ],
)
def test_more_ids_than_allowed_and_none_at_all_are_refused(
    shared_stack: Stack, operation: str, most: int
) -> None:
    shared_stack.publish(f"ACT-{uuid4()}")
    fails(shared_stack, operation, ids(most + 1), "INVALID_REQUEST")
    fails(shared_stack, operation, "", "INVALID_REQUEST")
    answer = shared_stack.ask(operation, ids(most))
    assert len(answer.tree) == most


def cursor_of(stack: Stack, inner: str = "") -> str:
    answer = stack.ask("ListNotifications", f"{inner}<pageSize>1</pageSize>")
    cursor = text(answer.tree, "nextCursor")
    assert cursor
    return cursor


def test_a_cursor_of_another_filter_is_refused(stack: Stack) -> None:
    stack.publish_many(3)
    chosen = "<filter><state>available</state></filter>"
    cursor = cursor_of(stack, chosen)
    for other in (
        "",
        "<filter><state>accepted</state></filter>",
        "<filter><issuerId>EA0041485</issuerId></filter>",
    ):
        fails(stack, "ListNotifications", f"{other}<cursor>{cursor}</cursor>", "INVALID_CURSOR")
    again = stack.ask("ListNotifications", f"{chosen}<cursor>{cursor}</cursor>")
    assert len(texts(again.tree, "notification/id")) == 2


def test_a_cursor_of_another_caller_is_refused(stack: Stack) -> None:
    stack.publish_many(2)
    stack.publish("HERS", addressee=PERSON_NIF)
    cursor = cursor_of(stack)
    answer = stack.ask("ListNotifications", f"<cursor>{cursor}</cursor>", holder=pki().person)
    assert_refusal(stack, answer, "INVALID_CURSOR")


def test_a_cursor_that_was_never_given_is_refused(stack: Stack) -> None:
    stack.publish_many(2)
    cursor = cursor_of(stack)
    changed = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]
    for garbage in (
        "x",
        "AAAA",
        "=" * 8,
        "ñ",
        "A" * 200,
        "../..",
        cursor.lower(),
        f"{cursor}=",
        changed[1:],
        f"{cursor[:9]} {cursor[9:]}",
    ):
        fails(stack, "ListNotifications", f"<cursor>{garbage}</cursor>", "INVALID_CURSOR")


def test_the_order_and_the_spelling_of_a_filter_do_not_matter(stack: Stack) -> None:
    stack.publish_many(2)
    cursor = cursor_of(stack, "<filter><state>accepted</state><state>available</state></filter>")
    same = "<filter><state>available</state><state>accepted</state></filter>"
    answer = stack.ask("ListNotifications", f"{same}<cursor>{cursor}</cursor>")
    assert len(texts(answer.tree, "notification/id")) == 1


def test_an_unknown_document_and_an_unknown_notification_are_told_apart_only_for_the_owner(
    stack: Stack,
) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    known = f"<id>{wanted}</id><documentId>{uuid4()}</documentId>"
    fails(stack, "RetrieveDocument", known, "DOCUMENT_UNKNOWN")
    unknown = f"<id>{uuid4()}</id><documentId>{uuid4()}</documentId>"
    fails(stack, "RetrieveDocument", unknown, "NOTIFICATION_UNKNOWN")
