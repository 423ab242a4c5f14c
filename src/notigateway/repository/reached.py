"""Whom a party stands for, asked once a request: itself, its predecessors, its grantors, its RED boxes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Integer, String, bindparam, exists, literal, select, union_all

from notigateway.law.representation import Role
from notigateway.repository.addressed import Addressed, Whose
from notigateway.repository.asking_party import NOW, PARTY, asked_by
from notigateway.repository.boxed import Boxed
from notigateway.repository.columns import UtcDateTime
from notigateway.repository.dialects import one_of
from notigateway.repository.model import Addressee
from notigateway.repository.own_inbox import OwnItem
from notigateway.repository.prepared import Prepared
from notigateway.repository.red_inbox import RedBox
from notigateway.repository.red_users import RedUser, works_at
from notigateway.repository.rights import Power, power_gives_item
from notigateway.repository.successions import SuccessionRow, predecessors_of, shown_by_succession
from notigateway.repository.windows import RedWindow, red_covers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.session import Session
    from notigateway.repository.sources import Source

_OWN, _SUCCESSOR, _ATTORNEY, _BOX = "own", "successor", "attorney", "box"
# The strongest first: the capacity that a row names.
_STRENGTH: Final = (Role.OWN, Role.ATTORNEY, Role.RED)


@dataclass(frozen=True)
class Reach:
    """Whom the party stands for at `now`: its own key, whether it has titles at all, and its RED boxes."""

    party: str
    now: datetime
    own: int | None
    is_successor: bool
    is_attorney: bool
    boxes: tuple[int, ...]

    @property
    def is_itself_alone(self) -> bool:
        """Tell whether it sees its own and nothing else: most callers."""
        return self.own is not None and not (self.is_successor or self.is_attorney or self.boxes)

    def sources(self, rights: RightsPolicy, weakest: Role | None = None) -> list[Source]:
        """Return where it sees something by those rights, the strongest first; down to a capacity."""
        wanted = _STRENGTH[: None if weakest is None else _STRENGTH.index(weakest) + 1]
        found = [*self._own(rights), *self._by_powers(rights), *self._by_red(rights)]
        return [source for source in found if source.role in wanted]

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
        return [Boxed(box, self.now, is_all) for box in self.boxes]

    @cached_property
    def asked(self) -> Mapping[str, object]:
        """The values of every parameter of those conditions."""
        return {**asked_by(self.party, self.now), "own": self.own, "boxes": self.boxes}


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


def find_reach(session: Session, party: str, now: datetime) -> Reach:
    """Return whom the party stands for at `now`."""
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
