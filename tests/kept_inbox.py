"""Compares what the database keeps ready with what the rows say, by the rule of the law."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from notigateway.law.lifecycle import MOVING_NOTHING
from notigateway.law.representation import Item, RightsPolicy, Role, Window, red_covers
from notigateway.repository.changes import Change
from notigateway.repository.model import Act, Event, Notification
from notigateway.repository.own_inbox import OwnChange, OwnItem
from notigateway.repository.red_inbox import RedBox, RedChange, RedItem
from notigateway.repository.windows import RedWindow

if TYPE_CHECKING:
    from notigateway.repository.session import Session

# Whether data of a special category are shown is asked of the inbox, not before.
ALL = RightsPolicy(special_category_roles=frozenset(Role))
_KEPT = [column.key for column in OwnItem.__table__.columns]


def check_kept(session: Session) -> None:
    """Check every table that is kept, and every column of it."""
    session.expire_all()
    boxes = {(row.red_party, row.authorisation): row.id for row in session.scalars(select(RedBox))}
    rows = {row.code: row for row in session.scalars(select(Notification))}
    acts = {row.id: row for row in session.scalars(select(Act))}
    moving = {row.id for row in session.scalars(select(Event)) if row.nature not in MOVING_NOTHING}
    places = [
        (row.position, row.notification_code)
        for row in session.scalars(select(Change))
        if row.event_id in moving
    ]
    expected = {}
    for window in session.scalars(select(RedWindow)):
        box, span = boxes[window.red_party, window.authorisation], Window(window.opens_at, window.closes_at)
        for code, row in rows.items():
            of_it = window.addressee_id == row.addressee_id
            if of_it and red_covers(span, _item(row, acts[row.act_id]), row.available_at, ALL):
                act = acts[row.act_id]
                expected[box, code] = (row.state, row.available_at, act.issuing_body_id, act.special_category)
    kept = {
        (one.box_id, one.code): (one.state, one.available_at, one.issuing_body_id, one.special_category)
        for one in session.scalars(select(RedItem))
    }
    assert kept == expected
    changes = {(one.box_id, one.position, one.code) for one in session.scalars(select(RedChange))}
    assert changes == {(box, at, code) for at, code in places for box, named in expected if named == code}
    own = {(one.addressee_id, one.position): one.code for one in session.scalars(select(OwnChange))}
    assert set(own) == {(rows[code].addressee_id, at) for at, code in places}
    # Of what had its place before the column was there, it is not told.
    assert all(own[rows[code].addressee_id, at] in {code, None} for at, code in places)
    has = {tuple(getattr(one, name) for name in _KEPT) for one in session.scalars(select(OwnItem))}
    assert has == {
        tuple(getattr(row if hasattr(row, name) else acts[row.act_id], name) for name in _KEPT)
        for row in rows.values()
    }


def _item(row: Notification, act: Act) -> Item:
    return Item(
        available_at=row.available_at,
        closed_at=None,
        matter=act.matter,
        procedure=act.procedure,
        special_category=act.special_category,
        ground=row.ground,
    )
