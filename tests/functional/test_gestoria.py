"""A year of a simulated bureau, whose archives are what the service knows, however often a client is killed.

At its full size, 5,000 clients and 60,000 notifications, `make gestoria` plays it.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from collections import Counter, defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest

from archivist import Archivist
from bureau import bureau, person
from gestoria import DAYS, Gestoria
from gestoria_people import BY_BOTH, BY_CLIENTS, BY_MATTER, People
from histories import caller_of
from killed import Importing, Rebuilding, work
from served import serving
from service_record import record
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.once

SEED: Final = 20_261_128
_FULL: Final = "GESTORIA"
# How many seconds an import takes at most before it is killed, in all and for each line.
_BEGUN_SECONDS: Final = 0.3
_LINE_SECONDS: Final = 0.002


@dataclass(frozen=True)
class Size:
    """Of a year; how often the bureau and its employees pull, and when all is compared, in days."""

    clients: int = 40
    notifications: int = 360
    bureau_every: int = 15
    employees_every: int = 90
    compared_every: int = 180


FULL: Final = Size(5_000, 60_000, bureau_every=1, employees_every=7)


@dataclass
class Played:
    """What a year came to: seconds and kills of each step."""

    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    kills: Counter[str] = field(default_factory=Counter)
    times: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the seconds of a step."""
        began = time.monotonic()
        yield
        self.seconds[name] += time.monotonic() - began
        self.times[name] += 1

    def lines(self) -> Iterator[str]:
        """Yield a line for each step."""
        for name, seconds in self.seconds.items():
            times, kills = self.times[name], self.kills[name]
            yield f"{name:14} {seconds:8.1f} s, {times} times {seconds / times:.2f} s, {kills} kills\n"


@pytest.mark.soak
def test_archives_are_the_services_record_whoever_is_killed(sqlite_url: str, tmp_path: Path) -> None:
    size = FULL if os.environ.get(_FULL) else Size()
    with serving(sqlite_url, tmp_path, document_max_bytes=1_000_000) as stack:
        played = Played()
        gestoria = onboarded(stack, size, played)
        archivists = [
            Archivist("bureau", stack, gestoria.people.bureau, bureau(), size.bureau_every),
            *(
                Archivist(name, stack, caller_of(nif), person(nif), size.employees_every)
                for name, nif in (("clients", BY_CLIENTS), ("matter", BY_MATTER), ("both", BY_BOTH))
            ),
        ]
        check_year(gestoria, archivists, size, played)
        check_end(gestoria, archivists, played)
        sys.stdout.writelines([*(one.line() for one in archivists), *played.lines()])


def onboarded(stack: Stack, size: Size, played: Played) -> Gestoria:
    """Import everybody, killed again and again; nothing is there twice."""

    def import_(kind: str, file: Path) -> None:
        job = Importing(kind, file, stack.database_url)
        lines = len(file.read_text("utf-8").splitlines()) - 1
        latest = _BEGUN_SECONDS + lines * _LINE_SECONDS
        with played.step("onboarding"):
            for _ in range(2 if lines > 1 else 0):
                if work(job, dies_after=played.chance.random() * latest) is None:
                    played.kills["onboarding"] += 1
            done = work(job)
        assert done is not None
        told = done.told
        assert (told["created"] + told["unchanged"], told["changed"], told["refused"]) == (lines, 0, [])

    people = People(stack, size.clients)
    counts = people.onboard(import_)
    assert len(people.powers) == counts["powers"]
    assert len(people.assigned) == counts["red"]
    return Gestoria(stack, people, size.notifications, SEED)


def check_year(gestoria: Gestoria, archivists: list[Archivist], size: Size, played: Played) -> None:
    """Play the year; each pulls on its days, and is killed on some."""
    new: Counter[str] = Counter()
    late = 0
    days = gestoria.days()
    for day in range(DAYS):
        published, told_late = gestoria.published, gestoria.told["told late"]
        with played.step("the service"):
            next(days)
        late += gestoria.told["told late"] - told_late
        for one in archivists:
            new[one.name] += gestoria.published - published
            if day < 30 or day % one.every_days:
                continue
            step = "daily run" if one.runs else "first archive"
            if one.runs and late:
                step = "corrections"
            kills = 3 if not one.runs else played.chance.choice((0, 0, 0, 1, 2)) + (step == "corrections")
            with played.step(step):
                played.kills[step] += one.pull(played.chance, kills=kills, new=new[one.name])
            new[one.name] = 0
            late = 0 if one.name == "bureau" else late
        if day % size.compared_every == size.compared_every - 1:
            check_archives(archivists, played)
        if day % 30 == 29:  # who plays the full year waits for an hour
            sys.stdout.writelines([f"day {day + 1}, {gestoria.published} put at disposal\n", *played.lines()])
            sys.stdout.flush()
    # Nobody's whole list was walked after the first, but of who begins, ends or gets another scope.
    # A run that was killed may have done it, and no run counts for it.
    assert all(one.walks <= 1 for one in archivists[:2])


def check_archives(archivists: list[Archivist], played: Played) -> None:
    """Let each pull, then compare."""
    for one in archivists:
        one.pull(played.chance, kills=0, new=0)
        with played.step("comparing"):
            assert one.differences() == []


def check_end(gestoria: Gestoria, archivists: list[Archivist], played: Played) -> None:
    """Accept what is left, make the indexes anew, and look once more."""
    for one in archivists[:2]:
        with played.step("accepting"):
            played.kills["accepting"] += one.pull(played.chance, kills=4, new=20, accept=True)
    for one in archivists:
        with played.step("rebuilding"):
            for _ in range(2):
                moment = 1 + int(played.chance.random() * 2 * len(record(one.stack, one.caller)))
                played.kills["rebuilding"] += work(Rebuilding(one.archive), dies_at=moment) is None
            done = work(Rebuilding(one.archive))
        assert done is not None
    check_archives(archivists, played)
    for one in archivists:
        assert one.corrected() == one.corrections
    check_enough(gestoria, archivists, played)


def check_enough(gestoria: Gestoria, archivists: list[Archivist], played: Played) -> None:
    """Look whether the year was one that an archive must cope with, and everything was killed in it."""
    told = gestoria.told
    gained_and_lost = ("power gained", "assignment gained", "power lost", "assignment lost")
    assert min(told[one] for one in gained_and_lost) >= 3
    steps = ("onboarding", "first archive", "daily run", "corrections", "rebuilding")
    assert min(played.kills[one] for one in steps) > 0, played.kills
    assert archivists[0].corrections


def test_the_same_seed_plays_the_same_year(migrated_sqlite: Path, tmp_path: Path) -> None:
    """Else nothing that was found by it could be found again."""
    now = datetime.now(UTC).replace(microsecond=0)  # as of who imports

    def played(name: str) -> list[tuple[object, ...]]:
        folder = tmp_path / name
        folder.mkdir()
        shutil.copyfile(migrated_sqlite, folder / "gateway.db")
        with closing(Stack(f"sqlite:///{folder / 'gateway.db'}", folder, now=now)) as stack:
            gestoria = onboarded(stack, Size(20, 60), Played())
            gestoria.play()
            found = record(stack, gestoria.people.bureau).values()
            return sorted(
                (one.reference, one.addressee, one.state, one.role, one.decided_at) for one in found
            )

    year = played("one")
    assert len(year) > 30
    assert played("other") == year
