"""What is in an archive as a table: CSV and XLSX for people, in Madrid's time; JSON and Parquet for programs.

A text that begins like a formula is one to a spreadsheet: in CSV an apostrophe goes before it, in XLSX it is
written as the text that it is. NIF and accounts are texts, instants and days are dates.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.errors import ArchiveExportError
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID, last_day

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from xlsxwriter import Workbook

COLUMNS: Final = (
    "code", "addressee", "addressee_name", "ccc", "naf", "state", "available_at", "last_day", "deadline",
    "decided_at", "channel", "decided_by", "decided_by_name", "person", "person_name", "reported_at",
    "evidence", "is_proven", "body", "body_id", "procedure", "matter", "reference", "subject", "kind",
    "role", "metadata", "document_count", "has_content", "special_category", "corrections",
    "kept_since", "unseen_since", "folder", "id",
)  # fmt: skip
_INSTANTS: Final = frozenset(
    {"available_at", "deadline", "decided_at", "reported_at", "kept_since", "unseen_since"}
)
_FLAGS: Final = frozenset({"is_proven", "has_content", "special_category"})
_NUMBERS: Final = frozenset({"code", "document_count", "corrections"})
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_WRITTEN_AT_ONCE: Final = 10_000
_SHEET_ROWS: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which notifications: of these states, with these words, put at disposal since an instant (UTC text)."""

    states: Sequence[str] = ()
    # By column; None does not restrict.
    words: Mapping[str, str | None] = field(default_factory=dict)
    since: str | None = None


def chosen_rows(index: sqlite3.Connection, chosen: Chosen) -> Iterator[dict[str, Any]]:
    """Yield what there is of each, in the order of codes; instants as such."""
    wanted, values = ["1"], list[object]()
    if chosen.states:
        wanted.append(f"state IN ({', '.join('?' * len(chosen.states))})")
        values += chosen.states
    for name, word in chosen.words.items():
        if word is not None:
            wanted.append(f"{name} = ?")
            values.append(word)
    if chosen.since is not None:
        wanted.append("available_at >= ?")
        values.append(chosen.since)
    query = (
        "SELECT *, (SELECT count(*) FROM versions WHERE notification_id = notifications.id AND is_corrected) "  # noqa: S608
        f"AS corrections FROM notifications WHERE {' AND '.join(wanted)} ORDER BY code, id"
    )
    for row in index.execute(query, values):
        yield {name: _value(row, name) for name in COLUMNS}


def _value(row: sqlite3.Row, name: str) -> Any:  # noqa: ANN401  (a cell)
    if name == "last_day":
        return None if row["deadline"] is None else last_day(datetime.fromisoformat(row["deadline"]))
    value = row[name]
    if value is None:
        return None
    if name in _INSTANTS:
        return datetime.fromisoformat(value)
    return bool(value) if name in _FLAGS else value


def csv_pieces(rows: Iterator[dict[str, Any]], *, separator: str = ";") -> Iterator[bytes]:
    """Yield CSV as spreadsheets of Spain open it: a byte order mark, semicolons, the time of Madrid."""
    yield b"\xef\xbb\xbf"
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return int(value)
        case datetime():
            return f"{value.astimezone(MADRID):%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case str() if value.startswith(_FORMULAS):
            return f"'{value}"
    return value


def json_pieces(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a line of JSON for each; instants in UTC, metadata as they are."""
    for row in rows:
        said = {name: _told(value) for name, value in row.items()}
        said["metadata"] = json.loads(row["metadata"]) if row["metadata"] else None
        yield f"{json.dumps(said, ensure_ascii=False)}\n".encode()


def _told(value: object) -> object:
    match value:
        case datetime():
            return instant_text(value)
        case date():
            return value.isoformat()
    return value


def write_xlsx(rows: Iterator[dict[str, Any]], file: Path) -> None:
    """Write a workbook, row by row: what it holds need not be in memory.

    Raises: `ArchiveExportError`; `OSError`.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    try:
        with Workbook(str(file), {"constant_memory": True, "strings_to_urls": False}) as book:
            _fill(book, rows)
    except FileCreateError as error:
        raise error.args[0] from error  # what the disk said


def _fill(book: Workbook, rows: Iterator[dict[str, Any]]) -> None:
    sheet = book.add_worksheet("notigateway")
    head = book.add_format({"bold": True, "bg_color": "#DDE6F0", "bottom": 1})
    instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    text = book.add_format({"num_format": "@"})
    for place, name in enumerate(COLUMNS):
        sheet.set_column(place, place, _width(name))
        sheet.write_string(0, place, name, head)
    sheet.freeze_panes(1, 2)
    count = 0
    for count, row in enumerate(rows, start=1):
        if count >= _SHEET_ROWS:
            raise ArchiveExportError(f"a sheet has no more than {_SHEET_ROWS - 1:,} rows: choose fewer")
        for place, name in enumerate(COLUMNS):
            match row[name]:
                case None:
                    pass
                case bool() as said:
                    sheet.write_boolean(count, place, said)
                case int() as number:
                    sheet.write_number(count, place, number)
                case datetime() as at:
                    sheet.write_datetime(
                        count, place, at.astimezone(MADRID).replace(tzinfo=None, microsecond=0), instant
                    )
                case date() as on:
                    sheet.write_datetime(count, place, on, day)
                case said:
                    sheet.write_string(count, place, str(said), text)
    sheet.autofilter(0, 0, count, len(COLUMNS) - 1)


def _width(name: str) -> int:
    if name in {"subject", "addressee_name", "decided_by_name", "person_name", "folder", "id"}:
        return 38
    return 20 if name in _INSTANTS else max(12, len(name) + 3)


def write_parquet(rows: Iterator[dict[str, Any]], file: Path) -> None:
    """Write a Parquet file with instants in UTC. Raises: `ArchiveExportError` without pyarrow."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ArchiveExportError(
            "Parquet needs pyarrow, which is not installed: pip install 'notigateway[parquet]'"
        ) from error
    schema = pa.schema([(name, _arrow(pa, name)) for name in COLUMNS])
    with parquet.ParquetWriter(str(file), schema) as writer:
        some: list[dict[str, Any]] = []
        for row in rows:
            some.append(row)
            if len(some) == _WRITTEN_AT_ONCE:
                writer.write_table(pa.Table.from_pylist(some, schema))
                some = []
        writer.write_table(pa.Table.from_pylist(some, schema))


def _arrow(pa: Any, name: str) -> Any:  # noqa: ANN401  (a module that may not be there)
    if name in _INSTANTS:
        return pa.timestamp("ms", tz="UTC")
    if name == "last_day":
        return pa.date32()
    if name in _FLAGS:
        return pa.bool_()
    return pa.int64() if name in _NUMBERS else pa.string()
