"""What each addressee has, with all that a page or a count asks of it: tables that the database itself keeps.

What a representative sees lies together here, grantor by grantor, in a few pages; notifications lie in the
order of their codes, among those of everybody else. Triggers write it (migration 0030), for whoever writes
notifications and changes; else `kept_anew.py` alone writes here. What a caller names is asked of the rows.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.lifecycle import State
from notigateway.repository.columns import CODE, Row, UtcDateTime, Word

_WITHOUT_ROWID = {"sqlite_with_rowid": False}


class OwnItem(Row):
    """A notification of an addressee, as it stands in its own row and in its act."""

    __tablename__ = "own_inbox"
    __table_args__ = (_WITHOUT_ROWID,)

    addressee_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    code: Mapped[int] = mapped_column(CODE, primary_key=True, autoincrement=False)
    state: Mapped[State] = mapped_column(Word(State))
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deadline: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    issuing_body_id: Mapped[int] = mapped_column(Integer)
    special_category: Mapped[bool]
    procedure: Mapped[str] = mapped_column(String(16))
    matter: Mapped[str] = mapped_column(String(64))


class OwnChange(Row):
    """A place among the changes that is of a notification of the addressee, and moves something."""

    __tablename__ = "own_changes"
    __table_args__ = (_WITHOUT_ROWID,)

    addressee_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(CODE, primary_key=True, autoincrement=False)
    # Null on PostgreSQL where the place was taken before this column was there: `changes` says it.
    code: Mapped[int | None] = mapped_column(CODE)
