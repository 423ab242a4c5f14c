"""What a filter asks of what an act says for sorting: its accounts and names, its metadata, and words.

Words are looked for in what is kept of a row (`row_texts.py`). Of a row without it nobody knows before its
act is read: such rows pass the conditions, and are read afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, or_, select

from notigateway.law.metadata import as_text
from notigateway.law.searching import is_found, searched, ways_to_quote
from notigateway.repository.dialects import holds, one_of
from notigateway.repository.model import Act, Notification
from notigateway.repository.prepared import Prepared
from notigateway.repository.row_texts import RowText, kept_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement

    from notigateway.repository.listing import ListFilter
    from notigateway.repository.session import Session

_EXACT: Final = ("naf", "matter", "procedure", "reference")


def act_conditions(chosen: ListFilter) -> list[ColumnElement[bool]]:
    """Return what is asked of the act, each a condition of Act."""
    conditions = [
        getattr(Act, name) == wanted for name in _EXACT if (wanted := getattr(chosen, name)) is not None
    ]
    if chosen.ccc is not None:
        ways = ways_to_quote(chosen.ccc)
        conditions.append(Act.ccc.endswith(chosen.ccc) if ways is None else Act.ccc.in_(ways))
    return [*conditions, *map(_says, sorted(chosen.metadata))]


def _says(pair: tuple[str, str]) -> ColumnElement[bool]:
    """Return the condition of a pair; what parts pairs where they are stored is in none."""
    if any(sign in text for text in pair for sign in "\t\n"):
        return Act.public_metadata == ""
    return holds(Act.public_metadata, as_text([pair]) or "")


def text_conditions(words: Collection[str]) -> list[ColumnElement[bool]]:
    """Return what is asked of the text that is kept: each of the words, or that there is none."""
    if not words:
        return []
    return [or_(RowText.searched.is_(None), and_(*(holds(RowText.searched, word) for word in words)))]


def unlike(session: Session, codes: Collection[int], words: tuple[str, ...]) -> set[int]:
    """Return those of the codes without such a text whose acts lack one of the words."""
    rows: list[Any] = _WITHOUT_TEXT.rows(session, codes=list(codes)) if codes else []
    return {row.code for row in rows if not is_found(words, searched(row.subject, row.reference))}


_WITHOUT_TEXT: Final = Prepared(
    select(Notification.code, Act.subject, Act.reference)
    .join(Act, Notification.act_id == Act.id)
    .outerjoin(RowText, kept_of(Notification.code))
    .where(one_of(Notification.code, "codes"), RowText.searched.is_(None))
)
