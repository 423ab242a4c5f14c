"""Writes anew what the database keeps ready of whom each notification and each change is for.

Triggers keep these tables (`own_inbox.py`, `red_inbox.py`), and nothing else writes there but this: for what
was written while a worker of a release before, or a fault of ours, had them say something else. Portion
by portion; each is looked at without holding up anybody, and written, whole, where something is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, delete, exists, func, insert, or_, select, text, true, tuple_

from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.changes import Change, moves_something, wait_for_turn_to_place
from notigateway.repository.columns import CODE
from notigateway.repository.engine import let_others_write, reading, writing
from notigateway.repository.model import Act, Event, Notification
from notigateway.repository.own_inbox import OwnChange, OwnItem
from notigateway.repository.red_inbox import RedBox, RedChange, RedItem
from notigateway.repository.windows import RedWindow, is_of_red_ground

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Engine, Select
    from sqlalchemy.sql.base import Executable

    from notigateway.repository.session import Session

# So that others wait for a second at most where all of a portion is wrong.
PORTION: Final = 1_000

_AFTER, _UNTIL = bindparam("after", type_=CODE), bindparam("until", type_=CODE)
_OF_PORTION: Final = and_(Notification.code > _AFTER, Notification.code <= _UNTIL)
_OF_ACT: Final = {
    "issuing_body_id": Act.issuing_body_id,
    "special_category": Act.special_category,
    "procedure": Act.procedure,
    "matter": Act.matter,
}


@dataclass(frozen=True)
class _Kept:
    """A kept table, what it must hold for the notifications of a portion, and which of its rows are right.

    `expected` selects all of the table's columns, by their names; `key` are the names of its key.
    """

    table: type[RedItem | RedChange | OwnItem | OwnChange]
    key: tuple[str, str]
    expected: Select[*tuple[Any, ...]]
    is_right: ColumnElement[bool]

    @property
    def missing(self) -> ColumnElement[bool]:
        """Say that a row is missing, or says something else."""
        wanted = self.expected.subquery("wanted")
        same: list[ColumnElement[bool]] = []
        for one in wanted.columns:
            column = getattr(self.table, one.key)
            # By its key a row is looked up, which no index does for the other comparison.
            same.append(column == one if one.key in self.key else column.is_not_distinct_from(one))
        if self.table is OwnChange:  # of one that had its place before the column was there, it is not told
            same[-1] = or_(same[-1], OwnChange.code.is_(None))
        return exists(select(wanted.c[self.key[0]]).where(~exists().where(*same)))

    @property
    def deletion(self) -> Executable:
        """Delete what stands in the place of any row of the portion."""
        keys = self.expected.subquery("wanted").c
        own = tuple_(*(getattr(self.table, one) for one in self.key))
        return delete(self.table).where(own.in_(select(*(keys[one] for one in self.key))))

    @property
    def insertion(self) -> Executable:
        """Insert every row of the portion."""
        names = [str(one.key) for one in self.expected.selected_columns]
        return insert(self.table).from_select(names, self.expected)

    def first_keys(self, after: tuple[int, int]) -> Select[*tuple[Any, ...]]:
        """Select the keys of the rows that follow one, as far as a portion goes."""
        columns = [getattr(self.table, one) for one in self.key]
        return select(*columns).where(tuple_(*columns) > after).order_by(*columns).limit(PORTION)

    def between(self, after: tuple[int, int], until: tuple[int, int]) -> ColumnElement[bool]:
        """Say that a row is wrong, of those from one key on until another."""
        columns = [getattr(self.table, one) for one in self.key]
        return and_(tuple_(*columns) > after, tuple_(*columns) <= until, ~self.is_right)


def _red_items() -> Select[*tuple[Any, ...]]:
    """Select what each authorisation must see: what was put at disposal while a window of it was open."""
    return (
        select(
            RedBox.id.label("box_id"),
            Notification.code,
            Notification.state,
            Notification.available_at,
            Act.issuing_body_id,
            Act.special_category,
        )
        .distinct()
        .select_from(Notification)
        .join(Act, Act.id == Notification.act_id)
        .join(RedWindow, RedWindow.addressee_id == Notification.addressee_id)
        .join(
            RedBox,
            and_(RedBox.red_party == RedWindow.red_party, RedBox.authorisation == RedWindow.authorisation),
        )
        .where(
            RedWindow.opens_at <= Notification.available_at,
            or_(RedWindow.closes_at.is_(None), Notification.available_at < RedWindow.closes_at),
            is_of_red_ground(),
        )
    )


def _own_items() -> Select[*tuple[Any, ...]]:
    """Select what each addressee must have."""
    columns = OwnItem.__table__.columns
    named: list[Any] = [_OF_ACT.get(one.key, getattr(Notification, one.key, None)) for one in columns]
    return select(*named).select_from(Notification).join(Act, Act.id == Notification.act_id)


def _with_changes(items: Select[*tuple[Any, ...]], first: str) -> Select[*tuple[Any, ...]]:
    """Select the changes of items, each with whose it is."""
    of = items.subquery("items")
    return (
        select(of.c[first], Change.position, of.c.code)
        .join(Change, Change.notification_code == of.c.code)
        .join(Event, Event.id == Change.event_id)
        .where(moves_something())
    )


def _has_place(table: type[RedChange | OwnChange]) -> list[ColumnElement[bool]]:
    """Say that a row tells of a change that moves something."""
    return [Change.position == table.position, Event.id == Change.event_id, moves_something()]


_RED_ITEMS: Final = _Kept(
    RedItem,
    ("box_id", "code"),
    _red_items().where(_OF_PORTION),
    _red_items()
    .where(RedBox.id == RedItem.box_id, Notification.code == RedItem.code)
    .correlate(RedItem)
    .exists(),
)
_RED_CHANGES: Final = _Kept(
    RedChange,
    ("box_id", "position"),
    _with_changes(_red_items().where(_OF_PORTION), "box_id"),
    exists().where(
        *_has_place(RedChange),
        Change.notification_code == RedChange.code,
        RedItem.box_id == RedChange.box_id,
        RedItem.code == RedChange.code,
    ),
)
_OWN_ITEMS: Final = _Kept(
    OwnItem,
    ("addressee_id", "code"),
    _own_items().where(_OF_PORTION),
    exists().where(Notification.code == OwnItem.code, Notification.addressee_id == OwnItem.addressee_id),
)
_OWN_CHANGES: Final = _Kept(
    OwnChange,
    ("addressee_id", "position"),
    _with_changes(_own_items().where(_OF_PORTION), "addressee_id"),
    exists().where(
        *_has_place(OwnChange),
        Notification.code == Change.notification_code,
        Notification.addressee_id == OwnChange.addressee_id,
    ),
)
# Items first: what is deleted or inserted among those of RED takes its changes with it.
_ALL: Final = (_RED_ITEMS, _RED_CHANGES, _OWN_ITEMS, _OWN_CHANGES)


def write_kept_anew(engine: Engine) -> int:
    """Compare all that is kept with the rows, and mend what is wrong; return in how many portions it was.

    Others go on meanwhile: where something is wrong, who publishes, decides or reads the changes of that
    portion waits until it is written.

    Raises: `TemporarilyUnavailableError`; what was mended until then stays.
    """
    _count_rows(engine)
    return sum(_mend_missing(engine, *one) for one in _portions(engine)) + sum(
        _mend_surplus(engine, kept) for kept in _ALL
    )


def _count_rows(engine: Engine) -> None:
    """Have PostgreSQL know how large the tables are: after a step that filled one it takes it for empty.

    Then each portion would be compared row by row with each other. Nobody waits for it.
    """
    if engine.dialect.name == "postgresql":
        with writing(engine) as session:
            for kept in _ALL:
                session.execute(text(f"ANALYZE {kept.table.__tablename__}"))


def _portions(engine: Engine) -> Iterator[tuple[int, int]]:
    """Yield portions of the codes: after one, and until another."""
    after = 0
    while True:
        with reading(engine) as session:
            first = select(Notification.code).where(Notification.code > after).order_by(Notification.code)
            until = session.scalar(select(func.max(first.limit(PORTION).subquery().c.code)))
        if until is None:
            return
        yield after, until
        after = until


def _mend_missing(engine: Engine, after: int, until: int) -> bool:
    """Write a portion anew where a row of it is missing or says something else; tell whether."""
    given = {"after": after, "until": until}
    with reading(engine) as session:
        # One statement, and so of one moment.
        if not session.connection().scalar(select(or_(*(kept.missing for kept in _ALL))), given):
            return False
    with writing(engine) as session:
        _hold_still(session, select(Notification.code).where(_OF_PORTION), given)
        connection = session.connection()
        for kept in _ALL:
            connection.execute(kept.deletion, given)
        # The changes of what is for RED persons come with it.
        for kept in (_RED_ITEMS, _OWN_ITEMS, _OWN_CHANGES):
            connection.execute(kept.insertion, given)
    let_others_write(engine)
    return True


def _mend_surplus(engine: Engine, kept: _Kept) -> int:
    """Delete what is nobody's, or another's; return in how many portions there was such."""
    mended, after = 0, (0, 0)
    while True:
        with reading(engine) as session:
            keys: Sequence[Any] = session.connection().execute(kept.first_keys(after)).all()
            if not keys:
                return mended
            until = (keys[-1][0], keys[-1][1])
            wrong = kept.between(after, until)
            is_wrong = session.connection().scalar(select(exists(select(true()).where(wrong))))
        if is_wrong:
            with writing(engine) as session:
                _hold_still(session, None, {})
                session.connection().execute(delete(kept.table).where(wrong))
            let_others_write(engine)
            mended += 1
        after = until


def _hold_still(session: Session, codes: Select[*tuple[Any, ...]] | None, given: dict[str, int]) -> None:
    """Let nobody publish, move or place anything until the commit, or decide those; in everybody's order."""
    wait_for_turn_to_publish(session)
    if codes is not None:
        locked = codes.order_by(Notification.code).with_for_update(key_share=True)
        session.connection().execute(locked, given).all()
    wait_for_turn_to_place(session)
