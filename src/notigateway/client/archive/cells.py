"""Tables of the report of a day: what stands in each cell, and how a table is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from notigateway.law.deadlines import MADRID, last_day

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from notigateway.client.archive.words import Words

    Row = sqlite3.Row | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the word above it, what stands in it, and what kind of thing that is."""

    key: str
    cell: Callable[[Row], str]
    kind: str = ""


def table(found: Iterable[Row], columns: Sequence[Column], words: Words) -> str:
    """Return a table. Each cell has the word of its column, for where there is no room for columns."""
    titles = "".join(f'<th scope="col" class="{one.kind}">{words[one.key]}</th>' for one in columns)
    body = "\n".join(
        "<tr>"
        + "".join(
            f'<td class="{one.kind}" data-is="{words[one.key]}">{one.cell(row)}</td>' for one in columns
        )
        + "</tr>"
        for row in found
    )
    return f"<div><table><thead><tr>{titles}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"


def what(is_new: Callable[[Row], bool], words: Words) -> list[Column]:
    """Return the columns that say which notification it is; one of that day is marked as new."""

    def code(row: Row) -> str:
        mark = f" <mark>{words['new']}</mark>" if is_new(row) else ""
        return f"{row['code']}{mark}"

    return [
        Column("code", code, "number"),
        Column("client", client, "name"),
        Column("account", lambda row: escape(row["ccc"] or row["naf"] or ""), "number"),
        Column("body", lambda row: escape(row["body"] or "")),
        Column("matter", lambda row: escape(row["matter"] or ""), "name"),
        Column("subject", lambda row: escape(row["subject"] or ""), "subject"),
    ]


def client(row: Row) -> str:
    """Return whom it is for."""
    if row["addressee"] is None:
        return ""
    return f"<b>{escape(row['addressee'])}</b> {escape(row['addressee_name'] or '')}"


def by(row: Row) -> str:
    """Return who decided."""
    who = " ".join(filter(None, (row["decided_by"], row["decided_by_name"])))
    if row["person"] and row["person"] != row["decided_by"]:
        who += f" · {row['person']} {row['person_name'] or ''}"
    return escape(who)


def moment(at: str | None) -> str:
    """Return an instant by the clock of Madrid."""
    if at is None:
        return ""
    return f'<time datetime="{at}">{datetime.fromisoformat(at).astimezone(MADRID):%d/%m/%Y %H:%M}</time>'


def last_day_of(at: str | None) -> str:
    """Return the last day of a term."""
    return "" if at is None else day_text(last_day(datetime.fromisoformat(at)))


def day_text(day: date) -> str:
    """Return a day as it is written in Spain."""
    return f'<time datetime="{day.isoformat()}">{day:%d/%m/%Y}</time>'
