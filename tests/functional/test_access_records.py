"""Every verified request leaves one record: who, for whom, which, what came of it; never content."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from notigateway.instants import instant_text
from notigateway.log.access import as_ranges
from notigateway.pki.keys import fingerprint
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import reading
from notigateway.repository.log import LogLeaf
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1, NOTIGATEWAY_V1
from overdue import publish_many
from pki import COMPANY_NIF, NOW, REPRESENTATIVE_NIF, pki
from stack import CONTRACT, ISSUER, ISSUING_CONTRACT

if TYPE_CHECKING:
    from stack import Stack


def records(stack: Stack) -> list[dict[str, Any]]:
    """Return what was recorded, oldest first; every record has its leaf."""
    with reading(stack.engine) as session:
        rows = session.scalars(select(AccessRecord)).all()
        leaves = {row.subject: row for row in session.scalars(select(LogLeaf))}
    said = []
    for row in rows:
        assert row.id in leaves
        assert leaves[row.id].leaf.speaks_of(row.record, leaves[row.id].salt or b"")
        one = json.loads(row.record)
        assert (one["id"], one["operation"], one["result"]) == (str(row.id), row.operation, row.result)
        said.append(one)
    return sorted(said, key=lambda one: str(one["at"]))


def only(stack: Stack) -> dict[str, Any]:
    (one,) = records(stack)
    return one


def newest(stack: Stack) -> dict[str, Any]:
    """Return the newest record, and move the clock so that the next one is newer."""
    one = records(stack)[-1]
    stack.pass_time(seconds=1)
    return one


def ids(*wanted: object) -> str:
    return "".join(f"<id>{one}</id>" for one in wanted)


NO_ONE = str(uuid4())
POWER = f"<powerId>{NO_ONE}</powerId>"
ASSIGNMENT = f"<assignmentId>{NO_ONE}</assignmentId>"
UNTIL = "<expiresAt>2027-01-01T00:00:00Z</expiresAt>"
GRANT = (
    "<attorney>00000003A</attorney><attorneyName>Celia Prueba</attorneyName><scope>general</scope>"
    f"<specialCategory>false</specialCategory>{UNTIL}"
)
# One request of every operation; many are refused, and that is recorded too.
MAILBOX = {
    "AcceptNotifications": ids(NO_ONE),
    "AcceptPower": POWER,
    "CertifyPower": POWER,
    "ExtendPower": POWER + UNTIL,
    "GetContacts": "",
    "GetDeliveryChannel": "",
    "GetHistory": ids(NO_ONE),
    "GetSummary": "",
    "GetLogHead": "",
    "ProveConsistency": "<oldSize>0</oldSize><newSize>0</newSize>",
    "GrantPower": GRANT,
    "GrantUser": "<person>00000003A</person><personName>Celia</personName><allClients>true</allClients>"
    "<mayDecide>false</mayDecide>",
    "EndUser": f"<userId>{NO_ONE}</userId>",
    "ListUsers": "",
    "ListChanges": "",
    "ListMatters": "",
    "ListNotifications": "",
    "ListPowers": "",
    "ListRepresentations": "",
    "ListDeadDeliveries": f"<subscriptionId>{NO_ONE}</subscriptionId>",
    "ListSubscriptions": "",
    "MakeResponsibleStatement": POWER + "<statutesAllowRepresentation>true</statutesAllowRepresentation>",
    "MarkNotifications": ids(NO_ONE) + "<downloaded>true</downloaded>",
    "Ping": "",
    "ReassignRed": ASSIGNMENT,
    "RejectNotifications": ids(NO_ONE),
    "RenouncePower": POWER,
    "ReplayDeliveries": f"<subscriptionId>{NO_ONE}</subscriptionId>",
    "RetrieveDocument": ids(NO_ONE) + f"<documentId>{NO_ONE}</documentId>",
    "RetrieveNotifications": ids(NO_ONE),
    "RetrieveReceipts": ids(NO_ONE),
    "RevokePower": POWER,
    "SetContacts": "",
    "SetDeliveryChannel": "<channel>electronic</channel>",
    "SetReceivingAlone": "<receivingAlone>false</receivingAlone>",
    "Subscribe": "<kind>webhook</kind><url>https://example.org/hook</url>",
    "UnassignRed": ASSIGNMENT,
    "Unsubscribe": f"<subscriptionId>{NO_ONE}</subscriptionId>",
}
REFERENCE = "<reference>ACT-404</reference>"
ISSUING = {
    "CancelNotifications": f"<cancellation>{REFERENCE}</cancellation>",
    "CloseOutage": f"<outageId>{NO_ONE}</outageId><endedAt>2026-01-01T00:00:00Z</endedAt>",
    "DeclareOutage": "<startedAt>2026-01-01T00:00:00Z</startedAt><reason>Power cut</reason>",
    "CommunicateSuccession": f"<predecessor>{COMPANY_NIF}</predecessor><successor>"
    "<identifier>A28000016</identifier><name>x</name></successor><cause>merger</cause>"
    "<factAt>2026-01-01T00:00:00Z</factAt><document>x</document>",
    "ExtendDeadlines": f"<extension>{REFERENCE}<deadline>2027-01-01T00:00:00Z</deadline>"
    "<reason>Holidays</reason></extension>",
    "ListOutcomes": "",
    "PublishActs": f"<act>{REFERENCE}<subject>Acto</subject><procedure>203546</procedure>"
    "<matter>collection</matter><addressee><identifier>B12345674</identifier>"
    "<name>Conservas del Norte SL</name></addressee><document><name>acto.pdf</name>"
    "<mediaType>application/pdf</mediaType><content>JVBERg==</content></document></act>",
    "ReportExternalDecisions": f"<report>{REFERENCE}<channel>postal</channel><decision>accepted</decision>"
    "<at>2026-01-01T00:00:00Z</at><evidence>acuse</evidence></report>",
    "RegisterAddressees": f"<addressee><identifier>{COMPANY_NIF}</identifier><name>x</name></addressee>",
    "RegisterRedAssignments": f"<assignment><addressee>{COMPANY_NIF}</addressee><account>x</account>"
    "<redPerson><identifier>x</identifier></redPerson><authorisation>1</authorisation>"
    "<startsAt>2026-01-01T00:00:00Z</startsAt></assignment>",
    "UploadDocuments": "<content>JVBERg==</content>",
}


def test_the_tables_name_every_operation() -> None:
    assert set(MAILBOX) == CONTRACT.operations
    assert set(ISSUING) == ISSUING_CONTRACT.operations


def test_every_operation_of_an_addressee_leaves_one_record(stack: Stack) -> None:
    stack.publish()
    for operation in sorted(MAILBOX):
        answer = stack.ask(operation, MAILBOX[operation])
        said = newest(stack)
        assert answer.code != "INVALID_REQUEST", operation
        assert (said["operation"], said["result"]) == (operation, answer.code or "OK")
        assert said["correlationId"] == answer.headers["X-Correlation-Id"]
        assert (said["party"], said["signer"]) == (COMPANY_NIF, COMPANY_NIF)
    assert len(records(stack)) == len(MAILBOX)


def test_every_operation_of_an_issuing_body_leaves_one_record(stack: Stack) -> None:
    for operation in sorted(ISSUING):
        is_outage = operation in {"CloseOutage", "DeclareOutage"}
        answer = stack.ask_issuing(operation, ISSUING[operation], issuer=None if is_outage else ISSUER)
        said = newest(stack)
        assert answer.code != "INVALID_REQUEST", operation
        assert (said["operation"], said["result"]) == (operation, answer.code or "OK")
        assert said.get("asked", []) == [
            *([] if is_outage else [ISSUER]),
            *(["ACT-404"] if REFERENCE in ISSUING[operation] else []),
            *([NO_ONE] if operation == "CloseOutage" else []),
        ]
    assert len(records(stack)) == len(ISSUING)


def test_a_record_says_who_for_whom_which_and_what_came_of_it(stack: Stack) -> None:
    accepted, rejected = stack.publish("ACT-1"), stack.publish("ACT-2")
    stack.accept(accepted, holder=pki().representative)
    stack.pass_time(seconds=1)
    stack.reject(accepted, rejected, NO_ONE, reason="No es para nosotros")
    first, second = records(stack)
    assert first == {
        "id": first["id"],
        "at": instant_text(NOW),
        "correlationId": first["correlationId"],
        "operation": "AcceptNotifications",
        "result": "OK",
        "party": COMPANY_NIF,
        "signer": REPRESENTATIVE_NIF,
        "certificateSha256": fingerprint(pki().representative.certificate),
        "addressees": [COMPANY_NIF],
        "asked": [str(accepted)],
        "codes": "1",
    }
    assert second["refused"] == {
        "ALREADY_DECIDED": [str(accepted)],
        "NOTIFICATION_UNKNOWN": [NO_ONE],
    }
    assert (second["codes"], second["asked"]) == ("1-2", [str(accepted), str(rejected), NO_ONE])


def test_a_record_holds_no_content(stack: Stack) -> None:
    wanted = stack.publish(subject="Reclamación de deuda", documents=(b"%PDF-1.7 texto del acto",))
    stack.reject(wanted, reason="Motivo privado")
    stack.ask("ListNotifications")
    stack.ask("RetrieveNotifications", ids(wanted))
    for said in records(stack):
        assert not {"Reclamación", "Motivo", "texto", "acto.pdf"} & set(json.dumps(said).split('"'))
        assert "Reclam" not in json.dumps(said)
        assert "Motivo" not in json.dumps(said)


def test_a_page_of_a_thousand_is_one_small_record(stack: Stack) -> None:
    publish_many(stack, 1_000)
    stack.ask("ListNotifications", "<pageSize>1000</pageSize>")
    said = only(stack)
    assert (said["codes"], said["addressees"]) == ("1-1000", [COMPANY_NIF])
    assert len(json.dumps(said)) < 600


def test_a_repeat_of_an_own_decision_is_no_refusal(stack: Stack) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    stack.pass_time(seconds=1)
    stack.accept(wanted)
    assert "refused" not in records(stack)[1]


# --- refused callers ----------------------------------------------------------------------------------


def test_a_denied_attempt_is_recorded_with_what_it_wanted(stack: Stack) -> None:
    wanted = stack.publish()
    stack.ask("RetrieveNotifications", ids(wanted), holder=pki().stranger)
    said = only(stack)
    assert (said["result"], said["asked"]) == ("CALLER_UNKNOWN", [str(wanted)])
    assert "codes" not in said
    assert "addressees" not in said


def test_a_message_sent_twice_is_recorded_twice(stack: Stack) -> None:
    data = stack.sign(f'<Ping xmlns="{NOTIGATEWAY_V1}"></Ping>')
    stack.send(data)
    stack.pass_time(seconds=1)
    assert stack.send(data).code == "MESSAGE_REPLAYED"
    assert [one["result"] for one in records(stack)] == ["OK", "MESSAGE_REPLAYED"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (f'<Obliterate xmlns="{NOTIGATEWAY_V1}"></Obliterate>', "OPERATION_UNKNOWN"),
        (f'<GetHistory xmlns="{NOTIGATEWAY_V1}"><id>x</id></GetHistory>', "INVALID_REQUEST"),
        (f'<ListOutcomes xmlns="{NOTIGATEWAY_ISSUING_V1}"></ListOutcomes>', "OPERATION_UNKNOWN"),
    ],
)
def test_what_a_known_caller_may_not_ask_is_recorded_without_its_words(
    stack: Stack, content: str, code: str
) -> None:
    answer = stack.send(stack.sign(content))
    said = only(stack)
    assert (said["result"], answer.code) == (code, code)
    assert "Obliterate" not in json.dumps(said)
    assert "asked" not in said


def test_where_no_caller_was_established_there_is_nobody_to_record(stack: Stack) -> None:
    data = stack.sign(f'<Ping xmlns="{NOTIGATEWAY_V1}"></Ping>')
    stack.pass_time(days=1)
    assert stack.send(data).code == "MESSAGE_EXPIRED"
    assert records(stack) == []


# --- no record, no operation --------------------------------------------------------------------------


def forbid_records(stack: Stack) -> None:
    with stack.engine.begin() as connection:
        connection.execute(text("DROP TABLE access_records"))


def test_what_cannot_be_recorded_is_not_decided(stack: Stack) -> None:
    wanted = stack.publish()
    with reading(stack.engine) as session:
        before = session.execute(text("SELECT state, version FROM notifications")).all()
    forbid_records(stack)
    answer = stack.ask("AcceptNotifications", ids(wanted))
    assert (answer.fault_code, answer.code) == ("soap:Server", "INTERNAL_ERROR")
    with reading(stack.engine) as session:
        assert session.execute(text("SELECT state, version FROM notifications")).all() == before
        # The one receipt, and its leaf, attest that it was put at disposal.
        for table, count in (("receipts", 1), ("log_leaves", 1), ("request_envelopes", 0)):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == count  # noqa: S608


def test_what_cannot_be_recorded_is_not_shown(stack: Stack) -> None:
    wanted = stack.publish()
    forbid_records(stack)
    for operation in ("ListNotifications", "ListChanges"):
        answer = stack.ask(operation)
        assert (answer.fault_code, answer.code) == ("soap:Server", "INTERNAL_ERROR")
        assert str(wanted).encode() not in answer.body


def test_a_denial_that_cannot_be_recorded_says_nothing_but_that(stack: Stack) -> None:
    forbid_records(stack)
    assert stack.ask("ListNotifications", holder=pki().stranger).code == "INTERNAL_ERROR"


@pytest.mark.parametrize(
    ("codes", "written"),
    [([], ""), ([7], "7"), ([3, 4, 5, 9], "3-5,9"), ([9, 3, 4, 3, 5], "3-5,9"), ([1, 3, 5], "1,3,5")],
)
def test_codes_are_written_as_ranges(codes: list[int], written: str) -> None:
    assert as_ranges(codes) == written
