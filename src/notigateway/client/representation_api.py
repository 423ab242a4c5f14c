"""The operations on representation, powers and delivery as methods, in the elements of the contract."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, TypeVar

from notigateway.client import wire
from notigateway.client.calling import Caller
from notigateway.client.errors import ReceiptNotVerifiedError, UnexpectedResponseError
from notigateway.contract import v1_representation as contract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from notigateway.contract.v1_representation import (
        CertifyPowerResponse,
        GetDeliveryChannelResponse,
        ListRepresentationsResponse,
        Matter,
        Named,
        Power,
        RedAssignment,
        SetReceivingAloneResponse,
    )

PAGE_SIZE = 1_000
Paged = TypeVar("Paged", contract.ListRepresentationsResponse, contract.ListPowersResponse)


class RepresentationOperations(Caller):
    """Who acts for whom, by RED or by power, and how the caller is notified.

    What changes something is sent once answers can be proven, and may be repeated: a repeat changes nothing.
    Errors are those of every method; what the service refuses is a `GatewayFaultError` with its code.
    """

    # --- RED --------------------------------------------------------------------------------------

    def representation_pages(self, *, page_size: int = PAGE_SIZE) -> Iterator[ListRepresentationsResponse]:
        """Yield for whom the caller may act, page by page; the first one says who manages its own account."""
        yield from self._pages(
            contract.ListRepresentationsResponse,
            lambda cursor: contract.ListRepresentations(cursor=cursor, page_size=page_size),
        )

    def unassign_red(self, assignment_id: str) -> RedAssignment:
        """Take what comes from now on away from a RED person; standing, until it is taken back."""
        asked = contract.UnassignRed(assignment_id=assignment_id)
        return self._red(contract.UnassignRedResponse, asked)

    def reassign_red(self, assignment_id: str) -> RedAssignment:
        """Give what comes from now on to the RED person of an assignment again."""
        return self._red(contract.ReassignRedResponse, contract.ReassignRed(assignment_id=assignment_id))

    def set_receiving_alone(self, *, alone: bool) -> SetReceivingAloneResponse:
        """Receive alone from now on, whoever is assigned; or no longer."""
        asked = contract.SetReceivingAlone(receiving_alone=alone)
        return wire.read(contract.SetReceivingAloneResponse, self._call_with_effect(asked))

    # --- powers -----------------------------------------------------------------------------------

    def list_powers(self, *, page_size: int = PAGE_SIZE) -> Iterator[Power]:
        """Yield the powers that the caller has granted or received, ended ones too."""
        pages = self._pages(
            contract.ListPowersResponse,
            lambda cursor: contract.ListPowers(cursor=cursor, page_size=page_size),
        )
        for page in pages:
            yield from page.powers

    def list_matters(self) -> Sequence[Matter]:
        """Return what a power may name, as the catalogue has it now."""
        return wire.read(contract.ListMattersResponse, self._call(contract.ListMatters())).matters

    def grant_power(
        self,
        attorney: str,
        attorney_name: str,
        *,
        scope: Literal["general", "matter", "procedure"],
        expires_at: datetime,
        items: Sequence[Named] = (),
        grantor_contact: str | None = None,
        attorney_contact: str | None = None,
    ) -> Power:
        """Register a power of the caller; it takes effect once the attorney accepts it, within a month."""
        asked = contract.GrantPower(
            attorney=attorney,
            attorney_name=attorney_name,
            scope=scope,
            expires_at=expires_at,
            items=tuple(items),
            grantor_contact=grantor_contact,
            attorney_contact=attorney_contact,
        )
        return wire.read(contract.GrantPowerResponse, self._call_with_effect(asked)).power

    def accept_power(self, power_id: str) -> Power:
        """Accept a power as its attorney: it takes effect now."""
        return self._power(contract.AcceptPowerResponse, contract.AcceptPower(power_id=power_id))

    def make_responsible_statement(self, power_id: str) -> Power:
        """State, as a legal person that is its attorney, that its statutes let it represent others."""
        asked = contract.MakeResponsibleStatement(power_id=power_id, statutes_allow_representation=True)
        return self._power(contract.MakeResponsibleStatementResponse, asked)

    def renounce_power(self, power_id: str, item: Named | None = None) -> Power:
        """End a power as its attorney, or one of its items."""
        asked = contract.RenouncePower(power_id=power_id, item=item)
        return self._power(contract.RenouncePowerResponse, asked)

    def revoke_power(self, power_id: str, item: Named | None = None) -> Power:
        """End a power as its grantor, or one of its items."""
        asked = contract.RevokePower(power_id=power_id, item=item)
        return self._power(contract.RevokePowerResponse, asked)

    def extend_power(self, power_id: str, expires_at: datetime) -> Power:
        """Let a power in force run longer, as its grantor: at most five years from now."""
        asked = contract.ExtendPower(power_id=power_id, expires_at=expires_at)
        return self._power(contract.ExtendPowerResponse, asked)

    def certify_power(self, power_id: str) -> CertifyPowerResponse:
        """Return a sealed certificate of what the register holds of a power.

        Its seal is proven by `evidence`, with the pinned seal certificates, not by the envelope.

        Raises: `ReceiptNotVerifiedError` where its bytes are not those of its hash.
        """
        asked = contract.CertifyPower(power_id=power_id)
        made = wire.read(contract.CertifyPowerResponse, self._call(asked))
        if hashlib.sha256(made.xml).hexdigest() != made.sha256:
            raise ReceiptNotVerifiedError(f"certificate {made.certificate_id} does not match its hash")
        return made

    # --- delivery ---------------------------------------------------------------------------------

    def delivery_channel(self) -> GetDeliveryChannelResponse:
        """Return how the caller is notified, and on which grounds it is obliged to the electronic channel."""
        return wire.read(contract.GetDeliveryChannelResponse, self._call(contract.GetDeliveryChannel()))

    def set_delivery_channel(self, channel: str) -> GetDeliveryChannelResponse:
        """Choose how the caller is notified of what is issued from now on: `electronic` or `postal`."""
        asked = contract.SetDeliveryChannel(channel=channel)
        return wire.read(contract.SetDeliveryChannelResponse, self._call_with_effect(asked))

    # ----------------------------------------------------------------------------------------------

    def _red(self, kind: type[contract.UnassignRedResponse], asked: contract.UnassignRed) -> RedAssignment:
        return wire.read(kind, self._call_with_effect(asked)).red_assignment

    def _power(self, kind: type[contract.GrantPowerResponse], asked: contract.AcceptPower) -> Power:
        """Return the power that was asked for. Raises: `UnexpectedResponseError` for another one."""
        power = wire.read(kind, self._call_with_effect(asked)).power
        if power.power_id.lower() != asked.power_id.lower():
            raise UnexpectedResponseError("the answer is about another power than the request")
        return power

    def _pages(
        self, kind: type[Paged], ask: Callable[[str | None], contract.ListRepresentations]
    ) -> Iterator[Paged]:
        """Yield pages. Raises: `UnexpectedResponseError` where one does not lead to the next."""
        cursor: str | None = None
        while True:
            page = wire.read(kind, self._call(ask(cursor)))
            yield page
            if not page.has_more:
                return
            if page.next_cursor in {None, cursor}:
                raise UnexpectedResponseError("the page does not lead to the next one")
            cursor = page.next_cursor
