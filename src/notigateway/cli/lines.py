"""Reads a file of lines that the operator brings: CSV with a header, or JSON objects, one a line."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE_MAX_BYTES: Final = 16 * 1024 * 1024


def read_lines(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each line with its number and what it says; what is empty or null is not said.

    Raises: `ConfigurationError` for a file or a line that cannot be read.
    """
    text = _read(file)
    if text.lstrip().startswith("{"):
        yield from _of_json(text, file)
    else:
        yield from _of_csv(text, file)


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > FILE_MAX_BYTES:
            raise ConfigurationError(f"{file} has more than {FILE_MAX_BYTES} bytes")
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"cannot read {file} as UTF-8") from error


def _of_json(text: str, file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except ValueError as error:
            raise ConfigurationError(f"{file}: line {number}: not JSON") from error
        if not isinstance(said, dict):
            raise ConfigurationError(f"{file}: line {number}: not an object")
        yield number, {key: _text(value, file, number) for key, value in said.items() if value is not None}


def _text(value: object, file: Path, number: int) -> str:
    """Return a value as CSV would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ConfigurationError(f"{file}: line {number}: values are texts, true or false")
    return value


def _of_csv(text: str, file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in rows:
            if None in row or None in row.values():
                raise ConfigurationError(f"{file}: line {rows.line_num}: not as many columns as the header")
            yield rows.line_num, {key: value.strip() for key, value in row.items() if value.strip()}
    except csv.Error as error:
        raise ConfigurationError(f"{file}: line {rows.line_num}: not CSV") from error


def check_names(said: Mapping[str, str], *, allowed: frozenset[str], file: Path, number: int) -> None:
    """Check that a line says nothing that nobody would read: a typing error must not go unnoticed.

    Raises: `ConfigurationError`.
    """
    unknown = sorted(set(said) - allowed)
    if unknown:
        raise ConfigurationError(f"{file}: line {number}: unknown: {', '.join(unknown)}")
