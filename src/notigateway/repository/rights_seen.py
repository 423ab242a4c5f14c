"""By which titles a party represents others: a cursor carries them, to tell what became of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Integer, bindparam, exists, func, or_, select, type_coerce

from notigateway.repository.asking_party import NOW, PARTY, long_before
from notigateway.repository.outages import OutageRow, is_unsettled
from notigateway.repository.power_items import PowerItem
from notigateway.repository.prepared import Prepared, UuidText
from notigateway.repository.red_inbox import RedBox
from notigateway.repository.rights import Power, is_in_force
from notigateway.repository.successions import SuccessionRow
from notigateway.repository.windows import RedWindow
from notigateway.sketches import EMPTY, sketch_of, together

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Select

    from notigateway.repository.reached import Reach
    from notigateway.repository.session import Session

_BOXES_KEPT: Final = 32
# Of an outage, which is nobody's, and of work for an entity, which is of many.
NOBODY: Final = 0


@dataclass(frozen=True)
class Titled:
    """Some titles: their identifiers (UUIDs), and of each the key of the addressee that it is for.

    Made anew only where they are others: those of thousands are compared by their fingerprint.
    """

    ids: Sequence[bytes]
    addressees: Sequence[int]

    @cached_property
    def in_order(self) -> bytes:
        """Their identifiers in order."""
        return b"".join(sorted(self.ids))

    @cached_property
    def elements(self) -> Sequence[bytes]:
        """Each as an element of a sketch."""
        return [title_element(*one) for one in zip(self.ids, self.addressees, strict=True)]

    @cached_property
    def sketch(self) -> bytes:
        """All of them in few bytes."""
        return sketch_of(self.elements)


def title_element(title: bytes, addressee: int) -> bytes:
    """Return what stands for a title in a sketch: for whom it is, and the last half of its identifier."""
    return addressee.to_bytes(4) + title[8:]


@dataclass(frozen=True)
class Titles:
    """By what a party represents others at an instant.

    A right that begins gives notifications whose changes lie far back in their order; one thing that a power
    names may end before the power does; and an outage opens, or closes, what had lapsed before a power began.
    """

    parts: Sequence[Titled]

    @cached_property
    def fingerprint(self) -> int:
        """A number (48 bits) that differs once the party represents others than before."""
        found = [part for part in self.parts if part.ids]
        if not found:
            return 0
        alone = found[0].in_order if len(found) == 1 else None
        titles = alone or b"".join(sorted(one for part in found for one in part.ids))
        return int.from_bytes(hashlib.sha256(titles).digest()[:6])

    @cached_property
    def elements(self) -> frozenset[bytes]:
        """All of them as elements of a sketch."""
        return frozenset(one for part in self.parts for one in part.elements)

    @property
    def sketch(self) -> bytes:
        """All of them in few bytes."""
        return reduce(together, (part.sketch for part in self.parts), EMPTY)


def find_titles(session: Session, reach: Reach) -> Titles:
    """Return by what the party represents others, also by registrations in the place of entities."""
    return Titles([part for one in reach.parts for part in _titles_of(session, one)])


def _titles_of(session: Session, reach: Reach) -> list[Titled]:
    parts = [_opened_windows(session, box, reach.now) for box in reach.boxes]
    if reach.registration is not None:
        parts.append(Titled([reach.registration.id.bytes], [NOBODY]))
    if reach.is_attorney:
        given = reach.asked
        parts += [_titled(query.rows(session, **given)) for query in (_POWERS, _ENDED)]
        outages = _OUTAGES.rows(session, **given)
        ids = [_bytes_of(row.id)[:: 1 if row.is_settled else -1] for row in outages]
        parts.append(Titled(ids, [NOBODY] * len(ids)))
    if reach.is_successor:
        found = session.execute(_successions(reach)).all()
        parts.append(Titled([row.id.bytes for row in found], [row.addressee for row in found]))
    return parts


def _titled(rows: Sequence[Any]) -> Titled:
    return Titled([_bytes_of(row.id) for row in rows], [row.addressee for row in rows])


def _successions(reach: Reach) -> Select[UUID, int]:
    """Select the successions that stand."""
    return select(SuccessionRow.id, SuccessionRow.predecessor_id.label("addressee")).where(
        SuccessionRow.successor == reach.party,
        SuccessionRow.communicated_at <= reach.now,
        or_(SuccessionRow.ends_at.is_(None), SuccessionRow.ends_at > reach.now),
    )


def _bytes_of(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def _opened_windows(session: Session, box: int, now: datetime) -> Titled:
    """Return the windows that have opened by then.

    What a RED person saw while a window was open stays visible after it has closed: that is no change. Those
    of thousands are read once: another edition of the box, or another number of windows that have yet to
    open, and they are read anew.
    """
    ((edition, unopened),) = _EDITION.rows(session, box=box, now=now)
    known = _opened.get(key := (edition, unopened))
    if known is None:
        known = _titled(_OPENED.rows(session, box=box, now=now))
        if len(_opened) >= _BOXES_KEPT:
            _opened.clear()
        _opened[key] = known
    return known


# By the edition of a box, which no other box and no other time has, and the number that have yet to open.
_opened: dict[tuple[int, int], Titled] = {}

_IN_FORCE: Final = [Power.attorney == PARTY, *is_in_force(Power, NOW)]
# The powers that stand, and what of them has ended.
_POWERS: Final = Prepared(
    select(type_coerce(Power.id, UuidText()).label("id"), Power.grantor_id.label("addressee")).where(
        *_IN_FORCE
    )
)
_ENDED: Final = Prepared(
    select(type_coerce(PowerItem.id, UuidText()).label("id"), Power.grantor_id.label("addressee"))
    .join(Power, Power.id == PowerItem.power_id)
    .where(*_IN_FORCE, PowerItem.ended_at <= NOW)
)
# The outages that hold deadlines now, and those that have moved what they move: of what lapsed after their
# start, before a power that stands had effect. Of others, no power gives more or less by them.
_BEGAN_LATER: Final = or_(Power.accepted_at > OutageRow.started_at, Power.stated_at > OutageRow.started_at)
_OUTAGES: Final = Prepared(
    select(type_coerce(OutageRow.id, UuidText()).label("id"), (~is_unsettled()).label("is_settled")).where(
        exists().where(*_IN_FORCE, _BEGAN_LATER),
        or_(~is_unsettled(), OutageRow.started_at < long_before(NOW)),
    )
)
_BOX: Final = bindparam("box", type_=Integer)
_OF_BOX: Final = (RedWindow.red_party == RedBox.red_party) & (RedWindow.authorisation == RedBox.authorisation)
_EDITION: Final = Prepared(
    select(
        RedBox.edition,
        select(func.count())
        .select_from(RedWindow)
        .where(_OF_BOX, RedWindow.opens_at > NOW)
        .correlate(RedBox)
        .scalar_subquery()
        .label("unopened"),
    ).where(RedBox.id == _BOX)
)
_OPENED: Final = Prepared(
    select(type_coerce(RedWindow.id, UuidText()).label("id"), RedWindow.addressee_id.label("addressee"))
    .join(RedBox, _OF_BOX)
    .where(RedBox.id == _BOX, RedWindow.opens_at <= NOW)
)
