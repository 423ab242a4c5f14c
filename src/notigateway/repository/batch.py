"""Writes what a batch of decisions has changed: five hundred rows of three kinds in three statements.

The session would write the same, row by row: measured, 500 accepts take 257 ms of CPU so and 314 by it.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, inspect, update
from sqlalchemy.orm.exc import StaleDataError

from notigateway.repository.columns import Row
from notigateway.repository.log import add_leaves
from notigateway.repository.model import Event, Notification, Receipt
from notigateway.repository.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import InstanceState

    from notigateway.repository.session import Session


def write_held(session: Session) -> None:
    """Write what has happened to held notifications, and let them go; they stay readable.

    One that somebody else has changed since it was read is never overwritten.

    Raises: `StaleDataError`; `TypeError` where anything else of one was changed: nobody would write it.
    """
    touched = [(row, columns) for row in session.held if (columns := _changed(row))]
    if any(columns - _DECIDED for _, columns in touched):
        raise TypeError("of a held notification only the decision can be written")
    _write_decided(session, [_decision(row) for row, _ in touched])
    events = [row for row in session.made if isinstance(row, Event)]
    _insert_events(session, events)
    # Events of one notification come in their own order.
    session.events_of_held += sorted(
        ({"event_id": row.id, "notification_code": row.notification_code} for row in events),
        key=itemgetter("notification_code"),
    )
    write_receipts(session, [row for row in session.made if isinstance(row, Receipt)])
    session.held, session.made = [], []


def write_decisions(session: Session) -> None:
    """Write decided notifications, new events and receipts, and let them go; what was let go stays readable.

    Only where the session holds nothing else: what depends on each other is written by its flush, in order.
    A notification that somebody else has changed since it was read is never overwritten.

    Raises: `StaleDataError`.
    """
    new, touched = list(session.new), list(session.dirty)
    if not new and not touched:
        return
    events = [row for row in new if isinstance(row, Event)]
    receipts = [row for row in new if isinstance(row, Receipt)]
    rows = [row for row in touched if isinstance(row, Notification)]
    if len(events) + len(receipts) < len(new) or len(rows) < len(touched) or session.deleted:
        return
    changed = [_changed(row) for row in rows]
    if any(columns - _DECIDED for columns in changed):
        return
    _write_decided(session, [_decision(row) for row, columns in zip(rows, changed, strict=True) if columns])
    write_events(session, events)
    write_receipts(session, receipts)
    session.expunge_all()


def _write_decided(session: Session, decided: list[dict[str, object]]) -> None:
    if _UPDATE.write(session, decided) != len(decided):
        raise StaleDataError("a notification was changed by somebody else")


def write_events(session: Session, events: Sequence[Event]) -> None:
    """Insert events; each is a change, and counted once it is committed."""
    _insert_events(session, events)
    session.events += [row.id for row in events]


def _insert_events(session: Session, events: Sequence[Event]) -> None:
    # What the session would fill in, here and below.
    told = (one | {_SECONDARY: bool(one[_SECONDARY])} for one in values_of(events, _EVENT_COLUMNS))
    _EVENTS.write(session, told)
    session.happened += map(happening, events)


def write_receipts(session: Session, receipts: Sequence[Receipt]) -> None:
    """Insert receipts, with their leaves of the log."""
    _RECEIPTS.write(session, (one | _NO_ATTEMPTS for one in values_of(receipts, _RECEIPT_COLUMNS)))
    add_leaves(session, receipts)


def happening(event: Event) -> str:
    """Return the word for what happened: the state that began, or what moved nothing."""
    return (event.nature or event.state).value


def _changed(row: Notification) -> set[str]:
    """Return which of its columns are not as they were read."""
    state: InstanceState[Notification] = inspect(row)
    return set(state.committed_state) - _COLLECTIONS


def _decision(row: Notification) -> dict[str, object]:
    return {
        "of_code": row.code,
        "of_version": row.version,
        "state": row.state,
        "decided_at": row.decided_at,
        "version": row.version + 1,
    }


def values_of(rows: Iterable[Row], columns: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Yield what is to be inserted of each row; what was never set is NULL."""
    for row in rows:
        given = vars(row)
        yield {name: given.get(name) for name in columns}


def columns_of(row: type[Row]) -> tuple[str, ...]:
    """Return the names of all columns of a kind of row."""
    return tuple(one.key for one in row.metadata.tables[row.__tablename__].columns)


# What accept, reject, lapse and the request of a receipt change; the rest of a row is written one by one.
_DECIDED = frozenset({"state", "decided_at"})
_COLLECTIONS = frozenset({"events", "receipts"})
_NOTIFICATIONS = Row.metadata.tables[Notification.__tablename__]
_UPDATE = Prepared(
    update(_NOTIFICATIONS).where(
        _NOTIFICATIONS.c.code == bindparam("of_code"), _NOTIFICATIONS.c.version == bindparam("of_version")
    ),
    columns=("state", "decided_at", "version"),
)
_EVENT_COLUMNS = columns_of(Event)
_EVENTS = Prepared(insert(Row.metadata.tables[Event.__tablename__]), columns=_EVENT_COLUMNS)
_RECEIPT_COLUMNS = columns_of(Receipt)
_SECONDARY = "by_secondary_user"
_NO_ATTEMPTS = {"timestamp_attempts": 0}
_RECEIPTS = Prepared(insert(Row.metadata.tables[Receipt.__tablename__]), columns=_RECEIPT_COLUMNS)
