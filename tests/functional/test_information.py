"""Reading for information over SOAP: who, what, until when; without effect, and on record."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from sqlalchemy import select

from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.clock.outages import declare_outage
from notigateway.errors import NotificationUnknownError
from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from notigateway.law.assurance import SIGNED
from notigateway.law.deadlines import deadline
from notigateway.law.lifecycle import State
from notigateway.law.representation import years_after
from notigateway.pki.identity import read_caller
from notigateway.published import published_folder
from notigateway.receipts.asking import Asking, RequestProof
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Event, Notification
from notigateway.uuids import uuid7
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import NG, text, texts
from titles import (
    ATTORNEY_NIF,
    RED_NIF,
    accept_power,
    assign,
    attorney,
    change,
    grant,
    red,
    register_company,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair
    from stack import Stack

pytestmark = pytest.mark.once

LATEST = "<contractVersion>1.1</contractVersion>"
FOR_INFORMATION = "<forInformation>true</forInformation>"
CONTENT = b"%PDF-1.7 acto"
NI = {"ni": NOTIGATEWAY_ISSUING_V1}


def retrieve(
    stack: Stack, *ids: UUID, more: str = FOR_INFORMATION, holder: KeyPair | None = None
) -> list[_Element]:
    inner = "".join(f"<id>{one}</id>" for one in ids)
    answer = stack.ask("RetrieveNotifications", inner + more, holder=holder)
    return answer.tree.findall("ng:item", namespaces=NG)


def content(item: _Element) -> bytes | None:
    found = text(item, "document/content")
    return None if found is None else b64decode(found)


def lapsed(stack: Stack, reference: str = "ACT-1") -> UUID:
    """Put an act at disposal and let it lapse, for good."""
    wanted = stack.publish(reference)
    stack.now = deadline(stack.now) + timedelta(hours=1)
    write_lapses(stack)
    return wanted


def write_lapses(stack: Stack) -> None:
    sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())


def events(stack: Stack, wanted: UUID) -> Sequence[Event]:
    with reading(stack.engine) as session:
        query = select(Event).join(Notification).where(Notification.id == wanted).order_by(Event.position)
        return session.scalars(query).all()


def stands(stack: Stack, wanted: UUID) -> tuple[str, datetime | None, datetime | None, int]:
    with reading(stack.engine) as session:
        row = session.scalars(select(Notification).where(Notification.id == wanted)).one()
        return str(row.state), row.decided_at, row.deadline, row.version


def report(stack: Stack, at: datetime, decision: str, channel: str = "sede") -> _Element:
    inner = (
        f"<report><reference>ACT-1</reference><channel>{channel}</channel><decision>{decision}</decision>"
        f"<at>{instant_text(at)}</at><evidence>SEDE-2026-77</evidence></report>"
    )
    (item,) = stack.ask_issuing("ReportExternalDecisions", inner).tree.findall("ni:item", namespaces=NI)
    return item


def receipts(stack: Stack, wanted: UUID, version: str = LATEST) -> list[tuple[str | None, str | None]]:
    tree = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>{version}").tree
    found = tree.findall(".//ng:receipt", namespaces=NG)
    return [(text(one, "state"), text(one, "nature")) for one in found]


def read_on_record(stack: Stack) -> list[tuple[str, str]]:
    """Return operation and codes of every access record that tells of a reading for information."""
    with reading(stack.engine) as session:
        found = [json.loads(one) for one in session.scalars(select(AccessRecord.record))]
    return [(one["operation"], one["forInformation"]) for one in found if "forInformation" in one]


# --- what it gives ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["", LATEST])
def test_what_lapsed_is_read_for_information_and_nothing_moves(stack: Stack, version: str) -> None:
    wanted = lapsed(stack)
    before = stands(stack, wanted)
    (held,) = retrieve(stack, wanted, more=version)
    assert (text(held, "problem/code"), content(held)) == ("NOT_ACCEPTED", None)
    (read,) = retrieve(stack, wanted, more=FOR_INFORMATION + version)
    assert (text(read, "problem/code"), content(read)) == (None, CONTENT)
    assert text(read, "notification/state") == "lapsed"
    assert stands(stack, wanted) == before
    (refused,) = stack.accept(wanted)
    assert text(refused, "outcome") == "lapsed"
    until = instant_text(years_after(deadline(NOW), 2))
    assert text(read, "notification/informationUntil") == (until if version else None)


def test_what_was_rejected_is_read_for_information(stack: Stack) -> None:
    wanted = stack.publish()
    stack.reject(wanted)
    (read,) = retrieve(stack, wanted)
    assert (content(read), text(read, "notification/state")) == (CONTENT, "rejected")


def test_the_list_says_until_when_it_can_be_read(stack: Stack) -> None:
    wanted = lapsed(stack)
    stack.publish("ACT-2")
    rows = stack.ask("ListNotifications", LATEST).tree.findall("ng:notification", namespaces=NG)
    until = instant_text(years_after(deadline(NOW), 2))
    assert [text(one, "informationUntil") for one in rows] == [until, None]
    assert texts(stack.ask("ListNotifications").tree, "notification/informationUntil") == []
    history = stack.ask("GetHistory", f"<id>{wanted}</id>{LATEST}").tree
    assert text(history, "notification/informationUntil") == until


def test_a_document_is_read_for_information_in_pieces(stack: Stack) -> None:
    wanted = lapsed(stack)
    (item,) = retrieve(stack, wanted)
    named = f"<id>{wanted}</id><documentId>{text(item, 'document/documentId')}</documentId>"
    assert stack.ask("RetrieveDocument", named).code == "NOT_ACCEPTED"
    piece = stack.ask("RetrieveDocument", f"{named}<offset>5</offset>{FOR_INFORMATION}")
    assert b64decode(text(piece.tree, "content") or "") == CONTENT[5:]
    assert ("RetrieveDocument", "1") in read_on_record(stack)


def test_whoever_sees_it_reads_it_each_with_a_receipt_of_its_own(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    accept_power(stack, grant(stack))
    wanted = lapsed(stack)
    for holder in (None, red(), attorney()):
        (read,) = retrieve(stack, wanted, holder=holder)
        assert content(read) == CONTENT
    read_by = [(str(one.role), one.party) for one in events(stack, wanted) if one.nature]
    assert read_by == [("own", COMPANY_NIF), ("red", RED_NIF), ("attorney", ATTORNEY_NIF)]
    assert receipts(stack, wanted).count(("read", "information")) == 3


# --- what is on record --------------------------------------------------------------------------------


def test_each_party_has_one_receipt_of_its_reading_sealed_beside_the_chain(stack: Stack) -> None:
    wanted = lapsed(stack)
    for _ in range(2):
        retrieve(stack, wanted)
    assert receipts(stack, wanted) == [("available", None), ("lapsed", None), ("read", "information")]
    assert receipts(stack, wanted, "") == [("available", None), ("lapsed", None)]
    tree = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>{LATEST}").tree
    xml = b64decode(texts(tree, "item/receipt/xml")[-1] or "")
    facts = verify_receipt(xml, seal_certificates=[pki().seal.certificate])
    assert (facts.state, facts.event_time, facts.nature) == (State.READ, stack.now, "information")
    attested = etree.fromstring(xml)
    schema = etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd"))
    schema.assertValid(attested)
    assert (attested.findtext("{*}ERDSEventId") or "").endswith("ReadingForInformation")
    assert attested.findtext("{*}DelegateDetails/{*}Identifier") == COMPANY_NIF
    assert attested.find("{*}PreviousEvidence") is None
    assert attested.find("{*}RequestEvidence") is not None


def test_each_reading_has_its_access_record(stack: Stack) -> None:
    wanted = lapsed(stack)
    retrieve(stack, wanted, more="")
    assert read_on_record(stack) == []
    for times in (1, 2):
        retrieve(stack, wanted)
        assert read_on_record(stack) == [("RetrieveNotifications", "1")] * times


def test_reading_is_no_change_and_no_outcome_but_stands_in_the_history(stack: Stack) -> None:
    wanted = lapsed(stack)
    cursor = stack.ask("ListChanges", "<fromNow>true</fromNow>").tree.findtext("{*}nextCursor")
    outcomes = len(stack.ask_issuing("ListOutcomes").tree.findall("{*}outcome"))
    retrieve(stack, wanted)
    for version in ("", LATEST):
        changes = stack.ask("ListChanges", f"<cursor>{cursor}</cursor>{version}").tree
        assert changes.find("{*}change") is None
    assert len(stack.ask_issuing("ListOutcomes", LATEST).tree.findall("{*}outcome")) == outcomes
    for version, natures in (("", [None, None]), (LATEST, [None, None, "information"])):
        history = stack.ask("GetHistory", f"<id>{wanted}</id>{version}").tree
        told = history.findall("ng:event", namespaces=NG)
        assert [text(one, "nature") for one in told] == natures
    sealed = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>{LATEST}").tree.iterfind(".//{*}receipt")
    assert [text(one, "receiptId") for one in told] == [text(one, "receiptId") for one in sealed]


# --- what it does not give ----------------------------------------------------------------------------


def check_nothing_given(stack: Stack, wanted: UUID, code: str, holder: KeyPair | None = None) -> None:
    before = stack.contents()
    (item,) = retrieve(stack, wanted, holder=holder)
    assert (text(item, "problem/code"), content(item)) == (code, None)
    assert {**stack.contents(), "replay_keys": []} == {**before, "replay_keys": []}


def test_content_of_what_is_undecided_is_never_given(stack: Stack) -> None:
    check_nothing_given(stack, stack.publish(), "NOT_ACCEPTED")


def test_what_is_foreign_or_not_at_disposal_yet_is_unknown(stack: Stack) -> None:
    later = stack.publish("LATER", available_at=NOW + timedelta(days=3))
    check_nothing_given(stack, later, "NOTIFICATION_UNKNOWN")
    stack.publish("OTHER", addressee=PERSON_NIF)
    foreign = lapsed(stack)
    check_nothing_given(stack, foreign, "NOTIFICATION_UNKNOWN", holder=pki().person)


def test_who_loses_the_title_before_the_reading_is_attested_reads_nothing(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    wanted = lapsed(stack)
    mailbox, engine = stack.office.mailbox, stack.engine
    proof = RequestProof(uuid7(stack.now), b"<signed/>", "rsa-sha256")
    caller = read_caller(attorney().certificate)
    asking = Asking(caller=caller, assurance=SIGNED, now=stack.now, proof=proof)
    with reading(engine) as session:
        (found,) = mailbox.retrieve(session, asking, [wanted], for_information=True)
    (found,) = mailbox.with_contents([found])
    assert found.has_content
    assert found.is_for_information
    assert change(stack, "RevokePower", power).status == 200
    with writing(engine) as session:
        handed = mailbox.hand_over(session, asking, [wanted], for_information=True)
        assert handed.lost == {wanted: NotificationUnknownError}
    assert receipts(stack, wanted) == [("available", None), ("lapsed", None)]


def test_what_was_withdrawn_is_not_read(stack: Stack) -> None:
    wanted = stack.publish()
    stack.ask_issuing("CancelNotifications", "<cancellation><reference>ACT-1</reference></cancellation>")
    check_nothing_given(stack, wanted, "NOTIFICATION_CANCELLED")


def test_after_the_years_a_code_of_its_own_says_so(stack: Stack) -> None:
    wanted = stack.publish()
    stack.reject(wanted)
    stack.now = years_after(stack.now, 2) - timedelta(milliseconds=1)
    (read,) = retrieve(stack, wanted)
    assert content(read) == CONTENT
    stack.pass_time(milliseconds=1)
    check_nothing_given(stack, wanted, "INFORMATION_ENDED")


def test_a_lapse_that_an_outage_takes_back_was_not_read(stack: Stack) -> None:
    wanted = stack.publish()
    stack.now = deadline(NOW) + timedelta(hours=1)
    check_nothing_given(stack, wanted, "LAPSE_NOT_FINAL")
    with writing(stack.engine) as session:
        declare_outage(
            session,
            started_at=deadline(NOW) - timedelta(days=2),
            ended_at=deadline(NOW) - timedelta(days=1),
            reason="Corte de luz",
            declared_by=PERSON_NIF,
            now=stack.now,
        )
    check_nothing_given(stack, wanted, "NOT_ACCEPTED")


def test_asked_for_information_what_was_accepted_is_handed_over_as_ever(stack: Stack) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    (item,) = retrieve(stack, wanted)
    assert content(item) == CONTENT
    assert receipts(stack, wanted) == [("available", None), ("accepted", None), ("read", None)]


# --- what it and reports of other channels do to each other -------------------------------------------


def test_an_earlier_acceptance_reported_after_a_reading_releases_the_content(stack: Stack) -> None:
    wanted = lapsed(stack)
    retrieve(stack, wanted)
    stack.pass_time(days=1)
    item = report(stack, NOW + timedelta(days=1), "accepted")
    assert item.findtext("ni:outcome", namespaces=NI) == "corrected"
    (given,) = retrieve(stack, wanted, more=LATEST)
    assert (content(given), text(given, "notification/state")) == (CONTENT, "accepted")
    assert text(given, "notification/informationUntil") is None
    # Both stay: what was read for information, and that the content was handed over as accepted.
    assert receipts(stack, wanted) == [
        ("available", None),
        ("accepted", None),
        ("lapsed", None),
        ("read", "information"),
        ("read", None),
    ]


def test_an_earlier_rejection_reported_after_a_reading_moves_only_the_instant(stack: Stack) -> None:
    wanted = stack.publish()
    stack.pass_time(days=3)
    stack.reject(wanted)
    retrieve(stack, wanted)
    earlier = NOW + timedelta(days=1)
    report(stack, earlier, "refused", "postal")
    assert stands(stack, wanted)[:2] == ("rejected", earlier)
    (read,) = retrieve(stack, wanted, more=FOR_INFORMATION + LATEST)
    assert content(read) == CONTENT
    assert text(read, "notification/informationUntil") == instant_text(years_after(earlier, 2))
    assert receipts(stack, wanted).count(("read", "information")) == 1


def test_a_publication_in_the_boe_after_a_reading_comes_too_late_and_an_earlier_one_decides(
    stack: Stack,
) -> None:
    wanted = lapsed(stack)
    retrieve(stack, wanted)
    stack.pass_time(days=1)
    item = report(stack, deadline(NOW) + timedelta(hours=2), "published", "postal")
    assert item.findtext("ni:outcome", namespaces=NI) == "on_record"
    (held,) = retrieve(stack, wanted, more="")
    assert text(held, "problem/code") == "NOT_ACCEPTED"
    item = report(stack, deadline(NOW) - timedelta(days=2), "published", "postal")
    assert item.findtext("ni:outcome", namespaces=NI) == "corrected"
    (given,) = retrieve(stack, wanted, more="")
    assert content(given) == CONTENT


def test_a_correction_that_takes_an_acceptance_back_leaves_it_to_be_read_for_information(
    stack: Stack,
) -> None:
    wanted = stack.publish()
    stack.pass_time(days=2)
    stack.accept(wanted)
    stack.pass_time(hours=1)
    retrieve(stack, wanted)
    report(stack, NOW + timedelta(days=1), "rejected", "dehu")
    (held,) = retrieve(stack, wanted, more="")
    assert text(held, "problem/code") == "NOT_ACCEPTED"
    stack.pass_time(days=1)
    (read,) = retrieve(stack, wanted)
    assert content(read) == CONTENT
    assert receipts(stack, wanted)[-2:] == [("read", None), ("read", "information")]


def test_an_attempt_on_paper_and_a_reading_do_nothing_to_each_other(stack: Stack) -> None:
    wanted = lapsed(stack)
    before = stands(stack, wanted)
    retrieve(stack, wanted)
    report(stack, NOW + timedelta(days=1), "absent", "postal")
    (read,) = retrieve(stack, wanted)
    assert (content(read), stands(stack, wanted)) == (CONTENT, before)
    assert [str(one.nature) for one in events(stack, wanted) if one.nature] == ["information", "absent"]
