"""The operations of `urn:notigateway:issuing:v1`: unpack wire types, call a use case, commit, answer."""

# No `from __future__ import annotations` is needed by Spyne; signatures are read by name only.
from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from spyne import ServiceBase

from notigateway.clock.outages import close_outage, declare_outage
from notigateway.errors import CallerNotIssuingBodyError, CallerNotOperatorError, PublicationError
from notigateway.issuer.amending import Acting, body_of, cancel_all, extend_all, list_outcomes
from notigateway.issuer.publishing import (
    Deposit,
    Publication,
    UploadedDocument,
    deposit_documents,
    keep_uploads,
    publish_all,
    store_uploads,
)
from notigateway.issuer.reporting import report_all
from notigateway.repository.issuer import find_uploads, is_issuing_body
from notigateway.soap.notigateway_issuing_v1 import answers, submissions, types
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from notigateway.issuer.amending import Result
    from notigateway.law.caller import Caller
    from notigateway.repository.session import Session
    from notigateway.soap.request import Request

DEFAULT_PAGE_SIZE = 100
OPERATORS_ONLY = frozenset({"DeclareOutage", "CloseOutage"})


def check_issuer(session: Session, caller: Caller, operation: str, *, operators: frozenset[str]) -> None:
    """Check that the party may ask for the operation: an issuing body, or an operator for outages.

    Raises: `CallerNotIssuingBodyError`, `CallerNotOperatorError`.
    """
    if operation in OPERATORS_ONLY:
        if caller.party not in operators:
            raise CallerNotOperatorError(f"party {caller.party}")
    elif not is_issuing_body(session, caller.party):
        raise CallerNotIssuingBodyError(f"party {caller.party}")


class IssuingService(ServiceBase):
    """What an issuing body can do; every `ctx.udc` is a `Request`."""

    @operation(types.UploadDocumentsResponse, types.Text, types.Contents, names=("issuerId", "content"))
    def UploadDocuments(ctx: Any, issuer_id: str, contents: list[Any]) -> types.UploadDocumentsResponse:  # noqa: N802
        """Store documents that acts will name by their hash."""
        request: Request = ctx.udc
        gateway = request.gateway
        with request.reading() as session:
            body_of(session, request.caller, issuer_id)
        results = store_uploads(
            gateway.store,
            [submissions.joined(content) for content in contents],
            document_max_bytes=gateway.document_max_bytes,
        )
        with request.writing() as session:
            body = body_of(session, request.caller, issuer_id)
            kept = [result for result in results if isinstance(result, UploadedDocument)]
            keep_uploads(session, body, kept, now=request.now)
        return types.UploadDocumentsResponse(item=[answers.uploaded(result) for result in results])

    @operation(types.PublishActsResponse, types.Text, types.Acts, names=("issuerId", "act"))
    def PublishActs(ctx: Any, issuer_id: str, acts: list[types.Act]) -> types.PublishActsResponse:  # noqa: N802
        """Put acts at the disposal of their addressees."""
        results = _publish(ctx.udc, issuer_id, acts)
        items = [answers.published(act.reference, one) for act, one in zip(acts, results, strict=True)]
        return types.PublishActsResponse(item=items)

    @operation(
        types.CancelNotificationsResponse,
        types.Text,
        types.Cancellations,
        names=("issuerId", "cancellation"),
    )
    def CancelNotifications(  # noqa: N802
        ctx: Any, issuer_id: str, asked: list[types.Cancellation]
    ) -> types.CancelNotificationsResponse:
        """Withdraw notifications that are not decided."""
        items = [submissions.cancellation(one) for one in asked]
        return types.CancelNotificationsResponse(item=_act(ctx.udc, issuer_id, cancel_all, items))

    @operation(types.ExtendDeadlinesResponse, types.Text, types.Extensions, names=("issuerId", "extension"))
    def ExtendDeadlines(  # noqa: N802
        ctx: Any, issuer_id: str, asked: list[types.Extension]
    ) -> types.ExtendDeadlinesResponse:
        """Move unexpired deadlines (Ley 39/2015 art. 32.4)."""
        items = [submissions.extension(one) for one in asked]
        return types.ExtendDeadlinesResponse(item=_act(ctx.udc, issuer_id, extend_all, items))

    @operation(types.ReportExternalDecisionsResponse, types.Text, types.Reports, names=("issuerId", "report"))
    def ReportExternalDecisions(  # noqa: N802
        ctx: Any, issuer_id: str, asked: list[types.Report]
    ) -> types.ReportExternalDecisionsResponse:
        """Report decisions of other channels (Orden ISM/903/2020 art. 9)."""
        items = [submissions.report(one) for one in asked]
        return types.ReportExternalDecisionsResponse(item=_act(ctx.udc, issuer_id, report_all, items))

    @operation(
        types.ListOutcomesResponse,
        types.Text,
        types.OptionalText,
        types.OptionalInteger,
        names=("issuerId", "cursor", "pageSize"),
    )
    def ListOutcomes(  # noqa: N802
        ctx: Any, issuer_id: str, cursor: str | None, page_size: int | None
    ) -> types.ListOutcomesResponse:
        """Return what became of the body's acts, in commit order."""
        request: Request = ctx.udc
        with request.reading() as session:
            body = body_of(session, request.caller, issuer_id)
            page = list_outcomes(session, body=body, cursor=cursor, page_size=page_size or DEFAULT_PAGE_SIZE)
        request.access.show(row[3].code for row in page.rows)
        return types.ListOutcomesResponse(
            hasMore=page.has_more,
            nextCursor=page.next_cursor,
            outcome=[answers.outcome(*row[1:]) for row in page.rows],
        )

    @operation(
        types.DeclareOutageResponse,
        types.Instant,
        types.OptionalInstant,
        types.Text,
        names=("startedAt", "endedAt", "reason"),
    )
    def DeclareOutage(  # noqa: N802
        ctx: Any, started_at: datetime, ended_at: datetime | None, reason: str | None
    ) -> types.DeclareOutageResponse:
        """Declare a time in which the service could not be reached."""
        request: Request = ctx.udc
        with request.writing() as session:
            row = declare_outage(
                session,
                started_at=started_at,
                ended_at=ended_at,
                reason=reason or "",
                declared_by=request.caller.party,
                now=request.now,
            )
        return types.DeclareOutageResponse(outage=answers.outage(row))

    @operation(types.CloseOutageResponse, types.Text, types.Instant, names=("outageId", "endedAt"))
    def CloseOutage(ctx: Any, outage_id: str, ended_at: datetime) -> types.CloseOutageResponse:  # noqa: N802
        """End an outage."""
        request: Request = ctx.udc
        with request.writing() as session:
            row = close_outage(session, UUID(outage_id), ended_at=ended_at, now=request.now)
        return types.CloseOutageResponse(outage=answers.outage(row))


