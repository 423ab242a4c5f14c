"""What the service answers, as plain frozen values named like the elements of the contract.

Words of the contract (states, kinds, outcomes) stay text: a later minor version may add one, and a
client that does not know it must still show it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway.client.errors import DocumentMismatchError, ReceiptNotVerifiedError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

CONTENT_RELEASED = frozenset({"accepted", "read"})
UNDECIDED = frozenset({"available", "receipt_requested"})


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry of the error catalogue, about one item."""

    code: str
    text_es: str
    text_en: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Party:
    """A person or company: NIF, NIE or CIF, and name."""

    identifier: str
    name: str


@dataclass(frozen=True, slots=True)
class IssuingBody:
    """Who issued the act; `issuer_id` is the DIR3 code."""

    issuer_id: str
    acronym: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What may be known of a notification without legal effect; instants are aware UTC."""

    code: int
    id: str
    kind: str
    subject: str
    issuing_body: IssuingBody
    procedure: str
    matter: str
    addressee: Party
    role: str
    state: str
    available_at: datetime
    deadline: datetime | None
    time_left: timedelta | None
    special_category: bool
    document_count: int
    document_sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list, in the order of the public code."""

    as_of: datetime
    has_more: bool
    next_cursor: str | None
    notifications: tuple[Notification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that happened to a notification; `notification` is how it stands now."""

    event_id: str
    state: str
    at: datetime
    channel: str | None
    reported_at: datetime | None
    notification: Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage:
    """A page of changes in the order of their commit; `next_cursor` is usable at any time.

    With `rights_changed` the caller represents others than before: a list shows what it gained.
    """

    as_of: datetime
    has_more: bool
    next_cursor: str
    rights_changed: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class IssuingBodyCount:
    """How many notifications are from one issuing body."""

    issuing_body: IssuingBody
    count: int
    undecided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts; what waits for a decision is counted by days left, or as `without_deadline`."""

    as_of: datetime
    total: int
    by_state: dict[str, int]
    by_issuing_body: tuple[IssuingBodyCount, ...]
    by_days_left: dict[int, int]
    without_deadline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a notification, and who did it."""

    event_id: str
    state: str
    at: datetime
    decisive: bool
    channel: str | None
    role: str | None
    party: Party | None
    signer: Party | None
    reported_by: str | None
    reported_at: datetime | None
    receipt_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineChange:
    """A deadline that was moved."""

    at: datetime
    previous: datetime
    deadline: datetime
    cause: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened to one notification, in the order in which it was recorded."""

    as_of: datetime
    notification: Notification
    events: tuple[Event, ...]
    deadline_changes: tuple[DeadlineChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which notifications to list; what is left out does not restrict."""

    states: tuple[str, ...] = ()
    kind: str | None = None
    role: str | None = None
    addressee_id: str | None = None
    issuer_id: str | None = None
    available_from: datetime | None = None
    available_to: datetime | None = None
    deadline_before: datetime | None = None

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
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document of an accepted notification; `name` is the issuing body's and no safe path."""

    document_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    inline: bytes | None = field(repr=False)

    def content(self) -> bytes | None:
        """Return the bytes that travelled inline, or None where `retrieve_document` must fetch them.

        Raises: `DocumentMismatchError` when they are not those of the hash.
        """
        if self.inline is not None and hashlib.sha256(self.inline).hexdigest() != self.sha256:
            raise DocumentMismatchError(f"document {self.document_id} does not match its hash")
        return self.inline


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRange:
    """Some bytes of a document, with size and hash of the whole."""

    size: int
    sha256: str
    offset: int
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The sealed evidence of one event, kept as it is; `file` is its PDF or bundle, where asked for."""

    receipt_id: str
    state: str
    event_time: datetime
    sha256: str
    sealed: bytes = field(repr=False)
    file: bytes | None = field(default=None, repr=False)

    def xml(self) -> bytes:
        """Return the receipt's bytes; `evidence.xades.verify_receipt` proves their seal.

        Raises: `ReceiptNotVerifiedError` when they are not those of the hash.
        """
        if hashlib.sha256(self.sealed).hexdigest() != self.sha256:
            raise ReceiptNotVerifiedError(f"receipt {self.receipt_id} does not match its hash")
        return self.sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision that stands: for whom, by whom, where and when.

    Another channel does not always tell for whom, and never who signed.
    """

    state: str
    at: datetime
    channel: str
    party: Party | None
    signer: Party | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionOutcome:
    """What became of one item of accept or reject."""

    id: str
    outcome: str
    decision: Decision | None
    receipt: Receipt | None
    problem: Problem | None

    @property
    def is_done(self) -> bool:
        """Tell whether the decision asked for stands: taken now or by you before."""
        return self.outcome in {"decided", "already_decided_by_you"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievedNotification:
    """One item of retrieve: metadata, the documents once accepted, or why there are none."""

    id: str
    notification: Notification | None
    documents: tuple[Document, ...]
    problem: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationReceipts:
    """The receipts of one notification, oldest first, or why there are none."""

    id: str
    receipts: tuple[Receipt, ...]
    problem: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """What the service read in your certificate, its clock and its versions."""

    party: Party
    signer: Party
    known: bool
    certificate_issuer: str
    certificate_serial: str
    certificate_sha256: str
    server_time: datetime
    software_version: str
    contract_version: str
