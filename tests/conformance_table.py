"""`docs/conformance.md`: every check, and which of them catches which server that is wrong on purpose.

`unit/docs/test_conformance.py` compares the checks, `functional/test_conformance.py` lets one check of each
row catch its mutation; neither writes. After a check or a mutation has come or gone, some minutes:

    cd tests && ../.venv/bin/python -m conformance_table --write

With `--checks` in its place the checks alone are written, at once.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from conforming import failed, report_on
from mutants import all_mutations
from mutated_sandbox import mutated
from notigateway.conformance.kit import GROUPS, all_checks

if TYPE_CHECKING:
    from mutants import Mutation
    from mutated_sandbox import Mutated

DOCUMENT: Final = Path(__file__).parents[1] / "docs/conformance.md"
# What takes long is asked only where nothing else has caught a mutation.
LONG: Final = ("LAW", "WSCN-02")
_SHOWN: Final = 4
_ROW: Final = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| (.+) \|$", re.MULTILINE)


def checks() -> str:
    """Return the tables of the checks, group by group."""
    pieces = []
    for group, title in GROUPS.items():
        found = [one for one in all_checks() if one.group == group]
        rows = "\n".join(
            f"| {one.identifier} | {', '.join(sorted(one.contracts))} | {one.asks} | {one.source} | "
            f"{', '.join(need.name.lower() for need in one.needs)} |"
            for one in found
        )
        head = "| check | contract | what is asked for | source | needs |\n|---|---|---|---|---|"
        if found:
            pieces.append(f"### {title}\n\n{head}\n{rows}\n")
    return "\n".join(pieces)


def mutations() -> str:
    """Return the table of the mutations: each is switched on, and the kit run."""
    rows = ["| mutation | what the server does | caught by |", "|---|---|---|"]
    with TemporaryDirectory() as folder, mutated(Path(folder) / "sandbox") as server:
        rows += [_row(one, _caught_by(one, server)) for one in all_mutations().values()]
    return "\n".join([*rows, ""])


def _caught_by(one: Mutation, server: Mutated) -> list[str]:
    with server.wrong(one.name):
        found = failed(report_on(server.base, one.contract, but=LONG))
        return list(found or failed(report_on(server.base, one.contract, only=LONG)))


def _row(one: Mutation, found: list[str]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"| `{one.name}` | {one.does} | {', '.join(found[:_SHOWN]) or '**nothing**'}{more} |"


def rows_of_mutations() -> dict[str, tuple[str, str]]:
    """Return what the document says: of each mutation what the server does, and what catches it."""
    between = _between(DOCUMENT.read_text("utf-8"), "mutations")
    return {name: (does, caught) for name, does, caught in _ROW.findall(between)}


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name} -->\n", f"\n<!-- /{name} -->"


def _between(text: str, name: str) -> str:
    begin, end = _marks(name)
    return text.partition(begin)[2].partition(end)[0]


def written(**made: str) -> str:
    """Return the document with these tables in their places. Raises: `ValueError` for one without them."""
    text = DOCUMENT.read_text("utf-8")
    for name, table in made.items():
        begin, end = _marks(name)
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"{DOCUMENT.name} has no markers for {name}")
        text = f"{before}{begin}{table}{end}{after}"
    return text


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--checks"]:
            DOCUMENT.write_text(written(checks=checks()), "utf-8")
        case ["--write"]:
            DOCUMENT.write_text(written(checks=checks(), mutations=mutations()), "utf-8")
        case _:
            sys.exit("usage: python -m conformance_table --write | --checks")