def _publish(request: Request, issuer_id: str, acts: Sequence[types.Act]) -> list[Any]:
    """Deposit every act's documents, then publish in one transaction; refusals stay in their places."""
    gateway = request.gateway
    with request.reading() as session:
        body = body_of(session, request.caller, issuer_id)
        uploads = find_uploads(session, body, submissions.hashes(acts))
    deposits: list[Deposit | PublicationError] = []
    for act in acts:
        try:
            submission = submissions.act(issuer_id, act, uploads)
            deposits.append(
                deposit_documents(gateway.store, submission, document_max_bytes=gateway.document_max_bytes)
            )
        except PublicationError as refusal:
            request.access.refuse(act.reference, type(refusal))
            deposits.append(refusal)
    stored = [one for one in deposits if isinstance(one, Deposit)]
    with request.writing() as session:
        outcomes = publish_all(
            session, stored, now=request.now, seal=gateway.seal, is_working_day=gateway.is_working_day
        )
        _note_publications(request, zip(stored, outcomes, strict=True))
    publications = iter(outcomes)
    return [next(publications) if isinstance(one, Deposit) else one for one in deposits]


def _note_publications(
    request: Request, outcomes: Iterable[tuple[Deposit, Publication | PublicationError]]
) -> None:
    """Note for the access record what was published to whom, and what was refused."""
    for deposit, outcome in outcomes:
        submission = deposit.submission
        if isinstance(outcome, Publication):
            request.access.found({outcome.notification.code: submission.addressee.identifier})
        else:
            request.access.refuse(submission.reference, type(outcome))


def _act(
    request: Request,
    issuer_id: str,
    use_case: Callable[..., list[Result]],
    items: Sequence[object],
) -> list[types.Item]:
    """Do a batch in one transaction; the answer is built after its commit."""
    with request.writing() as session:
        acting = Acting(
            body=body_of(session, request.caller, issuer_id),
            caller=request.caller,
            now=request.now,
            seal=request.gateway.seal,
            proof=request.proof,
        )
        results = use_case(session, items, acting=acting)
        for result in results:
            if result.problem is not None:
                request.access.refuse(result.reference, result.problem)
    return [answers.item(result) for result in results]
