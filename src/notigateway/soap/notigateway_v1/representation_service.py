"""The operations on rights: who acts for whom, by RED or by power, and how an addressee is notified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from spyne import ServiceBase

from notigateway.addressee import delivery, powers, red
from notigateway.law.representation import DeliveryChannel, PowerScope
from notigateway.law.titles import PowerTerms
from notigateway.receipts.recording import Asking
from notigateway.soap.notigateway_v1 import representation_answers as answers
from notigateway.soap.notigateway_v1 import representation_types as types
from notigateway.soap.notigateway_v1.types import Id, OptionalInteger, OptionalText
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from notigateway.repository.rights import Power, RedAssignment
    from notigateway.repository.session import Session
    from notigateway.soap.request import Request

DEFAULT_PAGE_SIZE = 100


class RepresentationService(ServiceBase):
    """Rights and delivery; every `ctx.udc` is a `Request`."""

    @operation(types.ListRepresentationsResponse, OptionalText, OptionalInteger, names=("cursor", "pageSize"))
    def ListRepresentations(  # noqa: N802
        ctx: Any, cursor: str | None, page_size: int | None
    ) -> types.ListRepresentationsResponse:
        """Return for whom the caller may act now, and who manages its own account."""
        request: Request = ctx.udc
        with request.reading() as session:
            page = red.list_representations(
                session,
                caller=request.caller,
                cursor=cursor,
                page_size=page_size or DEFAULT_PAGE_SIZE,
                now=request.now,
            )
        return answers.representations(page, request.now)

    @operation(types.UnassignRedResponse, Id, names=("assignmentId",))
    def UnassignRed(ctx: Any, assignment_id: str) -> types.UnassignRedResponse:  # noqa: N802
        """Take what comes from now on away from a RED person."""
        row = _assignment(ctx.udc, red.unassign_red, assignment_id)
        return types.UnassignRedResponse(redAssignment=answers.red_assignment(row))

    @operation(types.ReassignRedResponse, Id, names=("assignmentId",))
    def ReassignRed(ctx: Any, assignment_id: str) -> types.ReassignRedResponse:  # noqa: N802
        """Give what comes from now on to a RED person again."""
        row = _assignment(ctx.udc, red.reassign_red, assignment_id)
        return types.ReassignRedResponse(redAssignment=answers.red_assignment(row))

    @operation(
        types.GrantPowerResponse,
        types.Text,
        types.Text,
        types.Text,
        OptionalText,
        types.Flag,
        types.Instant,
        names=("attorney", "attorneyName", "scope", "value", "specialCategory", "expiresAt"),
    )
    def GrantPower(  # noqa: N802
        ctx: Any,
        attorney: str,
        attorney_name: str,
        scope: str,
        value: str | None,
        special_category: bool,  # noqa: FBT001
        expires_at: datetime,
    ) -> types.GrantPowerResponse:
        """Register a power of attorney."""
        terms = PowerTerms(
            attorney=attorney,
            attorney_name=attorney_name,
            scope=PowerScope(scope),
            value=value,
            special_category=special_category,
            expires_at=expires_at,
        )
        row = _power(ctx.udc, lambda session, asking: powers.grant_power(session, terms, asking=asking))
        return types.GrantPowerResponse(power=answers.power(row, ctx.udc.now))

    @operation(types.AcceptPowerResponse, Id, names=("powerId",))
    def AcceptPower(ctx: Any, power_id: str) -> types.AcceptPowerResponse:  # noqa: N802
        """Accept a power as its attorney."""
        wanted = UUID(power_id)
        row = _power(ctx.udc, lambda session, asking: powers.accept_power(session, wanted, asking=asking))
        return types.AcceptPowerResponse(power=answers.power(row, ctx.udc.now))

    @operation(types.RenouncePowerResponse, Id, names=("powerId",))
    def RenouncePower(ctx: Any, power_id: str) -> types.RenouncePowerResponse:  # noqa: N802
        """End a power as its attorney."""
        wanted = UUID(power_id)
        row = _power(ctx.udc, lambda session, asking: powers.renounce_power(session, wanted, asking=asking))
        return types.RenouncePowerResponse(power=answers.power(row, ctx.udc.now))

    @operation(types.RevokePowerResponse, Id, names=("powerId",))
    def RevokePower(ctx: Any, power_id: str) -> types.RevokePowerResponse:  # noqa: N802
        """End a power as its grantor."""
        wanted = UUID(power_id)
        row = _power(ctx.udc, lambda session, asking: powers.revoke_power(session, wanted, asking=asking))
        return types.RevokePowerResponse(power=answers.power(row, ctx.udc.now))

    @operation(types.ExtendPowerResponse, Id, types.Instant, names=("powerId", "expiresAt"))
    def ExtendPower(ctx: Any, power_id: str, expires_at: datetime) -> types.ExtendPowerResponse:  # noqa: N802
        """Let a power run longer, as its grantor."""
        wanted = UUID(power_id)
        row = _power(
            ctx.udc, lambda session, asking: powers.extend_power(session, wanted, expires_at, asking=asking)
        )
        return types.ExtendPowerResponse(power=answers.power(row, ctx.udc.now))

    @operation(types.ListPowersResponse, OptionalText, OptionalInteger, names=("cursor", "pageSize"))
    def ListPowers(ctx: Any, cursor: str | None, page_size: int | None) -> types.ListPowersResponse:  # noqa: N802
        """Return the powers that the caller has granted or received."""
        request: Request = ctx.udc
        with request.reading() as session:
            page = powers.list_powers(
                session, caller=request.caller, cursor=cursor, page_size=page_size or DEFAULT_PAGE_SIZE
            )
        return answers.powers(page, request.now)

    @operation(types.GetDeliveryChannelResponse)
    def GetDeliveryChannel(ctx: Any) -> types.GetDeliveryChannelResponse:  # noqa: N802
        """Return how the caller is notified."""
        request: Request = ctx.udc
        with request.reading() as session:
            found = delivery.get_delivery_channel(session, caller=request.caller)
        return answers.delivery(types.GetDeliveryChannelResponse, found)

    @operation(types.SetDeliveryChannelResponse, types.Text, names=("channel",))
    def SetDeliveryChannel(ctx: Any, channel: str) -> types.SetDeliveryChannelResponse:  # noqa: N802
        """Choose how the caller is notified of what is issued from now on."""
        request: Request = ctx.udc
        with request.writing() as session:
            found = delivery.set_delivery_channel(session, DeliveryChannel(channel), asking=_asking(request))
        return answers.delivery(types.SetDeliveryChannelResponse, found)


def _power(request: Request, change: Callable[[Session, Asking], Power]) -> Power:
    """Change a power in one transaction; the answer is built after its commit."""
    with request.writing() as session:
        return change(session, _asking(request))


def _assignment(request: Request, change: Callable[..., RedAssignment], assignment_id: str) -> RedAssignment:
    """Change a RED assignment in one transaction."""
    with request.writing() as session:
        return change(session, UUID(assignment_id), asking=_asking(request))


def _asking(request: Request) -> Asking:
    """Say who asks, when, with what proof."""
    return Asking(caller=request.caller, now=request.now, proof=request.proof)
