"""The operations that follow changes, count and tell the history; none has a legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from spyne import ServiceBase

from notigateway.addressee import following
from notigateway.law.representation import Role
from notigateway.soap.notigateway_v1 import following_answers, following_types, types
from notigateway.soap.notigateway_v1.rows import render_changes
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from notigateway.soap.request import Request

DEFAULT_CHANGES = 100


class FollowingService(ServiceBase):
    """What has changed, how much there is, what happened; every `ctx.udc` is a `Request`."""

    @operation(
        following_types.ListChangesResponse,
        types.OptionalText,
        types.OptionalBoolean,
        types.OptionalInteger,
        names=("cursor", "fromNow", "pageSize"),
    )
    def ListChanges(  # noqa: N802
        ctx: Any,
        cursor: str | None,
        from_now: bool | None,  # noqa: FBT001
        page_size: int | None,
    ) -> bytes:
        """Return a page of changes in the order of their commit."""
        request: Request = ctx.udc
        with request.reading() as session:
            page = following.list_changes(
                session,
                caller=request.caller,
                cursor=cursor,
                from_now=bool(from_now),
                policy=request.gateway.rights,
                page_size=page_size or DEFAULT_CHANGES,
                now=request.now,
            )
        request.access.found({row.code: row.identifier for row in page.rows})
        return render_changes(page)

    @operation(following_types.GetSummaryResponse, types.OptionalText, names=("role",))
    def GetSummary(ctx: Any, role: str | None) -> following_types.GetSummaryResponse:  # noqa: N802
        """Count what the caller may see."""
        request: Request = ctx.udc
        with request.reading() as session:
            summary = following.get_summary(
                session,
                caller=request.caller,
                role=None if role is None else Role(role),
                now=request.now,
                policy=request.gateway.rights,
            )
        return following_answers.summary(summary)

    @operation(following_types.GetHistoryResponse, types.Id, names=("id",))
    def GetHistory(ctx: Any, notification_id: str) -> following_types.GetHistoryResponse:  # noqa: N802
        """Return the events of one notification."""
        request: Request = ctx.udc
        with request.reading() as session:
            history = following.get_history(
                session,
                caller=request.caller,
                notification_id=UUID(notification_id),
                now=request.now,
                policy=request.gateway.rights,
            )
            return following_answers.history(history, request.now)
