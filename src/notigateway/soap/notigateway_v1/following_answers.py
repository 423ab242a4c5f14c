"""From counts and histories to wire types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.soap.notigateway_v1 import following_types, types
from notigateway.soap.notigateway_v1.answers import notification
from notigateway.soap.notigateway_v1.rows import shown_event

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notigateway.addressee import following
    from notigateway.repository import model


def summary(result: following.Summary) -> following_types.GetSummaryResponse:
    """Return counts, each list in an order of its own; what has no deadline comes last."""
    days = sorted(result.by_days_left.items(), key=lambda pair: (pair[0] is None, pair[0] or 0))
    return following_types.GetSummaryResponse(
        asOf=result.as_of,
        total=result.total,
        byState=[
            following_types.StateCount(state=str(state), count=count)
            for state, count in sorted(result.by_state.items())
        ],
        byIssuingBody=[
            following_types.IssuingBodyCount(
                issuingBody=types.IssuingBody(issuerId=body.dir3, acronym=body.acronym, name=body.name),
                count=body.total,
                undecided=body.undecided,
            )
            for body in result.by_issuing_body.values()
        ],
        byDaysLeft=[following_types.DaysLeftCount(daysLeft=left, count=count) for left, count in days],
    )


def history(result: following.History, now: datetime) -> following_types.GetHistoryResponse:
    """Return the events of one notification and the changes of its deadline."""
    row = result.notification
    receipts = {one.event_id: one.id for one in row.receipts}
    return following_types.GetHistoryResponse(
        asOf=now,
        notification=notification(row, now),
        event=[_event(one, row.available_at, receipts.get(one.id)) for one in result.events],
        deadlineChange=[
            following_types.DeadlineChange(
                at=one.at, previous=one.previous, deadline=one.deadline, cause=one.cause, reason=one.reason
            )
            for one in result.deadline_changes
        ],
    )


def _event(row: model.Event, available_at: datetime, receipt_id: UUID | None) -> following_types.Event:
    """Return what happened, when, where, by whom, and who told us if it was elsewhere."""
    state, at = shown_event(row.state, row.at, available_at)
    return following_types.Event(
        eventId=str(row.id),
        state=str(state),
        at=at,
        decisive=row.decisive,
        channel=_word(row.channel),
        role=_word(row.role),
        party=_party(row.party, row.party_name),
        signer=_party(row.signer, row.signer_name),
        reportedBy=row.reported_by,
        reportedAt=row.reported_at,
        receiptId=_word(receipt_id),
    )


def _word(value: object) -> str | None:
    """Return a value as text, if there is one."""
    return None if value is None else str(value)


def _party(identifier: str | None, name: str | None) -> types.Party | None:
    """Return who it was, if it was anybody."""
    return None if identifier is None else types.Party(identifier=identifier, name=name or "")
