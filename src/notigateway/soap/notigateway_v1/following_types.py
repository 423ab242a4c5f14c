"""The wire types of changes, counts and history."""

from __future__ import annotations

from spyne import Boolean, DateTime, Integer32, Unicode

from notigateway.soap.notigateway_v1.types import IssuingBody, Notification, Part, Party, many, one, optional


class Change(Part):
    """`ng:Change`."""

    _type_info = [
        ("eventId", one(Unicode)),
        ("state", one(Unicode)),
        ("at", one(DateTime)),
        ("channel", optional(Unicode)),
        ("reportedAt", optional(DateTime)),
        ("notification", one(Notification)),
    ]


class StateCount(Part):
    """`ng:StateCount`."""

    _type_info = [("state", one(Unicode)), ("count", one(Integer32))]


class IssuingBodyCount(Part):
    """`ng:IssuingBodyCount`."""

    _type_info = [("issuingBody", one(IssuingBody)), ("count", one(Integer32)), ("undecided", one(Integer32))]


class DaysLeftCount(Part):
    """`ng:DaysLeftCount`."""

    _type_info = [("daysLeft", optional(Integer32)), ("count", one(Integer32))]


class Event(Part):
    """`ng:Event`."""

    _type_info = [
        ("eventId", one(Unicode)),
        ("state", one(Unicode)),
        ("at", one(DateTime)),
        ("decisive", one(Boolean)),
        ("channel", optional(Unicode)),
        ("role", optional(Unicode)),
        ("party", optional(Party)),
        ("signer", optional(Party)),
        ("reportedBy", optional(Unicode)),
        ("reportedAt", optional(DateTime)),
        ("receiptId", optional(Unicode)),
    ]


class DeadlineChange(Part):
    """`ng:DeadlineChange`."""

    _type_info = [
        ("at", one(DateTime)),
        ("previous", one(DateTime)),
        ("deadline", one(DateTime)),
        ("cause", one(Unicode)),
        ("reason", optional(Unicode)),
    ]


class ListChangesResponse(Part):
    """Element `ng:ListChangesResponse`."""

    _type_info = [
        ("asOf", one(DateTime)),
        ("hasMore", one(Boolean)),
        ("nextCursor", one(Unicode)),
        ("rightsChanged", one(Boolean)),
        ("change", many(Change, 1000)),
    ]


class GetSummaryResponse(Part):
    """Element `ng:GetSummaryResponse`."""

    _type_info = [
        ("asOf", one(DateTime)),
        ("total", one(Integer32)),
        ("byState", many(StateCount)),
        ("byIssuingBody", many(IssuingBodyCount)),
        ("byDaysLeft", many(DaysLeftCount)),
    ]


class GetHistoryResponse(Part):
    """Element `ng:GetHistoryResponse`."""

    _type_info = [
        ("asOf", one(DateTime)),
        ("notification", one(Notification)),
        ("event", many(Event, at_least=1)),
        ("deadlineChange", many(DeadlineChange)),
    ]
