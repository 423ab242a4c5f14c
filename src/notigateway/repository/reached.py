"""Whom a party stands for, asked once a request: itself, its predecessors, its grantors, its RED boxes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Integer, String, bindparam, exists, literal, select, true, union_all

from notigateway.law.representation import Role
from notigateway.law.users import sharing
from notigateway.repository.addressed import Addressed, Whose
from notigateway.repository.asking_party import NOW, PARTY
from notigateway.repository.boxed import Boxed
from notigateway.repository.columns import UtcDateTime
from notigateway.repository.dialects import one_of
from notigateway.repository.model import Addressee
from notigateway.repository.own_inbox import OwnItem
from notigateway.repository.prepared import Prepared
from notigateway.repository.red_inbox import RedBox, RedItem
from notigateway.repository.red_users import RedUser, works_at
from notigateway.repository.rights import Power, power_gives_item
from notigateway.repository.successions import SuccessionRow, predecessors_of, shown_by_succession
from notigateway.repository.users import Seat
from notigateway.repository.windows import RedWindow, red_covers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from notigateway.law.representation import RightsPolicy
    from notigateway.law.users import Registration
    from notigateway.repository.session import Session
    from notigateway.repository.sources import Source

_OWN, _SUCCESSOR, _ATTORNEY, _BOX = "own", "successor", "attorney", "box"
# The strongest first: the capacity that a row names.
STRENGTH: Final = (Role.OWN, Role.ATTORNEY, Role.RED)


@dataclass(frozen=True)
class Reach:
    """Whom the party stands for at `now`: its own key, whether it has titles at all, and its RED boxes."""

    party: str
    now: datetime
    own: int | None
    is_successor: bool
    is_attorney: bool
    boxes: tuple[int, ...]
    # What it sees in the place of entities that it works for, each by a registration.
    others: tuple[Reach, ...] = ()
    registration: Registration | None = None

    @property
    def is_itself_alone(self) -> bool:
        """Tell whether it sees its own and nothing else: most callers."""
        return self.own is not None and not (
            self.is_successor or self.is_attorney or self.boxes or self.others
        )

    @property
    def sharing(self) -> str:
        """Whose marks it shares."""
        return sharing(self.party, [one.registration for one in self.others if one.registration is not None])

    @property
    def parts(self) -> Sequence[Reach]:
        """Its own, and each that it has in the place of an entity."""
        return (self, *self.others)

    def sources(self, rights: RightsPolicy, weakest: Role | None = None) -> list[Source]:
        """Return where it sees something by those rights, the strongest first; down to a capacity."""
        wanted = STRENGTH[: None if weakest is None else STRENGTH.index(weakest) + 1]
        found = [source for part in self.parts for source in part.its_own_sources(rights)]
        return sorted((one for one in found if one.role in wanted), key=lambda one: wanted.index(one.role))

    def its_own_sources(self, rights: RightsPolicy) -> list[Source]:
        """Return where it sees something but in the place of others."""
        found = [*self._own(rights), *self._by_powers(rights), *self._by_red(rights)]
        return [one.narrowed(self.seat.narrowing) for one in found] if self.seat.is_narrowed else found

    @property
    def seat(self) -> Seat:
        """In whose place it sees what it sees but in the place of others."""
        return Seat(self.party, self.registration)

    def _own(self, rights: RightsPolicy) -> list[Source]:
        """Return what is its own, and what it sees in the place of another."""
        sources: list[Source] = []
        if self.own is not None:
            sources.append(Addressed(Role.OWN, _of_itself(rights), self.asked))
        if self.is_successor:
            sources.append(Addressed(Role.OWN, _of_predecessors(rights), self.asked))
        return sources

    def _by_powers(self, rights: RightsPolicy) -> list[Source]:
        """Return what its powers give."""
        return [Addressed(Role.ATTORNEY, _of_grantors(rights), self.asked)] if self.is_attorney else []

    def _by_red(self, rights: RightsPolicy) -> list[Source]:
        """Return what is for it by RED: its boxes; by the policy of the backlog, what its windows give."""
        if not self.boxes:
            return []
        if rights.red_sees_backlog:
            return [Addressed(Role.RED, _of_assigned(rights), self.asked)]
        is_all = Role.RED in rights.special_category_roles
        if self.seat.is_narrowed:
            whose = _of_boxes(is_all=is_all, by_clients=self.seat.narrowing.by_clients)
            return [Addressed(Role.RED, whose, self.asked)]
        return [Boxed(box, self.now, is_all) for box in self.boxes]

    @cached_property
    def asked(self) -> Mapping[str, object]:
        """The values of every parameter of those conditions."""
        return {**self.seat.asked(self.now), "own": self.own, "boxes": self.boxes}


# One function for each policy: statements are made once for each.


@lru_cache(maxsize=16)
def _of_itself(rights: RightsPolicy) -> Whose:
    shown = [] if Role.OWN in rights.special_category_roles else [~OwnItem.special_category]
    return Whose(lambda addressee: [addressee == bindparam("own", type_=Integer), *shown], is_of_some=False)


@lru_cache(maxsize=16)
def _of_predecessors(rights: RightsPolicy) -> Whose:
    shown = [shown_by_succession(PARTY, NOW)]
    if Role.OWN not in rights.special_category_roles:
        shown.append(~OwnItem.special_category)
    return Whose(lambda addressee: [addressee.in_(predecessors_of(PARTY)), *shown], asks_rows=True)


@lru_cache(maxsize=16)
def _of_grantors(rights: RightsPolicy) -> Whose:
    gives = [Power.attorney == PARTY, *power_gives_item(Power, NOW, rights)]
    return Whose(lambda addressee: [addressee == Power.grantor_id, *gives])


@lru_cache(maxsize=16)
def _of_assigned(rights: RightsPolicy) -> Whose:
    covers = [
        one_of(RedBox.id, "boxes"),
        RedWindow.red_party == RedBox.red_party,
        RedWindow.authorisation == RedBox.authorisation,
        *red_covers(RedWindow, NOW, rights),
    ]
    return Whose(lambda addressee: [addressee == RedWindow.addressee_id, *covers], asks_rows=True)


@lru_cache(maxsize=16)
def _of_boxes(*, is_all: bool, by_clients: bool) -> Whose:
    """Return what is in the boxes, by addressee: for who works for some of a holder's addressees, or matters.

    Of an addressee there are few, of a box tens of thousands.
    """
    shown = [] if is_all else [~RedItem.special_category]
    is_in_box = exists().where(
        one_of(RedItem.box_id, "boxes"), RedItem.code == OwnItem.code, RedItem.available_at <= NOW, *shown
    )
    of_box = (RedWindow.red_party == RedBox.red_party) & (RedWindow.authorisation == RedBox.authorisation)
    managed = select(RedWindow.addressee_id).join(RedBox, of_box).where(one_of(RedBox.id, "boxes"))
    return Whose(lambda addressee: [true() if by_clients else addressee.in_(managed), is_in_box])


def find_reach(
    session: Session, party: str, now: datetime, registrations: Sequence[Registration] = ()
) -> Reach:
    """Return whom the party stands for at `now`, also by registrations in the place of entities."""
    own = _find_reach(session, party, now)
    if not registrations:
        return own
    others = (replace(_find_reach(session, one.entity, now), registration=one) for one in registrations)
    return replace(own, others=tuple(others))


def _find_reach(session: Session, party: str, now: datetime) -> Reach:
    found: dict[str, list[int]] = {}
    for row in _TITLES.rows(session, party=party, now=now):
        found.setdefault(row.what, []).append(row.which)
    return Reach(
        party=party,
        now=now,
        own=next(iter(found.get(_OWN, ())), None),
        is_successor=_SUCCESSOR in found,
        is_attorney=_ATTORNEY in found,
        boxes=tuple(sorted(set(found.get(_BOX, ())))),
    )


def _titles() -> Prepared:
    """Return the statement that asks all of it at once."""
    party, now = bindparam("party", type_=String), bindparam("now", type_=UtcDateTime())
    nothing = literal(0, Integer)
    is_successor = exists().where(SuccessionRow.successor == party)
    is_attorney = exists().where(Power.attorney == party, Power.expires_at > now)
    is_under = (RedUser.holder == RedBox.red_party) & (RedUser.authorisation == RedBox.authorisation)
    return Prepared(
        union_all(
            select(literal(_OWN).label("what"), Addressee.id.label("which")).where(
                Addressee.identifier == party
            ),
            select(literal(_SUCCESSOR), nothing).where(is_successor),
            select(literal(_ATTORNEY), nothing).where(is_attorney),
            select(literal(_BOX), RedBox.id).where(RedBox.red_party == party),
            select(literal(_BOX), RedBox.id).join(RedUser, is_under).where(*works_at(RedUser, party, now)),
        )
    )


_TITLES: Final = _titles()
