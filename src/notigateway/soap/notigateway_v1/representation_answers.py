"""From powers, RED assignments and choices to wire types."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from notigateway.law.representation import PowerState, Role, acceptance_deadline
from notigateway.repository import rights
from notigateway.soap.notigateway_v1 import representation_types as types
from notigateway.soap.notigateway_v1.types import Party

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.addressee.delivery import Delivery
    from notigateway.addressee.powers import PowerPage
    from notigateway.addressee.red import Representations
    from notigateway.repository.model import Addressee


Answer = TypeVar("Answer", types.GetDeliveryChannelResponse, types.SetDeliveryChannelResponse)


def power(row: rights.Power, now: datetime) -> types.Power:
    """Return a power as of `now`."""
    state = row.state_at(now)
    return types.Power(
        powerId=str(row.id),
        grantor=party(row.grantor),
        attorney=Party(identifier=row.attorney, name=row.attorney_name),
        scope=str(row.scope),
        value=row.value,
        specialCategory=row.special_category,
        state=str(state),
        registeredAt=row.registered_at,
        acceptBefore=acceptance_deadline(row.registered_at) if state is PowerState.PENDING else None,
        acceptedAt=row.accepted_at,
        expiresAt=row.expires_at,
        endedAt=row.ended_at,
    )


def red_assignment(row: rights.RedAssignment) -> types.RedAssignment:
    """Return a RED assignment."""
    return types.RedAssignment(
        assignmentId=str(row.id),
        account=row.account,
        authorisation=row.authorisation,
        redPerson=Party(identifier=row.red_party, name=row.red_name),
        startsAt=row.starts_at,
        endsAt=row.ends_at,
    )


def representations(page: Representations, now: datetime) -> types.ListRepresentationsResponse:
    """Return for whom the caller may act; itself first."""
    own = [] if page.own is None else [types.Representation(role=str(Role.OWN), addressee=party(page.own))]
    return types.ListRepresentationsResponse(
        asOf=now,
        hasMore=page.next_cursor is not None,
        nextCursor=page.next_cursor,
        representation=own + [_representation(title, now) for title in page.titles],
        redAssignment=[red_assignment(row) for row in page.managed_by],
    )


def _representation(title: rights.Power | rights.RedAssignment, now: datetime) -> types.Representation:
    """Return one addressee for whom the caller may act, with the title."""
    if isinstance(title, rights.Power):
        return types.Representation(
            role=str(Role.ATTORNEY), addressee=party(title.grantor), power=power(title, now)
        )
    return types.Representation(
        role=str(Role.RED), addressee=party(title.addressee), redAssignment=red_assignment(title)
    )


def powers(page: PowerPage, now: datetime) -> types.ListPowersResponse:
    """Return a page of powers."""
    return types.ListPowersResponse(
        asOf=now,
        hasMore=page.next_cursor is not None,
        nextCursor=page.next_cursor,
        power=[power(row, now) for row in page.powers],
    )


def delivery(answer: type[Answer], found: Delivery) -> Answer:
    """Return how the addressee is notified, as that answer."""
    return answer(
        obliged=found.is_obliged,
        channel=None if found.channel is None else str(found.channel),
        chosenAt=found.chosen_at,
    )


def party(row: Addressee) -> Party:
    """Return the addressee as a party."""
    return Party(identifier=row.identifier, name=row.name)
