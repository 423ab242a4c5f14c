"""Compares the texts that are kept of list rows with the columns, and writes those that are not there.

What was published by a release without them has none, and is written from its columns each time that it is
listed: right, and slower. One that says something else than the columns would be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, delete, type_coerce
from sqlalchemy.types import NullType

from notigateway.contract.row_text import FORM, row_text
from notigateway.law.searching import searched
from notigateway.repository.columns import CODE
from notigateway.repository.dialects import one_of
from notigateway.repository.model import Act, Addressee, IssuingBody, Notification
from notigateway.repository.prepared import Prepared
from notigateway.repository.row_texts import KEEP_TEXTS, RowText, whole_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Amiss:
    """Codes of which no text would be read, and those whose text says something else, with whose they are."""

    missing: tuple[int, ...]
    wrong: dict[int, str]


def texts_amiss(session: Session, *, after: int, until: int) -> Amiss:
    """Compare the texts of notifications whose codes follow one, up to and with another; of one moment."""
    missing, wrong = list[int](), dict[int, str]()
    for row in _PORTION.rows(session, after=after, until=until):
        if row.kept is None:
            missing.append(row.code)
        elif bytes(row.kept) != row_text(row) or row.searched != searched(row.subject, row.reference):
            wrong[row.code] = row.identifier
    return Amiss(tuple(missing), wrong)


def mend_texts(session: Session, codes: Sequence[int]) -> int:
    """Write the texts of those anew; return how many.

    Nobody changes what they say until the commit, or the text would outlive it: what somebody else has locked
    now is left as it is. So nobody is waited for.
    """
    rows = _UNCHANGED.rows(session, codes=sorted(codes))
    session.connection().execute(_DELETION, {"codes": [row.code for row in rows]})
    return KEEP_TEXTS.write(
        session,
        (
            {
                "code": row.code,
                "form": FORM,
                "issuing_body_id": row.issuing_body_id,
                "acronym": row.acronym,
                "text": row_text(row),
                "searched": searched(row.subject, row.reference),
            }
            for row in rows
        ),
    )


_PORTION = Prepared(
    whole_columns()
    # As the driver gives it: bytes on both.
    .add_columns(type_coerce(RowText.text, NullType()).label("kept"), RowText.searched)
    .outerjoin(
        RowText,
        and_(RowText.code == Notification.code, RowText.form == FORM, RowText.acronym == IssuingBody.acronym),
    )
    .where(
        Notification.code > bindparam("after", type_=CODE),
        Notification.code <= bindparam("until", type_=CODE),
    )
)
_UNCHANGED = Prepared(
    whole_columns()
    .add_columns(Act.issuing_body_id)
    .where(one_of(Notification.code, "codes"))
    .with_for_update(of=[Notification, Act, IssuingBody, Addressee], key_share=True, skip_locked=True)
)
_DELETION = delete(RowText).where(one_of(RowText.code, "codes"))
