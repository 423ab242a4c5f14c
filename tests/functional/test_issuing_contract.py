"""The issuing bodies' contract through the whole stack, on both databases."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from zeep import Client
from zeep.transports import Transport

from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from notigateway.issuer.publishing import register_issuing_body
from notigateway.law.deadlines import deadline
from notigateway.law.lifecycle import Kind
from notigateway.published import published_folder
from notigateway.repository.engine import writing
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1
from pki import COMPANY_NIF, ISSUER_NIF, NOW, PERSON_NIF, pki
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from lxml.etree import _Element

    from stack import Answer

pytestmark = pytest.mark.once

NI = {"ni": NOTIGATEWAY_ISSUING_V1}
PDF = b"%PDF-1.7 resolution"
OTHER_BODY = "EA0041486"
OTHER_NIF = "A28000016"


def document(content: bytes | None = PDF, *, name: str = "acto.pdf", sha256: str | None = None) -> str:
    inline = "" if content is None else f"<content>{b64encode(content).decode()}</content>"
    by_hash = "" if sha256 is None else f"<sha256>{sha256}</sha256>"
    return f"<document><name>{name}</name><mediaType>application/pdf</mediaType>{inline}{by_hash}</document>"


def act(
    reference: str = "ACT-1",
    *,
    addressee: str = COMPANY_NIF,
    documents: str = "",
    numbers: str = "",
    more: str = "",
) -> str:
    return (
        f"<act><reference>{reference}</reference><subject>Reclamación de deuda</subject>"
        "<procedure>203546</procedure><matter>collection</matter>"
        f"<addressee><identifier>{addressee}</identifier><name>Conservas del Norte SL</name>{numbers}"
        f"</addressee>{documents or document()}{more}</act>"
    )


def items(answer: Answer) -> list[_Element]:
    return answer.tree.findall("ni:item", namespaces=NI)


def said(element: _Element, path: str) -> str | None:
    return element.findtext("/".join(f"ni:{step}" for step in path.split("/")), namespaces=NI)


def publish(stack: Stack, *acts: str) -> list[_Element]:
    return items(stack.ask_issuing("PublishActs", "".join(acts)))


def cancel(stack: Stack, *references: str) -> list[_Element]:
    inner = "".join(
        f"<cancellation><reference>{one}</reference><reason>Error material</reason></cancellation>"
        for one in references
    )
    return items(stack.ask_issuing("CancelNotifications", inner))


def extend(stack: Stack, until: datetime, *references: str) -> list[_Element]:
    inner = "".join(
        f"<extension><reference>{one}</reference><deadline>{instant_text(until)}</deadline>"
        "<reason>Incidencia técnica</reason></extension>"
        for one in references
    )
    return items(stack.ask_issuing("ExtendDeadlines", inner))


def other_nif(stack: Stack) -> None:
    """Register a body with another NIF and publish an act of it."""
    with writing(stack.engine) as session:
        register_issuing_body(session, dir3=OTHER_BODY, acronym="ISM", name="Otro", nif=OTHER_NIF)
    stack.publish("FOREIGN", issuing_body=OTHER_BODY)


def test_a_published_act_is_at_its_addressees_disposal(stack: Stack) -> None:
    (item,) = publish(stack, act())
    assert said(item, "outcome") == "published"
    assert said(item, "availableAt") == instant_text(NOW)
    assert said(item, "deadline") == instant_text(deadline(NOW))
    (decided,) = stack.accept(said(item, "notificationId"))
    assert decided.findtext("{*}outcome") == "decided"


def test_publishing_again_changes_nothing_and_another_act_is_refused(stack: Stack) -> None:
    (first,) = publish(stack, act())
    before = stack.rows()
    again, other = publish(stack, act(), act(more="<voluntary>true</voluntary>"))
    assert said(again, "outcome") == "already_published"
    assert said(again, "notificationId") == said(first, "notificationId")
    assert said(other, "problem/code") == "REFERENCE_CONFLICT"
    after = stack.rows()
    assert {**after, "replay_keys": 0} == {**before, "replay_keys": 0}


def test_an_uploaded_document_is_named_by_its_hash(stack: Stack) -> None:
    content = f"<content>{b64encode(PDF).decode()}</content>"
    for _ in range(2):
        (uploaded,) = items(stack.ask_issuing("UploadDocuments", content))
        assert said(uploaded, "sha256") == hashlib.sha256(PDF).hexdigest()
        assert said(uploaded, "size") == str(len(PDF))
    by_hash = document(None, sha256=said(uploaded, "sha256"))
    (item,) = publish(stack, act(documents=by_hash))
    wanted = said(item, "notificationId")
    stack.accept(wanted)
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert b64decode(answer.tree.findtext(".//{*}content") or "") == PDF
    # The same act with the document inline is the same act.
    (inline,) = publish(stack, act())
    assert said(inline, "outcome") == "already_published"


def test_only_the_body_that_uploaded_may_name_a_document(stack: Stack) -> None:
    stack.register_issuer(OTHER_BODY, "INSS", "Otro organismo")
    stack.ask_issuing("UploadDocuments", f"<content>{b64encode(PDF).decode()}</content>", issuer=OTHER_BODY)
    sha256 = hashlib.sha256(PDF).hexdigest()
    (item,) = publish(stack, act(documents=document(None, sha256=sha256)))
    assert said(item, "problem/field") == "documents[0].sha256"
    assert said(item, "problem/rule") == "not_uploaded"


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        (act(addressee="B12345675"), "ACT_INVALID", "addressee.identifier"),
        (act(numbers="<ccc>28123456743</ccc>"), "ACT_INVALID", "addressee.ccc"),
        (act(numbers="<naf>281234567841</naf>"), "ACT_INVALID", "addressee.naf"),
        (act(""), "ACT_INVALID", "reference"),
        (act(documents=document(b"")), "ACT_INVALID", "documents[0]"),
        (act(documents=document(name="../acto.pdf")), "ACT_INVALID", "documents[0].name"),
        (act(documents=document(None)), "ACT_INVALID", "documents[0]"),
        (act(documents=document(sha256="0" * 64)), "ACT_INVALID", "documents[0]"),
        (act(documents=document(None, sha256="0" * 64)), "ACT_INVALID", "documents[0].sha256"),
        (
            act(documents=document().replace("application/pdf", "text/html")),
            "ACT_INVALID",
            "documents[0].media_type",
        ),
        (act(more="<availableAt>2026-05-01T00:00:00Z</availableAt>"), "ACT_INVALID", "available_at"),
        (act(more="<meansOfPayment>true</meansOfPayment>"), "ACT_NEVER_ELECTRONIC", "means_of_payment"),
        (act(more="<nonConvertible>true</nonConvertible>"), "ACT_NEVER_ELECTRONIC", "non_convertible"),
    ],
)
def test_a_bad_act_is_refused_by_its_field_and_its_neighbours_go_in(
    sqlite_stack: Stack, wrong: str, code: str, field: str
) -> None:
    refused, good = publish(sqlite_stack, wrong, act("GOOD"))
    assert said(refused, "outcome") == "refused"
    assert (said(refused, "problem/code"), said(refused, "problem/field")) == (code, field)
    assert said(good, "outcome") == "published"
    assert sqlite_stack.rows()["acts"] == 1


def test_five_hundred_acts_go_in_one_request_and_not_one_more(sqlite_stack: Stack) -> None:
    acts = [act(f"ACT-{number}") for number in range(501)]
    answer = sqlite_stack.ask_issuing("PublishActs", "".join(acts))
    assert answer.code == "INVALID_REQUEST"
    found = publish(sqlite_stack, *acts[:500])
    assert {said(item, "outcome") for item in found} == {"published"}


def test_only_an_issuing_body_may_call(stack: Stack) -> None:
    stack.publish()
    before = stack.rows()
    for holder in (pki().company_seal, pki().stranger, pki().representative):
        answer = stack.ask_issuing("PublishActs", act("OTHER"), holder=holder)
        assert (answer.fault_code, answer.code) == ("wsse:FailedAuthentication", "CALLER_NOT_ISSUING_BODY")
    assert stack.rows() == before


def test_an_unknown_issuing_body_and_somebody_elses_are_answered_alike(stack: Stack) -> None:
    other_nif(stack)
    for issuer in ("EA9999999", OTHER_BODY):
        answer = stack.ask_issuing("PublishActs", act(), issuer=issuer)
        assert (answer.fault_code, answer.code, answer.facts) == ("soap:Client", "ISSUING_BODY_UNKNOWN", {})


def test_the_act_of_another_body_is_answered_like_an_unknown_one(stack: Stack) -> None:
    other_nif(stack)
    before = stack.contents()
    for operation, inner in {
        "CancelNotifications": "<cancellation><reference>{}</reference></cancellation>",
        "ExtendDeadlines": "<extension><reference>{}</reference><deadline>2026-07-01T00:00:00Z</deadline>"
        "<reason>x</reason></extension>",
        "ReportExternalDecisions": "<report><reference>{}</reference><channel>sede</channel>"
        "<decision>accepted</decision><at>2026-06-01T12:00:00Z</at><evidence>E</evidence></report>",
    }.items():
        texts = []
        for reference in ("FOREIGN", "NOTHING"):
            (item,) = items(stack.ask_issuing(operation, inner.format(reference)))
            texts.append([(child.tag, "".join(child.itertext())) for child in item][1:])
        assert texts[0] == texts[1]
        assert texts[0][0][1] == "unknown"
    after = stack.contents()
    assert {**after, "replay_keys": []} == {**before, "replay_keys": []}


def test_a_cancelled_notification_cannot_be_decided(stack: Stack) -> None:
    wanted = stack.publish()
    (item,) = cancel(stack, "ACT-1")
    assert (said(item, "outcome"), said(item, "state")) == ("done", "cancelled")
    assert said(item, "decision/party/identifier") == ISSUER_NIF
    assert stack.rows()["request_envelopes"] == 1
    (refused,) = stack.accept(wanted)
    assert refused.findtext("{*}problem/{*}code") == "NOTIFICATION_CANCELLED"
    (again,) = cancel(stack, "ACT-1")
    assert said(again, "outcome") == "already_done"
    assert stack.rows()["events"] == 2


def test_what_is_scheduled_and_a_communication_can_be_cancelled(stack: Stack) -> None:
    stack.publish("LATER", available_at=NOW + timedelta(days=1))
    stack.publish("INFO", kind=Kind.COMMUNICATION)
    assert [said(item, "outcome") for item in cancel(stack, "LATER", "INFO")] == ["done", "done"]


def test_cancelling_after_a_decision_is_refused_and_says_who_decided(stack: Stack) -> None:
    accepted = stack.publish()
    stack.publish("LAPSED")
    stack.accept(accepted)
    stack.now = deadline(NOW)
    before = stack.rows()
    decided, lapsed, good = cancel(stack, "ACT-1", "LAPSED", "NOTHING")
    assert (said(decided, "outcome"), said(decided, "problem/code")) == ("refused", "ALREADY_DECIDED")
    assert said(decided, "decision/party/identifier") == COMPANY_NIF
    assert said(decided, "decision/channel") == "web_service"
    assert said(decided, "receipt/receiptId")
    assert (said(lapsed, "outcome"), said(lapsed, "problem/code")) == ("refused", "NOTIFICATION_LAPSED")
    assert said(good, "outcome") == "unknown"
    after = stack.rows()
    assert {**after, "replay_keys": 0} == {**before, "replay_keys": 0}


def test_an_unexpired_deadline_is_extended_once(stack: Stack) -> None:
    wanted = stack.publish()
    later = deadline(NOW) + timedelta(days=5)
    for outcome in ("done", "already_done"):
        (item,) = extend(stack, later, "ACT-1")
        assert (said(item, "outcome"), said(item, "deadline")) == (outcome, instant_text(later))
    assert stack.rows()["deadline_changes"] == 1
    stack.now = later - timedelta(milliseconds=1)
    (decided,) = stack.accept(wanted)
    assert decided.findtext("{*}outcome") == "decided"


def test_a_deadline_is_never_brought_forward_or_put_years_ahead(stack: Stack) -> None:
    stack.publish()
    for wanted in (NOW - timedelta(days=1), deadline(NOW), NOW + timedelta(days=367)):
        (item,) = extend(stack, wanted, "ACT-1")
        assert (said(item, "outcome"), said(item, "problem/code")) == ("refused", "DEADLINE_NOT_LATER")
        assert said(item, "deadline") == instant_text(deadline(NOW))


def test_an_expired_deadline_is_never_extended(stack: Stack) -> None:
    stack.publish()
    stack.now = deadline(NOW)
    (item,) = extend(stack, deadline(NOW) + timedelta(days=5), "ACT-1")
    assert (said(item, "outcome"), said(item, "problem/code")) == ("refused", "NOTIFICATION_LAPSED")
    assert stack.rows()["deadline_changes"] == 0


def test_what_never_lapses_or_is_decided_has_nothing_to_extend(stack: Stack) -> None:
    stack.publish("VOLUNTARY", addressee=PERSON_NIF, voluntary=True)
    stack.publish("INFO", kind=Kind.COMMUNICATION)
    stack.accept(stack.publish("DONE"))
    found = extend(stack, deadline(NOW) + timedelta(days=5), "VOLUNTARY", "INFO", "DONE")
    codes = [said(item, "problem/code") for item in found]
    assert codes == ["NO_DEADLINE", "NO_DEADLINE", "ALREADY_DECIDED"]


def test_more_than_a_hundred_extensions_are_refused_as_a_whole(sqlite_stack: Stack) -> None:
    one = "<extension><reference>A</reference><deadline>2026-07-01T00:00:00Z</deadline><reason>x</reason>"
    answer = sqlite_stack.ask_issuing("ExtendDeadlines", f"{one}</extension>" * 101)
    assert answer.code == "INVALID_REQUEST"


def outcomes(stack: Stack, size: int = 2) -> Iterator[_Element]:
    """Follow the outcomes to their end in small pages."""
    cursor = ""
    while True:
        answer = stack.ask_issuing("ListOutcomes", f"{cursor}<pageSize>{size}</pageSize>")
        yield from answer.tree.findall("ni:outcome", namespaces=NI)
        if said(answer.tree, "hasMore") == "false":
            return
        cursor = f"<cursor>{said(answer.tree, 'nextCursor')}</cursor>"


def test_outcomes_are_followed_in_the_order_of_their_commit_with_their_receipts(stack: Stack) -> None:
    other_nif(stack)
    first, second, third = stack.publish("A"), stack.publish("B"), stack.publish("C")
    stack.reject(third)
    stack.accept(first)
    cancel(stack, "B")
    found = list(outcomes(stack))
    assert [(said(one, "reference"), said(one, "decision/state")) for one in found] == [
        ("C", "rejected"),
        ("A", "accepted"),
        ("B", "cancelled"),
    ]
    assert [said(one, "stands") for one in found] == ["true", "true", "true"]
    xml = b64decode(said(found[1], "receipt/xml") or "")
    facts = verify_receipt(xml, seal_certificates=[pki().seal.certificate])
    assert str(facts.notification_id) == said(found[1], "notificationId") == str(first)
    assert found[2].find("ni:receipt", namespaces=NI) is None
    assert second != first


def test_the_outcomes_go_on_where_they_ended(stack: Stack) -> None:
    stack.accept(stack.publish("A"))
    answer = stack.ask_issuing("ListOutcomes")
    cursor = f"<cursor>{said(answer.tree, 'nextCursor')}</cursor>"
    empty = stack.ask_issuing("ListOutcomes", cursor)
    assert empty.tree.findall("ni:outcome", namespaces=NI) == []
    assert said(empty.tree, "nextCursor") == said(answer.tree, "nextCursor")
    stack.accept(stack.publish("B"))
    (new,) = stack.ask_issuing("ListOutcomes", cursor).tree.findall("ni:outcome", namespaces=NI)
    assert said(new, "reference") == "B"


def test_a_cursor_of_another_body_is_refused(stack: Stack) -> None:
    stack.accept(stack.publish("A"))
    cursor = said(stack.ask_issuing("ListOutcomes").tree, "nextCursor")
    stack.register_issuer(OTHER_BODY, "INSS", "Otro organismo")
    answer = stack.ask_issuing("ListOutcomes", f"<cursor>{cursor}</cursor>", issuer=OTHER_BODY)
    assert answer.code == "INVALID_CURSOR"


def test_only_an_operator_declares_and_closes_outages(sqlite_url: str, tmp_path: Path) -> None:
    stack = Stack(sqlite_url, tmp_path, operators=[OTHER_NIF])
    wanted = stack.publish()
    start = "<startedAt>2026-06-01T00:00:00Z</startedAt><reason>Caída del servicio</reason>"
    refused = stack.ask_issuing("DeclareOutage", start, issuer=None)
    assert (refused.fault_code, refused.code) == ("wsse:FailedAuthentication", "CALLER_NOT_OPERATOR")
    operator = pki().service  # any admitted certificate of that NIF
    declared = stack.ask_issuing("DeclareOutage", start, issuer=None, holder=operator)
    outage = said(declared.tree, "outage/outageId")
    assert said(declared.tree, "outage/startedAt") == "2026-06-01T00:00:00.000Z"
    stack.now = deadline(NOW)
    end = f"<outageId>{outage}</outageId><endedAt>2026-06-03T00:00:00Z</endedAt>"
    for _ in range(2):
        closed = stack.ask_issuing("CloseOutage", end, issuer=None, holder=operator)
        assert said(closed.tree, "outage/endedAt") == "2026-06-03T00:00:00.000Z"
    later = end.replace("06-03", "06-04")
    assert stack.ask_issuing("CloseOutage", later, issuer=None, holder=operator).code == "OUTAGE_CLOSED"
    # The deadlines are not computed anew yet; nothing lapses meanwhile.
    (decided,) = stack.accept(wanted)
    assert decided.findtext("{*}outcome") == "decided"
    stack.close()


def test_both_contracts_are_served_and_no_other_path(sqlite_stack: Stack) -> None:
    for path, schema in (
        ("/notigateway/v1", "notigateway-v1.xsd"),
        ("/notigateway/issuing/v1", "notigateway-issuing-v1.xsd"),
        ("/notigateway/issuing/v1", "notigateway-fault-v1.xsd"),
    ):
        get = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "CONTENT_TYPE": None}
        wsdl = sqlite_stack.send(b"", QUERY_STRING="wsdl", **get)
        assert f'location="http://127.0.0.1:8080{path}"' in wsdl.body.decode()
        assert schema in wsdl.body.decode()
        served = sqlite_stack.send(b"", QUERY_STRING=f"xsd={schema}", **get)
        assert served.body == (published_folder("wsdl") / schema).read_bytes()
    assert sqlite_stack.send(b"", PATH_INFO="/notigateway/issuing").code == "PATH_UNKNOWN"


def test_the_schema_that_an_earlier_wsdl_of_the_issuing_contract_imported_is_still_served(
    sqlite_stack: Stack,
) -> None:
    get = {"REQUEST_METHOD": "GET", "PATH_INFO": "/notigateway/issuing/v1", "CONTENT_TYPE": None}
    served = sqlite_stack.send(b"", QUERY_STRING="xsd=notigateway-v1.xsd", **get)
    assert served.body == (published_folder("wsdl") / "notigateway-v1.xsd").read_bytes()


def test_an_operation_of_the_other_contract_is_unknown(sqlite_stack: Stack) -> None:
    assert sqlite_stack.ask("ListOutcomes", PATH_INFO="/notigateway/v1").code == "OPERATION_UNKNOWN"
    assert sqlite_stack.ask("Ping", PATH_INFO="/notigateway/issuing/v1").code == "OPERATION_UNKNOWN"


def test_a_soap_toolkit_builds_a_client_from_the_contract() -> None:
    wsdl = published_folder("wsdl") / "notigateway-issuing-v1.wsdl"
    transport = Transport(cache=None)  # type: ignore[no-untyped-call]
    client: Any = Client(str(wsdl), transport=transport)  # type: ignore[no-untyped-call]
    extension = {"reference": "A", "deadline": NOW, "reason": "Incidencia"}
    message = client.create_message(client.service, "ExtendDeadlines", "EA0041485", [extension])
    assert message.find(f".//{{{NOTIGATEWAY_ISSUING_V1}}}reference").text == "A"


def test_a_reason_that_reads_otherwise_is_refused_in_its_place(stack: Stack) -> None:
    stack.publish("ACT-1")
    stack.publish("ACT-2")
    inner = (
        "<cancellation><reference>ACT-1</reference><reason>Error\u202e material</reason></cancellation>"
        "<cancellation><reference>ACT-2</reference><reason>Error material</reason></cancellation>"
    )
    refused, done = items(stack.ask_issuing("CancelNotifications", inner))
    assert (said(refused, "problem/code"), said(refused, "problem/field")) == ("TEXT_INVALID", "reason")
    assert said(done, "outcome") == "done"
    deadline = "2026-06-20T12:00:00Z"
    inner = f"<extension><reference>ACT-1</reference><deadline>{deadline}</deadline>"
    inner += "<reason>a\u200b</reason></extension>"
    (refused,) = items(stack.ask_issuing("ExtendDeadlines", inner))
    assert (said(refused, "problem/code"), said(refused, "problem/field")) == ("TEXT_INVALID", "reason")


def test_a_reason_of_white_space_alone_is_refused_in_its_place(stack: Stack) -> None:
    stack.publish("ACT-1")
    blank = "<reason> \n </reason>"
    inner = f"<cancellation><reference>ACT-1</reference>{blank}</cancellation>"
    (refused,) = items(stack.ask_issuing("CancelNotifications", inner))
    assert (said(refused, "problem/code"), said(refused, "problem/field")) == ("TEXT_INVALID", "reason")
    inner = (
        f"<extension><reference>ACT-1</reference><deadline>2026-06-20T12:00:00Z</deadline>{blank}</extension>"
    )
    (refused,) = items(stack.ask_issuing("ExtendDeadlines", inner))
    assert (said(refused, "problem/code"), said(refused, "problem/field")) == ("TEXT_INVALID", "reason")
