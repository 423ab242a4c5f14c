"""What each RED authorisation sees: tables that the database itself keeps.

Who sees an item by RED is fixed when it is put at disposal, so it is written down then: one row for each
authorisation whose window was open. Triggers do that (migrations 0029 and 0030), for whoever writes
notifications, windows and changes; else `kept_anew.py` alone writes here. So a page costs what it holds,
whether the authorisation is for five companies or for fifty thousand. What a caller names is still asked of
the windows.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.lifecycle import State
from notigateway.repository.columns import CODE, Row, UtcDateTime, Word

_WITHOUT_ROWID = {"sqlite_with_rowid": False}


class RedBox(Row):
    """An authorisation in the RED system: under it its holder works, and its secondary users.

    `edition` is another number whenever a window of it is opened or taken back, never one of before.
    """

    __tablename__ = "red_boxes"
    __table_args__ = (UniqueConstraint("red_party", "authorisation"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    red_party: Mapped[str] = mapped_column(String(9))
    authorisation: Mapped[str] = mapped_column(String(16))
    edition: Mapped[int] = mapped_column(BigInteger)


class RedItem(Row):
    """A notification that is, or will be, for those under an authorisation; with what is asked of it."""

    __tablename__ = "red_inbox"
    __table_args__ = (
        Index("ix_red_inbox_state", "box_id", "state", "code", "available_at", "special_category"),
        # Groups stand together in it, and all that is asked of them.
        Index(
            "ix_red_inbox_counted", "box_id", "state", "issuing_body_id", "special_category", "available_at"
        ),
        Index("ix_red_inbox_available_at", "box_id", "available_at", "code"),
        _WITHOUT_ROWID,
    )

    box_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    code: Mapped[int] = mapped_column(CODE, primary_key=True, autoincrement=False)
    # As it stands in the notification's own row.
    state: Mapped[State] = mapped_column(Word(State))
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issuing_body_id: Mapped[int] = mapped_column(Integer)
    special_category: Mapped[bool]


class RedChange(Row):
    """A place among the changes that is of an item of the authorisation, and moves something."""

    __tablename__ = "red_changes"
    __table_args__ = (_WITHOUT_ROWID,)

    box_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(CODE, primary_key=True, autoincrement=False)
    code: Mapped[int] = mapped_column(CODE)
