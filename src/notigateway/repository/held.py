"""Notifications held whole: with everything that an answer or a receipt says of them, by four statements.

No session keeps book of them. What happens to them stays with them, and what is new goes to the session
besides, until `batch` writes both.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from notigateway.repository.dialects import one_of, one_of_ids
from notigateway.repository.making import make
from notigateway.repository.model import (
    Act,
    Addressee,
    Document,
    Event,
    IssuingBody,
    Notification,
    Receipt,
)
from notigateway.repository.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select

    from notigateway.repository.columns import Row
    from notigateway.repository.session import Session

# What stands in one row of the question, in this order.
_KINDS: Final[tuple[type[Row], ...]] = (Notification, Act, IssuingBody, Addressee)


def whole() -> Select[*tuple[Any, ...]]:
    """Select notifications with act, issuing body and addressee; `hold` makes them of its rows."""
    return (
        select(*_labelled())
        .select_from(Notification)
        .join(Act, Notification.act_id == Act.id)
        .join(IssuingBody, Act.issuing_body_id == IssuingBody.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
    )


def _labelled() -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = [
        one.label(f"{kind.__tablename__}_{one.key}") for kind in _KINDS for one in kind.__table__.columns
    ]
    return [Notification.outage_since.label("outage_since"), *columns]


def hold(session: Session, rows: Sequence[Sequence[Any]]) -> list[Notification]:
    """Return the notifications of these rows of `whole`, in their order, with documents, events and receipts.

    Columns that a question has beyond those of `whole` are not looked at.
    """
    if not rows:
        return []
    acts: dict[UUID, Act] = {}
    bodies: dict[int, IssuingBody] = {}
    addressees: dict[int, Addressee] = {}
    found = [_made(row, acts, bodies, addressees) for row in rows]
    codes = [one.code for one in found]
    documents = _by_owner(Document, _DOCUMENTS.rows(session, acts=acts), "act_id")
    events = _by_owner(Event, _EVENTS.rows(session, codes=codes), "notification_code")
    receipts = _by_owner(Receipt, _RECEIPTS.rows(session, codes=codes), "notification_code")
    for key, act in acts.items():
        vars(act)["documents"] = documents[key]
    for one in found:
        vars(one).update(events=events[one.code], receipts=receipts[one.code])
        one.hold_for(session.made)
    session.held += found
    return found


def _made(
    row: Sequence[Any],
    acts: dict[UUID, Act],
    bodies: dict[int, IssuingBody],
    addressees: dict[int, Addressee],
) -> Notification:
    """Make a notification of a row, and what it has in common with others once for all of them."""
    of_notification, of_act, of_body, of_addressee = (row[start:end] for start, end in _SLICES)
    act, addressee = acts.get(of_act[0]), addressees.get(of_addressee[0])
    if act is None:
        body = bodies.get(of_body[0])
        if body is None:
            body = bodies[of_body[0]] = make(IssuingBody, **_named(2, of_body))
        act = acts[of_act[0]] = make(Act, issuing_body=body, **_named(1, of_act))
    if addressee is None:
        addressee = addressees[of_addressee[0]] = make(Addressee, **_named(3, of_addressee))
    return make(Notification, outage_since=row[0], act=act, addressee=addressee, **_named(0, of_notification))


def _named(place: int, values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(_NAMES[place], values, strict=True))


def _by_owner(kind: type[Row], rows: Iterable[Sequence[Any]], owner: str) -> defaultdict[Any, list[Any]]:
    """Make objects of rows, in their order, by the key of whom they belong to."""
    made = defaultdict(list)
    names = _names(kind)
    at = names.index(owner)
    for row in rows:
        made[row[at]].append(make(kind, **dict(zip(names, row, strict=True))))
    return made


def _names(kind: type[Row]) -> list[str]:
    return [one.key for one in kind.__table__.columns]


_NAMES: Final = [_names(kind) for kind in _KINDS]
_ENDS: Final = [1 + sum(map(len, _NAMES[:until])) for until in range(len(_NAMES) + 1)]
_SLICES: Final = list(pairwise(_ENDS))
_DOCUMENTS: Final = Prepared(
    select(*Document.__table__.columns)
    .where(one_of_ids(Document.act_id, "acts"))
    .order_by(Document.act_id, Document.position)
)
_EVENTS: Final = Prepared(
    select(*Event.__table__.columns)
    .where(one_of(Event.notification_code, "codes"))
    .order_by(Event.notification_code, Event.position)
)
_RECEIPTS: Final = Prepared(
    select(*Receipt.__table__.columns).where(one_of(Receipt.notification_code, "codes"))
)
