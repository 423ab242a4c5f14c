"""Rows 102 to 111 of the catalogue of attacks: encryption, foreign tokens, values, what is not yours."""

from __future__ import annotations

import io
import json
import logging
from base64 import b64decode
from typing import TYPE_CHECKING
from uuid import uuid4
from xml.sax.saxutils import escape

import pytest
from cryptography import x509
from lxml import etree

from envelopes import WSSE, Draft, plain_envelope
from notigateway.evidence.xades import verify_receipt
from notigateway.sandbox.certifying import name
from pki import COMPANY_NIF, PERSON_NIF, pki, rsa_key
from refusals import assert_answered, assert_refusal, refused
from stack import NG, Stack, text, texts

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Answer

SOME = "019e830e-1a00-7f33-99b3-bff608ba5160"
NGV1 = 'xmlns:n="urn:notigateway:v1"'
PING = f"<n:Ping {NGV1}/>"
XENC = 'xmlns:x="http://www.w3.org/2001/04/xmlenc#"'
XENC11 = 'xmlns:x="http://www.w3.org/2009/xmlenc11#"'
WSSE11 = 'xmlns:x="http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"'

# --- 102, 107: encryption, user names -------------------------------------------------------------


def encrypted(method: str, cipher: str) -> str:
    return (
        f'<x:EncryptedData {XENC} Type="http://www.w3.org/2001/04/xmlenc#Content">'
        f'<x:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#{method}"/>'
        f"<x:CipherData><x:CipherValue>{cipher}</x:CipherValue></x:CipherData></x:EncryptedData>"
    )


def comparable(answer: Answer) -> bytes:
    """Return a fault without what differs by design: the correlation id."""
    fault = answer.tree
    for element in fault.iterfind("detail/ng:GatewayFault/ng:correlationId", namespaces=NG):
        element.text = ""
    return etree.tostring(fault)


def test_102_everything_encrypted_gets_one_and_the_same_answer(gateway: Stack, accept: str) -> None:
    drafts = [
        *(
            Draft(content=encrypted(method, cipher))
            for method in ("aes128-cbc", "aes256-gcm", "tripledes-cbc", "nonsense")
            for cipher in ("", "AAAA", "A" * 64, "!")
        ),
        *(
            Draft(content=accept, security_extra=f"<x:EncryptedKey {XENC}>{inner}</x:EncryptedKey>")
            for inner in ("", "<x:CipherData/>", "<x:EncryptionMethod Algorithm='rsa-1_5'/>")
        ),
        Draft(content=accept, security_extra=f"<x:ReferenceList {XENC}/>"),
        Draft(content=accept, header_before=f'<x:EncryptedHeader soap:mustUnderstand="1" {WSSE11}/>'),
        Draft(content=accept, header_before=f'<x:EncryptedData soap:mustUnderstand="1" {XENC}/>'),
        Draft(content=accept, signature_method_content=f'<x:MGF {XENC11} Algorithm="a"/>'),
    ]
    unsigned = [plain_envelope(encrypted("aes128-cbc", "AAAA")), plain_envelope(accept, encrypted("x", ""))]
    messages = [*(draft.build() for draft in drafts), *unsigned]
    faults = {comparable(refused(gateway, data, "ALGORITHM_UNSUPPORTED")) for data in messages}
    assert len(faults) == 1


USER = (
    "<wsse:UsernameToken><wsse:Username>x</wsse:Username><wsse:Password>y</wsse:Password>"
    "</wsse:UsernameToken>"
)


def test_107_a_user_name_alone_is_refused(gateway: Stack, accept: str) -> None:
    header = f'<wsse:Security xmlns:wsse="{WSSE}">{USER}</wsse:Security>'
    refused(gateway, plain_envelope(accept, header), "TOKEN_TYPE_UNSUPPORTED")


def test_107_a_user_name_beside_a_signature_is_not_read(gateway: Stack) -> None:
    draft = Draft(content=PING, security_extra=USER, ids={"Body": "user"})
    party = gateway.check(gateway.send(draft.build())).find("ng:party/ng:identifier", namespaces=NG)
    assert party is not None
    assert party.text == COMPANY_NIF


# --- 108: texts -----------------------------------------------------------------------------------

