"""`make fuzz`: fuzzes each target for its share of the time and prints what was tried and found.

A finding is an input that raises, takes more than two seconds, or more than two GiB; it is kept in
`.fuzz/TARGET`, and the exit code is 1. Each run begins with the good inputs and with what earlier
runs found worth keeping.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fuzzing import TARGETS, seeds  # noqa: E402  (the folder of the tests is no package)

KEPT = ROOT / ".fuzz"
INPUT_SECONDS = 2
MEMORY_MIB = 2048
MAX_INPUT_BYTES = 16_384
# To start, and to end a run that its own clock does not end.
SPARE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one target."""

    target: str
    executions: int
    coverage: int
    findings: list[Path]
    log: str


def main() -> None:
    """Fuzz all targets, or those that are named."""
    options = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    options.add_argument("--seconds", type=int, default=60, help="for all targets together")
    options.add_argument("targets", nargs="*", default=[])
    chosen = options.parse_args()
    targets = chosen.targets or list(TARGETS)
    runs = [fuzz(target, max(1, chosen.seconds // len(targets))) for target in targets]
    print(f"{'target':12} {'executions':>12} {'coverage':>9} {'findings':>9}")
    for run in runs:
        print(f"{run.target:12} {run.executions:12,} {run.coverage:9,} {len(run.findings):9}")
    print(
        f"{'all':12} {sum(run.executions for run in runs):12,} {'':9} {sum(len(r.findings) for r in runs):9}"
    )
    failed = [run for run in runs if run.findings or not run.executions]
    for run in failed:
        print(f"\n{run.target}: {', '.join(str(file) for file in run.findings) or 'did not run'}")
        print(run.log[-3000:])
    sys.exit(1 if failed else 0)


def fuzz(target: str, seconds: int) -> Run:
    """Fuzz one target in a process of its own, which a finding ends."""
    corpus, found = KEPT / target / "corpus", KEPT / target / "findings"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    before = set(found.iterdir())
    command = [
        *(sys.executable, "-m", "fuzz.one", target, str(corpus)),
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-artifact_prefix={found}/",
        "-print_final_stats=1",
    ]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False,
            timeout=seconds + SPARE_SECONDS,
        )  # fmt: skip
        log = done.stderr + done.stdout
    except subprocess.TimeoutExpired as error:
        log = (error.stderr or b"").decode("utf-8", "replace") + "\nstopped: it did not end by itself"
    return Run(target, _executions(log), _coverage(log), sorted(set(found.iterdir()) - before), log)


def _executions(log: str) -> int:
    found = re.search(r"stat::number_of_executed_units: *(\d+)", log)
    return int(found[1]) if found else 0


def _coverage(log: str) -> int:
    found = re.findall(r"\bcov: (\d+)", log)
    return int(found[-1]) if found else 0


main()
