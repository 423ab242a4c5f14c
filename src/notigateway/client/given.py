"""What a person types, or has in a file: what is wrong with it is told before anything is sent.

A file holds one a line; blank lines, what follows a `#`, and the mark that Notepad puts before a text are
left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    Value = TypeVar("Value")

# Of a file that is opened as text: UTF-8, with its mark or without.
ENCODING: Final = "utf-8-sig"
_LABEL_MAX: Final = 64
_COMMENT: Final = "#"


def nif(text: str) -> str:
    """Return a NIF, NIE or CIF in capitals. Raises: `BadParameter`."""
    from notigateway.law.identifiers import check_nif  # noqa: PLC0415  (for who gives one)

    return checked(text, check_nif)


def dir3(text: str) -> str:
    """Return the code of a public body. Raises: `BadParameter`."""
    from notigateway.law.identifiers import check_dir3  # noqa: PLC0415  (for who gives one)

    return checked(text, check_dir3)


def label(text: str) -> str:
    """Return a label. Raises: `BadParameter` for one that is empty or too long."""
    if not 0 < len(text) <= _LABEL_MAX or text != text.strip():
        raise typer.BadParameter(
            f"a label has 1 to {_LABEL_MAX} characters, and no space at its ends; this one has {len(text)}"
        )
    return text


def checked(text: str, check: Callable[[str], str]) -> str:
    """Return what has a form, in its one form. Raises: `BadParameter` with what is wrong with it."""
    try:
        return check(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}") from error


def read_file(file: typer.FileText, read: Callable[[str], Value]) -> list[Value]:
    """Return what the lines of a file say. Raises: `BadParameter` with the number of the line."""
    return [_at(file.name, number, text, read) for number, text in _lines(file)]


def _lines(file: typer.FileText) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(file, start=1):
            text = line.partition(_COMMENT)[0].strip()
            if text:
                yield number, text
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file.name} is not in UTF-8: save it as UTF-8") from error


def _at(name: str, number: int, text: str, read: Callable[[str], Value]) -> Value:
    try:
        return read(text)
    except typer.BadParameter as error:
        raise typer.BadParameter(f"{name}, line {number}: {error.message}") from error
