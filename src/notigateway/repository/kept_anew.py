"""Writes anew what the database keeps ready of whom each notification and each change is for.

Triggers keep these tables (`own_inbox.py`, `red_inbox.py`), and nothing else writes there but this: for what
was written while a worker of a release before, or a fault of ours, had them say something else. Portion
by portion; each is looked at without holding up anybody, and written, whole, where something is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from secrets import randbits
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, exists, func, or_, select, text, true

from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.changes import wait_for_turn_to_place
from notigateway.repository.engine import let_others_write, reading, writing
from notigateway.repository.kept import (
    ALL,
    OF_PORTION,
    OWN_CHANGES,
    OWN_ITEMS,
    RED_ITEMS,
    Kept,
    boxes_missing,
)
from notigateway.repository.model import Notification
from notigateway.repository.red_inbox import RedBox
from notigateway.repository.texts_anew import mend_texts, texts_amiss

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine, Select

    from notigateway.repository.session import Session

# So that others wait for a second at most where all of a portion is wrong.
PORTION: Final = 1_000


@dataclass(frozen=True)
class Mended:
    """What was written anew: portions in which something was wrong, and texts of list rows."""

    portions: int
    texts: int


def write_kept_anew(engine: Engine) -> Mended:
    """Compare all that is kept with the rows, and mend what is wrong; write the texts that are not there.

    Others go on meanwhile: where something is wrong, who publishes, decides or reads the changes of that
    portion waits until it is written.

    Raises: `TemporarilyUnavailableError`; what was mended until then stays.
    """
    _count_rows(engine)
    portions, texts = int(_write_boxes(engine)), 0
    for after, until in _portions(engine):
        portions += _mend_missing(engine, after, until)
        texts += _mend_texts(engine, after, until)
    return Mended(portions + sum(_mend_surplus(engine, kept) for kept in ALL), texts)


def _write_boxes(engine: Engine) -> bool:
    """Give a number to each authorisation that has a window and none; tell whether there was such."""
    with reading(engine) as session:
        if session.connection().execute(boxes_missing().limit(1)).first() is None:
            return False
    with writing(engine) as session:
        _hold_still(session, None, {})
        missing = session.connection().execute(boxes_missing()).all()
        for red_party, authorisation in missing:
            session.add(RedBox(red_party=red_party, authorisation=authorisation, edition=randbits(52)))
    return True


def _mend_texts(engine: Engine, after: int, until: int) -> int:
    """Write the texts of a portion that are not there or say something else; return how many."""
    with reading(engine) as session:
        amiss = texts_amiss(session, after=after, until=until)
    codes = [*amiss.missing, *amiss.wrong]
    if not codes:
        return 0
    with writing(engine) as session:
        written = mend_texts(session, codes)
    let_others_write(engine)
    return written


def _count_rows(engine: Engine) -> None:
    """Have PostgreSQL know how large the tables are: after a step that filled one it takes it for empty.

    Then each portion would be compared row by row with each other. Nobody waits for it.
    """
    if engine.dialect.name == "postgresql":
        with writing(engine) as session:
            for kept in ALL:
                session.execute(text(f"ANALYZE {kept.name}"))


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
        if not session.connection().scalar(select(or_(*(kept.missing for kept in ALL))), given):
            return False
    with writing(engine) as session:
        _hold_still(session, select(Notification.code).where(OF_PORTION), given)
        connection = session.connection()
        for kept in ALL:
            connection.execute(kept.deletion, given)
        # The changes of what is for RED persons come with it.
        for kept in (RED_ITEMS, OWN_ITEMS, OWN_CHANGES):
            connection.execute(kept.insertion, given)
    let_others_write(engine)
    return True


def _mend_surplus(engine: Engine, kept: Kept) -> int:
    """Delete what is nobody's, or another's; return in how many portions there was such."""
    mended, after = 0, (0, 0)
    while True:
        with reading(engine) as session:
            keys: Sequence[Any] = session.connection().execute(kept.first_keys(after, limit=PORTION)).all()
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
