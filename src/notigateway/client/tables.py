"""Tables for people: identifiers and days stand on one line, or every row becomes a block of its own.

Texts of the service are printed as text: control characters could steer a terminal, square brackets
are markup to rich.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notigateway.client.values import Marks

# What may be folded: sentences. Narrower than this nobody reads them.
_SENTENCES: Final = frozenset(
    {"subject", "problem", "text", "documents", "addressee", "name", "acted", "metadata", "marks", ""}
)
_SENTENCE_MIN: Final = 20
_GAP: Final = 2


def shown(value: object) -> Text:
    """Return a value as plain text that cannot steer a terminal."""
    lines = str(value).split("\n")
    return Text(
        "\n".join(
            "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
            for line in lines
        )
    )


def print_table(
    columns: Sequence[str], rows: Iterable[Iterable[object]], *, optional: Sequence[str] = ()
) -> None:
    """Print a table; columns that are `optional` are left out, the last first, where the screen is narrow.

    So are those of them in which nothing stands.
    Where it is too narrow for the others, each row is printed as a block, name and value on a line. In a
    file or a pipe nothing is folded to the width of a screen that is not there: one row is one line.
    """
    console = Console(file=sys.stdout)
    is_folded = console.is_terminal
    cells = [[shown(value if is_folded else _in_a_line(value)) for value in row] for row in rows]
    if not cells:
        console.print("none")
        return
    wide = [max(len(name), *(row[place].cell_len for row in cells)) for place, name in enumerate(columns)]
    widths = dict(zip(columns, wide, strict=True))
    if not is_folded:
        console.width = sum(wide) + _GAP * len(columns)
    kept = [name for name in columns if name not in optional or _has(cells, columns.index(name))]
    for name in reversed(optional):
        if name in kept and _least(kept, widths) > console.width:
            kept.remove(name)
    if _least(kept, widths) > console.width and any(columns):
        _print_blocks(console, columns, cells)
        return
    table = Table(box=None, pad_edge=False, show_header=any(columns))
    for name in kept:
        table.add_column(name, no_wrap=not is_folded or name not in _SENTENCES, overflow="fold")
    places = [columns.index(name) for name in kept] if any(columns) else range(len(columns))
    for row in cells:
        table.add_row(*(row[place] for place in places))
    console.print(table)


def _in_a_line(value: object) -> str:
    return "; ".join(str(value).split("\n"))


def marks_text(marks: Marks | None) -> str:
    """Return the marks of a notification in one line, each with who set it."""
    if marks is None:
        return ""
    said = [("downloaded", marks.downloaded), ("archived", marks.archived)]
    told = [f"{name} ({one.by.identifier})" for name, one in said if one is not None]
    if marks.assigned is not None:
        told.append(f"with {marks.assigned.to} ({marks.assigned.by.identifier})")
    return "; ".join([*told, *(f"#{one.label} ({one.by.identifier})" for one in marks.labels)])


def _has(cells: Iterable[Sequence[Text]], place: int) -> bool:
    """Tell whether anything stands in a column."""
    return any(row[place].plain for row in cells)


def _least(columns: Sequence[str], widths: dict[str, int]) -> int:
    """Return the least width at which these columns can be read."""
    needed = (min(widths[name], _SENTENCE_MIN) if name in _SENTENCES else widths[name] for name in columns)
    return sum(needed) + _GAP * (len(columns) - 1)


def _print_blocks(console: Console, columns: Sequence[str], cells: Iterable[Sequence[Text]]) -> None:
    for row in cells:
        block = Table(box=None, pad_edge=False, show_header=False)
        block.add_column(no_wrap=True)
        block.add_column(overflow="fold")
        for name, cell in zip(columns, row, strict=True):
            if cell.plain:
                block.add_row(name, cell)
        console.print(block)
        console.print()
