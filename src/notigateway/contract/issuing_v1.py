"""The contract `urn:notigateway:issuing:v1`: every message of the issuing bodies' side, once."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Annotated

from notigateway.contract.versions import Version
from notigateway.contract.xml import Child, Integer, Long, Part, Uuid, VersionedRequest, Word, element
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1


class IssuingPart(Part):
    """An element of this contract."""

    __slots__ = ()
    xmlns = NOTIGATEWAY_ISSUING_V1


class IssuingRequest(VersionedRequest, IssuingPart):
    """What is asked of an operation of this contract."""

    __slots__ = ()


# --- parts ----------------------------------------------------------------------------------------


@element
class Problem(IssuingPart):
    """An entry of the error catalogue, with what of the item is wrong."""

    code: Word
    text_es: str
    text_en: str
    retryable: bool
    field: str | None = None
    rule: str | None = None


@element
class Party(IssuingPart):
    """Who decided, as far as it is known."""

    identifier: Word
    name: str | None = None


@element
class Addressee(IssuingPart):
    """To whom an act is addressed, with the account that RED manages where there is one."""

    identifier: Word
    name: str
    ccc: str | None = None
    naf: str | None = None


@element
class Document(IssuingPart):
    """A document of an act: its content, or the hash under which it was uploaded."""

    name: str
    media_type: str
    content: bytes | None = field(default=None, repr=False)
    sha256: Word | None = None


@element
class Metadata(IssuingPart):
    """Something that the body says of an act besides, for sorting: public before anything is decided."""

    key: str
    value: str


@element
class Act(IssuingPart):
    """An act to be put at disposal."""

    reference: str
    subject: str
    procedure: str
    matter: str
    kind: Word | None = None
    addressee: Addressee
    documents: Annotated[tuple[Document, ...], Child("document", least=1, most=100)]
    available_at: datetime | None = None
    voluntary: bool | None = None
    special_category: bool | None = None
    means_of_payment: bool | None = None
    non_convertible: bool | None = None
    obligation_ground: Annotated[Word | None, Child(since=Version.V1_1)] = None
    paper: Annotated[Word | None, Child(since=Version.V1_1)] = None
    metadata: Annotated[tuple[Metadata, ...], Child(since=Version.V1_1, most=20)] = ()


@element
class UploadedDocument(IssuingPart):
    """What became of one upload."""

    sha256: Word | None = None
    size: Long | None = None
    problem: Problem | None = None


@element
class PublishedAct(IssuingPart):
    """What became of one act."""

    reference: str
    outcome: Word
    notification_id: Uuid | None = None
    code: Long | None = None
    available_at: datetime | None = None
    deadline: datetime | None = None
    problem: Problem | None = None
    obligation_ground: Annotated[Word | None, Child(since=Version.V1_1)] = None


@element
class Cancellation(IssuingPart):
    """A notification to be withdrawn."""

    reference: str
    reason: str | None = None


@element
class Extension(IssuingPart):
    """A deadline to be moved."""

    reference: str
    deadline: datetime
    reason: str


@element
class Report(IssuingPart):
    """What happened in another channel."""

    reference: str
    channel: Word
    decision: Word
    at: datetime
    decided_by: Party | None = None
    evidence: str
    first_attempt_at: datetime | None = None


@element
class Delegate(IssuingPart):
    """Who held the title by which it was done; `reference` is the power or the RED authorisation."""

    role: Word
    party: Party
    reference: str | None = None


@element
class SigningPerson(IssuingPart):
    """The natural person who signed; a secondary user works under the delegate's authorisation."""

    identifier: Word
    name: str
    secondary_user: bool


@element
class Decision(IssuingPart):
    """Who decided, where and when, as far as it is known."""

    state: Word
    at: datetime
    channel: Word | None = None
    party: Party | None = None
    signer: Party | None = None
    reported_at: datetime | None = None
    represented: Annotated[Party | None, Child(since=Version.V1_1)] = None
    delegate: Annotated[Delegate | None, Child(since=Version.V1_1)] = None
    signing_person: Annotated[SigningPerson | None, Child(since=Version.V1_1)] = None
    nature: Annotated[Word | None, Child(since=Version.V1_1)] = None
    means: Annotated[Word | None, Child(since=Version.V1_1)] = None
    level: Annotated[Word | None, Child(since=Version.V1_1)] = None


@element
class Receipt(IssuingPart):
    """The sealed evidence of one event."""

    receipt_id: Uuid
    state: Word
    event_time: datetime
    sha256: Word
    xml: bytes = field(repr=False)
    nature: Annotated[Word | None, Child(since=Version.V1_1)] = None


@element
class Item(IssuingPart):
    """What became of one item."""

    reference: str
    outcome: Word
    state: Word | None = None
    deadline: datetime | None = None
    decision: Decision | None = None
    receipt: Receipt | None = None
    problem: Problem | None = None


@element
class Outcome(IssuingPart):
    """What was decided of one act; `stands` tells whether it is the decision that counts."""

    reference: str
    notification_id: Uuid
    code: Long
    stands: bool
    decision: Decision
    receipt: Receipt | None = None


