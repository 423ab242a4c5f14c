"""The contract `urn:notigateway:v1`: every message of the parties' side, once.

Words of the contract (states, kinds, outcomes) are text: a later minor version may add one, and a client
that does not know it must still show it. Instants are aware UTC. What is said of decisions stands in
`v1_decisions`, of changes in `v1_following`, of representation in `v1_representation`, of contacts in
`v1_contacts`.
"""

from __future__ import annotations

import hashlib
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from notigateway.contract.attached import Attached
from notigateway.contract.versions import Version
from notigateway.contract.xml import (
    Child,
    ContractError,
    Fact,
    Integer,
    Long,
    Part,
    Uuid,
    VersionedRequest,
    Word,
    element,
)
from notigateway.law.searching import is_found, is_same_account, searched, words_of
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Iterable


class V1Part(Part):
    """An element of this contract."""

    __slots__ = ()
    xmlns = NOTIGATEWAY_V1


class V1Request(VersionedRequest, V1Part):
    """What is asked of an operation of this contract."""

    __slots__ = ()


# --- parts ----------------------------------------------------------------------------------------


@element
class Problem(V1Part):
    """An entry of the error catalogue, about one item."""

    code: Word
    text_es: str
    text_en: str
    retryable: bool


@element
class GatewayFault(Problem):
    """The detail of a fault: the entry of the catalogue, its facts, and what to quote to the operator."""

    correlation_id: str  # whatever a service gives to be quoted
    documentation: str
    facts: Annotated[tuple[Fact, ...], Child("fact")] = ()


@element
class Party(V1Part):
    """A person or company: NIF, NIE or CIF, and name."""

    identifier: str
    name: str


@element
class IssuingBody(V1Part):
    """Who issued the act; `issuer_id` is the DIR3 code."""

    issuer_id: str
    acronym: str
    name: str


@element
class Metadata(V1Part):
    """Something that the issuing body says of an act besides, for sorting."""

    key: str
    value: str


@element
class Marked(V1Part):
    """Who set a mark last, and when."""

    by: Party
    at: datetime


@element
class Assigned(V1Part):
    """In whose hands it is, in the caller's own words, and who put it there."""

    to: str
    by: Party
    at: datetime


@element
class Label(V1Part):
    """A label, and who set it."""

    label: str
    by: Party
    at: datetime


@element
class Marks(V1Part):
    """What those who work for the caller's party have noted of a notification; nobody else sees it."""

    downloaded: Marked | None = None
    archived: Marked | None = None
    assigned: Assigned | None = None
    labels: Annotated[tuple[Label, ...], Child("label")] = ()


@element
class Notification(V1Part):
    """What may be known of a notification without legal effect."""

    code: Long
    id: Uuid
    kind: Word
    subject: str
    issuing_body: IssuingBody
    procedure: str
    matter: str
    addressee: Party
    role: Word
    state: Word
    available_at: datetime
    deadline: datetime | None = None
    time_left: timedelta | None = None
    special_category: bool
    document_count: int
    document_sizes: Annotated[tuple[Long, ...], Child("documentSize", least=1)]
    reference: Annotated[str | None, Child(since=Version.V1_1)] = None
    obligation_ground: Annotated[Word | None, Child(since=Version.V1_1)] = None
    paper: Annotated[Word | None, Child(since=Version.V1_1)] = None
    information_until: Annotated[datetime | None, Child(since=Version.V1_1)] = None
    ccc: Annotated[Word | None, Child(since=Version.V1_1)] = None
    naf: Annotated[Word | None, Child(since=Version.V1_1)] = None
    predecessor: Annotated[Party | None, Child(since=Version.V1_1)] = None
    metadata: Annotated[tuple[Metadata, ...], Child(since=Version.V1_1)] = ()
    marks: Annotated[Marks | None, Child(since=Version.V1_1)] = None


