"""The operations of `urn:notigateway:v1`: unpack wire types, call a use case, commit, answer.

Each operation takes and gives many. Reading operations never write; deciding ones answer only after
their commit.
"""

# No `from __future__ import annotations` is needed by Spyne; signatures are read by name only.
from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from spyne import ServiceBase

from notigateway import __version__
from notigateway.addressee import mailbox
from notigateway.errors import CallerUnknownError, InvalidRequestError, NotificationUnknownError
from notigateway.law.lifecycle import Decision, Kind, State
from notigateway.law.representation import Role
from notigateway.receipts import proving
from notigateway.repository.addressees import is_known_party
from notigateway.repository.notifications import ListFilter
from notigateway.soap.notigateway_v1 import answers, types
from notigateway.soap.notigateway_v1.outcomes import render_outcomes
from notigateway.soap.notigateway_v1.rows import render_page
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notigateway.law.caller import Caller
    from notigateway.repository.model import Receipt
    from notigateway.repository.session import Session
    from notigateway.repository.timestamps import ReceiptTimestamp
    from notigateway.soap.request import Request

CONTRACT_VERSION = "1.0"
DEFAULT_PAGE_SIZE = 100


class MailboxService(ServiceBase):
    """What an addressee or its representative can do; every `ctx.udc` is a `Request`."""

    @operation(
        types.ListNotificationsResponse,
        types.OptionalFilter,
        types.OptionalText,
        types.OptionalInteger,
        names=("filter", "cursor", "pageSize"),
    )
    def ListNotifications(ctx: Any, chosen: Any, cursor: str | None, page_size: int | None) -> bytes:  # noqa: ANN401, N802
        """Return a page of notifications. No legal effect."""
        request: Request = ctx.udc
        with request.reading() as session:
            page = mailbox.list_notifications(
                session,
                caller=request.caller,
                chosen=_list_filter(chosen),
                cursor=cursor,
                page_size=page_size or DEFAULT_PAGE_SIZE,
                now=request.now,
                rights=request.gateway.rights,
            )
        request.access.found({row.code: row.identifier for row in page.rows})
        return render_page(page)

    @operation(types.RetrieveNotificationsResponse, types.Ids[100], names=("id",))
    def RetrieveNotifications(ctx: Any, ids: list[str]) -> types.RetrieveNotificationsResponse:  # noqa: N802
        """Return metadata and, once accepted, documents."""
        request: Request = ctx.udc
        with request.reading() as session:
            results = mailbox.retrieve(
                session,
                store=request.gateway.store,
                caller=request.caller,
                ids=_uuids(ids),
                limits=request.gateway.inline,
                now=request.now,
                rights=request.gateway.rights,
            )
        _note_refusals(request, results)
        _hand_over(request, [result.id for result in results if result.is_first_handover])
        items = [answers.retrieved(result, request.now) for result in results]
        return types.RetrieveNotificationsResponse(item=_as_asked(items, ids))

    @operation(
        types.RetrieveDocumentResponse,
        types.Id,
        types.Id,
        types.OptionalInteger,
        types.OptionalInteger,
        names=("id", "documentId", "offset", "length"),
    )
    def RetrieveDocument(  # noqa: N802
        ctx: Any,
        notification_id: str,
        document_id: str,
        offset: int | None,
        length: int | None,
    ) -> types.RetrieveDocumentResponse:
        """Return a range of one document of an accepted notification."""
        request: Request = ctx.udc
        chunk_max_bytes = request.gateway.chunk_max_bytes
        with request.reading() as session:
            part = mailbox.read_document(
                session,
                store=request.gateway.store,
                caller=request.caller,
                notification_id=UUID(notification_id),
                document_id=UUID(document_id),
                offset=offset or 0,
                length=min(length or chunk_max_bytes, chunk_max_bytes),
                now=request.now,
                rights=request.gateway.rights,
            )
        if part.is_first_handover:
            _hand_over(request, [UUID(notification_id)])
        return types.RetrieveDocumentResponse(
            size=part.document.size,
            sha256=part.document.sha256,
            offset=part.offset,
            content=[part.content],
        )

    @operation(types.AcceptNotificationsResponse, types.Ids[500], names=("id",))
    def AcceptNotifications(ctx: Any, ids: list[str]) -> bytes:  # noqa: N802
        """Accept notifications (Ley 39/2015 art. 43.1)."""
        results = _decide(ctx.udc, Decision.ACCEPT, ids)
        return render_outcomes("AcceptNotificationsResponse", zip(ids, results, strict=True))

    @operation(types.RejectNotificationsResponse, types.Ids[500], types.OptionalText, names=("id", "reason"))
    def RejectNotifications(  # noqa: N802
        ctx: Any,
        ids: list[str],
        reason: str | None,
    ) -> bytes:
        """Reject notifications (Ley 39/2015 art. 43)."""
        results = _decide(ctx.udc, Decision.REJECT, ids, reason)
        return render_outcomes("RejectNotificationsResponse", zip(ids, results, strict=True))

    @operation(types.RetrieveReceiptsResponse, types.Ids[100], types.OptionalText, names=("id", "format"))
    def RetrieveReceipts(  # noqa: N802
        ctx: Any, ids: list[str], wanted_format: str | None
    ) -> types.RetrieveReceiptsResponse:
        """Return the sealed receipts of notifications; with each, its PDF or bundle where that is wanted."""
        request: Request = ctx.udc
        if wanted_format in _FORMS and len(ids) > FORMS_AT_ONCE:
            raise InvalidRequestError(element="id", rule="maxOccurs")
        with request.reading() as session:
            found = mailbox.receipts(
                session,
                caller=request.caller,
                ids=_uuids(ids),
                now=request.now,
                rights=request.gateway.rights,
            )
        for wanted, rows in found:
            if rows is None:
                request.access.refuse(wanted, NotificationUnknownError)
        items = [
            answers.receipts(wanted, rows, _forms(request, rows or [], wanted_format))
            for wanted, rows in found
        ]
        return types.RetrieveReceiptsResponse(item=_as_asked(items, ids))

    @operation(types.PingResponse)
    def Ping(ctx: Any) -> types.PingResponse:  # noqa: N802
        """Return what was read in the caller's certificate."""
        request: Request = ctx.udc
        caller = request.caller
        with request.reading() as session:
            is_known = is_known_party(session, caller.party)
        return types.PingResponse(
            party=types.Party(identifier=caller.party, name=caller.party_name),
            signer=types.Party(identifier=caller.signer, name=caller.signer_name),
            known=is_known,
            certificateIssuer=caller.certificate_issuer,
            certificateSerial=caller.certificate_serial,
            certificateSha256=caller.certificate_fingerprint,
            serverTime=request.now,
            softwareVersion=__version__,
            contractVersion=CONTRACT_VERSION,
        )


