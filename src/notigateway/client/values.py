"""What the service answers: the elements of its contract under the client's names, and the client's own.

Words of the contract (states, kinds, outcomes) stay text: a later minor version may add one, and a
client that does not know it must still show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.client.errors import DocumentMismatchError, ReceiptNotVerifiedError
from notigateway.contract import v1, v1_contacts, v1_decisions, v1_following, v1_marks, v1_users

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.contract.reading import Kinds

CONTENT_RELEASED: Final = frozenset({"accepted", "read"})
UNDECIDED: Final = frozenset({"available", "receipt_requested"})

Problem = v1.Problem
Party = v1.Party
Notification = v1.Notification
Filter = v1.Filter
Metadata = v1.Metadata
Page = v1.ListNotificationsResponse
Decision = v1_decisions.Decision
Delegate = v1_decisions.Delegate
SigningPerson = v1_decisions.SigningPerson
DecisionOutcome = v1_decisions.DecisionOutcome
RetrievedNotification = v1.RetrievedNotification
NotificationReceipts = v1.NotificationReceipts
Marks = v1.Marks
MarkedNotification = v1_marks.MarkedNotification
DocumentRange = v1.RetrieveDocumentResponse
Pong = v1.PingResponse
Change = v1_following.Change
RightsChange = v1_following.RightsChange
ChangesPage = v1_following.ListChangesResponse
IssuingBodyCount = v1_following.IssuingBodyCount
AddresseeCount = v1_following.AddresseeCount
Event = v1_following.Event
DeadlineChange = v1_following.DeadlineChange
User = v1_users.User
History = v1_following.GetHistoryResponse
Notice = v1_following.Notice
Contacts = v1_contacts.GetContactsResponse


class Document(v1.Document):
    """A document whose bytes, where they are not those of its hash, are not handed out."""

    __slots__ = ()
    mismatch = DocumentMismatchError


class Receipt(v1.Receipt):
    """A receipt whose bytes, where they are not those of its hash, are not handed out."""

    __slots__ = ()
    mismatch = ReceiptNotVerifiedError


KINDS: Final[Kinds] = ((v1.Document, Document), (v1.Receipt, Receipt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts; what waits for a decision is counted by days left, or as `without_deadline`.

    `by_addressee` is in the order of the identifiers, and empty unless it was asked for.
    """

    as_of: datetime
    total: int
    by_state: dict[str, int]
    by_issuing_body: tuple[IssuingBodyCount, ...]
    by_days_left: dict[int, int]
    without_deadline: int
    by_addressee: tuple[AddresseeCount, ...] = ()
