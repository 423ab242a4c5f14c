"""The operations of `urn:notigateway:v1`: take what is asked, call a use case, commit, answer.

`operation` gives each method the verified request (`soap.gate.Request`) and its element as a dataclass;
`writing()` commits at its end; what is raised becomes a fault in `soap.endpoint`. Operations without effect
decide nothing; the first handing over of content leaves a receipt all the same. Whatever writes answers only
after its commit.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from spyne import ServiceBase

from notigateway import __version__
from notigateway.addressee.mailbox import Will
from notigateway.addressee.marks import marks_on
from notigateway.addressee.showing import may_see_request
from notigateway.contract import v1, v1_decisions
from notigateway.contract.versions import LATEST, Version
from notigateway.errors import CallerUnknownError, InvalidRequestError, NotificationUnknownError
from notigateway.evidence.asic import write_container
from notigateway.evidence.bundle import write_bundle
from notigateway.law.families import check_may_decide
from notigateway.law.lifecycle import Decision
from notigateway.receipts.raising import Level, raise_receipts
from notigateway.repository.addressees import is_known_party
from notigateway.repository.engine import reading
from notigateway.soap.notigateway_v1 import answers
from notigateway.soap.notigateway_v1.filters import list_filter
from notigateway.soap.notigateway_v1.leaving import attested, hand_over
from notigateway.soap.notigateway_v1.rows import render_page
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notigateway.addressee.mailbox import Outcome
    from notigateway.addressee.retrieved import Retrieved
    from notigateway.law.caller import Caller
    from notigateway.receipts.named import Names
    from notigateway.receipts.raising import Raised
    from notigateway.repository.model import Receipt
    from notigateway.repository.session import Session
    from notigateway.repository.timestamps import ReceiptTimestamp
    from notigateway.soap.gate import Request

DEFAULT_PAGE_SIZE = 100


class MailboxService(ServiceBase):
    """What an addressee or its representative can do."""

    @operation(v1.ListNotifications, v1.ListNotificationsResponse)
    def ListNotifications(request: Request, asked: v1.ListNotifications) -> bytes:
        """Return a page of notifications. No legal effect."""
        with request.reading() as session:
            page = request.office.mailbox.list_notifications(
                session,
                request.asking,
                chosen=list_filter(asked.filter),
                cursor=asked.cursor,
                page_size=asked.page_size or DEFAULT_PAGE_SIZE,
                with_marks=bool(asked.with_marks),
            )
        request.access.found({row.code: row.identifier for row in page.rows})
        return render_page(page, asked.version)

    @operation(v1.RetrieveNotifications, v1.RetrieveNotificationsResponse)
    def RetrieveNotifications(
        request: Request, asked: v1.RetrieveNotifications
    ) -> v1.RetrieveNotificationsResponse:
        """Return metadata and, once accepted, documents."""
        mailbox, now = request.office.mailbox, request.asking.now
        with request.reading() as session:
            results = mailbox.retrieve(
                session,
                request.asking,
                _uuids(asked.ids),
                for_information=bool(asked.for_information),
                with_receipts=bool(asked.with_receipts) and asked.version >= Version.V1_1,
            )
            marks = marks_on(session, request.asking, results) if asked.with_marks else {}
        results = mailbox.with_contents(results, request.parcel.naming)
        _note_refusals(request, results)
        results = attested(request, results)
        return v1.RetrieveNotificationsResponse(
            items=tuple(
                answers.retrieved(
                    one,
                    result,
                    now,
                    information_years=mailbox.information_years,
                    put=request.parcel.put,
                    marks=marks,
                )
                for one, result in zip(asked.ids, results, strict=True)
            )
        )

    @operation(v1.RetrieveDocument, v1.RetrieveDocumentResponse)
    def RetrieveDocument(request: Request, asked: v1.RetrieveDocument) -> v1.RetrieveDocumentResponse:
        """Return a range of one document of an accepted notification."""
        mailbox = request.office.mailbox
        with request.reading() as session:
            part = mailbox.find_range(
                session,
                request.asking,
                notification_id=UUID(asked.id),
                document_id=UUID(asked.document_id),
                offset=asked.offset or 0,
                length=asked.length,
                for_information=bool(asked.for_information),
            )
        content = mailbox.read_range(part)
        informed = {} if part.for_information is None else {UUID(asked.id): part.for_information}
        if part.is_first_handover or informed:
            with request.writing() as session:
                handed = hand_over(session, request, [UUID(asked.id)], informed=informed)
                for problem in handed.lost.values():
                    raise problem
        return v1.RetrieveDocumentResponse(
            size=part.document.size, sha256=part.document.sha256, offset=part.offset, content=content
        )

    @operation(v1_decisions.AcceptNotifications, v1_decisions.AcceptNotificationsResponse)
    def AcceptNotifications(
        request: Request, asked: v1_decisions.AcceptNotifications
    ) -> v1_decisions.AcceptNotificationsResponse:
        """Accept notifications (Ley 39/2015 art. 43.1)."""
        return v1_decisions.AcceptNotificationsResponse(
            items=_decide(request, Will(Decision.ACCEPT), asked.ids)
        )

    @operation(v1_decisions.RejectNotifications, v1_decisions.RejectNotificationsResponse)
    def RejectNotifications(
        request: Request, asked: v1_decisions.RejectNotifications
    ) -> v1_decisions.RejectNotificationsResponse:
        """Reject notifications (Ley 39/2015 art. 43)."""
        return v1_decisions.RejectNotificationsResponse(
            items=_decide(request, Will(Decision.REJECT, asked.reason), asked.ids)
        )

    @operation(v1.RetrieveReceipts, v1.RetrieveReceiptsResponse)
    def RetrieveReceipts(request: Request, asked: v1.RetrieveReceipts) -> v1.RetrieveReceiptsResponse:
        """Return the sealed receipts of notifications; with each its PDF, bundle or container, if wanted."""
        if (asked.level or asked.format in _FORMS) and len(asked.ids) > FORMS_AT_ONCE:
            raise InvalidRequestError(element="id", rule="maxOccurs")
        with request.reading() as session:
            found = request.office.mailbox.list_receipts(session, request.asking, _uuids(asked.ids))
        for wanted, rows in found:
            if rows is None:
                request.access.refuse(wanted, NotificationUnknownError)
        told = [answers.told_receipts(rows, asked.version) for _, rows in found]
        raised = _raised(request, [pair for rows in told for pair in rows or ()], asked.level)
        return v1.RetrieveReceiptsResponse(
            items=tuple(
                answers.receipts(one, rows, _forms(request, rows or [], asked.format), raised)
                for one, rows in zip(asked.ids, told, strict=True)
            )
        )

    @operation(v1.Ping, v1.PingResponse)
    def Ping(request: Request, asked: v1.Ping) -> v1.PingResponse:
        """Return what was read in the caller's certificate."""
        caller = request.asking.caller
        with request.reading() as session:
            is_known = is_known_party(session, caller.party)
        return v1.PingResponse(
            party=v1.Party(identifier=caller.party, name=caller.party_name),
            signer=v1.Party(identifier=caller.signer, name=caller.signer_name),
            known=is_known,
            certificate_issuer=caller.certificate_issuer,
            certificate_serial=caller.certificate_serial,
            certificate_sha256=caller.certificate_fingerprint,
            server_time=request.asking.now,
            software_version=__version__,
            contract_version=str(asked.version),
            latest_contract_version=str(LATEST),
            certificate_family=str(caller.family),
        )


