"""The operations that follow changes, count, tell the history and show the log; none has a legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from spyne import ServiceBase

from notigateway.addressee.counting import count_addressees
from notigateway.contract import v1_following as contract
from notigateway.contract.versions import Version
from notigateway.law.representation import Role
from notigateway.soap.notigateway_v1 import answers
from notigateway.soap.notigateway_v1.rows import render_changes
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from notigateway.soap.gate import Request

DEFAULT_CHANGES = 100
DEFAULT_ADDRESSEES = 1_000


class FollowingService(ServiceBase):
    """What has changed, how much there is, what happened, and that the log only grows."""

    @operation(contract.ListChanges, contract.ListChangesResponse)
    def ListChanges(request: Request, asked: contract.ListChanges) -> bytes:
        """Return a page of changes in the order of their commit."""
        with request.reading_changes() as session:
            page = request.office.following.list_changes(
                session,
                request.asking,
                cursor=asked.cursor,
                from_now=bool(asked.from_now),
                page_size=asked.page_size or DEFAULT_CHANGES,
                with_rights=bool(asked.with_rights_changes) and asked.version >= Version.V1_1,
                with_marks=bool(asked.with_marks),
            )
        request.access.found({row.code: row.identifier for row in page.rows})
        return render_changes(page, asked.version)

    @operation(contract.GetSummary, contract.GetSummaryResponse)
    def GetSummary(request: Request, asked: contract.GetSummary) -> contract.GetSummaryResponse:
        """Count what the caller may see."""
        with request.reading() as session:
            role = None if asked.role is None else Role(asked.role)
            summary = request.office.following.get_summary(session, request.asking, role=role)
            page = None
            if asked.count_addressees and asked.version >= Version.V1_1:
                page = count_addressees(
                    session,
                    request.asking,
                    rights=request.office.following.rights,
                    role=role,
                    cursor=asked.cursor,
                    page_size=asked.page_size or DEFAULT_ADDRESSEES,
                )
        return answers.summary(summary, page)

    @operation(contract.GetHistory, contract.GetHistoryResponse)
    def GetHistory(request: Request, asked: contract.GetHistory) -> contract.GetHistoryResponse:
        """Return the events of one notification."""
        with request.reading() as session:
            history = request.office.following.get_history(session, request.asking, UUID(asked.id))
            return answers.history(history, request.asking.now, asked.version)

    @operation(contract.GetLogHead, contract.GetLogHeadResponse)
    def GetLogHead(request: Request, _asked: contract.GetLogHead) -> contract.GetLogHeadResponse:
        """Return the newest head of the log, as everybody may read it."""
        with request.reading() as session:
            return contract.GetLogHeadResponse(head=request.office.log.head(session))

    @operation(contract.ProveConsistency, contract.ProveConsistencyResponse)
    def ProveConsistency(
        request: Request, asked: contract.ProveConsistency
    ) -> contract.ProveConsistencyResponse:
        """Prove that the log only grew between two sizes that its newest head covers."""
        with request.reading() as session:
            proof = request.office.log.consistency(session, asked.old_size, asked.new_size)
        return contract.ProveConsistencyResponse(
            old_size=asked.old_size, new_size=asked.new_size, hashes=proof
        )
