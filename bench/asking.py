"""What is asked of a filled repository, by whom, and what it costs: pages, changes, counts."""

from __future__ import annotations

import gc
import re
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.world import ASKERS
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.gateway import Gateway
    from bench.repositories import Repository
    from bench.world import Asker

    # Returns what tells how much CPU has been used, in ms, by those that are the database's backends by now.
    Backends = Callable[[], Callable[[], float]]

_TOTAL: Final = re.compile(rb"<total>(\d+)</total>")
_CURSOR: Final = re.compile(rb"<nextCursor>([^<]+)</nextCursor>")


@dataclass(frozen=True, slots=True)
class Question:
    """A request."""

    name: str
    operation: str
    inner: str

    def content(self, cursor: str) -> bytes:
        """Return the Body; `cursor` is the asker's place before the news."""
        inner = self.inner.replace("CURSOR", cursor)
        return f'<{self.operation} xmlns="{NOTIGATEWAY_V1}">{inner}</{self.operation}>'.encode()


PAGE_OF_1: Final = Question("list, page of 1", "ListNotifications", "<pageSize>1</pageSize>")
PAGE_OF_1000: Final = Question("list, page of 1,000", "ListNotifications", "<pageSize>1000</pageSize>")
AVAILABLE: Final = Question(
    "list `available`, 1,000",
    "ListNotifications",
    "<filter><state>available</state></filter><pageSize>1000</pageSize>",
)
CHANGES_OF_1: Final = Question("changes, page of 1", "ListChanges", "<pageSize>1</pageSize>")
CHANGES_OF_1000: Final = Question("changes, page of 1,000", "ListChanges", "<pageSize>1000</pageSize>")
NEWS: Final = Question(
    "changes near the head", "ListChanges", "<cursor>CURSOR</cursor><pageSize>1000</pageSize>"
)
SUMMARY: Final = Question("summary", "GetSummary", "")
QUESTIONS: Final = (PAGE_OF_1, PAGE_OF_1000, AVAILABLE, CHANGES_OF_1, CHANGES_OF_1000, NEWS, SUMMARY)


@dataclass(frozen=True, slots=True)
class Often:
    """How often each question is asked: until it has cost enough CPU, within these numbers."""

    least: int = 3
    most: int = 25
    enough_ms: float = 1_500.0


USUAL: Final = Often()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question has cost somebody: milliseconds of CPU here, and of the database's backends."""

    asker: str
    question: str
    rows: int
    best: float
    median: float
    backend_best: float
    backend_median: float

    @property
    def whole_best(self) -> float:
        """The cheapest, worker and backend together."""
        return self.best + self.backend_best


def cursors_now(gateway: Gateway) -> dict[str, str]:
    """Return for each asker the cursor of what comes from now on."""
    whole = Question("", "ListChanges", "<fromNow>true</fromNow>").content("")
    found = {}
    for asker in ASKERS:
        cursor = _CURSOR.search(gateway.answer(gateway.signed(whole, asker.holder)))
        if cursor is None:
            raise SystemExit("an answer names no cursor")
        found[asker.name] = cursor[1].decode()
    return found


def ask_all(repositories: Sequence[Repository], often: Often = USUAL) -> list[tuple[Asked, ...]]:
    """Ask everything by everybody; return for each repository what it has cost there.

    Each question is asked of all and by all in turns: what is compared was measured in the same moments, and
    however fast the machine is just then falls on each of them alike.
    """
    found: list[list[Asked]] = [[] for _ in repositories]
    for question in QUESTIONS:
        places = [(at, one, asker) for at, one in enumerate(repositories) for asker in ASKERS]
        # The first answers also fill caches.
        answers = [_ask(question, one, asker) for _, one, asker in places]
        gc.collect()
        turns = zip(*(_spent(question, one, asker, often) for _, one, asker in places), strict=False)
        for (at, _, asker), answer, spent in zip(places, answers, zip(*turns, strict=True), strict=True):
            here, there = zip(*spent, strict=True)
            costs = min(here), statistics.median(here), min(there), statistics.median(there)
            found[at].append(Asked(asker.name, question.name, _rows_in(answer), *costs))
    return [tuple(asked) for asked in found]


def _ask(question: Question, of: Repository, asker: Asker) -> bytes:
    return of.gateway.answer(of.gateway.signed(question.content(of.cursors[asker.name]), asker.holder))


def _spent(question: Question, of: Repository, asker: Asker, often: Often) -> Iterator[tuple[float, float]]:
    content = question.content(of.cursors[asker.name])
    return spent_on(of.gateway, content, asker.holder, backends=of.backends, often=often)


def spent_on(
    gateway: Gateway, content: bytes, holder: str, *, backends: Backends, often: Often
) -> Iterator[tuple[float, float]]:
    """Yield what each time has cost here and at the backends, in milliseconds of CPU."""
    backend_cpu = backends()
    times, sum_ms = 0, 0.0
    while times < often.least or (times < often.most and sum_ms < often.enough_ms):
        request = gateway.signed(content, holder)
        there, here = backend_cpu(), time.process_time_ns()
        gateway.answer(request)
        cost = (time.process_time_ns() - here) / 1e6, backend_cpu() - there
        times, sum_ms = times + 1, sum_ms + sum(cost)
        yield cost


def _rows_in(answer: bytes) -> int:
    """Return how many rows an answer has, or counts."""
    total = _TOTAL.search(answer)
    return answer.count(b"<id>") if total is None else int(total[1])
