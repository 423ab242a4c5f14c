"""Decisions of other channels (R6): the earliest event wins, whoever tells of it first; nothing is lost."""

from __future__ import annotations

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import select

from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from notigateway.law.deadlines import deadline
from notigateway.law.lifecycle import Kind
from notigateway.published import published_folder
from notigateway.repository.engine import reading
from notigateway.repository.model import Event, Notification
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1
from pki import COMPANY_NAME, COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import ISSUER, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from lxml.etree import _Element

    from stack import Stack

pytestmark = pytest.mark.once

NI = {"ni": NOTIGATEWAY_ISSUING_V1}
CHANNELS = ("sede", "dehu", "citizen_folder", "postal", "in_person")
BY = f"<decidedBy><identifier>{COMPANY_NIF}</identifier></decidedBy>"


def said(element: _Element, path: str) -> str | None:
    return element.findtext("/".join(f"ni:{step}" for step in path.split("/")), namespaces=NI)


def told(
    at: datetime,
    *,
    reference: str = "ACT-1",
    channel: str = "sede",
    decision: str = "accepted",
    by: str = BY,
    first: datetime | None = None,
) -> str:
    attempt = "" if first is None else f"<firstAttemptAt>{instant_text(first)}</firstAttemptAt>"
    return (
        f"<report><reference>{reference}</reference><channel>{channel}</channel>"
        f"<decision>{decision}</decision><at>{instant_text(at)}</at>{by}"
        f"<evidence>SEDE-2026-77</evidence>{attempt}</report>"
    )


def report(stack: Stack, *reports: str) -> list[_Element]:
    answer = stack.ask_issuing("ReportExternalDecisions", "".join(reports))
    return answer.tree.findall("ni:item", namespaces=NI)


def events(stack: Stack, wanted: UUID) -> Sequence[Event]:
    with reading(stack.engine) as session:
        query = select(Event).join(Notification).where(Notification.id == wanted).order_by(Event.position)
        return session.scalars(query).all()


def stored(stack: Stack, wanted: UUID) -> Notification:
    with reading(stack.engine) as session:
        return session.scalars(select(Notification).where(Notification.id == wanted)).one()


def write_lapses(stack: Stack) -> None:
    sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())


def test_a_reported_acceptance_decides_and_is_attested(stack: Stack) -> None:
    wanted = stack.publish()
    stack.pass_time(hours=3)
    (item,) = report(stack, told(NOW + timedelta(hours=1)))
    assert (said(item, "outcome"), said(item, "state")) == ("done", "accepted")
    assert said(item, "decision/at") == instant_text(NOW + timedelta(hours=1))
    assert said(item, "decision/reportedAt") == instant_text(stack.now)
    xml = b64decode(said(item, "receipt/xml") or "")
    facts = verify_receipt(xml, seal_certificates=[pki().seal.certificate])
    assert (facts.notification_id, facts.event_time) == (wanted, NOW + timedelta(hours=1))
    attested = etree.fromstring(xml)
    etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd")).assertValid(
        attested
    )
    # Sealed when the gateway was told: a seal that is younger than the event can attest it.
    assert attested.findtext(".//{*}SigningTime") == instant_text(stack.now)
    assert attested.findtext("{*}Channel") == "sede"
    assert [one.text for one in attested.iterfind("{*}Report/*")] == [
        instant_text(stack.now),
        "SEDE-2026-77",
        COMPANY_NIF,
        COMPANY_NAME,
    ]
    assert stack.rows()["request_envelopes"] == 1
    # It has legal effect here too: the content is released (R1).
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert answer.tree.findtext(".//{*}content")


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_loser_learns_in_which_channel_by_whom_and_when(sqlite_stack: Stack, channel: str) -> None:
    wanted = sqlite_stack.publish()
    sqlite_stack.pass_time(hours=2)
    by = f"<decidedBy><identifier>{PERSON_NIF}</identifier><name>Ana García López</name></decidedBy>"
    report(sqlite_stack, told(NOW + timedelta(hours=1), channel=channel, decision="rejected", by=by))
    (item,) = sqlite_stack.accept(wanted)
    assert text(item, "outcome") == "already_decided"
    assert text(item, "decision/state") == "rejected"
    assert text(item, "decision/channel") == channel
    assert text(item, "decision/at") == instant_text(NOW + timedelta(hours=1))
    assert text(item, "decision/party/identifier") == PERSON_NIF
    assert text(item, "decision/party/name") == "Ana García López"
    assert text(item, "decision/signer/identifier") is None
    assert text(item, "receipt/receiptId")


