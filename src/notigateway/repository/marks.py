"""Marks of a party on notifications, as those who work for it have set them; nobody else asks for them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ForeignKey, Index, String, bindparam, delete, exists, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.marks import Mark, Set
from notigateway.repository import columns
from notigateway.repository.columns import CODE, UtcDateTime, Word
from notigateway.repository.dialects import one_of
from notigateway.repository.model import Notification
from notigateway.repository.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import ColumnElement

    from notigateway.law.marks import Said
    from notigateway.repository.listing import ListFilter
    from notigateway.repository.session import Session

    Marks = Mapping[Said, Set]


class MarkRow(columns.Row):
    """One mark of a party on a notification, and who set it last."""

    __tablename__ = "marks"
    __table_args__ = (Index("ix_marks_of_party", "party", "mark", "words", "code"), Index(None, "code"))

    party: Mapped[str] = mapped_column(String(9), primary_key=True)
    code: Mapped[int] = mapped_column(
        CODE, ForeignKey("notifications.code", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    mark: Mapped[Mark] = mapped_column(Word(Mark), primary_key=True)
    # To whom it is assigned, or the label.
    words: Mapped[str] = mapped_column(String(64), primary_key=True)
    set_by: Mapped[str] = mapped_column(String(9))
    set_by_name: Mapped[str] = mapped_column(String(255))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


def wait_for_turn_to_mark(session: Session, party: str) -> None:
    """Let one transaction of a party at a time look at its marks and change them.

    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TURN, {"party": f"marks {party}"})


_TURN: Final = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("party", type_=String), 0)))


def find_marks(session: Session, party: str, codes: Collection[int]) -> dict[int, dict[Said, Set]]:
    """Return the party's marks on those notifications, by code; of those without any, nothing."""
    found: dict[int, dict[Said, Set]] = {}
    rows: list[Any] = _OF_CODES.rows(session, party=party, codes=list(codes)) if codes else []
    for row in rows:
        set_ = Set(by=row.set_by, by_name=row.set_by_name, at=row.set_at)
        found.setdefault(row.code, {})[row.mark, row.words] = set_
    return found


def write_marks(session: Session, party: str, changed: Mapping[int, tuple[Marks, Marks]]) -> None:
    """Write what differs of each notification between what was and what is to be."""
    gone, new = [], []
    for code, (before, now) in changed.items():
        gone += [_key(party, code, said) for said in before if now.get(said) != before[said]]
        new += [
            {**_key(party, code, said), "set_by": one.by, "set_by_name": one.by_name, "set_at": one.at}
            for said, one in now.items()
            if before.get(said) != one
        ]
    _GONE.write(session, gone)
    _NEW.write(session, new)


def _key(party: str, code: int, said: Said) -> dict[str, object]:
    return {"party": party, "code": code, "mark": said[0], "words": said[1]}


def mark_conditions(chosen: ListFilter, party: str) -> list[ColumnElement[bool]]:
    """Return what a filter asks of the party's marks, each a condition of Notification."""
    return [
        *_is(party, Mark.DOWNLOADED, chosen.downloaded),
        *_is(party, Mark.ARCHIVED, chosen.archived),
        *_says(party, Mark.ASSIGNED, chosen.assigned_to),
        *_says(party, Mark.LABEL, chosen.label),
    ]


def _is(party: str, mark: Mark, wanted: bool | None) -> Iterable[ColumnElement[bool]]:  # noqa: FBT001
    if wanted is None:
        return []
    if wanted:
        return _says(party, mark, "")
    is_set = exists().where(
        MarkRow.party == party, MarkRow.code == Notification.code, MarkRow.mark == mark, MarkRow.words == ""
    )
    return [~is_set]


def _says(party: str, mark: Mark, words: str | None) -> Iterable[ColumnElement[bool]]:
    if words is None:
        return []
    codes = select(MarkRow.code).where(MarkRow.party == party, MarkRow.mark == mark, MarkRow.words == words)
    return [Notification.code.in_(codes)]


_TABLE: Final = columns.Row.metadata.tables[MarkRow.__tablename__]
_PARTY: Final = bindparam("party", type_=String)
_OF_CODES: Final = Prepared(
    select(
        MarkRow.code, MarkRow.mark, MarkRow.words, MarkRow.set_by, MarkRow.set_by_name, MarkRow.set_at
    ).where(MarkRow.party == _PARTY, one_of(MarkRow.code, "codes"))
)
_NEW: Final = Prepared(
    insert(_TABLE), columns=("party", "code", "mark", "words", "set_by", "set_by_name", "set_at")
)
_GONE: Final = Prepared(
    delete(_TABLE).where(*(_TABLE.c[name] == bindparam(name) for name in ("party", "code", "mark", "words")))
)