TEXTS = {
    "cdata": ("<![CDATA[<b>&amp;]]&gt;</b>]]>", "<b>&amp;]]&gt;</b>"),
    "entities": ("&lt;&amp;&gt;&quot;&apos;&#x20AC;&#233;", "<&>\"'€é"),
    "sql": ("'); DROP TABLE notifications; --", "'); DROP TABLE notifications; --"),
    "xpath": ("' or '1'='1] | //*", "' or '1'='1] | //*"),
    "template": ("{{7*7}} ${jndi:ldap://x} %(code)s {0}", "{{7*7}} ${jndi:ldap://x} %(code)s {0}"),
    "line ends": ("a&#13;&#10;b\r\nc\td", "a\r\nb\nc\td"),
    "outer space": (" \n a \t", " \n a \t"),
    "astral": ("\U0001f4e8\U00010348\u0301", "\U0001f4e8\U00010348\u0301"),
    "unassigned": ("\u0378\U0001fbfa", "\u0378\U0001fbfa"),
    "comment": ("no<!-- x --> procede", "no procede"),
    "as long as allowed": ("ñ" * 1000, "ñ" * 1000),
}


@pytest.mark.parametrize(("written", "meant"), TEXTS.values(), ids=[f"108-{key}" for key in TEXTS])
def test_a_reason_is_kept_and_sealed_exactly_as_it_was_signed(stack: Stack, written: str, meant: str) -> None:
    """The text is signed in one spelling and sent in another that has the same canonical form."""
    wanted = stack.publish()
    spelled = escape(meant, {"\r": "&#13;"})
    content = (
        f"<n:RejectNotifications {NGV1}><n:id>{wanted}</n:id><n:reason>{spelled}</n:reason>"
        "</n:RejectNotifications>"
    )
    signed = Draft(content=content).build()
    assert spelled.encode() in signed
    stack.check(stack.send(signed.replace(spelled.encode(), written.encode())))
    assert len([row for row in stack.contents()["events"] if meant in row]) == 1
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>")
    receipt = b64decode(texts(answer.tree, "item/receipt/xml")[-1] or "")
    verify_receipt(receipt, seal_certificates=[pki().seal.certificate])
    assert [element.text for element in etree.fromstring(receipt).iter()].count(meant) == 1


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param("\u202e", id="108-direction"),
        pytest.param("\u2066", id="108-isolate"),
        pytest.param("\u200f", id="108-mark"),
        pytest.param("\u200b", id="108-no-room"),
        pytest.param("\u00ad", id="108-soft-hyphen"),
        pytest.param("\u2028", id="108-separator"),
        pytest.param("\u0085", id="108-c1-line-end"),
        pytest.param("\u009f", id="108-c1-control"),
        pytest.param("\U000e0041", id="108-tag"),
        pytest.param("\u3164", id="108-filler"),
        pytest.param("\u0336", id="108-struck-out"),
        pytest.param("\u20dd", id="108-enclosed"),
        pytest.param("\ue000", id="108-private"),
        pytest.param("\ufdd0", id="108-nobodys"),
    ],
)
def test_a_reason_that_reads_otherwise_is_refused_with_its_place(gateway: Stack, hidden: str) -> None:
    wanted = gateway.publish("HIDDEN")
    content = (
        f"<n:RejectNotifications {NGV1}><n:id>{wanted}</n:id><n:reason>No\nprocede{hidden}.</n:reason>"
        "</n:RejectNotifications>"
    )
    before = gateway.contents()
    answer = gateway.send(Draft(content=content).build())
    assert {name for name, rows in gateway.contents().items() if rows != before[name]} == {"replay_keys"}
    assert_refusal(gateway, answer, "TEXT_INVALID")
    assert answer.facts == {"field": "reason", "position": "11"}


@pytest.mark.parametrize("blank", ["   ", "\n", "\u00a0"], ids=["108-spaces", "108-line-end", "108-no-break"])
def test_a_reason_of_white_space_alone_is_refused(gateway: Stack, blank: str) -> None:
    wanted = gateway.publish("BLANK")
    content = f"<n:RejectNotifications {NGV1}><n:id>{wanted}</n:id><n:reason>{blank}</n:reason>"
    answer = gateway.send(Draft(content=f"{content}</n:RejectNotifications>").build())
    assert_refusal(gateway, answer, "TEXT_INVALID")
    assert answer.facts == {"field": "reason", "position": "1"}


@pytest.mark.parametrize(
    ("operation", "inner"),
    [
        pytest.param("Reject", f"{{id}}<n:reason>{'x' * 1001}</n:reason>", id="108-too-long"),
        pytest.param("Reject", "{id}<n:reason/>", id="108-empty"),
        pytest.param("Accept", "{id}<n:reason>x</n:reason>", id="108-not-here"),
        pytest.param("Reject", "<n:reason>x</n:reason>{id}", id="108-order"),
        pytest.param("Reject", "{id}<n:reason><b>x</b></n:reason>", id="108-markup"),
        pytest.param("Reject", "{id}text", id="108-text-beside"),
        pytest.param("Reject", "{id}<x xmlns='urn:x'/>", id="108-foreign"),
        pytest.param("Reject", "{id}<id xmlns=''>x</id>", id="108-another-namespace"),
    ],
)
def test_an_argument_of_another_shape_is_refused(gateway: Stack, operation: str, inner: str) -> None:
    wanted = gateway.publish("SHAPE")
    arguments = inner.format(id=f"<n:id>{wanted}</n:id>")
    content = f"<n:{operation}Notifications {NGV1}>{arguments}</n:{operation}Notifications>"
    refused(gateway, Draft(content=content).build(), "INVALID_REQUEST")