def test_who_decided_may_be_unknown(stack: Stack) -> None:
    wanted = stack.publish()
    report(stack, told(NOW, channel="postal", by=""))
    (item,) = stack.reject(wanted)
    assert text(item, "decision/channel") == "postal"
    assert text(item, "decision/party/identifier") is None


def test_ones_own_acceptance_elsewhere_is_no_conflict(stack: Stack) -> None:
    wanted = stack.publish()
    report(stack, told(NOW))
    (item,) = stack.accept(wanted)
    assert text(item, "outcome") == "already_decided_by_you"
    assert text(item, "decision/channel") == "sede"


def test_an_earlier_event_reported_later_corrects_the_effective_date(stack: Stack) -> None:
    wanted = stack.publish()
    stack.pass_time(hours=5)
    stack.accept(wanted)
    stack.pass_time(days=1)
    earlier = NOW + timedelta(hours=2)
    (item,) = report(stack, told(earlier, channel="postal", decision="rejected"))
    assert (said(item, "outcome"), said(item, "state")) == ("corrected", "rejected")
    assert (stored(stack, wanted).decided_at, str(stored(stack, wanted).state)) == (earlier, "rejected")
    first, second, third = events(stack, wanted)
    assert [str(one.state) for one in (first, second, third)] == ["available", "accepted", "rejected"]
    assert [one.decisive for one in (first, second, third)] == [False, False, True]
    # The receipts of both exist, oldest event first.
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>")
    states = [one.text for one in answer.tree.findall(".//{*}receipt/{*}state")]
    assert states == ["available", "rejected", "accepted"]
    # After the correction the content is not delivered any more.
    content = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert text(content.tree, "item/problem/code") == "NOT_ACCEPTED"


def test_a_later_event_is_recorded_with_its_receipt_and_decides_nothing(stack: Stack) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    stack.pass_time(hours=5)
    (item,) = report(stack, told(NOW + timedelta(hours=2), decision="rejected"))
    assert (said(item, "outcome"), said(item, "problem/code")) == ("on_record", "ALREADY_DECIDED")
    assert (said(item, "state"), said(item, "decision/channel")) == ("accepted", "web_service")
    xml = b64decode(said(item, "receipt/xml") or "")
    facts = verify_receipt(xml, seal_certificates=[pki().seal.certificate])
    assert str(facts.state) == "rejected"
    assert [one.decisive for one in events(stack, wanted)] == [False, True, False]


def test_reporting_again_gives_the_same_receipt(stack: Stack) -> None:
    stack.publish()
    stack.pass_time(hours=1)
    (first,) = report(stack, told(NOW))
    before = stack.rows()
    (again,) = report(stack, told(NOW))
    assert said(again, "outcome") == "already_done"
    assert said(again, "receipt/receiptId") == said(first, "receipt/receiptId")
    after = stack.rows()
    assert {**after, "replay_keys": 0} == {**before, "replay_keys": 0}


@pytest.mark.parametrize("written", [False, True])
def test_an_event_at_or_after_the_deadline_does_not_undo_the_lapse(stack: Stack, *, written: bool) -> None:
    wanted = stack.publish()
    stack.now = deadline(NOW) + timedelta(days=2)
    if written:
        write_lapses(stack)
    (item,) = report(stack, told(deadline(NOW)))
    code = "ALREADY_DECIDED" if written else "NOTIFICATION_LAPSED"
    assert (said(item, "outcome"), said(item, "problem/code")) == ("on_record", code)
    assert said(item, "state") == "lapsed"
    write_lapses(stack)
    assert [str(one.state) for one in events(stack, wanted) if one.decisive] == ["lapsed"]


