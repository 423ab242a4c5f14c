"""`NotificationClient`: the operations of the contract as methods, in plain values.

Every operation is idempotent by contract (accepting again gives the same receipt), so each may be
repeated after a broken connection. The client is safe to share between threads.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from notigateway.client import wire
from notigateway.client.calling import in_doubt
from notigateway.client.errors import (
    DocumentMismatchError,
    UnexpectedResponseError,
)
from notigateway.client.representation_api import RepresentationOperations
from notigateway.client.subscription_api import SubscriptionOperations
from notigateway.client.transport import in_batches, several
from notigateway.client.values import (
    ChangesPage,
    DecisionOutcome,
    DocumentRange,
    Filter,
    MarkedNotification,
    NotificationReceipts,
    Page,
    Pong,
    RetrievedNotification,
)
from notigateway.contract import v1, v1_contacts, v1_decisions, v1_following, v1_marks, v1_users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notigateway.client.values import Change, Contacts, History, Notification, Summary, User
    from notigateway.contract.xml import VersionedRequest

# The most ids that the contract takes in one request.
IDS_PER_DECISION: Final = 500
IDS_PER_RETRIEVAL: Final = 100
IDS_PER_MARKING: Final = 1_000
FORMS_PER_RETRIEVAL: Final = 10
PAGE_SIZE: Final = 1_000
ADDRESSEES_PER_PAGE: Final = 5_000
_EVERYTHING: Final = Filter()


class NotificationClient(RepresentationOperations, SubscriptionOperations):
    """Calls one service, as one holder of a certificate: see `Caller` for what it is made of.

    What is said of representation, powers and delivery stands in `RepresentationOperations`, of pushes in
    `SubscriptionOperations`.
    """

    # --- no legal effect --------------------------------------------------------------------------

    def ping(self) -> Pong:
        """Return what the service reads in the client's certificate, its clock and its versions."""
        return wire.read(Pong, self._call(v1.Ping()))

    def list_page(
        self,
        where: Filter = _EVERYTHING,
        *,
        cursor: str | None = None,
        page_size: int = PAGE_SIZE,
        with_marks: bool = False,
    ) -> Page:
        """Return one page of the list; `cursor` is the `next_cursor` of the page before.

        `with_marks` each row has the marks of your party, where there are some.

        Raises: `UnexpectedResponseError` when the page says that there is more but not where, or
        leads back to itself.
        """
        asked = wire.listing(where, cursor=cursor, page_size=page_size, with_marks=with_marks)
        page = wire.read(Page, self._call(asked))
        if page.has_more and page.next_cursor in {None, cursor}:
            raise UnexpectedResponseError("the page does not lead to the next one")
        return page

    def list_notifications(
        self, where: Filter = _EVERYTHING, *, page_size: int = PAGE_SIZE, with_marks: bool = False
    ) -> Iterator[Notification]:
        """Yield every notification of a list, fetching page after page as they are consumed."""
        page = self.list_page(where, page_size=page_size, with_marks=with_marks)
        yield from page.notifications
        while page.has_more:
            cursor = page.next_cursor
            page = self.list_page(where, cursor=cursor, page_size=page_size, with_marks=with_marks)
            yield from page.notifications

    def mark(
        self,
        ids: Sequence[str],
        *,
        downloaded: bool | None = None,
        archived: bool | None = None,
        assign: str | None = None,
        unassign: bool = False,
        if_unassigned: bool = False,
        labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
    ) -> list[MarkedNotification]:
        """Set and take away marks of your party; return how those of each stand now, in the order of `ids`.

        With `if_unassigned` only what is in nobody's hands is assigned: of two who ask one gets it, and the
        other is told who has it (code ALREADY_ASSIGNED).

        Raises: `UnsendableTextError` for a text that XML cannot carry.
        """
        found: list[MarkedNotification] = []
        for some in in_batches(ids, IDS_PER_MARKING):
            asked = v1_marks.MarkNotifications(
                ids=some,
                downloaded=downloaded,
                archived=archived,
                assigned_to=assign,
                unassigned=unassign or None,
                if_unassigned=if_unassigned or None,
                add_labels=several(labels),
                remove_labels=several(remove_labels),
            )
            found += wire.items_of(MarkedNotification, self._call(asked), some)
        return found

    def changes_page(
        self,
        cursor: str | None = None,
        *,
        from_now: bool = False,
        rights: bool = False,
        page_size: int = PAGE_SIZE,
    ) -> ChangesPage:
        """Return one page of changes; `cursor` is the `next_cursor` of any page before, however old.

        With `from_now` there are no changes in it, only the cursor of what comes from now on. With `rights`,
        asked for with every cursor, `rights_changes` tells of gained and lost titles by addressee, and
        `rights_changed` is true only where they were too many for that. A service that does not know it
        refuses it with code INVALID_REQUEST.

        Raises: `UnexpectedResponseError` when the page says that there is more but does not lead on;
        `GatewayFaultError` with code INVALID_CURSOR when the service cannot go on from the cursor.
        """
        asked = v1_following.ListChanges(
            cursor=cursor,
            from_now=from_now or None,
            page_size=page_size,
            with_rights_changes=rights or None,
        )
        page = wire.read(ChangesPage, self._call(asked))
        if page.has_more and page.next_cursor == cursor:
            raise UnexpectedResponseError("the page does not lead to the next one")
        return page

    def list_changes(self, cursor: str | None = None, *, page_size: int = PAGE_SIZE) -> Iterator[Change]:
        """Yield every change since the cursor, or since the beginning, in the order of their commit."""
        page = self.changes_page(cursor, page_size=page_size)
        yield from page.changes
        while page.has_more:
            page = self.changes_page(page.next_cursor, page_size=page_size)
            yield from page.changes

    def summary(self, *, role: str | None = None, by_addressee: bool = False) -> Summary:
        """Return how many notifications there are, in one capacity or in all; of each addressee if wanted.

        Raises: `UnexpectedResponseError` when a page of addressees leads back to itself.
        """
        asked = v1_following.GetSummary(role=role)
        if by_addressee:
            asked = replace(asked, count_addressees=True, page_size=ADDRESSEES_PER_PAGE)
        answer = wire.read(v1_following.GetSummaryResponse, self._call(asked))
        found, cursor = wire.summary(answer), None
        while answer.next_cursor is not None:
            if answer.next_cursor == cursor:
                raise UnexpectedResponseError("the page does not lead to the next one")
            cursor = answer.next_cursor
            answer = wire.read(v1_following.GetSummaryResponse, self._call(replace(asked, cursor=cursor)))
            found = replace(found, by_addressee=(*found.by_addressee, *answer.by_addressee))
        return found

    def history(self, notification_id: str) -> History:
        """Return what happened to a notification."""
        return wire.history(self._call(v1_following.GetHistory(id=notification_id)), notification_id)

    def users(self) -> Iterator[User]:
        """Yield who works for the caller and for whom it works, without their clients by name."""
        cursor = None
        while True:
            page = wire.read(v1_users.ListUsersResponse, self._call(v1_users.ListUsers(cursor=cursor)))
            yield from page.users
            if page.next_cursor in {None, cursor}:
                return
            cursor = page.next_cursor

    def user(self, user_id: str) -> User:
        """Return a registration, with its clients by name."""
        page = wire.read(v1_users.ListUsersResponse, self._call(v1_users.ListUsers(user_id=user_id)))
        if [one.user_id.lower() for one in page.users] != [user_id.lower()]:
            raise UnexpectedResponseError("the answer is about another registration than the request")
        return page.users[0]

    def grant_user(self, terms: v1_users.GrantUser) -> User:
        """Let a person work for the entity that signs, instead of what it said of that person before."""
        return wire.read(v1_users.GrantUserResponse, self._call_with_effect(terms)).user

    def end_user(self, user_id: str) -> User:
        """From now on let that person no longer work for the entity that signs."""
        return wire.read(
            v1_users.EndUserResponse, self._call_with_effect(v1_users.EndUser(user_id=user_id))
        ).user

    def contacts(self) -> Contacts:
        """Return where one is told by e-mail."""
        return wire.read(v1_contacts.GetContactsResponse, self._call(v1_contacts.GetContacts()))

    def set_contacts(
        self,
        addresses: Iterable[str],
        *,
        language: Literal["es", "en", "both"] | None = None,
        delivery: Literal["immediate", "daily"] | None = None,
        deadline_days: int | None = None,
    ) -> Contacts:
        """Be told at these addresses from now on, and return what stands; without any, nowhere."""
        asked = v1_contacts.SetContacts(
            addresses=several(addresses), language=language, delivery=delivery, deadline_days=deadline_days
        )
        return wire.read(v1_contacts.SetContactsResponse, self._call(asked))

    def log_head(self) -> bytes | None:
        """Return the newest head of the service's log, a signed note (C2SP); None while there is none.

        Its seal is proven by `tlog.note`, with the pinned seal certificates, not by the envelope.
        """
        answer = self._call(v1_following.GetLogHead())
        return wire.read(v1_following.GetLogHeadResponse, answer).head

    def prove_consistency(self, old_size: int, new_size: int) -> tuple[bytes, ...]:
        """Return the proof that the log only grew between two sizes; `tlog.merkle` checks it."""
        answer = self._call(v1_following.ProveConsistency(old_size=old_size, new_size=new_size))
        return wire.read(v1_following.ProveConsistencyResponse, answer).hashes

    def retrieve(
        self, ids: Sequence[str], *, for_information: bool = False, with_receipts: bool = False
    ) -> Iterator[RetrievedNotification]:
        """Yield metadata and, once accepted, documents of each notification, in the order of `ids`.

        With `for_information` also the documents of what lapsed or was rejected, without any effect;
        `with_receipts` also what `receipts` yields, of what is still seen. A service that does not know that
        refuses it with code INVALID_REQUEST.
        """
        # What is given wrongly is refused at once, not when the first one is taken.
        return self._retrieved(
            in_batches(ids, IDS_PER_RETRIEVAL),
            lambda some: v1.RetrieveNotifications(
                ids=some, for_information=for_information or None, with_receipts=with_receipts or None
            ),
        )

    def _retrieved(
        self,
        batches: Iterable[tuple[str, ...]],
        ask: Callable[[tuple[str, ...]], v1.RetrieveNotifications],
    ) -> Iterator[RetrievedNotification]:
        for some in batches:
            asked = ask(some)
            answer, received = self._transport.call_for_parts(type(asked).__name__, wire.message(asked))
            for item in wire.items_of(RetrievedNotification, answer, some):
                yield received.with_parts(wire.retrieved(item))

    def receipts(
        self,
        ids: Sequence[str],
        *,
        format: Literal["xml", "pdf", "bundle", "asice"] = "xml",  # noqa: A002  (the contract's word)
        level: Literal["XAdES-LT", "XAdES-LTA"] | None = None,
    ) -> Iterator[NotificationReceipts]:
        """Yield the receipts of each notification, in the order of `ids`.

        With a `level` the receipts themselves come in that form where the service has it yet, else in the one
        below it: `level` of each says which. An archive time-stamp is made after it was asked for first.
        With another `format` than `xml` each receipt also has its `file`: the PDF for people, the
        bundle that `notigateway-verify` proves, or the same as a container that other tools open (ASiC-E).

        Their seals are proven by `evidence`, with the pinned seal certificates, not by the envelope.
        """
        is_plain = format == "xml" and level is None
        named = None if format == "xml" else format
        batches = in_batches(ids, IDS_PER_RETRIEVAL if is_plain else FORMS_PER_RETRIEVAL)
        return (
            item
            for some in batches
            for item in wire.items_of(
                NotificationReceipts,
                self._call(v1.RetrieveReceipts(ids=some, format=named, level=level)),
                some,
            )
        )

    def retrieve_document(
        self,
        notification_id: str,
        document_id: str,
        *,
        sha256: str | None = None,
        piece_bytes: int | None = None,
        for_information: bool = False,
    ) -> Iterator[bytes]:
        """Yield a document piece by piece; use it only once the last piece has come without an error.

        `sha256` is the hash it must have (from the listing or the receipt), `piece_bytes` the most
        to ask for at once.

        Raises: `DocumentMismatchError` when pieces do not belong together or the whole does not
        match its hash; `UnexpectedResponseError` when the service does not get on.
        """
        digest = hashlib.sha256()
        offset = 0
        while True:
            asked = v1.RetrieveDocument(
                id=notification_id,
                document_id=document_id,
                offset=offset,
                length=piece_bytes,
                for_information=for_information or None,
            )
            piece = self._document_range(asked)
            sha256 = sha256 or piece.sha256
            if piece.sha256 != sha256 or offset + len(piece.content) > piece.size:
                raise DocumentMismatchError(f"document {document_id} is not the one announced")
            digest.update(piece.content)
            offset += len(piece.content)
            yield piece.content
            if offset == piece.size:
                break
            if not piece.content:
                raise UnexpectedResponseError(
                    f"document {document_id} ended at byte {offset} of {piece.size}"
                )
        if digest.hexdigest() != sha256:
            raise DocumentMismatchError(f"document {document_id} does not match its hash")

    def _document_range(self, asked: v1.RetrieveDocument) -> DocumentRange:
        piece = wire.read(DocumentRange, self._call(asked))
        if piece.offset != asked.offset:
            raise UnexpectedResponseError("the answer holds another range than the one asked for")
        return piece

    # --- legal effect -----------------------------------------------------------------------------

    def accept(self, ids: Sequence[str]) -> list[DecisionOutcome]:
        """Accept notifications, with legal effect; return one outcome for each, in the order of `ids`.

        More than 500 travel in several requests. If one of them fails the earlier ones stand; call
        again with the same ids: what is decided stays so and answers with the same receipt.
        """
        return self._decide(ids, lambda some: v1_decisions.AcceptNotifications(ids=some))

    def reject(self, ids: Sequence[str], *, reason: str | None = None) -> list[DecisionOutcome]:
        """Reject notifications, with legal effect; see `accept`. The reason is kept in every receipt.

        Raises: `UnsendableTextError` for a reason that XML cannot carry.
        """
        return self._decide(ids, lambda some: v1_decisions.RejectNotifications(ids=some, reason=reason))

    def _decide(
        self, ids: Sequence[str], ask: Callable[[tuple[str, ...]], VersionedRequest]
    ) -> list[DecisionOutcome]:
        """Decide, once it is known that the answer can be proven: what has legal effect is not sent blindly.

        The service takes a message whose clock is off by some minutes; its answer would be refused here.
        """
        batches = in_batches(ids, IDS_PER_DECISION)
        asked = [ask(some) for some in batches]
        messages = [(type(one).__name__, wire.message(one)) for one in asked]
        if messages:
            self._prove()
        outcomes: list[DecisionOutcome] = []
        for some, (operation, content) in zip(batches, messages, strict=True):
            with in_doubt():
                outcomes += wire.items_of(DecisionOutcome, self._transport.call(operation, content), some)
        return outcomes
