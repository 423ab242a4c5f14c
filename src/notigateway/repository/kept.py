"""What the database must keep ready of whom each notification and each change is for, said once.

Triggers keep these tables (`own_inbox.py`, `red_inbox.py`). From the notifications, changes and windows
follows what must stand there: the check compares it, and `kept_anew.py` mends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, delete, exists, insert, null, or_, select, tuple_

from notigateway.repository.changes import Change, moves_something
from notigateway.repository.columns import CODE
from notigateway.repository.dialects import fenced
from notigateway.repository.model import Act, Addressee, Event, Notification
from notigateway.repository.own_inbox import OwnChange, OwnItem
from notigateway.repository.red_inbox import RedBox, RedChange, RedItem
from notigateway.repository.windows import RedWindow, is_of_red_ground

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Subquery
    from sqlalchemy.sql.base import Executable

AFTER, UNTIL = bindparam("after", type_=CODE), bindparam("until", type_=CODE)
OF_PORTION: Final = and_(Notification.code > AFTER, Notification.code <= UNTIL)
_OF_ACT: Final = {
    "issuing_body_id": Act.issuing_body_id,
    "special_category": Act.special_category,
    "procedure": Act.procedure,
    "matter": Act.matter,
}


@dataclass(frozen=True)
class Kept:
    """A kept table, what it must hold for the notifications of a portion, and which of its rows are right.

    `expected` selects all of the table's columns, by their names; `key` are the names of its key.
    """

    table: type[RedItem | RedChange | OwnItem | OwnChange]
    key: tuple[str, str]
    expected: Select[*tuple[Any, ...]]
    is_right: ColumnElement[bool]

    @property
    def name(self) -> str:
        """What it is called in the database."""
        return str(self.table.__tablename__)

    @cached_property
    def keys(self) -> tuple[Any, ...]:
        """The columns of its key."""
        return tuple(getattr(self.table, one) for one in self.key)

    @cached_property
    def missing(self) -> ColumnElement[bool]:
        """Say that a row of a portion is missing, or says something else."""
        wanted, is_there = self._wanted()
        return exists(select(wanted.c[self.key[0]]).where(~is_there))

    @cached_property
    def missed(self) -> Select[*tuple[Any, ...]]:
        """Select of which notification, of whom, and of which change a row is missing or says otherwise."""
        wanted, is_there = self._wanted()
        change = wanted.c[self.key[1]] if self.is_of_changes else null()
        return (
            select(wanted.c.code, Addressee.identifier, change)
            .join(Notification, Notification.code == wanted.c.code)
            .join(Addressee, Addressee.id == Notification.addressee_id)
            .where(~is_there)
            .distinct()
            .order_by(wanted.c.code)
        )

    @property
    def is_of_changes(self) -> bool:
        """Tell whether its rows tell of changes, and not of notifications."""
        return self.key[1] == "position"

    def _wanted(self) -> tuple[Subquery, ColumnElement[bool]]:
        """Return what must stand there, and that it does."""
        wanted = self.expected.subquery("wanted")
        same: list[ColumnElement[bool]] = []
        for one in wanted.columns:
            column = getattr(self.table, one.key)
            # By its key a row is looked up, which no index does for the other comparison.
            same.append(column == one if one.key in self.key else column.is_not_distinct_from(one))
        if self.table is OwnChange:  # of one that had its place before the column was there, it is not told
            same[-1] = or_(same[-1], OwnChange.code.is_(None))
        return wanted, exists().where(*same)

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

    def first_keys(self, after: tuple[int, int], *, limit: int) -> Select[*tuple[Any, ...]]:
        """Select the keys of so many rows that follow one."""
        return select(*self.keys).where(tuple_(*self.keys) > after).order_by(*self.keys).limit(limit)

    def between(self, after: tuple[int, int], until: tuple[int, int]) -> ColumnElement[bool]:
        """Say that a row is wrong, of those from one key on until another."""
        return and_(tuple_(*self.keys) > after, tuple_(*self.keys) <= until, ~self.is_right)

    def surplus(self, after: tuple[int, int], until: tuple[int, int]) -> Select[*tuple[Any, ...]]:
        """Select whose each wrong row is, of those from one key on until another, and what it tells of."""
        owner, of_it = (
            (RedBox.red_party, RedBox.id == self.keys[0])
            if self.key[0] == "box_id"
            else (Addressee.identifier, Addressee.id == self.keys[0])
        )
        whose = select(owner).where(of_it).scalar_subquery()
        return select(whose, self.keys[1]).where(self.between(after, until)).order_by(*self.keys)


def _was_for_red() -> list[ColumnElement[bool]]:
    """Say that a window was open when a notification was put at disposal, and of the ground that it needs."""
    return [
        RedWindow.opens_at <= Notification.available_at,
        or_(RedWindow.closes_at.is_(None), Notification.available_at < RedWindow.closes_at),
        is_of_red_ground(),
    ]


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
        .where(*_was_for_red())
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


RED_ITEMS: Final = Kept(
    RedItem,
    ("box_id", "code"),
    _red_items().where(OF_PORTION),
    exists().where(
        RedBox.id == RedItem.box_id,
        Notification.code == RedItem.code,
        RedWindow.addressee_id == Notification.addressee_id,
        # By the addressee it has few windows, by the authorisation thousands.
        fenced(RedWindow.authorisation == RedBox.authorisation),
        RedWindow.red_party == RedBox.red_party,
        *_was_for_red(),
    ),
)
RED_CHANGES: Final = Kept(
    RedChange,
    ("box_id", "position"),
    _with_changes(_red_items().where(OF_PORTION), "box_id"),
    exists().where(
        *_has_place(RedChange),
        Change.notification_code == RedChange.code,
        RedItem.box_id == RedChange.box_id,
        RedItem.code == RedChange.code,
    ),
)
OWN_ITEMS: Final = Kept(
    OwnItem,
    ("addressee_id", "code"),
    _own_items().where(OF_PORTION),
    exists().where(Notification.code == OwnItem.code, Notification.addressee_id == OwnItem.addressee_id),
)
OWN_CHANGES: Final = Kept(
    OwnChange,
    ("addressee_id", "position"),
    _with_changes(_own_items().where(OF_PORTION), "addressee_id"),
    exists().where(
        *_has_place(OwnChange),
        Notification.code == Change.notification_code,
        Notification.addressee_id == OwnChange.addressee_id,
    ),
)
# Items first: what is deleted or inserted among those of RED takes its changes with it.
ALL: Final = (RED_ITEMS, RED_CHANGES, OWN_ITEMS, OWN_CHANGES)


def boxes_missing() -> Select[*tuple[Any, ...]]:
    """Select the authorisations that have a window and no number under which anything could be theirs."""
    is_there = exists().where(
        RedBox.red_party == RedWindow.red_party, RedBox.authorisation == RedWindow.authorisation
    )
    return select(RedWindow.red_party, RedWindow.authorisation).where(~is_there).distinct()
