"""The contract `urn:notigateway:v1`: what is said of changes, counts and history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from notigateway.contract.v1 import (
    IssuingBody,
    Notification,
    Party,
    V1Part,
    V1Request,
)
from notigateway.contract.v1_decisions import Delegate, SigningPerson
from notigateway.contract.versions import Version
from notigateway.contract.xml import Child, Integer, Long, Uuid, Word, element


@element
class Change(V1Part):
    """Something that happened to a notification; `notification` is how it stands now."""

    event_id: Uuid
    state: Word
    at: datetime
    channel: Word | None = None
    reported_at: datetime | None = None
    notification: Notification
    nature: Annotated[Word | None, Child(since=Version.V1_1)] = None


@element
class RightsChange(V1Part):
    """A title that the caller has gained or lost for an addressee; of an outage, what its powers give."""

    kind: Word
    addressee: Party
    role: Word
    reference: Word | None = None
    at: datetime | None = None


@element
class StateCount(V1Part):
    """How many notifications are in one state."""

    state: Word
    count: int


@element
class IssuingBodyCount(V1Part):
    """How many notifications are from one issuing body."""

    issuing_body: IssuingBody
    count: int
    undecided: int


@element
class DaysLeftCount(V1Part):
    """How many notifications wait for a decision with so many days left, or without a deadline."""

    days_left: int | None = None
    count: int


@element
class AddresseeCount(V1Part):
    """How many notifications are for one addressee, and until when the first of them is to be decided."""

    addressee: Party
    count: int
    undecided: int
    nearest_deadline: datetime | None = None


@element
class Event(V1Part):
    """Something that happened to a notification, and who did it."""

    event_id: Uuid
    state: Word
    at: datetime
    decisive: bool
    channel: Word | None = None
    role: Word | None = None
    party: Party | None = None
    signer: Party | None = None
    reported_by: Word | None = None
    reported_at: datetime | None = None
    receipt_id: Uuid | None = None
    delegate: Annotated[Delegate | None, Child(since=Version.V1_1)] = None
    signing_person: Annotated[SigningPerson | None, Child(since=Version.V1_1)] = None
    nature: Annotated[Word | None, Child(since=Version.V1_1)] = None
    means: Annotated[Word | None, Child(since=Version.V1_1)] = None
    level: Annotated[Word | None, Child(since=Version.V1_1)] = None


@element
class DeadlineChange(V1Part):
    """A deadline that was moved."""

    at: datetime
    previous: datetime
    deadline: datetime
    cause: str
    reason: str | None = None


@element
class Notice(V1Part):
    """That the caller was, or is to be, told of a notification at one of its addresses."""

    kind: Word
    queued_at: datetime
    state: Word
    address: str | None = None
    at: datetime | None = None


@element
class ListChanges(V1Request):
    """What has changed since a cursor, please; `from_now` asks for the cursor alone.

    `with_rights_changes` asks for changes of rights by addressee too, in an answer of 1.1.
    """

    cursor: Word | None = None
    from_now: bool | None = None
    page_size: Integer | None = None
    with_rights_changes: Annotated[bool | None, Child(since=Version.V1_1)] = None
    with_marks: Annotated[bool | None, Child(since=Version.V1_1)] = None


@element
class ListChangesResponse(V1Part):
    """A page of changes in the order of their commit; `next_cursor` is usable at any time.

    With `rights_changed` the caller represents others than before: a list shows what it gained. Where changes
    of rights were asked for they are told by addressee instead, unless they are too many.
    """

    as_of: datetime
    has_more: bool
    next_cursor: Word
    rights_changed: bool
    changes: Annotated[tuple[Change, ...], Child("change", most=1000)] = ()
    rights_changes: Annotated[
        tuple[RightsChange, ...], Child("rightsChange", most=1000, since=Version.V1_1)
    ] = ()


@element
class GetSummary(V1Request):
    """Counts, please; in one capacity or in all.

    `count_addressees` also those of each addressee, page by page, in an answer of 1.1.
    """

    role: Word | None = None
    count_addressees: Annotated[bool | None, Child(since=Version.V1_1)] = None
    cursor: Annotated[Word | None, Child(since=Version.V1_1)] = None
    page_size: Annotated[Integer | None, Child(since=Version.V1_1)] = None


@element
class GetSummaryResponse(V1Part):
    """How many notifications there are, and how urgent they are."""

    as_of: datetime
    total: int
    by_state: tuple[StateCount, ...] = ()
    by_issuing_body: tuple[IssuingBodyCount, ...] = ()
    by_days_left: tuple[DaysLeftCount, ...] = ()
    by_addressee: Annotated[tuple[AddresseeCount, ...], Child(since=Version.V1_1, most=5000)] = ()
    next_cursor: Annotated[Word | None, Child(since=Version.V1_1)] = None


@element
class GetHistory(V1Request):
    """What happened to a notification, please."""

    id: Uuid


@element
class GetHistoryResponse(V1Part):
    """What happened to one notification, in the order in which it was recorded."""

    as_of: datetime
    notification: Notification
    events: Annotated[tuple[Event, ...], Child("event", least=1)]
    deadline_changes: Annotated[tuple[DeadlineChange, ...], Child("deadlineChange")] = ()
    notices: Annotated[tuple[Notice, ...], Child("notice", since=Version.V1_1)] = ()


@element
class GetLogHead(V1Request):
    """The newest signed head of the service's log, please."""


@element
class GetLogHeadResponse(V1Part):
    """The head as a signed note (C2SP tlog-checkpoint); absent while nothing was signed."""

    head: bytes | None = None


@element
class ProveConsistency(V1Request):
    """That the log at one size begins with the log at another, please; no head is smaller than `new_size`."""

    old_size: Long
    new_size: Long


@element
class ProveConsistencyResponse(V1Part):
    """The proof (RFC 9162 §2.1.4): hashes of 32 bytes; none between equal sizes and from an empty log."""

    old_size: Long
    new_size: Long
    hashes: Annotated[tuple[bytes, ...], Child("hash", most=126)] = ()
