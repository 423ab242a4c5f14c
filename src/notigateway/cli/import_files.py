"""Reads a file that is imported line by line: CSV with a header, or JSON objects, one a line.

What leaves in doubt where a line ends makes the whole file unusable, and is found before anything is
imported: another encoding, a zero byte, a line without end, a quotation mark that nobody closes. Everything
else is wrong with its line alone.
"""

from __future__ import annotations

import codecs
import csv
import json
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError, ImportLineError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

LINE_MAX_BYTES: Final = 64 * 1024
FILE_MAX_BYTES: Final = 1024 * 1024 * 1024
STANDARD_INPUT: Final = "-"
# What a file of refused lines says beside what stood in them: nobody reads it when it is given again.
NOTE: Final = "_"
_LINE: Final = "_line"
# How an .xlsx begins (any ZIP does), and an .xls.
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class Line:
    """A line: its number, what it says (what is empty or null is not said), or why nobody can tell."""

    number: int
    said: Mapping[str, str]
    refusal: ImportLineError | None = None
    # Of a line that was refused before: where it stood in the file that it comes from.
    first_number: int | None = None

    @property
    def place(self) -> int:
        """The number by which whoever made the file finds it."""
        return self.number if self.first_number is None else self.first_number


@dataclass(frozen=True)
class Header:
    """How a CSV file is written: its mark of UTF-8, if it has one, its delimiter and its columns."""

    mark: str
    delimiter: str
    columns: tuple[str, ...]


@contextmanager
def opened_file(file: Path) -> Iterator[IO[bytes]]:
    """Open a file that is read twice; what comes by standard input (`-`) is kept on the disk meanwhile.

    Raises: `ConfigurationError`.
    """
    try:
        if str(file) == STANDARD_INPUT:
            with tempfile.TemporaryFile() as kept:
                shutil.copyfileobj(sys.stdin.buffer, kept)
                yield kept
        else:
            with file.open("rb") as opened:
                yield opened
    except OSError as error:
        if error.filename is not None and error.filename != str(file):
            raise
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error


def check_file(file: IO[bytes], columns: Collection[str]) -> int:
    """Return the number of the last line of a file that can be read to its end.

    Raises: `ConfigurationError` where it cannot, or where its header names a column that nobody reads.
    """
    if file.seek(0, 2) > FILE_MAX_BYTES:
        raise ConfigurationError(f"the file has more than {FILE_MAX_BYTES} bytes: import it in parts")
    last = 0
    for line in read_lines(file, columns):
        last = line.number
    return last


def read_lines(file: IO[bytes], columns: Collection[str]) -> Iterator[Line]:
    """Yield the lines that say something, from the first one. Raises: as `check_file`."""
    file.seek(0)
    texts = _texts(file)
    first = next((text for text in texts if text.strip()), "")
    file.seek(0)
    if first.lstrip().startswith("{"):
        yield from _of_json(file, columns)
    elif first:
        yield from _of_csv(file, columns, delimiter=_delimiter(first))


def header_of(file: IO[bytes]) -> Header | None:
    """Return how a CSV file that could be checked is written; None for JSON lines and for an empty file."""
    file.seek(0)
    mark = "\ufeff" if file.read(3) == codecs.BOM_UTF8 else ""
    file.seek(0)
    first = next((text for text in _texts(file) if text.strip()), "{")
    if first.lstrip().startswith("{"):
        return None
    delimiter = _delimiter(first)
    names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter))]
    return Header(mark, delimiter, tuple(name for name in names if not name.startswith(NOTE)))


def _texts(file: IO[bytes]) -> Iterator[str]:
    """Yield the physical lines as text."""
    number = 0
    while line := file.readline(LINE_MAX_BYTES + 1):
        number += 1
        if number == 1:
            if line.startswith(_WORKBOOKS):
                raise ConfigurationError("the file is an Excel workbook: save it as CSV UTF-8")
            if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise ConfigurationError("the file is in UTF-16: save it as UTF-8")
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) > LINE_MAX_BYTES:
            raise ConfigurationError(f"line {number} has more than {LINE_MAX_BYTES} bytes")
        if b"\0" in line:
            raise ConfigurationError(f"line {number} holds a zero byte: the file is no text in UTF-8")
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"line {number} is not in UTF-8 (in Windows-1252?): save the file as UTF-8"
            ) from error


def _delimiter(header: str) -> str:
    """Return what stands between the names of a header: a semicolon or a comma."""
    return ";" if header.count(";") > header.count(",") else ","


def _of_csv(file: IO[bytes], columns: Collection[str], *, delimiter: str) -> Iterator[Line]:
    rows = csv.reader(_texts(file), delimiter=delimiter, strict=True)
    header: list[str] = []
    try:
        before = 0
        for row in rows:
            number, before = before + 1, rows.line_num
            values = [value.strip() for value in row]
            if not any(values):
                continue
            if not header:
                header = [value.lower() for value in values]
                _check_header(header, columns)
            elif len(values) != len(header):
                said = dict(zip(header, values, strict=False))
                yield Line(number, _without_notes(said), _invalid("line", "columns"), _first_number(said))
            else:
                said = {name: value for name, value in zip(header, values, strict=True) if value}
                yield Line(number, _without_notes(said), None, _first_number(said))
    except csv.Error as error:
        raise ConfigurationError(f"line {before + 1} is not CSV: {error}") from error


def _check_header(header: list[str], columns: Collection[str]) -> None:
    """Check that every column is read, and each once: a typing error must not go unnoticed."""
    wrong = sorted({name or '""' for name in header if not _is_read(name, columns) or header.count(name) > 1})
    if wrong:
        raise ConfigurationError(
            f"the header names what nobody reads, or twice: {', '.join(wrong)}; "
            f"columns are {', '.join(columns)}"
        )


def _is_read(name: str, columns: Collection[str]) -> bool:
    return name in columns or name.startswith(NOTE)


def _without_notes(said: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in said.items() if not name.startswith(NOTE)}


def _first_number(said: Mapping[str, object]) -> int | None:
    """Return where a refused line stood, if it says so."""
    number = str(said.get(_LINE, ""))
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else None  # noqa: PLR2004


def _of_json(file: IO[bytes], columns: Collection[str]) -> Iterator[Line]:
    for number, text in enumerate(_texts(file), 1):
        if text.strip():
            yield _json_line(number, text, columns)


def _json_line(number: int, text: str, columns: Collection[str]) -> Line:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return Line(number, {}, _invalid("line", "json"))
    said: dict[str, str] = {}
    refusal = None
    for name, value in found.items():
        if name.startswith(NOTE) or value is None:
            continue
        said[name] = written = _text(value)
        if name not in columns:
            refusal = refusal or _invalid("line", "key")
        elif "\0" in written or not isinstance(value, str | bool):
            refusal = refusal or _invalid(name, "json")
    words = {name: value.strip() for name, value in said.items() if value.strip()}
    return Line(number, words, refusal, _first_number(found))


def _text(value: object) -> str:
    """Return a value as CSV would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _invalid(field: str, problem: str) -> ImportLineError:
    return ImportLineError(f"{field}: {problem}", field=field, problem=problem)
