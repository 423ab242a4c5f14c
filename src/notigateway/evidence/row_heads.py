"""Marks the first cell of each row as the head of its row, which typst cannot say yet.

PDF/UA-1 (ISO 14289-1 §7.5) wants heads of rows as `TH`, so that who has a table read aloud hears of what a
value is. typst tags heads of columns only. Its structure elements are plain objects of one form each, and
what is written in their place is as long as what was there: no offset changes.
"""

from __future__ import annotations

import re
from typing import Final

_ROW: Final = re.compile(rb"\n\d+ 0 obj\n<</Type/StructElem/S/TR/P \d+ 0 R/K\[(\d+) 0 R ")
_CELL: Final = re.compile(
    rb"(\n(\d+) 0 obj\n<</Type/StructElem/S/T)D"
    rb"(/P \d+ 0 R(?:/Lang\([^)]*\))?/A\[<</O/Table)(/Headers\[[^\]]*\])>>"
)
_SCOPE: Final = b"/Scope/Row"


def mark_row_heads(pdf: bytes) -> bytes:
    """Return a PDF as typst writes it, with the first cell of each row tagged as its head."""
    first = set(_ROW.findall(pdf))

    def marked(cell: re.Match[bytes]) -> bytes:
        if cell[2] not in first or len(cell[4]) < len(_SCOPE):
            return cell[0]
        return b"".join((cell[1], b"H", cell[3], _SCOPE.ljust(len(cell[4])), b">>"))

    return _CELL.sub(marked, pdf)