@element
class Outage(IssuingPart):
    """A time in which the service could not be reached."""

    outage_id: Uuid
    started_at: datetime
    ended_at: datetime | None = None
    declared_at: datetime


@element
class Succession(IssuingPart):
    """That one has taken the place of another, as it was communicated."""

    succession_id: Uuid
    predecessor: Party
    successor: Party
    cause: Word
    fact_at: datetime
    communicated_at: datetime


# --- acts -----------------------------------------------------------------------------------------


@element
class UploadDocuments(IssuingRequest):
    """Store documents that acts will name by their hash."""

    issuer_id: Word
    contents: Annotated[tuple[bytes, ...], Child("content", least=1, most=100)] = field(repr=False)


@element
class UploadDocumentsResponse(IssuingPart):
    """What became of each."""

    items: Annotated[tuple[UploadedDocument, ...], Child("item", least=1, most=100)]


@element
class PublishActs(IssuingRequest):
    """Put acts at the disposal of their addressees."""

    issuer_id: Word
    acts: Annotated[tuple[Act, ...], Child("act", least=1, most=500)]


@element
class PublishActsResponse(IssuingPart):
    """What became of each."""

    items: Annotated[tuple[PublishedAct, ...], Child("item", least=1, most=500)]


@element
class CancelNotifications(IssuingRequest):
    """Withdraw notifications that are not decided."""

    issuer_id: Word
    cancellations: Annotated[tuple[Cancellation, ...], Child("cancellation", least=1, most=500)]


@element
class CancelNotificationsResponse(IssuingPart):
    """What became of each."""

    items: Annotated[tuple[Item, ...], Child("item", least=1, most=500)]


@element
class ExtendDeadlines(IssuingRequest):
    """Move unexpired deadlines."""

    issuer_id: Word
    extensions: Annotated[tuple[Extension, ...], Child("extension", least=1, most=100)]


@element
class ExtendDeadlinesResponse(IssuingPart):
    """What became of each."""

    items: Annotated[tuple[Item, ...], Child("item", least=1, most=100)]


@element
class ReportExternalDecisions(IssuingRequest):
    """Enter decisions of other channels."""

    issuer_id: Word
    reports: Annotated[tuple[Report, ...], Child("report", least=1, most=500)]


@element
class ReportExternalDecisionsResponse(CancelNotificationsResponse):
    """What became of each."""


@element
class ListOutcomes(IssuingRequest):
    """What became of the body's acts since a cursor, please."""

    issuer_id: Word
    cursor: Word | None = None
    page_size: Integer | None = None


@element
class ListOutcomesResponse(IssuingPart):
    """A page of outcomes in the order of their commit."""

    has_more: bool
    next_cursor: Word | None = None
    outcomes: Annotated[tuple[Outcome, ...], Child("outcome", most=500)] = ()


# --- successions ----------------------------------------------------------------------------------


@element
class CommunicateSuccession(IssuingRequest):
    """Let one take the place of another in your procedures."""

    issuer_id: Word
    predecessor: Word
    successor: Party
    cause: Word
    fact_at: datetime
    document: str
    procedures: Annotated[tuple[str, ...], Child("procedure")] = ()
    account: str | None = None


@element
class CommunicateSuccessionResponse(IssuingPart):
    """The succession as it stands."""

    succession: Succession


# --- registers ------------------------------------------------------------------------------------


@element
class AddresseeEntry(IssuingPart):
    """An addressee, and since when which account is its main one."""

    identifier: str
    name: str
    ccc: str | None = None
    naf: str | None = None
    since: datetime | None = None


@element
class RedEntry(IssuingPart):
    """Who manages which account of whom in the RED system, in which time."""

    addressee: str
    addressee_name: str | None = None
    account: str
    red_person: Party
    authorisation: str
    starts_at: datetime
    ends_at: datetime | None = None


@element
class RegisteredEntry(IssuingPart):
    """What became of one entry."""

    addressee: str
    outcome: Word
    assignment_id: Uuid | None = None
    problem: Problem | None = None


@element
class RegisterAddressees(IssuingRequest):
    """Enter addressees with their main accounts."""

    issuer_id: Word
    addressees: Annotated[tuple[AddresseeEntry, ...], Child("addressee", least=1, most=1000)]


@element
class RegisterAddresseesResponse(IssuingPart):
    """What became of each."""

    items: Annotated[tuple[RegisteredEntry, ...], Child("item", least=1, most=1000)]


@element
class RegisterRedAssignments(IssuingRequest):
    """Enter RED assignments."""

    issuer_id: Word
    assignments: Annotated[tuple[RedEntry, ...], Child("assignment", least=1, most=1000)]


@element
class RegisterRedAssignmentsResponse(RegisterAddresseesResponse):
    """What became of each."""


# --- outages --------------------------------------------------------------------------------------


@element
class DeclareOutage(IssuingRequest):
    """Declare a time in which the service could not be reached."""

    started_at: datetime
    ended_at: datetime | None = None
    reason: str


@element
class DeclareOutageResponse(IssuingPart):
    """The outage as it stands now."""

    outage: Outage


@element
class CloseOutage(IssuingRequest):
    """End an outage."""

    outage_id: Uuid
    ended_at: datetime


@element
class CloseOutageResponse(DeclareOutageResponse):
    """The same."""
