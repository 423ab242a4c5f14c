"""`make bench-check`: compares the last `make bench` with the committed one, by their ratios.

The exit code is 1 where one is worse by more than 20 %. It is no test: on a busy machine ratios are worse.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.report import Report, is_worse

BASELINE: Final = Path(__file__).parent / "baseline.json"


def main() -> None:
    """Compare, print, and exit."""
    parser = argparse.ArgumentParser(prog="bench.check", description=__doc__)
    parser.add_argument("--found", type=Path, default=Path(".bench/bench.json"))
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    arguments = parser.parse_args()
    sys.exit(compare(Report.read(arguments.found), Report.read(arguments.baseline)))


def compare(found: Report, baseline: Report) -> int:
    """Print both beside each other; return 1 where something is worse, 0 where nothing is."""
    table = Table("ratio", title=f"Beside the committed report ({baseline.processor}, {baseline.python})")
    for heading in ("committed", "now", "change", ""):
        table.add_column(heading, justify="right")
    worse = 0
    for name, earlier, now in found.beside(baseline):
        said = "worse" if is_worse(earlier, now) else ""
        worse += bool(said)
        table.add_row(name, f"{earlier:,.2f}", f"{now:,.2f}", f"{now / earlier - 1:+.0%}", said)
    Console(width=130).print(table)
    for name in sorted(baseline.ratios.keys() - found.ratios.keys()):
        print(f"not measured now: {name}")
    print(f"{worse} worse by more than 20 %")
    return 1 if worse else 0


if __name__ == "__main__":
    main()
