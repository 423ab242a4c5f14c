"""Changes, counts and history as values: read from the verified element only, by element name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.client.errors import UnexpectedResponseError
from notigateway.client.values import (
    Change,
    ChangesPage,
    DeadlineChange,
    Event,
    History,
    IssuingBody,
    IssuingBodyCount,
    Party,
    Summary,
)
from notigateway.client.wire import notification, party

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.client.part import Part


def changes(answer: Part) -> ChangesPage:
    """Read a ListChangesResponse."""
    return ChangesPage(
        as_of=answer.instant("asOf"),
        has_more=answer.flag("hasMore"),
        next_cursor=answer.text("nextCursor"),
        rights_changed=answer.flag("rightsChanged"),
        changes=tuple(map(_change, answer.parts("change"))),
    )


def _change(part: Part) -> Change:
    return Change(
        event_id=part.uuid("eventId"),
        state=part.text("state"),
        at=part.instant("at"),
        channel=_text(part, "channel"),
        reported_at=_instant(part, "reportedAt"),
        notification=notification(part.part("notification")),
    )


def summary(answer: Part) -> Summary:
    """Read a GetSummaryResponse."""
    waiting = answer.parts("byDaysLeft")
    return Summary(
        as_of=answer.instant("asOf"),
        total=answer.number("total"),
        by_state={one.text("state"): one.number("count") for one in answer.parts("byState")},
        by_issuing_body=tuple(map(_issuing_body_count, answer.parts("byIssuingBody"))),
        by_days_left={one.number("daysLeft"): one.number("count") for one in waiting if one.has("daysLeft")},
        without_deadline=sum(one.number("count") for one in waiting if not one.has("daysLeft")),
    )


def _issuing_body_count(part: Part) -> IssuingBodyCount:
    body = part.part("issuingBody")
    return IssuingBodyCount(
        IssuingBody(body.text("issuerId"), body.text("acronym"), body.text("name")),
        part.number("count"),
        part.number("undecided"),
    )


def history(answer: Part, asked: str) -> History:
    """Read a GetHistoryResponse.

    Raises: `UnexpectedResponseError` also when it is about another notification than the one asked for.
    """
    found = notification(answer.part("notification"))
    if found.id.lower() != asked.lower():
        raise UnexpectedResponseError("the answer is about another notification than the request")
    return History(
        as_of=answer.instant("asOf"),
        notification=found,
        events=tuple(map(_event, answer.parts("event"))),
        deadline_changes=tuple(map(_deadline_change, answer.parts("deadlineChange"))),
    )


def _event(part: Part) -> Event:
    return Event(
        event_id=part.uuid("eventId"),
        state=part.text("state"),
        at=part.instant("at"),
        decisive=part.flag("decisive"),
        channel=_text(part, "channel"),
        role=_text(part, "role"),
        party=_party(part, "party"),
        signer=_party(part, "signer"),
        reported_by=_text(part, "reportedBy"),
        reported_at=_instant(part, "reportedAt"),
        receipt_id=part.uuid("receiptId") if part.has("receiptId") else None,
    )


def _deadline_change(part: Part) -> DeadlineChange:
    return DeadlineChange(
        at=part.instant("at"),
        previous=part.instant("previous"),
        deadline=part.instant("deadline"),
        cause=part.text("cause"),
        reason=_text(part, "reason"),
    )


def _text(part: Part, name: str) -> str | None:
    return part.text(name) if part.has(name) else None


def _instant(part: Part, name: str) -> datetime | None:
    return part.instant(name) if part.has(name) else None


def _party(part: Part, name: str) -> Party | None:
    found = part.optional(name)
    return party(found) if found else None
