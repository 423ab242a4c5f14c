"""History and counts through SOAP, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select

from notigateway.law.grounds import Paper
from notigateway.law.lifecycle import Channel, Kind, State
from notigateway.repository.engine import writing
from notigateway.repository.model import Event, Notification
from notigateway.repository.outages import DeadlineChange
from pki import COMPANY_NIF, NOW, PERSON_NIF, REPRESENTATIVE_NIF, pki
from stack import ISSUER, text, texts

if TYPE_CHECKING:
    from uuid import UUID

    from lxml.etree import _Element

    from stack import Stack

OTHER_ISSUER = "EA0041486"


def history(stack: Stack, wanted: object) -> _Element:
    return stack.ask("GetHistory", f"<id>{wanted}</id>").tree


def test_the_history_tells_who_decided_when_and_where(stack: Stack) -> None:
    wanted = stack.publish()
    stack.pass_time(hours=3)
    (item,) = stack.accept(wanted, holder=pki().representative)
    stack.pass_time(hours=1)
    answer = history(stack, wanted)
    assert texts(answer, "event/state") == ["available", "accepted"]
    assert texts(answer, "event/at") == ["2026-06-01T12:00:00.000Z", "2026-06-01T15:00:00.000Z"]
    assert texts(answer, "event/decisive") == ["false", "true"]
    assert texts(answer, "event/channel") == ["web_service"]
    assert texts(answer, "event/role") == ["own"]
    assert texts(answer, "event/party/identifier") == [COMPANY_NIF]
    assert texts(answer, "event/signer/identifier") == [REPRESENTATIVE_NIF]
    assert texts(answer, "event/receiptId")[1:] == [text(item, "receipt/receiptId")]  # after put at disposal
    assert text(answer, "notification/state") == "accepted"
    assert text(answer, "asOf") == "2026-06-01T16:00:00.000Z"


def test_an_event_names_its_own_receipt_and_not_that_of_the_handing_over(stack: Stack) -> None:
    wanted = stack.publish()
    (item,) = stack.accept(wanted)
    before = texts(history(stack, wanted), "event/receiptId")
    stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert texts(history(stack, wanted), "event/receiptId") == before
    assert before[1] == text(item, "receipt/receiptId")
    sealed = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>").tree
    assert len(texts(sealed, "item/receipt/receiptId")) == len(before) + 1


def test_a_decision_taken_elsewhere_says_who_reported_it_and_when(stack: Stack) -> None:
    wanted = stack.publish()
    with writing(stack.engine) as session:
        row = session.scalars(select(Notification).where(Notification.id == wanted)).one()
        row.state, row.decided_at = State.ACCEPTED, NOW + timedelta(hours=1)
        session.add(
            Event(
                id=uuid4(),
                notification_code=row.code,
                position=2,
                state=State.ACCEPTED,
                decisive=True,
                at=NOW + timedelta(hours=1),
                channel=Channel.SEDE,
                by_secondary_user=False,
                reported_by=ISSUER,
                reported_at=NOW + timedelta(days=1),
            )
        )
    stack.pass_time(days=2)
    answer = history(stack, wanted)
    assert texts(answer, "event/channel") == ["sede"]
    assert texts(answer, "event/reportedBy") == [ISSUER]
    assert texts(answer, "event/reportedAt") == ["2026-06-02T12:00:00.000Z"]
    changes = stack.ask("ListChanges").tree
    assert texts(changes, "change/reportedAt") == ["2026-06-02T12:00:00.000Z"]
    assert texts(changes, "change/channel") == ["sede"]


def test_a_deadline_that_was_moved_is_part_of_the_history(stack: Stack) -> None:
    wanted = stack.publish()
    with writing(stack.engine) as session:
        row = session.scalars(select(Notification).where(Notification.id == wanted)).one()
        assert row.deadline is not None
        moved = row.deadline + timedelta(days=2)
        for position, cause in ((1, "outage"), (2, "extension")):
            session.add(
                DeadlineChange(
                    id=uuid4(),
                    notification_code=row.code,
                    position=position,
                    at=NOW,
                    previous=row.deadline,
                    deadline=moved,
                    cause=cause,
                    by="Q2827003A",
                    reason="Incidencia" if position == 2 else None,
                )
            )
    answer = history(stack, wanted)
    assert texts(answer, "deadlineChange/cause") == ["outage", "extension"]
    assert texts(answer, "deadlineChange/reason") == ["Incidencia"]
    assert texts(answer, "deadlineChange/previous") == ["2026-06-11T22:00:00.000Z"] * 2
    assert texts(answer, "deadlineChange/deadline") == ["2026-06-13T22:00:00.000Z"] * 2


def test_what_was_published_for_later_begins_when_its_time_has_come(stack: Stack) -> None:
    due = NOW + timedelta(days=1)
    wanted = stack.publish(available_at=due)
    assert stack.ask("GetHistory", f"<id>{wanted}</id>").code == "NOTIFICATION_UNKNOWN"
    stack.now = due
    answer = history(stack, wanted)
    assert (texts(answer, "event/state"), texts(answer, "event/at")) == (
        ["available"],
        ["2026-06-02T12:00:00.000Z"],
    )


def test_the_history_of_somebody_elses_notification_is_unknown(stack: Stack) -> None:
    stack.publish("mine")
    others = stack.publish("others", addressee=PERSON_NIF)
    for wanted in (others, uuid4()):
        assert stack.ask("GetHistory", f"<id>{wanted}</id>").code == "NOTIFICATION_UNKNOWN"


# --- counts -------------------------------------------------------------------------------------------


def counts(answer: _Element, of: str, key: str) -> dict[str | None, str | None]:
    return dict(zip(texts(answer, f"{of}/{key}"), texts(answer, f"{of}/count"), strict=True))


@pytest.fixture
def varied(stack: Stack) -> dict[str, UUID]:
    """One notification of each kind, published over eleven days."""
    stack.register_issuer(OTHER_ISSUER, "INSS", "Instituto Nacional de la Seguridad Social")
    found = {"lapsed": stack.publish("1"), "accepted": stack.publish("2"), "rejected": stack.publish("3")}
    stack.accept(found["accepted"])
    stack.reject(found["rejected"])
    found["voluntary"] = stack.publish("4", paper=Paper.FIRST_EX_OFFICIO)
    found["communication"] = stack.publish("5", kind=Kind.COMMUNICATION)
    stack.pass_time(days=2)
    found["urgent"] = stack.publish("6", issuing_body=OTHER_ISSUER)
    stack.pass_time(days=9)
    found["new"] = stack.publish("7", issuing_body=OTHER_ISSUER)
    stack.publish("later", available_at=stack.now + timedelta(days=1))
    stack.publish("others", addressee=PERSON_NIF)
    return found


def test_the_summary_counts_what_the_list_shows(stack: Stack, varied: dict[str, UUID]) -> None:
    answer = stack.ask("GetSummary").tree
    listed = stack.ask("ListNotifications").tree
    states = texts(listed, "notification/state")
    assert text(answer, "total") == str(len(states)) == str(len(varied))
    assert counts(answer, "byState", "state") == {state: str(states.count(state)) for state in set(states)}
    assert counts(answer, "byState", "state") == {
        "accepted": "1",
        "available": "4",
        "lapsed": "1",
        "rejected": "1",
    }
    assert counts(answer, "byIssuingBody", "issuingBody/issuerId") == {ISSUER: "5", OTHER_ISSUER: "2"}
    assert texts(answer, "byIssuingBody/undecided") == ["2", "2"]
    assert texts(answer, "byDaysLeft/daysLeft") == ["1", "10"]  # the last count has no deadline
    assert texts(answer, "byDaysLeft/count") == ["1", "1", "2"]


def test_the_last_day_has_no_day_left(stack: Stack) -> None:
    stack.publish()
    stack.pass_time(days=10)
    assert texts(stack.ask("GetSummary").tree, "byDaysLeft/daysLeft") == ["0"]
    stack.now = NOW.replace(day=11, hour=21, minute=59)  # Madrid is two hours ahead
    assert texts(stack.ask("GetSummary").tree, "byDaysLeft/daysLeft") == ["0"]
    stack.pass_time(minutes=1)
    answer = stack.ask("GetSummary").tree
    assert (texts(answer, "byDaysLeft"), texts(answer, "byState/state")) == ([], ["lapsed"])


def test_the_summary_of_one_role_counts_only_that_role(stack: Stack, varied: dict[str, UUID]) -> None:
    assert text(stack.ask("GetSummary", "<role>own</role>").tree, "total") == str(len(varied))
    empty = stack.ask("GetSummary", "<role>attorney</role>").tree
    assert (text(empty, "total"), texts(empty, "byState")) == ("0", [])
