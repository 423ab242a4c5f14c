"""The operations of `urn:notigateway:issuing:v1`: take what is asked, call a use case, commit, answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from spyne import ServiceBase

from notigateway.clock.outages import close_outage, declare_outage
from notigateway.contract import issuing_v1 as contract
from notigateway.errors import CallerNotIssuingBodyError, CallerNotOperatorError, PublicationError
from notigateway.issuer.amending import body_of, cancel_all, extend_all, list_outcomes
from notigateway.issuer.deposits import Deposit
from notigateway.issuer.employees import acting_caller
from notigateway.issuer.publishing import Publication, UploadedDocument, keep_uploads
from notigateway.law.employees import speaks_for_body
from notigateway.law.submission import ActSubmission
from notigateway.receipts.recording import record_request
from notigateway.repository.issuer import find_uploads, is_issuing_body
from notigateway.soap.notigateway_issuing_v1 import answers, submissions
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from notigateway.issuer.amending import Result
    from notigateway.law.caller import Caller
    from notigateway.repository.session import Session
    from notigateway.soap.gate import Request

DEFAULT_PAGE_SIZE = 100
OPERATORS_ONLY = frozenset({"DeclareOutage", "CloseOutage"})


def check_issuer(session: Session, caller: Caller, operation: str, *, operators: frozenset[str]) -> None:
    """Check that the party may ask for the operation: an issuing body, or an operator for outages.

    A body asks by its seal, or by an employee whom it has authorised.

    Raises: `CallerNotIssuingBodyError`, `CallerNotOperatorError`.
    """
    if operation in OPERATORS_ONLY:
        if caller.party not in operators:
            raise CallerNotOperatorError(f"party {caller.party}")
    elif not is_issuing_body(session, caller.party):
        if caller.employer is not None and is_issuing_body(session, caller.employer):
            raise CallerNotIssuingBodyError(f"signer {caller.signer}", reason="not-authorised")
        raise CallerNotIssuingBodyError(f"party {caller.party}")
    elif not speaks_for_body(caller):
        raise CallerNotIssuingBodyError(f"a certificate of the family {caller.family}", reason="not-a-seal")


def as_whom(session: Session, caller: Caller, operation: str, now: datetime) -> Caller:
    """Return as whom a caller asks: an employee as the body that authorised it, but for outages."""
    return caller if operation in OPERATORS_ONLY else acting_caller(session, caller, now=now)


class IssuingService(ServiceBase):
    """What an issuing body can do."""

    @operation(contract.UploadDocuments, contract.UploadDocumentsResponse)
    def UploadDocuments(
        request: Request, asked: contract.UploadDocuments
    ) -> contract.UploadDocumentsResponse:
        """Store documents that acts will name by their hash."""
        with request.reading() as session:
            body_of(session, request.asking, asked.issuer_id)
        results = request.office.publishing.store_uploads(asked.contents)
        with request.writing() as session:
            body = body_of(session, request.asking, asked.issuer_id)
            kept = [result for result in results if isinstance(result, UploadedDocument)]
            keep_uploads(session, body, kept, now=request.asking.now)
        return contract.UploadDocumentsResponse(items=tuple(map(answers.uploaded, results)))

    @operation(contract.PublishActs, contract.PublishActsResponse)
    def PublishActs(request: Request, asked: contract.PublishActs) -> contract.PublishActsResponse:
        """Put acts at the disposal of their addressees."""
        pairs = zip(asked.acts, _publish(request, asked), strict=True)
        items = tuple(answers.published(act.reference, one) for act, one in pairs)
        return contract.PublishActsResponse(items=items)

    @operation(contract.CancelNotifications, contract.CancelNotificationsResponse)
    def CancelNotifications(
        request: Request, asked: contract.CancelNotifications
    ) -> contract.CancelNotificationsResponse:
        """Withdraw notifications that are not decided."""
        items = _act(request, asked.issuer_id, cancel_all, asked.cancellations)
        return contract.CancelNotificationsResponse(items=items)

    @operation(contract.ExtendDeadlines, contract.ExtendDeadlinesResponse)
    def ExtendDeadlines(
        request: Request, asked: contract.ExtendDeadlines
    ) -> contract.ExtendDeadlinesResponse:
        """Move unexpired deadlines (Ley 39/2015 art. 32.4)."""
        items = _act(request, asked.issuer_id, extend_all, asked.extensions)
        return contract.ExtendDeadlinesResponse(items=items)

    @operation(contract.ReportExternalDecisions, contract.ReportExternalDecisionsResponse)
    def ReportExternalDecisions(
        request: Request, asked: contract.ReportExternalDecisions
    ) -> contract.ReportExternalDecisionsResponse:
        """Report decisions of other channels (Orden ISM/903/2020 art. 9)."""
        reports = list(map(submissions.report, asked.reports))
        items = _act(request, asked.issuer_id, request.office.reporting.report_all, reports)
        return contract.ReportExternalDecisionsResponse(items=items)

    @operation(contract.ListOutcomes, contract.ListOutcomesResponse)
    def ListOutcomes(request: Request, asked: contract.ListOutcomes) -> contract.ListOutcomesResponse:
        """Return what became of the body's acts, in commit order."""
        with request.reading_changes() as session:
            body = body_of(session, request.asking, asked.issuer_id)
            page = list_outcomes(
                session, body=body, cursor=asked.cursor, page_size=asked.page_size or DEFAULT_PAGE_SIZE
            )
        request.access.show(row[3].code for row in page.rows)
        return contract.ListOutcomesResponse(
            has_more=page.has_more,
            next_cursor=page.next_cursor,
            outcomes=tuple(answers.outcome(*row[1:]) for row in page.rows),
        )

    @operation(contract.CommunicateSuccession, contract.CommunicateSuccessionResponse)
    def CommunicateSuccession(
        request: Request, asked: contract.CommunicateSuccession
    ) -> contract.CommunicateSuccessionResponse:
        """Let one take the place of another in the body's procedures (RD 203/2021 art. 42.4)."""
        terms = submissions.succession(asked)
        with request.writing() as session:
            body = body_of(session, request.asking, asked.issuer_id)
            row = request.office.succeeding.communicate(
                session,
                terms,
                body=body,
                now=request.asking.now,
                request_sha256=request.asking.proof.sha256,
            )
            if row.request_sha256 == request.asking.proof.sha256:  # no repeat of an earlier one
                record_request(session, request.asking)
            said = answers.succession(row)
        return contract.CommunicateSuccessionResponse(succession=said)

    @operation(contract.DeclareOutage, contract.DeclareOutageResponse)
    def DeclareOutage(request: Request, asked: contract.DeclareOutage) -> contract.DeclareOutageResponse:
        """Declare a time in which the service could not be reached."""
        with request.writing() as session:
            row = declare_outage(
                session,
                started_at=asked.started_at,
                ended_at=asked.ended_at,
                reason=asked.reason,
                declared_by=request.asking.party,
                now=request.asking.now,
                hours_add_up=request.office.outage_hours_add_up,
            )
        return contract.DeclareOutageResponse(outage=answers.outage(row))

    @operation(contract.CloseOutage, contract.CloseOutageResponse)
    def CloseOutage(request: Request, asked: contract.CloseOutage) -> contract.CloseOutageResponse:
        """End an outage."""
        with request.writing() as session:
            row = close_outage(
                session,
                UUID(asked.outage_id),
                ended_at=asked.ended_at,
                now=request.asking.now,
                hours_add_up=request.office.outage_hours_add_up,
            )
        return contract.CloseOutageResponse(outage=answers.outage(row))


