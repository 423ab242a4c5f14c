"""What the documents show of the house: its rooms from their docstrings, its floors from the layer contract.

`unit/docs/test_house.py` compares; it never writes. After a room has come or gone, write both anew:

    cd tests && ../.venv/bin/python -m house --write
"""

from __future__ import annotations

import ast
import math
import re
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "src/notigateway"
LINTER: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]


def floors() -> list[list[str]]:
    """Return what stands on each floor, the uppermost first: rooms and single modules."""
    (layers,) = [one["layers"] for one in LINTER["contracts"] if one["id"] == "layers"]
    return [re.findall(r"\w+", layer) for layer in layers]


def rules() -> str:
    """Return what import-linter checks, one line each."""
    return "\n".join(f"- {one['name']}" for one in LINTER["contracts"])


def rooms() -> str:
    """Return the table of all folders and single modules, each in the first line of its docstring."""
    table = ["| floor | where | what |", "|---|---|---|"]
    above = len(floors())
    for below, names in enumerate(floors()):
        files = chain.from_iterable(map(_files, names))
        table += [f"| {above - below} | {_link(file)} | {_first_line(file)} |" for file in files]
    return "\n".join([*table, ""])  # the marker that follows is no row


def _files(name: str) -> list[Path]:
    """Return the module, or the room and the rooms within it."""
    module = SOURCE / f"{name}.py"
    return [module] if module.is_file() else sorted((SOURCE / name).rglob("__init__.py"))


def _link(file: Path) -> str:
    target = file.parent if file.stem == "__init__" else file
    name = target.relative_to(SOURCE).as_posix()
    return f"[`{name}{'/' if target.is_dir() else ''}`](../src/notigateway/{name})"


def _first_line(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0].replace("|", "\\|")


def picture() -> str:
    """Return the house as a Mermaid block diagram: a row for each floor, small modules left out."""
    drawn = [row for names in floors() if (row := _shown(names))]
    columns = math.lcm(*map(len, drawn))
    lines = ["  " + " ".join(f"{name}:{columns // len(row)}" for name in row) for row in drawn]
    return "\n".join(["```mermaid", "block-beta", f"  columns {columns}", *lines, "```"])


def _shown(names: list[str]) -> list[str]:
    """Return the rooms of a floor; where there is none, the module that has the floor to itself."""
    found = [name for name in names if (SOURCE / name).is_dir()]
    return found or (names if len(names) == 1 else [])


SHOWN: Final = {
    "README.md": {"house": picture},
    "docs/house.md": {"rooms": rooms, "rules": rules},
}


def written(document: str) -> str:
    """Return the document as it is to be: between its markers stands what the house says now.

    Raises: `ValueError` for a document without its markers.
    """
    text = (ROOT / document).read_text("utf-8")
    for name, made in SHOWN[document].items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"{document} has no markers for {name}")
        text = f"{before}{begin}{made()}{end}{after}"
    return text


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    for one in SHOWN:
        (ROOT / one).write_text(written(one), "utf-8")