@pytest.mark.parametrize("written", [False, True])
def test_an_event_before_the_deadline_undoes_the_lapse(stack: Stack, *, written: bool) -> None:
    wanted = stack.publish()
    stack.now = deadline(NOW) + timedelta(days=2)
    if written:
        write_lapses(stack)
    (item,) = report(stack, told(deadline(NOW) - timedelta(milliseconds=1)))
    assert (said(item, "outcome"), said(item, "state")) == ("corrected" if written else "done", "accepted")
    write_lapses(stack)
    assert [str(one.state) for one in events(stack, wanted) if one.decisive] == ["accepted"]
    assert stack.decisions() == 1 + written


def test_an_event_before_the_cancellation_takes_its_place(stack: Stack) -> None:
    wanted = stack.publish()
    stack.pass_time(hours=2)
    stack.ask_issuing(
        "CancelNotifications", "<cancellation><reference>ACT-1</reference></cancellation>", issuer=ISSUER
    )
    (item,) = report(stack, told(NOW + timedelta(hours=1)))
    assert (said(item, "outcome"), said(item, "state")) == ("corrected", "accepted")
    assert [one.decisive for one in events(stack, wanted)] == [False, False, True]


def test_a_communication_is_read_elsewhere_and_never_rejected(stack: Stack) -> None:
    stack.publish(kind=Kind.COMMUNICATION)
    refused, read = report(stack, told(NOW, decision="rejected"), told(NOW))
    assert (said(refused, "outcome"), said(refused, "problem/code")) == ("refused", "NOT_REJECTABLE")
    assert (said(read, "outcome"), said(read, "state")) == ("done", "read")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (told(NOW + timedelta(hours=2)), "at"),
        (told(NOW - timedelta(days=367)), "at"),
        (told(NOW, decision="refused"), "channel"),
        (told(NOW, decision="expired", channel="postal", by=""), "channel"),
        (told(NOW, decision="published", channel="postal"), "decidedBy"),
        (told(NOW, decision="absent", channel="postal", by="", first=NOW), "firstAttemptAt"),
        (told(NOW, decision="accepted", first=NOW - timedelta(hours=4)), "firstAttemptAt"),
        (told(NOW, by=BY.replace("4<", "5<")), "decidedBy.identifier"),
        (told(NOW).replace("SEDE-2026-77", " "), "evidence"),
    ],
)
def test_a_report_that_cannot_be_true_is_refused_by_its_field(
    sqlite_stack: Stack, wrong: str, field: str
) -> None:
    wanted = sqlite_stack.publish()
    sqlite_stack.pass_time(hours=1)
    (item,) = report(sqlite_stack, wrong)
    assert (said(item, "outcome"), said(item, "problem/code")) == ("refused", "REPORT_INVALID")
    assert said(item, "problem/field") == field
    assert len(events(sqlite_stack, wanted)) == 1


