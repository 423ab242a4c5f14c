"""What each command takes when there is nothing to do: loading what it needs, the first line, the end.

`python -m bench.starts` measures it alone, in half a minute.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from bench.measure import rsa_2048_private_operation
from bench.serving import PATH, set_up
from bench.tables import starts_table
from notigateway.sandbox.holders import ensure_pki

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMES: Final = 5
_WITHOUT_DATA: Final = (
    ("notigateway", "notigateway.cli.main", "--help"),
    ("notigateway", "notigateway.cli.main", "version"),
    ("notigateway-client", "notigateway.client.cli", "--help"),
    ("notigateway-verify", "notigateway.verifier.cli", "--help"),
)
_ON_DATA: Final = (
    ("sweep",),
    ("checkpoint",),
    ("timestamp",),
    ("refresh-trust",),
    ("check",),
    ("log", "verify"),
    ("power", "list"),
    ("red", "list"),
)


def measure_starts(folder: Path) -> dict[str, float]:
    """Return the CPU milliseconds of each command on a gateway without notifications: the best of some."""
    file = _gateway(folder)
    (folder / "manifest.jsonl").touch()
    costs = {f"{name} {words}": _best(module, words) for name, module, words in _WITHOUT_DATA}
    for words in (*_ON_DATA, ("publish", str(folder))):
        name = " ".join(("notigateway", *words)).replace(str(folder), "FOLDER")
        costs[name] = _best("notigateway.cli.main", *words, "--settings", str(file))
    return costs


def _gateway(folder: Path) -> Path:
    """Make keys and a gateway that nothing was published in; return the file of settings."""
    pki = ensure_pki(folder / "pki", datetime.now(UTC))
    changes = {
        # An authority that is asked nothing, since nothing waits for a time-stamp.
        "timestamp_authority_url": "http://127.0.0.1:9/",
        "timestamp_authority_folder": str(pki.issuers),
    }
    return set_up(folder, pki, f"http://127.0.0.1:9{PATH}", changes)


def _best(module: str, *words: str) -> float:
    return min(_one([sys.executable, "-m", module, *words]) for _ in range(_TIMES))


def _one(command: Sequence[str]) -> float:
    before = _of_children()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.decode()}")
    return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def _main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        costs = measure_starts(Path(folder))
    Console(width=130).print(starts_table(rsa_2048_private_operation(), costs))


if __name__ == "__main__":
    _main()
