"""What docs/sandbox.md shows of the code: the faults that can be ordered, and what the sandbox refuses.

`functional/test_sandbox_document.py` compares; it never writes. After a kind has come or gone:

    cd tests && ../.venv/bin/python -m sandbox_table --write
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from notigateway.sandbox.faults import MEANINGS
from notigateway.sandbox.refusals import SandboxError, all_refusals

DOCUMENT: Final = Path(__file__).parents[1] / "docs/sandbox.md"


def faults() -> str:
    """Return the table of faults."""
    rows = [f"| `{kind}` | {what} | {members} |" for kind, (what, members) in MEANINGS.items()]
    return "\n".join(["| kind | what happens | members |", "|---|---|---|", *rows, ""])


def refusals() -> str:
    """Return the table of what is refused."""
    found = {(one.code, one.status): _first_line(one) for one in all_refusals()}
    rows = [f"| `{code}` | {status} | {what} |" for (code, status), what in sorted(found.items())]
    return "\n".join(["| code | status | when |", "|---|---|---|", *rows, ""])


def _first_line(refusal: type[SandboxError]) -> str:
    return (refusal.__doc__ or "").partition("\n")[0]


def written() -> str:
    """Return the document with both tables as they are now."""
    text = DOCUMENT.read_text("utf-8")
    for name, table in (("faults", faults()), ("refusals", refusals())):
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        assert begin
        assert end
        text = before + begin + table + end + after
    return text


if __name__ == "__main__" and "--write" in sys.argv:
    DOCUMENT.write_text(written(), "utf-8")