FORMS_AT_ONCE = 10
_BUNDLES = {"bundle": write_bundle, "asice": write_container}
_FORMS = frozenset({"pdf", *_BUNDLES})


def _forms(
    request: Request, rows: Sequence[tuple[Receipt, ReceiptTimestamp | None]], wanted: str | None
) -> list[bytes | None]:
    """Return the other form of each receipt; nothing where only the XML is wanted."""
    if wanted is None or wanted not in _FORMS:
        return []
    proving, now = request.office.proving, request.asking.now
    if wanted == "pdf":
        return [proving.form_of(row, now=now) for row, _ in rows]
    before = {row.position: stamped or row for row, stamped in rows if row.position is not None}
    return [
        proving.bundle_of(
            row,
            stamped,
            previous=before.get((row.position or 0) - 1),
            may_see=partial(_may_see, request, row),
            now=now,
            write=_BUNDLES[wanted],
        )
        for row, stamped in rows
    ]


def _raised(
    request: Request, rows: Sequence[tuple[Receipt, ReceiptTimestamp | None]], level: str | None
) -> Mapping[UUID, Raised]:
    """Return the receipts that there are in a raised form; none where that is not wanted."""
    if level is None:
        return {}
    stamped = [one for _, one in rows if one is not None]
    return raise_receipts(request.office.engine, stamped, Level(level), now=request.asking.now)