# --- 109: types -----------------------------------------------------------------------------------

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
LONG_DATE = "2026-01-01T00:00:00." + "0" * 50_000
VALUES = {
    "page-huge": f"<n:pageSize>{'9' * 10_000}</n:pageSize>",
    "page-nan": "<n:pageSize>NaN</n:pageSize>",
    "page-float": "<n:pageSize>1e2</n:pageSize>",
    "page-wide-digits": "<n:pageSize>１２</n:pageSize>",
    "page-underscore": "<n:pageSize>1_0</n:pageSize>",
    "page-hex": "<n:pageSize>0x10</n:pageSize>",
    "page-twice": "<n:pageSize>1</n:pageSize><n:pageSize>2</n:pageSize>",
    "page-nil": f'<n:pageSize {XSI} xsi:nil="true"/>',
    "page-type": f'<n:pageSize {XSI} {XS} xsi:type="xs:string">1</n:pageSize>',
    "page-unknown-type": f'<n:pageSize {XSI} xsi:type="n:Nothing">1</n:pageSize>',
    "filter-type": f'<n:filter {XSI} xsi:type="n:Problem"><n:code>x</n:code></n:filter>',
    "filter-nil": f'<n:filter {XSI} xsi:nil="1"/>',
    "filter-twice": "<n:filter/><n:filter/>",
    "filter-order": "<n:filter><n:kind>notification</n:kind><n:state>available</n:state></n:filter>",
    "state-unknown": "<n:filter><n:state>SCHEDULED</n:state></n:filter>",
    "state-scheduled": "<n:filter><n:state>scheduled</n:state></n:filter>",
    "state-inner-space": "<n:filter><n:state>avail able</n:state></n:filter>",
    "state-wide-space": "<n:filter><n:state>\u2003available</n:state></n:filter>",
    "state-eight": f"<n:filter>{'<n:state>available</n:state>' * 8}</n:filter>",
    "year-0": "<n:filter><n:availableFrom>0000-01-01T00:00:00Z</n:availableFrom></n:filter>",
    "year-99999": "<n:filter><n:availableFrom>99999-01-01T00:00:00Z</n:availableFrom></n:filter>",
    "year-negative": "<n:filter><n:availableFrom>-2026-01-01T00:00:00Z</n:availableFrom></n:filter>",
    "date-no-zone": "<n:filter><n:availableFrom>2026-01-01T00:00:00</n:availableFrom></n:filter>",
    "date-no-such-day": "<n:filter><n:availableFrom>2026-02-30T00:00:00Z</n:availableFrom></n:filter>",
    "date-redos": f"<n:filter><n:availableTo>{LONG_DATE}</n:availableTo></n:filter>",
    "date-redos-zone": f"<n:filter><n:availableTo>{'2' * 100_000}T</n:availableTo></n:filter>",
    "date-hour-24": "<n:filter><n:deadlineBefore>2026-01-01T24:00:00Z</n:deadlineBefore></n:filter>",
    "date-zone-99": "<n:filter><n:deadlineBefore>2026-01-01T00:00:00+99:00</n:deadlineBefore></n:filter>",
    "nif-sql": "<n:filter><n:addresseeId>' OR 1=1</n:addresseeId></n:filter>",
    "nif-lower": "<n:filter><n:addresseeId>b12345674</n:addresseeId></n:filter>",
    "dir3-wildcard": "<n:filter><n:issuerId>%</n:issuerId></n:filter>",
    "cursor-empty": "<n:cursor/>",
    "cursor-long": f"<n:cursor>{'A' * 2001}</n:cursor>",
    "attribute": '<n:cursor evil="1">A</n:cursor>',
}  # fmt: skip


@pytest.mark.parametrize("inner", VALUES.values(), ids=[f"109-{key}" for key in VALUES])
def test_a_value_of_another_type_is_refused(gateway: Stack, inner: str) -> None:
    content = f"<n:ListNotifications {NGV1}>{inner}</n:ListNotifications>"
    answer = refused(gateway, Draft(content=content).build(), "INVALID_REQUEST")
    assert set(answer.facts) == {"element", "rule"}


