"""By which titles a party represents others: a cursor carries them, to tell what became of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Integer, bindparam, exists, func, or_, select, type_coerce

from notigateway.repository.asking_party import NOW, PARTY, long_before
from notigateway.repository.model import Addressee
from notigateway.repository.outages import OutageRow, is_unsettled
from notigateway.repository.power_items import PowerItem
from notigateway.repository.prepared import Prepared, UuidText
from notigateway.repository.red_inbox import RedBox
from notigateway.repository.rights import Power, is_in_force
from notigateway.repository.successions import SuccessionRow
from notigateway.repository.users import IN_ALL_MATTERS, Narrowing, matter_marks
from notigateway.repository.windows import RedWindow
from notigateway.sketches import EMPTY, sketch_of, together

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from notigateway.repository.reached import Reach
    from notigateway.repository.session import Session

_BOXES_KEPT: Final = 32
# Of an outage, which is nobody's.
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


def own_title(entity: str) -> bytes:
    """Return what stands for an entity's being an addressee itself: to who works for it that is a title."""
    return hashlib.blake2b(entity.encode(), digest_size=16).digest()


def in_matters(title: bytes, mark: bytes) -> bytes:
    """Return what stands for a title that gives something in some matters only, by the mark of those."""
    return title[:8] + bytes(one ^ other for one, other in zip(title[8:], mark, strict=True))


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
        """All of them in few bytes; one that two parts have counts once."""
        if sum(len(part.ids) for part in self.parts) != len(self.elements):
            return sketch_of(self.elements)
        return reduce(together, (part.sketch for part in self.parts), EMPTY)


def find_titles(session: Session, reach: Reach) -> Titles:
    """Return by what the party represents others, also in the place of entities, within its scope there."""
    return Titles([part for one in reach.parts for part in _titles_of(session, one)])


def _titles_of(session: Session, reach: Reach) -> list[Titled]:
    asked, ask = reach.asked, _asking(reach.seat.narrowing)
    parts = [_opened_windows(session, reach, box) for box in reach.boxes]
    if reach.registration is not None:
        own = ask.own.rows(session, **asked)
        parts.append(Titled([own_title(reach.party)] * len(own), [row.addressee for row in own]))
    if reach.is_attorney:
        parts += [_titled(query.rows(session, **asked)) for query in (ask.powers, ask.ended)]
    if reach.is_successor:
        parts.append(_titled(ask.successions.rows(session, **asked)))
    if reach.registration is not None and reach.registration.by_matters:
        marks = matter_marks(session, [reach.registration.id])
        parts = [_in_matters(part, marks.get(reach.registration.id, IN_ALL_MATTERS)) for part in parts]
    if reach.is_attorney:
        outages = ask.outages.rows(session, **asked)
        ids = [_bytes_of(row.id)[:: 1 if row.is_settled else -1] for row in outages]
        parts.append(Titled(ids, [NOBODY] * len(ids)))
    return parts


def list_begun(session: Session, reach: Reach) -> list[tuple[int, datetime]]:
    """Return the grantors of the powers that stand, and when each of these began."""
    return [
        (row.grantor_id, max(at for at in (row.accepted_at, row.stated_at) if at is not None))
        for one in reach.parts
        if one.is_attorney
        for row in _asking(one.seat.narrowing).begun.rows(session, **one.asked)
    ]


def _titled(rows: Sequence[Any]) -> Titled:
    return Titled([_bytes_of(row.id) for row in rows], [row.addressee for row in rows])


def _in_matters(part: Titled, mark: bytes) -> Titled:
    return Titled([in_matters(one, mark) for one in part.ids], part.addressees)


def _bytes_of(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def _opened_windows(session: Session, reach: Reach, box: int) -> Titled:
    """Return the windows of a box that have opened by then, and are in the scope.

    What a RED person saw while a window was open stays visible after it has closed: that is no change. Those
    of thousands are read once: another edition of the box, or another number of windows that have yet to
    open, and they are read anew.
    """
    narrowing = reach.seat.narrowing
    if narrowing.by_clients:  # another scope for each who asks, and few of a box
        return _titled(_asking(narrowing).opened.rows(session, box=box, **reach.asked))
    ((edition, unopened),) = _EDITION.rows(session, box=box, now=reach.now)
    known = _opened.get(key := (edition, unopened))
    if known is None:
        known = _titled(_asking(Narrowing()).opened.rows(session, box=box, now=reach.now))
        if len(_opened) >= _BOXES_KEPT:
            _opened.clear()
        _opened[key] = known
    return known


# By the edition of a box, which no other box and no other time has, and the number that have yet to open.
_opened: dict[tuple[int, int], Titled] = {}

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


@dataclass(frozen=True)
class _Asking:
    """The statements that ask for titles, of some addressees or of all."""

    own: Prepared
    opened: Prepared
    powers: Prepared
    ended: Prepared
    begun: Prepared
    outages: Prepared
    successions: Prepared


@lru_cache(maxsize=4)
def _asking(narrowing: Narrowing) -> _Asking:
    """Make them once for each way to narrow them."""
    in_force = [Power.attorney == PARTY, *is_in_force(Power, NOW), *narrowing.gives_clients(Power.grantor_id)]
    # The outages that hold deadlines now, and those that have moved what they move: of what lapsed after
    # their start, before a power that stands had effect. Of others, no power gives more or less by them.
    began_later = or_(Power.accepted_at > OutageRow.started_at, Power.stated_at > OutageRow.started_at)
    return _Asking(
        own=Prepared(
            select(Addressee.id.label("addressee")).where(
                Addressee.identifier == PARTY, *narrowing.gives_clients(Addressee.id)
            )
        ),
        opened=Prepared(
            select(_id_of(RedWindow), RedWindow.addressee_id.label("addressee"))
            .join(RedBox, _OF_BOX)
            .where(RedBox.id == _BOX, RedWindow.opens_at <= NOW)
            .where(*narrowing.gives_clients(RedWindow.addressee_id))
        ),
        # The powers that stand, and what of them has ended.
        powers=Prepared(select(_id_of(Power), Power.grantor_id.label("addressee")).where(*in_force)),
        ended=Prepared(
            select(_id_of(PowerItem), Power.grantor_id.label("addressee"))
            .join(Power, Power.id == PowerItem.power_id)
            .where(*in_force, PowerItem.ended_at <= NOW)
        ),
        begun=Prepared(select(Power.grantor_id, Power.accepted_at, Power.stated_at).where(*in_force)),
        outages=Prepared(
            select(_id_of(OutageRow), (~is_unsettled()).label("is_settled")).where(
                exists().where(*in_force, began_later),
                or_(~is_unsettled(), OutageRow.started_at < long_before(NOW)),
            )
        ),
        successions=Prepared(
            select(_id_of(SuccessionRow), SuccessionRow.predecessor_id.label("addressee")).where(
                SuccessionRow.successor == PARTY,
                SuccessionRow.communicated_at <= NOW,
                or_(SuccessionRow.ends_at.is_(None), SuccessionRow.ends_at > NOW),
                *narrowing.gives_clients(SuccessionRow.predecessor_id),
            )
        ),
    )


def _id_of(row: Any) -> ColumnElement[str]:  # noqa: ANN401  (a class of rows)
    return type_coerce(row.id, UuidText()).label("id")