def _may_see(request: Request, receipt: Receipt, names: Names) -> bool:
    with reading(request.office.engine) as session:
        return may_see_request(session, request.asking, receipt, names, policy=request.office.mailbox.rights)


# Ping tells anybody with an admitted certificate what was read in it, nobody is a stranger to their own
# rights and preferences, and the log is everybody's; all else needs a party to whom something was addressed.
OPEN_TO_UNKNOWN_PARTIES = frozenset(
    {
        "Ping",
        "ListRepresentations",
        "UnassignRed",
        "ReassignRed",
        "SetReceivingAlone",
        "GrantPower",
        "AcceptPower",
        "MakeResponsibleStatement",
        "RenouncePower",
        "RevokePower",
        "ExtendPower",
        "CertifyPower",
        "ListPowers",
        "ListMatters",
        "GrantUser",
        "EndUser",
        "ListUsers",
        "GetDeliveryChannel",
        "SetDeliveryChannel",
        "GetContacts",
        "SetContacts",
        "GetLogHead",
        "ProveConsistency",
        "Subscribe",
        "ListSubscriptions",
        "Unsubscribe",
        "ListDeadDeliveries",
        "ReplayDeliveries",
    }
)
# What decides nothing, of all services of the contract: a revocation status may be a little out of date. A
# name that is missing here has an effect.
WITHOUT_EFFECT = frozenset(
    {
        "ListNotifications",
        "RetrieveNotifications",
        "RetrieveDocument",
        "RetrieveReceipts",
        "Ping",
        "ListRepresentations",
        "ListPowers",
        "ListMatters",
        "ListUsers",
        "CertifyPower",
        "GetDeliveryChannel",
        "GetContacts",
        "ListChanges",
        "GetSummary",
        "GetHistory",
        "GetLogHead",
        "ProveConsistency",
        "MarkNotifications",
        "ListSubscriptions",
        "ListDeadDeliveries",
    }
)


# What decides a notification; not every certificate may.
DECIDING = frozenset({"AcceptNotifications", "RejectNotifications"})
# What waits for nothing but the database; the others read documents, or have a form typeset.
ON_ONE_CONNECTION = DECIDING | {"ListNotifications", "Ping", "ListChanges", "GetSummary", "GetHistory"}


def check_caller(
    session: Session,
    caller: Caller,
    operation: str,
    *,
    seals_may_decide: bool,
    deciding: frozenset[str] = DECIDING,
) -> None:
    """Check that the party is an addressee or acts for one, by a certificate that may do that.

    Raises: `SealMayNotDecideError`, `CallerUnknownError`.
    """
    if operation in deciding:
        check_may_decide(caller.family, seals_may_decide=seals_may_decide)
    if operation not in OPEN_TO_UNKNOWN_PARTIES and not is_known_party(session, caller.party):
        raise CallerUnknownError(f"party {caller.party}")


# So many decisions may share a commit with those of other requests: they take little of its time.
_FEW = 4


def _decide(request: Request, will: Will, ids: Sequence[str]) -> tuple[v1_decisions.DecisionOutcome, ...]:
    """Decide all in one transaction; the answer is built after its commit."""
    wanted = _uuids(ids)

    def decided(session: Session) -> Sequence[Outcome]:
        results = request.office.mailbox.decide_all(session, request.asking, wanted, will)
        _note_refusals(request, (result for result in results if not result.is_repeat))
        return results

    if len(wanted) <= _FEW:
        results = request.change(decided)
    else:
        with request.writing() as session:
            results = decided(session)
    return tuple(map(answers.outcome, ids, results))


def _note_refusals(request: Request, results: Iterable[Outcome | Retrieved]) -> None:
    """Note for the access record which items of a batch were refused."""
    for result in results:
        if result.problem is not None:
            request.access.refuse(result.id, result.problem)


def _uuids(ids: Sequence[str]) -> list[UUID]:
    """Read identifiers that the schema has checked."""
    return [UUID(text) for text in ids]