@pytest.mark.parametrize(
    "wanted",
    [
        "1",
        "",
        " ",
        "0" * 32,
        f"{{{SOME}}}",
        f"urn:uuid:{SOME}",
        f"{SOME[:9]} {SOME[9:]}",
        f"\u00a0{SOME}",
        "../../etc/passwd",
        "%",
        "٠" * 36,
    ],
)
@pytest.mark.parametrize("operation", ["AcceptNotifications", "RetrieveNotifications", "RetrieveReceipts"])
def test_109_what_is_no_identifier_is_refused(gateway: Stack, operation: str, wanted: str) -> None:
    content = f"<n:{operation} {NGV1}><n:id>{wanted}</n:id></n:{operation}>"
    answer = refused(gateway, Draft(content=content).build(), "INVALID_REQUEST")
    assert answer.facts["element"] == "id"
    if len(wanted) > 8:
        assert wanted.encode() not in answer.body


def test_109_a_type_that_is_the_declared_one_changes_nothing(gateway: Stack) -> None:
    inner = f'<n:filter {XSI} xsi:type="n:Filter"><n:state>available</n:state></n:filter>'
    content = f"<n:ListNotifications {NGV1}>{inner}</n:ListNotifications>"
    answer = gateway.send(Draft(content=content, ids={"Body": "declared"}).build())
    assert_answered(gateway, answer, "ListNotifications")


# --- 110: other people's things -------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    ["AcceptNotifications", "RejectNotifications", "RetrieveNotifications", "RetrieveReceipts"],
)
def test_110_somebody_elses_notification_is_answered_like_none(gateway: Stack, operation: str) -> None:
    foreign = gateway.publish(f"FOREIGN-{operation}", addressee=PERSON_NIF)
    before = gateway.rows()
    answers = []
    for wanted in (foreign, uuid4()):
        answer = gateway.ask(operation, f"<id>{wanted}</id>")
        answers.append(etree.tostring(answer.tree).replace(str(wanted).encode(), b"ID"))
        assert len(answer.body) == len(gateway.ask(operation, f"<id>{wanted}</id>").body)
    assert answers[0] == answers[1]
    after = gateway.rows()
    assert after.pop("replay_keys") == before.pop("replay_keys") + 4
    assert after == before


def test_110_somebody_elses_document_is_answered_like_none(gateway: Stack) -> None:
    foreign = gateway.publish("FOREIGN-DOCUMENT", addressee=PERSON_NIF)
    gateway.accept(foreign, holder=pki().person)
    theirs = gateway.ask("RetrieveNotifications", f"<id>{foreign}</id>", holder=pki().person)
    document = theirs.tree.findtext("ng:item/ng:document/ng:documentId", namespaces=NG)
    faults = {
        comparable(gateway.ask("RetrieveDocument", f"<id>{wanted}</id><documentId>{document}</documentId>"))
        for wanted in (foreign, uuid4())
    }
    assert len(faults) == 1
    assert b"NOTIFICATION_UNKNOWN" in faults.pop()


# --- 111: logs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["info", "debug"])
def test_111_what_a_certificate_says_cannot_forge_a_line_of_the_log(
    sqlite_url: str, tmp_path: Path, level: str
) -> None:
    evil = 'Evil\r\n{"event": "forged"}\x1b[31m\x00\u2028'
    subject = name(
        (x509.NameOID.ORGANIZATION_NAME, evil.replace("\x00", "")),
        (x509.NameOID.ORGANIZATION_IDENTIFIER, f"VATES-{COMPANY_NIF}"),
        (x509.NameOID.COMMON_NAME, evil.replace("\x00", "")),
    )
    stack = Stack(sqlite_url, tmp_path, log_level=level)
    log = io.StringIO()
    (handler,) = [one for one in logging.getLogger().handlers if getattr(one, "is_ours", False)]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(log)
    wanted = stack.publish()
    holder = pki().holder(subject, rsa_key("company"))
    (item,) = stack.reject(wanted, holder=holder, reason="secret-of-the-body")
    assert text(item, "outcome") == "decided"
    assert text(item, "decision/signer/name") == 'Evil {"event": "forged"} [31m'
    stack.send(Draft(pair=holder, content=f"<n:No {NGV1}>secret-of-the-body</n:No>").build())
    stack.send(b"<secret-of-the-body>")
    stack.close()
    lines = log.getvalue().splitlines()
    assert len(lines) >= 3
    events = [json.loads(line) for line in lines]
    ours = {event["event"] for event in events if event["logger"] == "notigateway.soap"}
    assert ours == {"request_answered", "request_failed", "request_refused"}
    assert "forged" not in {event["event"] for event in events}
    assert "secret-of-the-body" not in log.getvalue()
    assert "\x1b" not in log.getvalue()
