"""What a caller and an operator see of every fault, as the table of `docs/operations.md` tells it.

`functional/test_fault_table.py` makes each fault and compares what is then seen with its row; the document is
compared with the rows. After a row has changed:

    cd tests && ../.venv/bin/python -m fault_table --write
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fault_rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fault_rows import Line, Row, Told

DOCUMENT: Final = Path(__file__).parents[1] / "docs/operations.md"
_PLACE: Final = re.compile(r"(?<=<!-- faults -->\n).*?(?=<!-- /faults -->)", re.DOTALL)
_HEAD: Final = (
    "| fault | a caller reads | again, after | the log says | metrics | back | what you do |\n"
    "|---|---|---|---|---|---|---|\n"
)


def table() -> str:
    """Return the table as it stands in the document."""
    return _HEAD + "".join(f"| {' | '.join(_cells(row))} |\n" for row in ROWS)


def written() -> str:
    """Return what stands in the document now."""
    (found,) = _PLACE.findall(DOCUMENT.read_text("utf-8"))
    return str(found)


def _cells(row: Row) -> Iterator[str]:
    yield row.fault
    yield "; ".join(f"{of}: {_code(told)}" if of else _code(told) for of, told in row.reads.items())
    yield "; ".join(dict.fromkeys(_again(told) for told in row.reads.values()))
    yield "; ".join(map(_line, row.log)) or "nothing"
    yield ", ".join(f"`{name}`" for name in row.metrics) or "nothing"
    yield row.back
    yield row.cure


def _code(told: Told) -> str:
    return f"`{told.code}`" if told.code else "what was asked for"


def _again(told: Told) -> str:
    if not told.code:
        return "–"
    after = "" if told.after is None else f", {told.after} s"
    return f"{'yes' if told.again else 'no'}{after}"


def _line(line: Line) -> str:
    fields = ", ".join(f"`{name}` {value}" for name, value in line.fields.items())
    return f"`{line.event}`" + (f" ({fields})" if fields else "")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m fault_table --write")
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(_PLACE.sub(lambda _: table(), text), "utf-8")
