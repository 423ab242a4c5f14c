"""The operations on rights: who acts for whom, by RED or by power, and how an addressee is notified."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from spyne import ServiceBase

from notigateway.addressee import delivery, powers, red
from notigateway.contract import v1_representation as contract
from notigateway.law.representation import DeliveryChannel, PowerScope
from notigateway.law.titles import PowerTerms
from notigateway.receipts.recording import Asking
from notigateway.soap.notigateway_v1 import representation_answers as answers
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.repository.rights import Power, RedAssignment
    from notigateway.repository.session import Session
    from notigateway.soap.request import Request

DEFAULT_PAGE_SIZE = 100


class RepresentationService(ServiceBase):
    """Rights and delivery."""

    @operation(contract.ListRepresentations, contract.ListRepresentationsResponse)
    def ListRepresentations(
        request: Request, asked: contract.ListRepresentations
    ) -> contract.ListRepresentationsResponse:
        """Return for whom the caller may act now, and who manages its own account."""
        with request.reading() as session:
            page = red.list_representations(
                session,
                caller=request.caller,
                cursor=asked.cursor,
                page_size=asked.page_size or DEFAULT_PAGE_SIZE,
                now=request.now,
            )
        return answers.representations(page, request.now)

    @operation(contract.UnassignRed, contract.UnassignRedResponse)
    def UnassignRed(request: Request, asked: contract.UnassignRed) -> contract.UnassignRedResponse:
        """Take what comes from now on away from a RED person."""
        row = _assignment(request, red.unassign_red, asked)
        return contract.UnassignRedResponse(red_assignment=answers.red_assignment(row))

    @operation(contract.ReassignRed, contract.ReassignRedResponse)
    def ReassignRed(request: Request, asked: contract.ReassignRed) -> contract.ReassignRedResponse:
        """Give what comes from now on to a RED person again."""
        row = _assignment(request, red.reassign_red, asked)
        return contract.ReassignRedResponse(red_assignment=answers.red_assignment(row))

    @operation(contract.GrantPower, contract.GrantPowerResponse)
    def GrantPower(request: Request, asked: contract.GrantPower) -> contract.GrantPowerResponse:
        """Register a power of attorney."""
        terms = PowerTerms(
            attorney=asked.attorney,
            attorney_name=asked.attorney_name,
            scope=PowerScope(asked.scope),
            value=asked.value,
            special_category=asked.special_category,
            expires_at=asked.expires_at,
        )
        row = _power(request, lambda session, asking: powers.grant_power(session, terms, asking=asking))
        return contract.GrantPowerResponse(power=answers.power(row, request.now))

    @operation(contract.AcceptPower, contract.AcceptPowerResponse)
    def AcceptPower(request: Request, asked: contract.AcceptPower) -> contract.AcceptPowerResponse:
        """Accept a power as its attorney."""
        wanted = UUID(asked.power_id)
        row = _power(request, lambda session, asking: powers.accept_power(session, wanted, asking=asking))
        return contract.AcceptPowerResponse(power=answers.power(row, request.now))

    @operation(contract.RenouncePower, contract.RenouncePowerResponse)
    def RenouncePower(request: Request, asked: contract.RenouncePower) -> contract.RenouncePowerResponse:
        """End a power as its attorney."""
        wanted = UUID(asked.power_id)
        row = _power(request, lambda session, asking: powers.renounce_power(session, wanted, asking=asking))
        return contract.RenouncePowerResponse(power=answers.power(row, request.now))

    @operation(contract.RevokePower, contract.RevokePowerResponse)
    def RevokePower(request: Request, asked: contract.RevokePower) -> contract.RevokePowerResponse:
        """End a power as its grantor."""
        wanted = UUID(asked.power_id)
        row = _power(request, lambda session, asking: powers.revoke_power(session, wanted, asking=asking))
        return contract.RevokePowerResponse(power=answers.power(row, request.now))

    @operation(contract.ExtendPower, contract.ExtendPowerResponse)
    def ExtendPower(request: Request, asked: contract.ExtendPower) -> contract.ExtendPowerResponse:
        """Let a power run longer, as its grantor."""
        wanted, until = UUID(asked.power_id), asked.expires_at
        row = _power(
            request, lambda session, asking: powers.extend_power(session, wanted, until, asking=asking)
        )
        return contract.ExtendPowerResponse(power=answers.power(row, request.now))

    @operation(contract.ListPowers, contract.ListPowersResponse)
    def ListPowers(request: Request, asked: contract.ListPowers) -> contract.ListPowersResponse:
        """Return the powers that the caller has granted or received."""
        with request.reading() as session:
            page = powers.list_powers(
                session,
                caller=request.caller,
                cursor=asked.cursor,
                page_size=asked.page_size or DEFAULT_PAGE_SIZE,
            )
        return answers.powers(page, request.now)

    @operation(contract.GetDeliveryChannel, contract.GetDeliveryChannelResponse)
    def GetDeliveryChannel(
        request: Request, asked: contract.GetDeliveryChannel
    ) -> contract.GetDeliveryChannelResponse:
        """Return how the caller is notified."""
        with request.reading() as session:
            found = delivery.get_delivery_channel(session, caller=request.caller)
        return contract.GetDeliveryChannelResponse(
            obliged=found.is_obliged, channel=found.channel, chosen_at=found.chosen_at
        )

    @operation(contract.SetDeliveryChannel, contract.SetDeliveryChannelResponse)
    def SetDeliveryChannel(
        request: Request, asked: contract.SetDeliveryChannel
    ) -> contract.SetDeliveryChannelResponse:
        """Choose how the caller is notified of what is issued from now on."""
        channel = DeliveryChannel(asked.channel)
        with request.writing() as session:
            found = delivery.set_delivery_channel(session, channel, asking=_asking(request))
        return contract.SetDeliveryChannelResponse(
            obliged=found.is_obliged, channel=found.channel, chosen_at=found.chosen_at
        )


def _power(request: Request, change: Callable[[Session, Asking], Power]) -> Power:
    """Change a power in one transaction; the answer is built after its commit."""
    with request.writing() as session:
        return change(session, _asking(request))


def _assignment(
    request: Request, change: Callable[..., RedAssignment], asked: contract.UnassignRed
) -> RedAssignment:
    """Change a RED assignment in one transaction."""
    with request.writing() as session:
        return change(session, UUID(asked.assignment_id), asking=_asking(request))


def _asking(request: Request) -> Asking:
    """Say who asks, when, with what proof."""
    return Asking(caller=request.caller, now=request.now, proof=request.proof)
