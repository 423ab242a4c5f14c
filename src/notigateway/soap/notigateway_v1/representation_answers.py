"""From powers, RED assignments and choices to what the contract says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.contract import v1
from notigateway.contract import v1_representation as contract
from notigateway.law.representation import (
    ItemKind,
    PowerState,
    Role,
    acceptance_deadline,
    awaited,
    effective_at,
)
from notigateway.repository import rights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.addressee.powers import PowerPage
    from notigateway.addressee.red import Representations
    from notigateway.law import obligation as law
    from notigateway.law.catalogue import Entry
    from notigateway.repository.model import Addressee
    from notigateway.repository.power_items import PowerItem


def power(row: rights.Power, now: datetime) -> contract.Power:
    """Return a power as of `now`."""
    state, terms = row.state_at(now), row.terms
    items = tuple(_item(one, state) for one in row.items) or _one_item(row, state)
    return contract.Power(
        power_id=str(row.id),
        grantor=_party(row.grantor),
        attorney=v1.Party(identifier=row.attorney, name=row.attorney_name),
        scope=row.scope,
        value=row.value,
        special_category=True,  # no power excludes them (Orden ISM/189/2021 art. 2)
        state=state,
        registered_at=row.registered_at,
        accept_before=acceptance_deadline(row.registered_at) if state is PowerState.PENDING else None,
        accepted_at=row.accepted_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        items=items,
        awaits=awaited(terms) if state is PowerState.PENDING else (),
        stated_at=row.stated_at,
        inscribed_at=effective_at(terms),
        grantor_contact=row.grantor_contact,
        attorney_contact=row.attorney_contact,
    )


def _item(row: PowerItem, state: PowerState) -> contract.PowerItem:
    """Return one thing that a power names; what has not ended by itself stands as the power does."""
    return contract.PowerItem(
        kind=row.kind, value=row.value, name=row.name, state=row.end_cause or state, ended_at=row.ended_at
    )


def _one_item(row: rights.Power, state: PowerState) -> tuple[contract.PowerItem, ...]:
    """Return what a power names that was granted before powers had items: its name was not written down."""
    return tuple(
        contract.PowerItem(kind=one.kind, value=one.value, name=one.value, state=state)
        for one in row.terms.items
    )


def matters(entries: Sequence[Entry], now: datetime) -> contract.ListMattersResponse:
    """Return the catalogue, each matter with its groups and procedures."""
    inside = {kind: [one for one in entries if one.kind is kind] for kind in ItemKind}
    return contract.ListMattersResponse(
        as_of=now,
        matters=tuple(
            contract.Matter(
                code=matter.code,
                name=matter.name,
                groups=tuple(
                    contract.Group(code=one.code, name=one.name)
                    for one in inside[ItemKind.GROUP]
                    if one.matter == matter.code
                ),
                procedures=tuple(
                    contract.Procedure(code=one.code, name=one.name, group=one.group)
                    for one in inside[ItemKind.PROCEDURE]
                    if one.matter == matter.code
                ),
            )
            for matter in inside[ItemKind.MATTER]
        ),
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
        red_opted_out_since=None if page.opt_out is None else page.opt_out.withheld_from,
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
