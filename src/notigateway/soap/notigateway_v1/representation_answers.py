"""From powers, RED assignments and choices to what the contract says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.contract import v1
from notigateway.contract import v1_representation as contract
from notigateway.law.representation import PowerState, Role, acceptance_deadline
from notigateway.repository import rights

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.addressee.powers import PowerPage
    from notigateway.addressee.red import Representations
    from notigateway.law import obligation as law
    from notigateway.repository.model import Addressee


def power(row: rights.Power, now: datetime) -> contract.Power:
    """Return a power as of `now`."""
    state = row.state_at(now)
    return contract.Power(
        power_id=str(row.id),
        grantor=_party(row.grantor),
        attorney=v1.Party(identifier=row.attorney, name=row.attorney_name),
        scope=row.scope,
        value=row.value,
        special_category=row.special_category,
        state=state,
        registered_at=row.registered_at,
        accept_before=acceptance_deadline(row.registered_at) if state is PowerState.PENDING else None,
        accepted_at=row.accepted_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
    )


def red_assignment(row: rights.RedAssignment) -> contract.RedAssignment:
    """Return a RED assignment."""
    return contract.RedAssignment(
        assignment_id=str(row.id),
        account=row.account,
        authorisation=row.authorisation,
        red_person=v1.Party(identifier=row.red_party, name=row.red_name),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def obligation(found: law.Obligation) -> contract.Obligation:
    """Return on which ground somebody is obliged."""
    return contract.Obligation(
        ground=found.ground,
        since=found.since,
        until=found.until,
        matters=tuple(sorted(found.matters)),
        procedures=tuple(sorted(found.procedures)),
    )


def representations(page: Representations, now: datetime) -> contract.ListRepresentationsResponse:
    """Return for whom the caller may act; itself first."""
    own = [] if page.own is None else [contract.Representation(role=Role.OWN, addressee=_party(page.own))]
    return contract.ListRepresentationsResponse(
        as_of=now,
        has_more=page.next_cursor is not None,
        next_cursor=page.next_cursor,
        representations=(*own, *(_representation(title, now) for title in page.titles)),
        red_assignments=tuple(map(red_assignment, page.managed_by)),
    )


def _representation(title: rights.Power | rights.RedAssignment, now: datetime) -> contract.Representation:
    """Return one addressee for whom the caller may act, with the title."""
    if isinstance(title, rights.Power):
        return contract.Representation(
            role=Role.ATTORNEY, addressee=_party(title.grantor), power=power(title, now)
        )
    return contract.Representation(
        role=Role.RED, addressee=_party(title.addressee), red_assignment=red_assignment(title)
    )


def powers(page: PowerPage, now: datetime) -> contract.ListPowersResponse:
    """Return a page of powers."""
    return contract.ListPowersResponse(
        as_of=now,
        has_more=page.next_cursor is not None,
        next_cursor=page.next_cursor,
        powers=tuple(power(row, now) for row in page.powers),
    )


def _party(row: Addressee) -> v1.Party:
    """Return the addressee as a party."""
    return v1.Party(identifier=row.identifier, name=row.name)
