"""Database, store and authority go away and come back at random under signed clients; nobody is misled.

By hand for longer: `FAULTS_SECONDS=1800 make soak T=tests/functional/test_faults_at_random.py`; `FAULTS_SEED`
repeats a run.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from chaos import faults
from chaos.account import differences
from chaos.callers import LAST_SECONDS, calling
from chaos.cluster import cluster, folder_for_all
from chaos.installation import Installation, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaos.callers import Record
    from chaos.faults import Fault, Happened

SECONDS = float(os.environ.get("FAULTS_SECONDS", "180"))
SEED = int(os.environ.get("FAULTS_SEED", str(random.randrange(10**6))))  # noqa: S311  (a schedule)
CALLERS = int(os.environ.get("FAULTS_CALLERS", "50"))
PAUSE = float(os.environ.get("FAULTS_PAUSE", "2"))
ACTS = int(os.environ.get("FAULTS_ACTS", "1000"))


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Installation]:
    with (
        folder_for_all() as folder,
        cluster(folder / "pg") as server,
        installed(tmp_path, cluster=server, in_bucket=True, notifications=ACTS) as one,
    ):
        yield one


def suffer(one: Installation, what: tuple[Fault, ...], seconds: float) -> tuple[Record, list[Happened]]:
    """Call and let faults happen for so long; return what callers were told, and what happened."""
    with one.target().client() as client:
        ids = [str(row.id) for row in client.list_notifications()]
        known = ids.pop()
        client.accept([known])

    def probe() -> None:
        with one.target().client() as client:
            client.accept([known])
            (item,) = client.retrieve([known])
            if item.problem is not None:
                raise faults.NotYetError(item.problem.code)

    with calling(one.target(), ids, callers=CALLERS, seed=SEED, pause=PAUSE) as end:
        happened = list(faults.play(one, what, seconds=seconds, seed=SEED, probe=probe))
        record = end()
    with one.target().client() as client:
        (outcome,) = client.accept([known])
        assert outcome.receipt is not None
        record.receipts[known] = str(outcome.receipt.receipt_id)
    return record, happened


def report(record: Record, happened: list[Happened]) -> str:
    """Return the numbers of a run, one line each."""
    answers = Counter((one.operation, one.code, one.retryable) for one in record.answers)
    slowest = max((one.seconds for one in record.answers), default=0)
    lines = [
        f"seed {SEED}: {len(record.answers)} answers, slowest {slowest:.1f} s",
        f"  {len(record.receipts)} decisions told, {len(record.in_doubt)} in doubt",
        *(f"  {count:6} {' '.join(map(str, key))}" for key, count in sorted(answers.items())),
    ]
    for name in dict.fromkeys(one.fault.name for one in happened):
        some = [one for one in happened if one.fault.name == name]
        back = max(one.back_after for one in some)
        lines.append(f"  {name}: {len(some)} times, back after at most {back:.1f} s")
    return "\n".join(lines)


def untold(happened: list[Happened]) -> list[str]:
    """Return where nothing tells of a fault that was."""
    return [
        f"{each.fault.name} at {each.at:.0f} for {each.lasted:.1f} s: {place}"
        for each in happened
        for place in each.untold
    ]


def found_wrong(one: Installation, record: Record, happened: list[Happened]) -> list[str]:
    """Return everything that must not be, in a line each."""
    final = Counter((one.operation, one.code, one.detail[:100]) for one in record.final())
    return [
        *(f"told not to repeat it, {count} times: {' '.join(told)}" for told, count in final.items()),
        *record.wrong,
        *(f"{id_}: still in doubt" for id_ in record.in_doubt),
        *differences(one, record),
        *(f"nothing tells of {fault}" for fault in untold(happened)),
    ]


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 3 * LAST_SECONDS + 600)
def test_under_faults_at_random_nobody_is_misled(
    production: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    production.beside("jobs", "--checkpoint-seconds", "5", "--timestamp-seconds", "5")
    what = (*faults.WORKERS, *faults.ON_POSTGRESQL, *faults.IN_A_BUCKET, *faults.AUTHORITY)
    record, happened = suffer(production, what, SECONDS)
    checked, verified = production.run("check"), production.run("log", "verify")
    with capsys.disabled():
        print(f"\n{report(record, happened)}")  # noqa: T201  (the numbers of the run)
        print(checked.stdout[-2000:], verified.stdout[-500:])  # noqa: T201
    wrong = found_wrong(production, record, happened)
    assert wrong == [], "\n".join(wrong[:50])
    assert (checked.returncode, verified.returncode) == (0, 0), (checked.stderr, verified.stderr)