def test_an_instant_is_given_in_any_zone_and_kept_in_milliseconds(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    sqlite_stack.pass_time(hours=1)
    for at in ("2026-06-01T14:30:00.123456789+02:00", "2026-06-01T12:30:00.1239Z"):
        (item,) = report(sqlite_stack, told(NOW).replace(instant_text(NOW), at))
        assert said(item, "decision/at") == "2026-06-01T12:30:00.123Z"
    assert said(item, "outcome") == "already_done"
    for at in ("2026-06-01T12:30:60Z", "2026-02-30T12:30:00Z", "2026-06-01T12:30:00"):
        wrong = told(NOW).replace(instant_text(NOW), at)
        assert sqlite_stack.ask_issuing("ReportExternalDecisions", wrong).code == "INVALID_REQUEST"


def test_this_gateway_is_not_another_channel(sqlite_stack: Stack) -> None:
    answer = sqlite_stack.ask_issuing("ReportExternalDecisions", told(NOW, channel="web_service"))
    assert answer.code == "INVALID_REQUEST"


# --- what else other channels tell ----------------------------------------------------------------


LATEST = "<contractVersion>1.1</contractVersion>"


def receipts(stack: Stack, wanted: UUID, version: str = LATEST) -> list[tuple[str | None, str | None]]:
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>{version}")
    found = answer.tree.findall(".//{*}receipt")
    return [(one.findtext("{*}state"), one.findtext("{*}nature")) for one in found]


def check_receipt(item: _Element) -> _Element:
    """Prove the receipt of a reported event and return it."""
    xml = b64decode(said(item, "receipt/xml") or "")
    verify_receipt(xml, seal_certificates=[pki().seal.certificate])
    attested = etree.fromstring(xml)
    schema = etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd"))
    schema.assertValid(attested)
    assert etree.tostring(attested, method="c14n", exclusive=True) == xml
    return attested


@pytest.mark.parametrize(
    ("decision", "channel", "state", "event"),
    [
        ("expired", "dehu", "lapsed", "AcceptanceRejectionExpiry"),
        ("refused", "postal", "rejected", "ConsignmentRejection"),
        ("published", "postal", "accepted", "OfficialPublication"),
    ],
)
def test_what_comes_to_pass_elsewhere_decides_at_its_own_instant(
    stack: Stack, decision: str, channel: str, state: str, event: str
) -> None:
    wanted = stack.publish()
    stack.pass_time(days=2)
    at = NOW + timedelta(days=1)
    (item,) = report(stack, told(at, channel=channel, decision=decision, by=""))
    assert (said(item, "outcome"), said(item, "state")) == ("done", state)
    assert (stored(stack, wanted).decided_at, str(stored(stack, wanted).state)) == (at, state)
    attested = check_receipt(item)
    assert (attested.findtext("{*}ERDSEventId") or "").endswith(event)
    assert attested.findtext("{*}Report/{*}Nature") == decision
    # Who knows no such word is told the state, whoever asks for 1.1 also what it was.
    assert receipts(stack, wanted, "") == [("available", None), (state, None)]
    assert receipts(stack, wanted) == [("available", None), (state, decision)]
    (again,) = report(stack, told(at, channel=channel, decision=decision, by=""))
    assert said(again, "outcome") == "already_done"
    (here,) = stack.accept(wanted)
    assert text(here, "outcome") == ("lapsed" if state == "lapsed" else "already_decided")
    content = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert bool(content.tree.findtext(".//{*}content")) is (decision == "published")


@pytest.mark.parametrize("decision", ["absent", "deceased"])
def test_an_attempt_that_failed_is_on_record_and_decides_nothing(stack: Stack, decision: str) -> None:
    wanted = stack.publish()
    cursor = stack.ask("ListChanges").tree.findtext("{*}nextCursor")
    stack.pass_time(days=2)
    first = NOW + timedelta(hours=20) if decision == "absent" else None
    at = NOW + timedelta(days=1)
    (item,) = report(stack, told(at, channel="postal", decision=decision, by="", first=first))
    assert (said(item, "outcome"), said(item, "state")) == ("on_record", "available")
    assert said(item, "problem/code") is None
    attested = check_receipt(item)
    assert (attested.findtext("{*}ERDSEventId") or "").endswith("ContentHandoverFailure")
    assert attested.findtext("{*}Report/{*}FirstAttemptAt") == (
        None if first is None else instant_text(first)
    )
    (again,) = report(stack, told(at, channel="postal", decision=decision, by="", first=first))
    assert said(again, "outcome") == "already_done"
    # It is no change; the history tells of it who asks for 1.1.
    assert stack.ask("ListChanges", f"<cursor>{cursor}</cursor>").tree.find("{*}change") is None
    assert stack.ask_issuing("ListOutcomes").tree.find("{*}outcome") is None
    plain = stack.ask("GetHistory", f"<id>{wanted}</id>").tree
    latest = stack.ask("GetHistory", f"<id>{wanted}</id>{LATEST}").tree
    assert len(plain.findall("{*}event")) == 1
    assert [one.findtext("{*}nature") for one in latest.findall("{*}event")] == [None, decision]
    # Beside the chain: it can be accepted, and who is not told of the attempt sees the chain whole.
    (accepted,) = stack.accept(wanted)
    assert text(accepted, "outcome") == "decided"
    assert receipts(stack, wanted, "") == [("available", None), ("accepted", None)]
    assert receipts(stack, wanted) == [("available", None), ("available", decision), ("accepted", None)]
    sealed = etree.fromstring(b64decode(text(accepted, "receipt/xml") or ""))
    before = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>").tree.findtext(".//{*}receiptId")
    assert sealed.findtext("{*}PreviousEvidence/{*}EvidenceIdentifier") == before


def test_paper_delivered_before_it_was_at_disposal_here_is_the_first_event(stack: Stack) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    at = NOW - timedelta(days=3)
    (item,) = report(stack, told(at, channel="postal", decision="refused", by=""))
    assert (said(item, "outcome"), said(item, "state")) == ("corrected", "rejected")
    assert stored(stack, wanted).decided_at == at
    assert check_receipt(item).findtext("{*}EventTime") == instant_text(at)
    assert receipts(stack, wanted) == [("rejected", "refused"), ("available", None), ("accepted", None)]


def test_what_is_decided_elsewhere_before_its_time_is_told_when_its_time_has_come(stack: Stack) -> None:
    wanted = stack.publish(available_at=NOW + timedelta(days=5))
    stack.pass_time(days=1)
    (item,) = report(stack, told(NOW, channel="postal", by=""))
    assert (said(item, "outcome"), said(item, "state")) == ("done", "accepted")
    check_receipt(item)
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert text(answer.tree, "item/problem/code") == "NOTIFICATION_UNKNOWN"
    cursor = stack.ask("ListChanges").tree.findtext("{*}nextCursor")
    stack.now = NOW + timedelta(days=6)
    write_lapses(stack)
    changes = stack.ask("ListChanges", f"<cursor>{cursor}</cursor>").tree
    assert [one.text for one in changes.findall("{*}change/{*}state")] == ["available", "accepted"]
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert answer.tree.findtext(".//{*}content")
    assert receipts(stack, wanted) == [("accepted", None), ("available", None), ("read", None)]


def test_what_was_withdrawn_before_its_time_was_never_at_disposal(stack: Stack) -> None:
    wanted = stack.publish(available_at=NOW + timedelta(days=5))
    stack.ask_issuing("CancelNotifications", "<cancellation><reference>ACT-1</reference></cancellation>")
    stack.now = NOW + timedelta(days=6)
    (item,) = report(stack, told(stack.now, channel="postal"))
    assert (said(item, "outcome"), said(item, "state")) == ("on_record", "cancelled")
    assert receipts(stack, wanted) == [("accepted", None)]


def test_a_corrected_instant_is_a_change_to_who_has_stored_the_old_one(stack: Stack) -> None:
    stack.publish()
    stack.now = deadline(NOW) + timedelta(days=1)
    write_lapses(stack)
    cursor = stack.ask("ListChanges").tree.findtext("{*}nextCursor")
    at = deadline(NOW) - timedelta(days=3)
    (item,) = report(stack, told(at, channel="dehu", decision="expired", by=""))
    assert (said(item, "outcome"), said(item, "state")) == ("corrected", "lapsed")
    (change,) = stack.ask("ListChanges", f"<cursor>{cursor}</cursor>{LATEST}").tree.findall("{*}change")
    assert change.findtext("{*}at") == instant_text(at)
    assert (change.findtext("{*}state"), change.findtext("{*}nature")) == ("lapsed", "expired")
    assert change.findtext("{*}notification/{*}state") == "lapsed"


def test_what_never_lapses_here_cannot_have_expired_elsewhere(sqlite_stack: Stack) -> None:
    sqlite_stack.publish("V", addressee=PERSON_NIF, voluntary=True)
    sqlite_stack.publish("C", kind=Kind.COMMUNICATION)
    reports = [told(NOW, reference=one, decision="expired", by="") for one in "VC"]
    never, communication = report(sqlite_stack, *reports)
    assert (said(never, "problem/code"), said(never, "problem/field")) == ("REPORT_INVALID", "decision")
    assert said(communication, "problem/code") == "NOT_REJECTABLE"


def test_a_word_that_no_report_has_is_refused_as_a_whole(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    before = sqlite_stack.contents()
    answer = sqlite_stack.ask_issuing("ReportExternalDecisions", told(NOW, decision="lost"))
    assert answer.code == "INVALID_REQUEST"
    assert {**sqlite_stack.contents(), "replay_keys": []} == {**before, "replay_keys": []}


def test_what_another_worker_published_meanwhile_is_not_withdrawn_before_that(stack: Stack) -> None:
    behind = stack.now
    stack.now = NOW + timedelta(milliseconds=200)
    wanted, _ = stack.publish("ACT-1"), stack.publish("ACT-2")
    stack.now = behind
    cancelled = "<cancellation><reference>ACT-1</reference></cancellation>"
    stack.ask_issuing("CancelNotifications", cancelled)
    assert [(str(one.state), one.at) for one in events(stack, wanted)] == [
        ("available", NOW + timedelta(milliseconds=200)),
        ("cancelled", NOW + timedelta(milliseconds=200)),
    ]
    (item,) = report(stack, told(behind, reference="ACT-2", channel="postal"))
    assert said(item, "decision/reportedAt") == instant_text(NOW + timedelta(milliseconds=200))


def test_the_outcomes_tell_every_event_and_which_one_stands(stack: Stack) -> None:
    wanted = stack.publish()
    stack.pass_time(hours=2)
    stack.accept(wanted)
    report(stack, told(NOW + timedelta(hours=1), decision="rejected"))
    found = stack.ask_issuing("ListOutcomes").tree.findall("ni:outcome", namespaces=NI)
    assert [(said(one, "decision/state"), said(one, "stands")) for one in found] == [
        ("accepted", "false"),
        ("rejected", "true"),
    ]


def test_of_concurrent_decisions_here_and_elsewhere_exactly_one_decides(stack: Stack) -> None:
    numbers = range(4)
    wanted = [stack.publish(f"ACT-{number}") for number in numbers]
    stack.pass_time(hours=1)
    earlier = [NOW + timedelta(minutes=minute) for minute in (10, 20, 30)]
    with ThreadPoolExecutor(4) as pool:
        running: list[Future[list[_Element]]] = [pool.submit(stack.accept, *wanted)]
        for at in earlier:
            reports = [told(at, reference=f"ACT-{number}") for number in numbers]
            running.append(pool.submit(report, stack, *reports))
        for one in running:
            one.result()
    for notification_id in wanted:
        found = events(stack, notification_id)
        assert [event.at for event in found if event.decisive] == [earlier[0]]
        # The acceptance here is on record only where it came first.
        assert {event.at for event in found} >= set(earlier)


# Three things that happened elsewhere and one here, at different instants, told in any order.
HAPPENED = (
    (timedelta(hours=1), "sede", "accepted"),
    (timedelta(hours=2), "postal", "rejected"),
    (timedelta(hours=4), "dehu", "accepted"),
)
HERE = timedelta(hours=3)


def test_the_earliest_event_wins_in_any_order_of_reporting(stack: Stack) -> None:
    orders = list(permutations(range(3)))
    wanted = [stack.publish(f"ORDER-{number}") for number in range(len(orders))]
    stack.now = NOW + HERE
    stack.accept(*wanted)
    stack.now = NOW + timedelta(days=1)
    for place in range(3):
        reports = [
            told(
                NOW + HAPPENED[order[place]][0],
                reference=f"ORDER-{number}",
                channel=HAPPENED[order[place]][1],
                decision=HAPPENED[order[place]][2],
            )
            for number, order in enumerate(orders)
        ]
        report(stack, *reports)
    for one in wanted:
        found = events(stack, one)
        assert [e.channel for e in found if e.decisive] == ["sede"]
        assert len(found) == 5
        assert stored(stack, one).decided_at == NOW + timedelta(hours=1)
    assert stack.decisions() == 4 * len(orders)


MINUTES = st.integers(min_value=0, max_value=11 * 24 * 60)
WORDS = [
    *((channel, word) for channel in CHANNELS for word in ("accepted", "rejected", "published")),
    *((channel, "expired") for channel in ("sede", "dehu", "citizen_folder")),
    *((channel, word) for channel in ("postal", "in_person") for word in ("refused", "absent", "deceased")),
]
BECOMES = {"refused": "rejected", "published": "accepted", "expired": "lapsed"}
DECIDES_NOTHING = {"absent", "deceased"}
REPORTS = st.lists(
    # Also from before it was at disposal here.
    st.tuples(st.integers(min_value=-3 * 24 * 60, max_value=11 * 24 * 60), st.sampled_from(WORDS)),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
)


def check_history(
    stack: Stack, reports: list[tuple[int, tuple[str, str]]], here: int | None, *, is_swept: bool
) -> None:
    stack.now = NOW
    reference = f"ACT-{stack.rows()['acts']}"
    wanted = stack.publish(reference)
    ends = deadline(NOW)
    happened = {
        NOW + timedelta(minutes=minutes): BECOMES.get(word, word)
        for minutes, (_, word) in reports
        if word not in DECIDES_NOTHING
    }
    instants = {NOW + timedelta(minutes=minutes) for minutes, _ in reports}
    if here is not None:
        stack.now = NOW + timedelta(minutes=here)
        stack.accept(wanted)
        if stack.now < ends:
            instants.add(stack.now)
            happened = {stack.now: "accepted"} | happened  # of two at one instant the first recorded
    stack.now = NOW + timedelta(days=20)
    if is_swept:
        write_lapses(stack)
    for minutes, (channel, word) in reports:
        at = NOW + timedelta(minutes=minutes)
        report(stack, told(at, reference=reference, channel=channel, decision=word, by=""))
    write_lapses(stack)

    found = events(stack, wanted)
    (decisive,) = [event for event in found if event.decisive]
    first = min(happened, default=ends)
    assert decisive.at == min(first, ends)
    if first < ends and first != (None if here is None else NOW + timedelta(minutes=here)):
        assert decisive.state == happened[first]
    assert first < ends or decisive.state == "lapsed"
    assert (stored(stack, wanted).state, stored(stack, wanted).decided_at) == (decisive.state, decisive.at)
    # Nothing is lost: each report and each decision here has its event and its receipt.
    assert {event.at for event in found if event.channel is not None} == instants
    assert len(receipts(stack, wanted)) == len(found)


HISTORY = {"reports": REPORTS, "here": st.none() | MINUTES, "is_swept": st.booleans()}
SHARED = [HealthCheck.function_scoped_fixture]


@settings(max_examples=12, deadline=None, suppress_health_check=SHARED)
@given(**HISTORY)
def test_in_any_history_the_first_event_decides_and_every_one_is_kept(
    sqlite_stack: Stack,
    **history: Any,  # noqa: ANN401
) -> None:
    check_history(sqlite_stack, **history)


@pytest.mark.soak
@settings(max_examples=400, deadline=None, suppress_health_check=SHARED)
@given(**HISTORY)
def test_in_many_histories_the_first_event_decides_and_every_one_is_kept(
    stack: Stack,
    **history: Any,  # noqa: ANN401
) -> None:
    check_history(stack, **history)
