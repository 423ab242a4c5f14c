"""A number that differs once a party represents others than before: what a cursor of changes carries."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from sqlalchemy import Integer, bindparam, exists, func, or_, select, type_coerce

from notigateway.repository.asking_party import NOW, PARTY, long_before
from notigateway.repository.outages import OutageRow, is_unsettled
from notigateway.repository.power_items import PowerItem
from notigateway.repository.prepared import Prepared, UuidText
from notigateway.repository.red_inbox import RedBox
from notigateway.repository.rights import Power, is_in_force
from notigateway.repository.successions import SuccessionRow
from notigateway.repository.windows import RedWindow

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Select

    from notigateway.repository.reached import Reach
    from notigateway.repository.session import Session

_UUID_BYTES: Final = 16
_BOXES_KEPT: Final = 32


def fingerprint_of_rights(session: Session, reach: Reach) -> int:
    """Return a number (48 bits) that differs once the party represents others than before.

    A right that begins gives notifications whose changes lie far back in their order; one thing that a power
    names may end before the power does; and an outage opens, or closes, what had lapsed before a power began.
    """
    found = [_opened_windows(session, box, reach.now) for box in reach.boxes]
    if reach.is_attorney:
        given = reach.asked
        found += [_bytes_of(row.id) for query in (_POWERS, _ENDED) for row in query.rows(session, **given)]
        outages = _OUTAGES.rows(session, **given)
        found += [_bytes_of(row.id)[:: 1 if row.is_settled else -1] for row in outages]
    if reach.is_successor:
        found += [one.bytes for one in session.scalars(_successions(reach))]
    if not found:
        return 0
    titles = b"".join(found)
    if len(found) > 1:
        places = range(0, len(titles), _UUID_BYTES)
        titles = b"".join(sorted(titles[place : place + _UUID_BYTES] for place in places))
    return int.from_bytes(hashlib.sha256(titles).digest()[:6]) if titles else 0


def _successions(reach: Reach) -> Select[UUID]:
    """Select the successions that stand."""
    return select(SuccessionRow.id).where(
        SuccessionRow.successor == reach.party,
        SuccessionRow.communicated_at <= reach.now,
        or_(SuccessionRow.ends_at.is_(None), SuccessionRow.ends_at > reach.now),
    )


def _bytes_of(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def _opened_windows(session: Session, box: int, now: datetime) -> bytes:
    """Return the identifiers of the windows that have opened by then, in order.

    What a RED person saw while a window was open stays visible after it has closed: that is no change. Those
    of thousands are read once: another edition of the box, or another number of windows that have yet to
    open, and they are read anew.
    """
    ((edition, unopened),) = _EDITION.rows(session, box=box, now=now)
    known = _opened.get(key := (edition, unopened))
    if known is None:
        rows = _OPENED.rows(session, box=box, now=now)
        known = b"".join(sorted(_bytes_of(row.id) for row in rows))
        if len(_opened) >= _BOXES_KEPT:
            _opened.clear()
        _opened[key] = known
    return known


# By the edition of a box, which no other box and no other time has, and the number that have yet to open.
_opened: dict[tuple[int, int], bytes] = {}

_IN_FORCE: Final = [Power.attorney == PARTY, *is_in_force(Power, NOW)]
# The powers that stand, and what of them has ended.
_POWERS: Final = Prepared(select(type_coerce(Power.id, UuidText()).label("id")).where(*_IN_FORCE))
_ENDED: Final = Prepared(
    select(type_coerce(PowerItem.id, UuidText()).label("id"))
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
    select(type_coerce(RedWindow.id, UuidText()).label("id"))
    .join(RedBox, _OF_BOX)
    .where(RedBox.id == _BOX, RedWindow.opens_at <= NOW)
)
