"""The operations on rights: who acts for whom, by RED or by power, and how an addressee is notified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from spyne import ServiceBase

from notigateway.addressee import powers, red
from notigateway.addressee.alone import choose_alone
from notigateway.addressee.certifying import certify_power
from notigateway.contract import v1_representation as contract
from notigateway.law.powers import Named, PowerTerms
from notigateway.law.representation import DeliveryChannel, ItemKind, PowerScope
from notigateway.repository.rights import Power
from notigateway.soap.notigateway_v1 import representation_answers as answers
from notigateway.soap.operation import operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session
    from notigateway.soap.gate import Request

DEFAULT_PAGE_SIZE = 100
Terms = ParamSpec("Terms")
Changed = TypeVar("Changed")


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
                request.asking,
                cursor=asked.cursor,
                page_size=asked.page_size or DEFAULT_PAGE_SIZE,
            )
        return answers.representations(page, request.asking.now)

    @operation(contract.UnassignRed, contract.UnassignRedResponse)
    def UnassignRed(request: Request, asked: contract.UnassignRed) -> contract.UnassignRedResponse:
        """Take what comes from now on away from a RED person."""
        row = _change(request, red.unassign_red, UUID(asked.assignment_id))
        return contract.UnassignRedResponse(red_assignment=answers.red_assignment(row))

    @operation(contract.ReassignRed, contract.ReassignRedResponse)
    def ReassignRed(request: Request, asked: contract.ReassignRed) -> contract.ReassignRedResponse:
        """Give what comes from now on to a RED person again."""
        row = _change(request, red.reassign_red, UUID(asked.assignment_id))
        return contract.ReassignRedResponse(red_assignment=answers.red_assignment(row))

    @operation(contract.SetReceivingAlone, contract.SetReceivingAloneResponse)
    def SetReceivingAlone(
        request: Request, asked: contract.SetReceivingAlone
    ) -> contract.SetReceivingAloneResponse:
        """Keep what comes from now on from whoever is assigned in the RED system, or no longer."""
        standing = _change(request, choose_alone, alone=asked.receiving_alone)
        since = None if standing is None else standing.withheld_from
        return contract.SetReceivingAloneResponse(receiving_alone=asked.receiving_alone, since=since)

    @operation(contract.GrantPower, contract.GrantPowerResponse)
    def GrantPower(request: Request, asked: contract.GrantPower) -> contract.GrantPowerResponse:
        """Register a power of attorney."""
        terms = PowerTerms(
            attorney=asked.attorney,
            attorney_name=asked.attorney_name,
            scope=PowerScope(asked.scope),
            value=asked.value,
            items=tuple(map(_named, asked.items)),
            grantor_contact=asked.grantor_contact,
            attorney_contact=asked.attorney_contact,
            expires_at=asked.expires_at,
        )
        row = _change(request, powers.grant_power, terms)
        return contract.GrantPowerResponse(power=answers.power(row, request.asking.now))

    @operation(contract.AcceptPower, contract.AcceptPowerResponse)
    def AcceptPower(request: Request, asked: contract.AcceptPower) -> contract.AcceptPowerResponse:
        """Accept a power as its attorney."""
        row = _change(request, powers.accept_power, UUID(asked.power_id))
        return contract.AcceptPowerResponse(power=answers.power(row, request.asking.now))

    @operation(contract.MakeResponsibleStatement, contract.MakeResponsibleStatementResponse)
    def MakeResponsibleStatement(
        request: Request, asked: contract.MakeResponsibleStatement
    ) -> contract.MakeResponsibleStatementResponse:
        """State, as a legal person that is an attorney, that its statutes let it represent others."""
        row, *_ = _change(
            request,
            powers.make_statement,
            UUID(asked.power_id),
            is_affirmed=asked.statutes_allow_representation,
        )
        return contract.MakeResponsibleStatementResponse(power=answers.power(row, request.asking.now))

    @operation(contract.RenouncePower, contract.RenouncePowerResponse)
    def RenouncePower(request: Request, asked: contract.RenouncePower) -> contract.RenouncePowerResponse:
        """End a power as its attorney."""
        row = _end(request, powers.renounce_power, asked)
        return contract.RenouncePowerResponse(power=answers.power(row, request.asking.now))

    @operation(contract.RevokePower, contract.RevokePowerResponse)
    def RevokePower(request: Request, asked: contract.RevokePower) -> contract.RevokePowerResponse:
        """End a power as its grantor."""
        row = _end(request, powers.revoke_power, asked)
        return contract.RevokePowerResponse(power=answers.power(row, request.asking.now))

    @operation(contract.ExtendPower, contract.ExtendPowerResponse)
    def ExtendPower(request: Request, asked: contract.ExtendPower) -> contract.ExtendPowerResponse:
        """Let a power run longer, as its grantor."""
        row = _change(request, powers.extend_power, UUID(asked.power_id), asked.expires_at)
        return contract.ExtendPowerResponse(power=answers.power(row, request.asking.now))

    @operation(contract.CertifyPower, contract.CertifyPowerResponse)
    def CertifyPower(request: Request, asked: contract.CertifyPower) -> contract.CertifyPowerResponse:
        """Certify what the register holds of a power."""
        with request.writing() as session:
            made = certify_power(
                session, request.asking, UUID(asked.power_id), seal=request.office.proving.seal
            )
        return contract.CertifyPowerResponse(
            certificate_id=str(made.id), issued_at=made.issued_at, sha256=made.sha256, xml=made.xml
        )

    @operation(contract.ListPowers, contract.ListPowersResponse)
    def ListPowers(request: Request, asked: contract.ListPowers) -> contract.ListPowersResponse:
        """Return the powers that the caller has granted or received."""
        with request.reading() as session:
            page = powers.list_powers(
                session,
                request.asking,
                cursor=asked.cursor,
                page_size=asked.page_size or DEFAULT_PAGE_SIZE,
            )
        return answers.powers(page, request.asking.now)

    @operation(contract.ListMatters, contract.ListMattersResponse)
    def ListMatters(request: Request, asked: contract.ListMatters) -> contract.ListMattersResponse:
        """Return what a power may name."""
        with request.reading() as session:
            entries = powers.list_matters(session)
        return answers.matters(entries, request.asking.now)

    @operation(contract.GetDeliveryChannel, contract.GetDeliveryChannelResponse)
    def GetDeliveryChannel(
        request: Request, asked: contract.GetDeliveryChannel
    ) -> contract.GetDeliveryChannelResponse:
        """Return how the caller is notified."""
        with request.reading() as session:
            found = request.office.delivering.get_channel(session, request.asking)
        return contract.GetDeliveryChannelResponse(
            obliged=found.is_obliged,
            channel=found.channel,
            chosen_at=found.chosen_at,
            obligations=tuple(map(answers.obligation, found.obligations)),
        )

    @operation(contract.SetDeliveryChannel, contract.SetDeliveryChannelResponse)
    def SetDeliveryChannel(
        request: Request, asked: contract.SetDeliveryChannel
    ) -> contract.SetDeliveryChannelResponse:
        """Choose how the caller is notified of what is issued from now on."""
        channel = DeliveryChannel(asked.channel)
        with request.writing() as session:
            found = request.office.delivering.choose_channel(session, request.asking, channel)
        return contract.SetDeliveryChannelResponse(
            obliged=found.is_obliged,
            channel=found.channel,
            chosen_at=found.chosen_at,
            obligations=tuple(map(answers.obligation, found.obligations)),
        )


def _named(asked: contract.Named) -> Named:
    """Read what a power names."""
    return Named(ItemKind(asked.kind), asked.value)


def _end(
    request: Request,
    end: Callable[..., Power],
    asked: contract.RenouncePower | contract.RevokePower,
) -> Power:
    """End a power, or one of its items, by the policy of the office."""
    item = None if asked.item is None else _named(asked.item)
    return _change(request, end, UUID(asked.power_id), item, policy=request.office.power_policy)


def _change(
    request: Request,
    change: Callable[Concatenate[Session, Asking, Terms], Changed],
    *terms: Terms.args,
    **more: Terms.kwargs,
) -> Changed:
    """Change a right in one transaction; the answer is built after its commit.

    A power obliges its attorney: what is scheduled is looked at again (Orden ISM/903/2020 art. 4.1.d).
    """
    with request.writing() as session:
        changed = change(session, request.asking, *terms, **more)
        obliging = request.office.delivering.obliging
        for one in changed if isinstance(changed, list) else [changed]:
            if isinstance(one, Power):
                obliging.look_again_by_power(session, one, now=request.asking.now)
    return changed