@element
class Filter(V1Part):
    """Which notifications to list; what is left out does not restrict."""

    states: Annotated[tuple[Word, ...], Child("state", most=7)] = ()
    kind: Word | None = None
    role: Word | None = None
    addressee_id: Word | None = None
    issuer_id: Word | None = None
    available_from: datetime | None = None
    available_to: datetime | None = None
    deadline_before: datetime | None = None
    ccc: Annotated[Word | None, Child(since=Version.V1_1)] = None
    naf: Annotated[Word | None, Child(since=Version.V1_1)] = None
    matter: Annotated[str | None, Child(since=Version.V1_1)] = None
    procedure: Annotated[str | None, Child(since=Version.V1_1)] = None
    reference: Annotated[str | None, Child(since=Version.V1_1)] = None
    metadata: Annotated[tuple[Metadata, ...], Child(since=Version.V1_1, most=20)] = ()
    text: Annotated[str | None, Child(since=Version.V1_1)] = None
    downloaded: Annotated[bool | None, Child(since=Version.V1_1)] = None
    archived: Annotated[bool | None, Child(since=Version.V1_1)] = None
    assigned_to: Annotated[str | None, Child(since=Version.V1_1)] = None
    label: Annotated[str | None, Child(since=Version.V1_1)] = None

    def matches(self, notification: Notification) -> bool:
        """Say what the service's filter says, of a notification that came by another way."""
        available_at, deadline = notification.available_at, notification.deadline
        return (
            (not self.states or notification.state in self.states)
            and self.kind in {None, notification.kind}
            and self.role in {None, notification.role}
            and self.addressee_id in {None, notification.addressee.identifier}
            and self.issuer_id in {None, notification.issuing_body.issuer_id}
            and (self.available_from is None or available_at >= self.available_from)
            and (self.available_to is None or available_at < self.available_to)
            and (self.deadline_before is None or (deadline is not None and deadline < self.deadline_before))
            and self._routes(notification)
            and self._marks(notification.marks or Marks())
        )

    def _routes(self, notification: Notification) -> bool:
        """Say the same of what the act says for sorting."""
        return (
            (self.ccc is None or is_same_account(self.ccc, notification.ccc))
            and self.naf in {None, notification.naf}
            and self.matter in {None, notification.matter}
            and self.procedure in {None, notification.procedure}
            and self.reference in {None, notification.reference}
            and set(self.metadata) <= set(notification.metadata)
            and (
                self.text is None
                or is_found(words_of(self.text), searched(notification.subject, notification.reference or ""))
            )
        )

    def _marks(self, marks: Marks) -> bool:
        """Say the same of marks, which a notification has where they were asked for."""
        return (
            self.downloaded in {None, marks.downloaded is not None}
            and self.archived in {None, marks.archived is not None}
            and self.assigned_to in {None, marks.assigned.to if marks.assigned else None}
            and self.label in {None, *(one.label for one in marks.labels)}
        )


@element
class Document(V1Part):
    """A document of an accepted notification; `name` is the issuing body's and no safe path."""

    mismatch: ClassVar[type[Exception]] = ContractError

    document_id: Uuid
    name: str
    media_type: str
    size: Long
    sha256: Word
    inline: Annotated[bytes | Attached | None, Child("content")] = field(default=None, repr=False)

    def content(self) -> bytes | None:
        """Return the bytes that travelled inline, or None where `retrieve_document` must fetch them.

        Raises: `mismatch` when they are not those of the hash.
        """
        pieces = self.pieces()
        return None if pieces is None else b"".join(pieces)

    def pieces(self) -> Iterable[bytes] | None:
        """Return the same in pieces: what came in a part of its own need not be in memory.

        Raises: like `content`.
        """
        if self.inline is None:
            return None
        inline = self.inline
        sha256 = inline.sha256 if isinstance(inline, Attached) else hashlib.sha256(inline).hexdigest()
        if sha256 != self.sha256:
            raise self.mismatch(f"document {self.document_id} does not match its hash")
        return inline.pieces() if isinstance(inline, Attached) else (inline,)