FORMS_AT_ONCE = 10
_FORMS = frozenset({"pdf", "bundle"})


def _forms(
    request: Request, rows: Sequence[tuple[Receipt, ReceiptTimestamp | None]], wanted: str | None
) -> list[bytes | None]:
    """Return the other form of each receipt; nothing where only the XML is wanted."""
    if wanted not in _FORMS:
        return []
    gateway = request.gateway
    proof = proving.Proving(
        engine=gateway.engine,
        store=gateway.store,
        seal=gateway.seal,
        verify_url=gateway.verify_url,
        log_origin=gateway.log_origin,
        known=gateway.clients.known,
        now=request.now,
    )
    if wanted == "pdf":
        return [proving.form_of(row, proof) for row, _ in rows]
    before = {row.position: row for row, _ in rows if row.position is not None}
    return [
        proving.bundle_of(row, stamped, previous=before.get((row.position or 0) - 1), proving=proof)
        for row, stamped in rows
    ]


# Ping tells anybody with an admitted certificate what was read in it; all else needs a known party.
OPEN_TO_UNKNOWN_PARTIES = frozenset({"Ping"})
# What changes nothing, of all services of the contract; a name that is missing here has an effect.
READING_OPERATIONS = frozenset(
    {
        "ListNotifications",
        "RetrieveNotifications",
        "RetrieveDocument",
        "RetrieveReceipts",
        "Ping",
        "ListRepresentations",
        "ListPowers",
        "GetDeliveryChannel",
        "ListChanges",
        "GetSummary",
        "GetHistory",
    }
)


def check_caller(session: Session, caller: Caller, operation: str) -> None:
    """Check that the party is an addressee or acts for one. Raises: `CallerUnknownError`."""
    if operation not in OPEN_TO_UNKNOWN_PARTIES and not is_known_party(session, caller.party):
        raise CallerUnknownError(f"party {caller.party}")


def _decide(
    request: Request, decision: Decision, ids: list[str], reason: str | None = None
) -> list[mailbox.Outcome]:
    """Decide all in one transaction; the answer is built after its commit."""
    deciding = mailbox.Deciding(
        caller=request.caller,
        decision=decision,
        now=request.now,
        seal=request.gateway.seal,
        proof=request.proof,
        reason=reason,
        rights=request.gateway.rights,
    )
    with request.writing() as session:
        results = mailbox.decide_all(session, _uuids(ids), deciding=deciding)
        _note_refusals(request, (result for result in results if not result.is_repeat))
    return results


def _note_refusals(request: Request, results: Iterable[mailbox.Outcome | mailbox.Retrieved]) -> None:
    """Note for the access record which items of a batch were refused."""
    for result in results:
        if result.problem is not None:
            request.access.refuse(result.id, result.problem)


def _hand_over(request: Request, ids: list[UUID]) -> None:
    """Attest in a transaction of its own that content leaves for the first time; mostly there is none."""
    if ids:
        handing = mailbox.HandingOver(
            caller=request.caller,
            now=request.now,
            seal=request.gateway.seal,
            proof=request.proof,
            rights=request.gateway.rights,
        )
        with request.writing() as session:
            mailbox.hand_over(session, ids, handing=handing)


def _as_asked(items: list[Any], ids: Sequence[str]) -> list[Any]:
    """Name each item by the text it was asked for: a UUID may be written in upper case."""
    for item, asked in zip(items, ids, strict=True):
        item.id = asked
    return items


def _uuids(ids: Sequence[str]) -> list[UUID]:
    """Read identifiers that the schema has checked."""
    return [UUID(text) for text in ids]


def _list_filter(chosen: types.Filter | None) -> ListFilter:
    """Read the filter element; absent means no restriction."""
    if chosen is None:
        return ListFilter()
    return ListFilter(
        states=frozenset(State(word) for word in chosen.state or ()),
        kind=None if chosen.kind is None else Kind(chosen.kind),
        role=None if chosen.role is None else Role(chosen.role),
        addressee=chosen.addresseeId,
        issuer=chosen.issuerId,
        available_from=chosen.availableFrom,
        available_to=chosen.availableTo,
        deadline_before=chosen.deadlineBefore,
    )