def _publish(request: Request, asked: contract.PublishActs) -> list[Publication | PublicationError]:
    """Deposit every act's documents, then publish in one transaction; refusals stay in their places."""
    publishing = request.office.publishing
    with request.reading() as session:
        body = body_of(session, request.asking, asked.issuer_id)
        publishing.seal.check(request.asking.now)  # before a document is stored of what nobody could attest
        uploads = find_uploads(session, body, submissions.hashes(asked.acts))
    submitted: list[ActSubmission | PublicationError] = []
    for act in asked.acts:
        try:
            submitted.append(submissions.act(asked.issuer_id, act, uploads))
        except PublicationError as refusal:
            submitted.append(refusal)
    deposited = iter(publishing.deposit_all([one for one in submitted if isinstance(one, ActSubmission)]))
    deposits = [next(deposited) if isinstance(one, ActSubmission) else one for one in submitted]
    for act, one in zip(asked.acts, deposits, strict=True):
        if isinstance(one, PublicationError):
            request.access.refuse(act.reference, type(one))
    stored = [one for one in deposits if isinstance(one, Deposit)]
    with request.writing() as session:
        outcomes = publishing.publish_all(session, stored, now=request.asking.now)
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
            row = outcome.notification  # of a successor, where the act names whose place it has taken
            request.access.found({row.code: row.addressee.identifier})
        else:
            request.access.refuse(submission.reference, type(outcome))


def _act(
    request: Request,
    issuer_id: str,
    use_case: Callable[..., list[Result]],
    items: Sequence[object],
) -> tuple[contract.Item, ...]:
    """Do a batch in one transaction; the answer is built after its commit."""
    with request.writing() as session:
        body = body_of(session, request.asking, issuer_id)
        results = use_case(session, request.asking, body, items)
        for result in results:
            if result.problem is not None:
                request.access.refuse(result.reference, result.problem)
    return tuple(map(answers.item, results))
