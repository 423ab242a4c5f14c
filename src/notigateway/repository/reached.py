"""Whom a party stands for, asked once a request: itself, its predecessors, its grantors, its RED boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Integer, String, bindparam, exists, literal, select, union_all

from notigateway.law.representation import Role
from notigateway.repository.columns import UtcDateTime
from notigateway.repository.model import Act, Addressee
from notigateway.repository.prepared import Prepared
from notigateway.repository.red_inbox import RedBox
from notigateway.repository.red_users import RedUser, works_at
from notigateway.repository.rights import Power, power_covers
from notigateway.repository.sources import Addressed, Boxed
from notigateway.repository.successions import SuccessionRow, predecessors_of, shown_by_succession
from notigateway.repository.windows import RedWindow, red_covers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, SQLColumnExpression

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
        shown = [] if Role.OWN in rights.special_category_roles else [~Act.special_category]
        sources: list[Source] = []
        if self.own is not None:
            own = self.own
            sources.append(Addressed(Role.OWN, self.now, lambda addressee: [addressee == own, *shown]))
        if self.is_successor:
            by_succession = shown_by_succession(self.party, self.now)

            def in_its_place(addressee: SQLColumnExpression[int]) -> Sequence[ColumnElement[bool]]:
                return [addressee.in_(predecessors_of(self.party)), by_succession, *shown]

            sources.append(Addressed(Role.OWN, self.now, in_its_place, is_of_some=True))
        return sources

    def _by_powers(self, rights: RightsPolicy) -> list[Source]:
        """Return what its powers give."""
        if not self.is_attorney:
            return []
        covers = [Power.attorney == self.party, *power_covers(Power, self.now, rights)]
        return [
            Addressed(
                Role.ATTORNEY,
                self.now,
                lambda addressee: [addressee == Power.grantor_id, *covers],
                is_of_some=True,
            )
        ]

    def _by_red(self, rights: RightsPolicy) -> list[Source]:
        """Return what is for it by RED: its boxes; by the policy of the backlog, what its windows give."""
        if not self.boxes:
            return []
        if not rights.red_sees_backlog:
            is_all = Role.RED in rights.special_category_roles
            return [Boxed(box, self.now, is_all) for box in self.boxes]
        covers = [
            RedBox.id.in_(self.boxes),
            RedWindow.red_party == RedBox.red_party,
            RedWindow.authorisation == RedBox.authorisation,
            *red_covers(RedWindow, self.now, rights),
        ]
        return [
            Addressed(
                Role.RED,
                self.now,
                lambda addressee: [addressee == RedWindow.addressee_id, *covers],
                is_of_some=True,
            )
        ]


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
