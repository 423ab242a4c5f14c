"""What became of titles, by addressee: of a few that were gained or lost, whose they are and since when.

A cursor proves nothing: nobody is named but an addressee of whom the party has, or once had, a title.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, exists, or_, select

from notigateway.law.representation import PowerScope, Role
from notigateway.repository.model import Addressee
from notigateway.repository.outages import OutageRow
from notigateway.repository.power_items import PowerItem
from notigateway.repository.red_users import RedUser
from notigateway.repository.rights import Power, RedAssignment, is_in_force
from notigateway.repository.rights_seen import NOBODY, title_element
from notigateway.repository.successions import SuccessionRow
from notigateway.repository.users import find_clients
from notigateway.repository.windows import RedWindow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from notigateway.repository.reached import Reach
    from notigateway.repository.rights_seen import Titles
    from notigateway.repository.session import Session

_KEY_BYTES: Final = 4


@dataclass(frozen=True)
class RightTold:
    """That a party has gained, or lost, a title for an addressee: which one (`reference`), and since when."""

    identifier: str
    name: str
    role: Role
    is_gained: bool
    reference: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class _Known:
    """A title that the register holds: since when it stands, and when it ends or has ended."""

    addressee: int
    role: Role
    reference: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    # That it stands takes something away: of a power, one thing that it names has ended.
    is_end: bool = False


def tell_titles(
    session: Session, reach: Reach, titles: Titles, elements: Iterable[bytes]
) -> Mapping[bytes, Sequence[RightTold]] | None:
    """Return what to tell of each of these elements; None where one never was of a title of the party.

    `titles` are those that it has now.
    """
    keys = sorted({_key(one) for one in elements} - {NOBODY})
    places = [_Register(session, part, keys) for part in reach.parts]
    known = {one: some for place in places for one, some in place.titles().items()}
    outages = _outages(places) if any(_key(one) == NOBODY for one in elements) else {}
    assigned = (
        {one: some for place in places for one, some in place.assigned().items()}
        if any(one not in known for one in elements)
        else {}
    )
    found: dict[bytes, Sequence[_Known]] = {}
    for element in elements:
        standing = element in titles.elements
        if element in known:
            found[element] = known[element]
        elif element in outages:
            found[element] = outages[element]
        elif not standing and _key(element) in assigned:  # a window that a correction has taken back
            found[element] = assigned[_key(element)]
        else:
            return None
    named = _named(session, {one.addressee for some in found.values() for one in some})
    return {
        element: [
            _told(one, *named[one.addressee], is_standing=element in titles.elements or element in outages)
            for one in some
            if not one.is_end or element in titles.elements  # else its power has ended with it
        ]
        for element, some in found.items()
    }


def _key(element: bytes) -> int:
    return int.from_bytes(element[:_KEY_BYTES])


def _told(known: _Known, identifier: str, name: str, *, is_standing: bool) -> RightTold:
    if known.is_end or not is_standing:
        return RightTold(
            identifier, name, known.role, is_gained=False, reference=known.reference, at=known.ends
        )
    return RightTold(identifier, name, known.role, is_gained=True, reference=known.reference, at=known.begins)


def _outages(places: Iterable[_Register]) -> dict[bytes, Sequence[_Known]]:
    found: dict[bytes, Sequence[_Known]] = {}
    for place in places:
        for element, some in place.outages().items():
            found[element] = [*found.get(element, ()), *some]
    return found


def _named(session: Session, keys: set[int]) -> dict[int, tuple[str, str]]:
    """Return NIF and name of these addressees."""
    query = select(Addressee.id, Addressee.identifier, Addressee.name).where(Addressee.id.in_(keys))
    return {row.id: (row.identifier, row.name) for row in session.execute(query)}


@dataclass(frozen=True)
class _Register:
    """The titles for some addressees of the party, or of an entity that it works for, standing or not.

    Of addressees that are not among those for whom it works nothing is told. Where it works in some matters
    only, a power of named ones may lie outside of them: then it is not told whose that is.
    """

    session: Session
    reach: Reach
    addressees: Sequence[int]

    def titles(self) -> dict[bytes, Sequence[_Known]]:
        """Return powers and what of them has ended, windows and successions, by element."""
        found = {**self._powers(), **self._ended_items(), **self._windows(), **self._successions()}
        return {element: self._shown([one]) for element, one in found.items()}

    def _powers(self) -> dict[bytes, _Known]:
        found: dict[bytes, _Known] = {}
        for power in self.session.scalars(select(Power).where(*self._is_granted())):
            begins = [at for at in (power.accepted_at, power.stated_at) if at is not None]
            found[title_element(power.id.bytes, power.grantor_id)] = _Known(
                power.grantor_id,
                Role.ATTORNEY,
                str(power.id),
                max(begins, default=None) if power.needs_statement else power.accepted_at,
                power.expires_at if power.ended_at is None else min(power.ended_at, power.expires_at),
            )
        return found

    def _ended_items(self) -> dict[bytes, _Known]:
        query = (
            select(PowerItem.id, PowerItem.ended_at, PowerItem.power_id, Power.grantor_id)
            .join(Power, Power.id == PowerItem.power_id)
            .where(*self._is_granted(), PowerItem.ended_at.is_not(None))
        )
        return {
            title_element(row.id.bytes, row.grantor_id): _Known(
                row.grantor_id, Role.ATTORNEY, str(row.power_id), ends=row.ended_at, is_end=True
            )
            for row in self.session.execute(query)
        }

    def _windows(self) -> dict[bytes, _Known]:
        registered = self._registrations()
        query = select(RedWindow).where(
            RedWindow.addressee_id.in_(self.addressees), self._is_under(RedWindow)
        )
        found: dict[bytes, _Known] = {}
        for window in self.session.scalars(query):
            begins, ends = window.opens_at, None
            if window.red_party != self.reach.party:
                begun, ends = registered[window.red_party, window.authorisation]
                begins = max(begins, begun)
            found[title_element(window.id.bytes, window.addressee_id)] = _Known(
                window.addressee_id, Role.RED, window.authorisation, begins, ends
            )
        return found

    def assigned(self) -> dict[int, Sequence[_Known]]:
        """Return to whom the party, or a holder under whom it works or worked, was ever assigned."""
        query = select(RedAssignment.addressee_id, RedAssignment.authorisation).where(
            RedAssignment.addressee_id.in_(self.addressees), self._is_under(RedAssignment)
        )
        return {
            row.addressee_id: self._shown([_Known(row.addressee_id, Role.RED, row.authorisation)])
            for row in self.session.execute(query)
        }

    def _registrations(self) -> dict[tuple[str, str], tuple[datetime, datetime | None]]:
        """Return of each authorisation under which the party works or worked its last time there."""
        query = select(RedUser).where(RedUser.person == self.reach.party, RedUser.starts_at <= self.reach.now)
        rows = self.session.scalars(query.order_by(RedUser.starts_at, RedUser.id))
        return {(row.holder, row.authorisation): (row.starts_at, row.ends_at) for row in rows}

    def _successions(self) -> dict[bytes, _Known]:
        query = select(SuccessionRow).where(
            SuccessionRow.successor == self.reach.party, SuccessionRow.predecessor_id.in_(self.addressees)
        )
        return {
            title_element(row.id.bytes, row.predecessor_id): _Known(
                row.predecessor_id, Role.OWN, str(row.id), row.communicated_at, row.ends_at
            )
            for row in self.session.scalars(query)
        }

    def outages(self) -> dict[bytes, Sequence[_Known]]:
        """Return of each outage, held or settled, whose powers stand that began after its start."""
        found: dict[bytes, Sequence[_Known]] = {}
        powers = self._begun() if self.reach.is_attorney else []
        if powers and self._is_in_some_matters:
            return {}
        for row in self.session.execute(select(OutageRow.id, OutageRow.started_at)):
            later = {grantor for grantor, begun in powers if begun > row.started_at}
            concerned = self._shown([_Known(grantor, Role.ATTORNEY) for grantor in sorted(later)])
            for title in (row.id.bytes, row.id.bytes[::-1]):
                found[title_element(title, NOBODY)] = concerned
        return found

    def _begun(self) -> list[tuple[int, datetime]]:
        """Return the grantors of the powers that stand, and when each of these began."""
        query = select(Power.grantor_id, Power.accepted_at, Power.stated_at).where(
            Power.attorney == self.reach.party, *is_in_force(Power, self.reach.now)
        )
        return [
            (row.grantor_id, max(at for at in (row.accepted_at, row.stated_at) if at is not None))
            for row in self.session.execute(query)
        ]

    def _shown(self, titles: Sequence[_Known]) -> Sequence[_Known]:
        return titles if self._clients is None else [one for one in titles if one.addressee in self._clients]

    @cached_property
    def _clients(self) -> frozenset[int] | None:
        """For whom alone it works in the entity's place; None: for all."""
        one = self.reach.registration
        return None if one is None or not one.by_clients else find_clients(self.session, one)

    @property
    def _is_in_some_matters(self) -> bool:
        return self.reach.registration is not None and self.reach.registration.by_matters

    def _is_granted(self) -> list[ColumnElement[bool]]:
        granted = [Power.attorney == self.reach.party, Power.grantor_id.in_(self.addressees)]
        return [*granted, Power.scope == PowerScope.GENERAL] if self._is_in_some_matters else granted

    def _is_under(self, title: type[RedWindow | RedAssignment]) -> ColumnElement[bool]:
        """Say that it is the party's, or of a holder under whom it works or has worked."""
        works = and_(
            RedUser.person == self.reach.party,
            RedUser.starts_at <= self.reach.now,
            RedUser.holder == title.red_party,
            RedUser.authorisation == title.authorisation,
        )
        return or_(title.red_party == self.reach.party, exists().where(works))
