"""What became of titles, by addressee: of a few that were gained or lost, whose they are and since when.

A cursor proves nothing: nobody is named but an addressee of whom the party has, or once had, a title; in the
place of an entity, of whom the entity had it while the party worked for it, within its scope.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from notigateway.law.representation import Role
from notigateway.repository.model import Addressee
from notigateway.repository.outages import OutageRow
from notigateway.repository.rights_seen import NOBODY, in_matters, list_begun, title_element
from notigateway.repository.titles_known import KnownTitle, KnownTitles
from notigateway.repository.users import IN_ALL_MATTERS
from notigateway.repository.worked import find_worked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from notigateway.law.caller import Caller
    from notigateway.repository.reached import Reach
    from notigateway.repository.rights_seen import Titles
    from notigateway.repository.session import Session
    from notigateway.repository.worked import Worked

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


def tell_titles(
    session: Session, reach: Reach, titles: Titles, elements: Iterable[bytes], *, caller: Caller | None
) -> Mapping[bytes, Sequence[RightTold]] | None:
    """Return what to tell of each of these elements; None where one never was of a title of the party.

    `titles` are those that it has now. What it had in the place of entities, `caller` tells.
    """
    keys = sorted({_key(one) for one in elements} - {NOBODY})
    held = _Held(session, reach, _named(session, keys), caller)
    known = held.titles()
    outages = _outages(session, reach) if any(_key(one) == NOBODY for one in elements) else {}
    assigned = held.assigned() if any(one not in known for one in elements) else {}
    found: dict[bytes, list[KnownTitle]] = {}
    for element in elements:
        if element in known:
            found[element] = [known[element]]
        elif element in outages:
            found[element] = outages[element]
        elif element not in titles.elements and _key(element) in assigned:  # a correction has taken it back
            found[element] = [assigned[_key(element)]]
        else:
            return None
    named = _named(session, {one.addressee for some in found.values() for one in some})
    return {
        element: [
            _told(one, *named[one.addressee], is_standing=element in titles.elements or element in outages)
            for one in some
            if not one.is_end or (element in titles.elements and _is_news(one))
        ]
        for element, some in found.items()
    }


def _is_news(one: KnownTitle) -> bool:
    """Tell whether something was taken from a power that the party had by then.

    What goes with the power, or had gone before, is not told besides.
    """
    return one.begins is None or one.ends is None or one.begins < one.ends


def _key(element: bytes) -> int:
    return int.from_bytes(element[:_KEY_BYTES])


def _told(known: KnownTitle, identifier: str, name: str, *, is_standing: bool) -> RightTold:
    is_gained = is_standing and not known.is_end
    at = known.begins if is_gained else known.ends
    return RightTold(identifier, name, known.role, is_gained=is_gained, reference=known.reference, at=at)


def _named(session: Session, keys: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return NIF and name of these addressees."""
    query = select(Addressee.id, Addressee.identifier, Addressee.name).where(Addressee.id.in_(list(keys)))
    return {row.id: (row.identifier, row.name) for row in session.execute(query)}


@dataclass(frozen=True)
class _Held:
    """What a party has, or had, for some addressees: by itself, and in the place of entities."""

    session: Session
    reach: Reach
    named: Mapping[int, tuple[str, str]]
    caller: Caller | None

    def titles(self) -> dict[bytes, KnownTitle]:
        """Return its titles by element.

        In some matters, whose a power of named ones is stays untold: perhaps it gives nothing there.
        """
        found: dict[bytes, KnownTitle] = {}
        for worked in self._worked:
            of_entity = self._of(worked.entity)
            for one in (*of_entity.all(), *of_entity.own()):
                for mark, time in worked.times(self.named[one.addressee][0]):
                    is_unsure = one.is_of_some and mark != IN_ALL_MATTERS
                    if not is_unsure and (had := one.within(time)) is not None:
                        found[title_element(in_matters(one.title, mark), one.addressee)] = had
        own = self._of(self.reach.party).all()
        return found | {title_element(one.title, one.addressee): one for one in own}

    def assigned(self) -> dict[int, KnownTitle]:
        """Return to whom it was ever assigned, by the key of the addressee."""
        found: dict[int, KnownTitle] = {}
        for worked in self._worked:
            for one in self._of(worked.entity).assigned():
                for _, time in worked.times(self.named[one.addressee][0]):
                    if (had := one.within(time)) is not None:
                        found[one.addressee] = had
        return found | {one.addressee: one for one in self._of(self.reach.party).assigned()}

    def _of(self, party: str) -> KnownTitles:
        return KnownTitles(self.session, party, self.reach.now, list(self.named))

    @cached_property
    def _worked(self) -> Sequence[Worked]:
        clients = [identifier for identifier, _ in self.named.values()]
        return find_worked(self.session, self.caller, clients, now=self.reach.now)


def _outages(session: Session, reach: Reach) -> dict[bytes, list[KnownTitle]]:
    """Return of each outage, held or settled, whose powers stand that began after its start.

    Of none where some of the powers count in some matters only.
    """
    found: dict[bytes, list[KnownTitle]] = {}
    if any(part.is_attorney and part.seat.narrowing.by_matters for part in reach.parts):
        return found
    powers = list_begun(session, reach)
    for row in session.execute(select(OutageRow.id, OutageRow.started_at)):
        later = {grantor for grantor, begun in powers if begun > row.started_at}
        concerned = [KnownTitle(b"", grantor, Role.ATTORNEY) for grantor in sorted(later)]
        for title in (row.id.bytes, row.id.bytes[::-1]):
            found[title_element(title, NOBODY)] = concerned
    return found
