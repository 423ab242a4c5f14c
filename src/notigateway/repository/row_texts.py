"""The text of each list row, kept beside its notification from publication on, and the columns of a row.

A text is written once, with its notification, and read only while it says what the columns say. It ends with
the first change of any of them: triggers delete it (migration 0031), whoever makes the change, a worker of
the release before too. The one name that changes under it, an issuing body's acronym, is compared as it is
read. Where none is kept, as of what a release without them has published, it is written from the columns.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Integer,
    LargeBinary,
    Select,
    String,
    Text,
    and_,
    case,
    func,
    insert,
    select,
    type_coerce,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import NullType

from notigateway.contract.row_text import FORM, row_text
from notigateway.law.searching import searched
from notigateway.repository import columns
from notigateway.repository.columns import CODE
from notigateway.repository.dialects import one_of
from notigateway.repository.model import Act, Addressee, IssuingBody, Notification
from notigateway.repository.prepared import Prepared, UuidText
from notigateway.repository.quoted import addressee_name_of, body_name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import SQLColumnExpression

    from notigateway.repository.session import Session


class RowText(columns.Row):
    """The text of a notification's list row, in one form, and the acronym that it says."""

    __tablename__ = "row_texts"

    code: Mapped[int] = mapped_column(
        CODE, ForeignKey("notifications.code", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    form: Mapped[int] = mapped_column(Integer)
    issuing_body_id: Mapped[int] = mapped_column(Integer)
    acronym: Mapped[str] = mapped_column(String(16))
    text: Mapped[bytes] = mapped_column(LargeBinary)
    # What is looked through for words; null on those of an earlier form.
    searched: Mapped[str | None] = mapped_column(Text)


def write_row_texts(session: Session, notifications: Iterable[Notification]) -> None:
    """Keep the texts of notifications that are inserted in the same transaction.

    Their addressees and issuing bodies were read so that nobody could change their identifiers since
    (`hold_addressee`): a trigger sees no text that is not committed.
    """
    KEEP_TEXTS.write(session, map(_kept, notifications))


def _kept(one: Notification) -> dict[str, object]:
    body = one.act.issuing_body
    return {
        "code": one.code,
        "form": FORM,
        "issuing_body_id": body.id,
        "acronym": body.acronym,
        "text": row_text(_as_read(one)),
        "searched": searched(one.act.subject, one.act.reference),
    }


def _as_read(one: Notification) -> Any:  # noqa: ANN401  (a row of many columns)
    """Return a notification as `whole_columns` reads it, as far as its text says it."""
    act, body = one.act, one.act.issuing_body
    return SimpleNamespace(
        code=one.code,
        id=one.id,
        kind=one.kind,
        subject=act.subject,
        dir3=body.dir3,
        acronym=body.acronym,
        name=body_name_of(act),
        procedure=act.procedure,
        matter=act.matter,
        identifier=one.addressee.identifier,
        addressee_name=addressee_name_of(one),
        available_at=one.available_at,
        special_category=act.special_category,
        document_sizes=act.document_sizes,
        reference=act.reference,
        ccc=act.ccc,
        naf=act.naf,
        public_metadata=act.public_metadata,
        ground=one.ground,
        paper=act.paper,
        predecessor=one.predecessor,
        predecessor_name=one.predecessor_name,
    )


def with_texts(session: Session, rows: list[Any]) -> list[Any]:
    """Return rows of `text_columns`, each with its text: written from its columns where none is kept."""
    without = {row.code for row in rows if row.text is None}
    if not without:
        return rows
    written = {one.code: row_text(one) for one in WHOLE_ROWS.rows(session, codes=sorted(without))}
    at = rows[0]._fields.index("text")
    return [
        row if row.text is not None else row._make((*row[:at], written[row.code], *row[at + 1 :]))
        for row in rows
    ]


def kept_of(code: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Say that a text is that of a code, in the form that is read."""
    return and_(RowText.code == code, RowText.form == FORM)


def text_columns(role: ColumnElement[str | None]) -> Select[*tuple[object, ...]]:
    """Return the columns of a row whose text is kept, and of what is spliced into it."""
    return (
        select(
            Notification.code,
            Addressee.identifier,
            Notification.kind,
            Notification.state,
            Notification.available_at,
            Notification.deadline,
            Notification.outage_since.label("outage_since"),
            Notification.decided_at,
            # As the driver gives it: bytes on both.
            type_coerce(case((IssuingBody.acronym == RowText.acronym, RowText.text)), NullType()).label(
                "text"
            ),
            role.label("role"),
        )
        .join(Addressee, Notification.addressee_id == Addressee.id)
        .outerjoin(RowText, kept_of(Notification.code))
        .outerjoin(IssuingBody, IssuingBody.id == RowText.issuing_body_id)
    )


def whole_columns() -> Select[*tuple[object, ...]]:
    """Return every column that a list row is written from: plain tuples, for pages of a thousand."""
    return (
        select(
            Notification.code,
            type_coerce(Notification.id, UuidText()).label("id"),
            Notification.kind,
            Act.subject,
            IssuingBody.dir3,
            IssuingBody.acronym,
            func.coalesce(Act.issuing_body_name, IssuingBody.name).label("name"),
            Act.procedure,
            Act.matter,
            Addressee.identifier,
            func.coalesce(Act.addressee_name, Addressee.name).label("addressee_name"),
            Notification.state,
            Notification.available_at,
            Notification.deadline,
            Notification.outage_since.label("outage_since"),
            Act.special_category,
            Act.document_sizes,
            Act.reference,
            Act.ccc,
            Act.naf,
            Act.public_metadata,
            Notification.ground,
            Act.paper,
            Notification.predecessor,
            Notification.predecessor_name,
        )
        .join(Act, Notification.act_id == Act.id)
        .join(IssuingBody, Act.issuing_body_id == IssuingBody.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
    )


KEEP_TEXTS = Prepared(
    insert(columns.Row.metadata.tables[RowText.__tablename__]),
    columns=("code", "form", "issuing_body_id", "acronym", "text", "searched"),
)
# In no order: for one, SQLite would walk the whole table.
WHOLE_ROWS = Prepared(whole_columns().where(one_of(Notification.code, "codes")))