@element
class Receipt(V1Part):
    """The sealed evidence of one event, kept as it is; `file` is its PDF or bundle, where asked for."""

    mismatch: ClassVar[type[Exception]] = ContractError

    receipt_id: Uuid
    state: Word
    event_time: datetime
    sha256: Word
    sealed: Annotated[bytes, Child("xml")] = field(repr=False)
    level: Word | None = field(
        default=None, repr=False
    )  # the receipt itself tells, and its time-stamp proves
    file: bytes | None = field(default=None, repr=False)
    nature: Annotated[Word | None, Child(since=Version.V1_1)] = None

    def xml(self) -> bytes:
        """Return the receipt's bytes; `evidence.xades.verify_receipt` proves their seal.

        Raises: `mismatch` when they are not those of the hash.
        """
        if hashlib.sha256(self.sealed).hexdigest() != self.sha256:
            raise self.mismatch(f"receipt {self.receipt_id} does not match its hash")
        return self.sealed


@element
class RetrievedNotification(V1Part):
    """One item of retrieve: metadata, the documents once accepted, or why there are none; its receipts."""

    id: Uuid
    notification: Notification | None = None
    documents: Annotated[tuple[Document, ...], Child("document")] = ()
    problem: Problem | None = None
    receipts: Annotated[tuple[Receipt, ...], Child("receipt", since=Version.V1_1)] = ()


@element
class NotificationReceipts(V1Part):
    """The receipts of one notification, oldest first, or why there are none."""

    id: Uuid
    receipts: Annotated[tuple[Receipt, ...], Child("receipt")] = ()
    problem: Problem | None = None


# --- the mailbox ----------------------------------------------------------------------------------


@element
class ListNotifications(V1Request):
    """A page of notifications, please; `cursor` is the `next_cursor` of the page before."""

    filter: Filter | None = None
    cursor: Word | None = None
    page_size: Integer | None = None
    with_marks: Annotated[bool | None, Child(since=Version.V1_1)] = None


@element
class ListNotificationsResponse(V1Part):
    """A page of a list, in the order of the public code."""

    as_of: datetime
    has_more: bool
    next_cursor: Word | None = None
    notifications: Annotated[tuple[Notification, ...], Child("notification", most=1000)] = ()


@element
class RetrieveNotifications(V1Request):
    """Metadata and documents, please; `for_information` also of what lapsed or was rejected.

    `with_receipts` also the receipts, that of the handing over among them, in an answer of 1.1.
    """

    ids: Annotated[tuple[Uuid, ...], Child("id", least=1, most=100)]
    for_information: bool | None = None
    with_receipts: bool | None = None
    with_marks: Annotated[bool | None, Child(since=Version.V1_1)] = None


@element
class RetrieveNotificationsResponse(V1Part):
    """An item for each that was asked for, in that order."""

    items: Annotated[tuple[RetrievedNotification, ...], Child("item", least=1, most=100)]


@element
class RetrieveDocument(V1Request):
    """Some bytes of a document, please."""

    id: Uuid
    document_id: Uuid
    offset: Integer | None = None
    length: Integer | None = None
    for_information: bool | None = None


@element
class RetrieveDocumentResponse(V1Part):
    """Some bytes of a document, with size and hash of the whole."""

    size: Long
    sha256: Word
    offset: Integer
    content: bytes = field(repr=False)


@element
class RetrieveReceipts(V1Request):
    """The receipts of these, please; with each its PDF or bundle, where `format` says so.

    `level` is the form in which the receipts themselves are wanted.
    """

    ids: Annotated[tuple[Uuid, ...], Child("id", least=1, most=100)]
    format: Word | None = None
    level: Annotated[Word | None, Child(since=Version.V1_1)] = None


@element
class RetrieveReceiptsResponse(V1Part):
    """An item for each that was asked for, in that order."""

    items: Annotated[tuple[NotificationReceipts, ...], Child("item", least=1, most=100)]


@element
class Ping(V1Request):
    """Who am I?"""


@element
class PingResponse(V1Part):
    """What the service read in the caller's certificate, its clock and its versions."""

    party: Party
    signer: Party
    known: bool
    certificate_issuer: str
    certificate_serial: str
    certificate_sha256: str
    server_time: datetime
    software_version: str
    contract_version: str
    latest_contract_version: Annotated[Word | None, Child(since=Version.V1_1)] = None
    certificate_family: Annotated[str | None, Child(since=Version.V1_1)] = None
