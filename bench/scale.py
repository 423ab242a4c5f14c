"""`make bench-scale`: what a request costs in repositories of different sizes, for who acts for many.

A company with its own 1,000 notifications, a RED person of 5,000 companies and an attorney of 500 ask the
same of 10^4 and of 10^6 notifications (`ROWS=10000000` for as many): a cost must follow the page and the
reach, never the table. Signed requests, in this process; CPU of the server, and on PostgreSQL of its
backends. A filled repository is kept in `.bench/` and used again on the same day.
"""

from __future__ import annotations

import argparse
import json
import platform
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from bench.asking import ask_all
from bench.measure import Cpu, rsa_2048_private_operation
from bench.postgresql import postgresql
from bench.repositories import repository_of
from bench.scale_table import Size, verdicts_table, work_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.postgresql import PostgreSQL

DATABASES: Final = ("sqlite", "postgresql")
_ROWS: Final = (10_000, 1_000_000)


def main() -> None:
    """Fill what is not kept, measure, print the tables and write the same as JSON."""
    arguments = _arguments()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    databases = DATABASES if arguments.database == "both" else (arguments.database,)
    console = Console(width=150)
    found: dict[str, object] = {"python": platform.python_version()}
    with ExitStack() as stack:
        for database in databases:
            server = stack.enter_context(postgresql(folder / "pgdata")) if database == "postgresql" else None
            sizes = _sizes(arguments.rows or _ROWS, folder, server)
            console.print(work_table(database, sizes))
            console.print(verdicts_table(database, sizes))
            found[database] = [asdict(size) for size in sizes]
    file = folder / "scale.json"
    file.write_text(json.dumps(found, indent=1), "utf-8")
    print(f"written to {file}")


def _sizes(rows: Sequence[int], folder: Path, server: PostgreSQL | None) -> list[Size]:
    """Measure the repositories in turns."""
    with ExitStack() as stack:
        found = [stack.enter_context(repository_of(count, folder, server)) for count in rows]
        before = rsa_2048_private_operation()
        asked = ask_all(found)
        rsa = Cpu.mean([before, rsa_2048_private_operation()]).median
        return [
            Size(one.rows, one.filled_seconds, rsa, of_it) for one, of_it in zip(found, asked, strict=True)
        ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument(
        "--rows", type=int, nargs="*", metavar="N", help="how many notifications; 10000 1000000 where absent"
    )
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="where repositories are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
