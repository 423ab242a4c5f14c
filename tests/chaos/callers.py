"""Signed clients in processes that write down every answer, and go on until they know what became of all.

Each has notifications of its own to accept. What a broken connection leaves in doubt is asked again, as a
client of the contract does; a decision that was told has one receipt for ever. They call before anything
happens to the gateway, and until nothing happens any more: what nobody meets is no fault.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, NamedTuple

from notigateway.client.errors import ClientError
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.synchronize import Event, Semaphore

    from load import Target
    from notigateway.client import NotificationClient
    from notigateway.client.values import DecisionOutcome

_DONE: Final = frozenset({"decided", "already_decided_by_you"})
_PROCESSES: Final = 2
# What is in doubt at the end is asked for again until then.
LAST_SECONDS: Final = 90.0


class Told(NamedTuple):
    """One answer, or what came instead of it; `code` is "" where it is what was asked for."""

    at: float
    operation: str
    code: str
    retryable: bool
    retry_after: float
    seconds: float
    detail: str


@dataclass
class Record:
    """What callers were told: every answer, and the receipt of every decision."""

    answers: list[Told] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Record) -> None:
        """Add what other callers were told; no two of them share a notification."""
        self.answers += other.answers
        self.receipts |= other.receipts
        self.in_doubt |= other.in_doubt
        self.wrong += other.wrong

    def final(self) -> list[Told]:
        """Return what was said to be no use to repeat."""
        return [one for one in self.answers if one.code and not one.retryable]


class _Signals(NamedTuple):
    """What the processes of callers share: who has a receipt to ask for, and that it is time to end."""

    ready: Semaphore
    over: Event


class _Caller:
    def __init__(self, target: Target, ids: Sequence[str], *, seed: int, pause: float) -> None:
        self._target = target
        self._chance = random.Random(seed)  # noqa: S311  (a schedule, not a secret)
        self._waiting = list(ids)
        self._pause = pause
        self.record = Record()

    def run(self) -> None:
        """Call until it is over, then until nothing is in doubt."""
        try:
            with self._target.client() as client:
                self._go_on(client)
        except Exception as error:  # noqa: BLE001  (shown by the test)
            self.record.wrong.append(f"{type(error).__name__}: {error}")

    def _go_on(self, client: NotificationClient) -> None:
        others = (self._retrieve, self._receipts, self._list, self._accept_again)
        while not self.record.receipts and not _signals.over.is_set():
            self._ask(self._accept, client)
        _signals.ready.release()
        while not _signals.over.wait(self._chance.expovariate(1 / self._pause)):
            left = (len(self._waiting) + len(self.record.in_doubt)) and self._chance.random() < 0.4
            self._ask(self._accept if left else self._chance.choice(others), client)
        end = time.monotonic() + LAST_SECONDS
        while self.record.in_doubt and time.monotonic() < end:
            self._ask(self._accept, client)
            time.sleep(self._pause)

    def _ask(self, operation: Callable[[NotificationClient], None], client: NotificationClient) -> None:
        at, began = time.time(), time.monotonic()
        code, retryable, retry_after, detail = "", False, 0.0, ""
        try:
            operation(client)
        except ClientError as error:
            code, retryable, detail = error.code, error.retryable, str(error)
            retry_after = error.retry_after_seconds
        taken = time.monotonic() - began
        name = operation.__name__.strip("_")
        self.record.answers.append(Told(at, name, code, retryable, retry_after, taken, detail))

    def _accept(self, client: NotificationClient) -> None:
        """Accept what is in doubt, or a few of what waits: from here on they are in doubt until told."""
        if not self.record.in_doubt:
            self.record.in_doubt = {self._waiting.pop() for _ in self._waiting[:3]}
        for outcome in client.accept(sorted(self.record.in_doubt)):
            self._decided(outcome)

    def _accept_again(self, client: NotificationClient) -> None:
        if self.record.receipts:
            for outcome in client.accept(self._some()):
                self._decided(outcome)

    def _decided(self, outcome: DecisionOutcome) -> None:
        if outcome.outcome not in _DONE or outcome.receipt is None:
            self.record.wrong.append(f"{outcome.id}: {outcome.outcome}, {outcome.problem}")
            return
        receipt = str(outcome.receipt.receipt_id)
        if self.record.receipts.setdefault(str(outcome.id), receipt) != receipt:
            self.record.wrong.append(f"{outcome.id}: another receipt than before")
        self.record.in_doubt.discard(str(outcome.id))

    def _some(self) -> list[str]:
        known = sorted(self.record.receipts)
        return self._chance.sample(known, min(3, len(known)))

    def _retrieve(self, client: NotificationClient) -> None:
        for item in client.retrieve(self._some()) if self.record.receipts else ():
            if item.problem is not None:
                problem = item.problem
                told = Told(time.time(), "document", problem.code, problem.retryable, 0, 0, "")
                self.record.answers.append(told)
            for document in item.documents:
                content = document.content()
                if content is not None and hashlib.sha256(content).hexdigest() != document.sha256:
                    self.record.wrong.append(f"{item.id}: a document differs from its hash")

    def _receipts(self, client: NotificationClient) -> None:
        for one in client.receipts(self._some()) if self.record.receipts else ():
            if self.record.receipts[str(one.id)] not in {str(receipt.receipt_id) for receipt in one.receipts}:
                self.record.wrong.append(f"{one.id}: the receipt that was told is not among its receipts")

    def _list(self, client: NotificationClient) -> None:
        client.list_page(page_size=50)


# Of a process of callers; set when it starts.
_signals: _Signals


def _share(signals: _Signals) -> None:
    global _signals  # noqa: PLW0603  (a process of a pool is given them when it starts, and no other way)
    _signals = signals


def _call(target: Target, shares: list[list[str]], seed: int, pause: float) -> Record:
    callers = [_Caller(target, ids, seed=seed + number, pause=pause) for number, ids in enumerate(shares)]
    threads = [threading.Thread(target=one.run) for one in callers]
    for thread in threads:
        thread.start()
    _signals.over.wait()
    end = time.monotonic() + 2 * LAST_SECONDS
    total = Record()
    for caller, thread in zip(callers, threads, strict=True):
        thread.join(max(end - time.monotonic(), 0))
        if thread.is_alive():
            total.wrong.append("a caller never ended")
        total.add(caller.record)
    return total


@contextmanager
def calling(
    target: Target, ids: Sequence[str], *, callers: int, seed: int, pause: float = 1.0
) -> Iterator[Callable[[], Record]]:
    """Let that many clients call, each with a receipt by now; what is given ends it: their record."""
    context = get_context("spawn")
    signals = _Signals(context.Semaphore(0), context.Event())
    shares = [list(ids[number::callers]) for number in range(callers)]
    with ProcessPoolExecutor(_PROCESSES, context, initializer=_share, initargs=(signals,)) as pool:
        running: list[Future[Record]] = [
            pool.submit(_call, target, shares[number::_PROCESSES], seed + 1000 * number, pause)
            for number in range(_PROCESSES)
        ]

        def end() -> Record:
            signals.over.set()
            total = Record()
            for one in running:
                total.add(one.result(3 * LAST_SECONDS))
            return total

        try:
            for _ in shares:
                assert signals.ready.acquire(timeout=PATIENCE_SECONDS), "a caller got no receipt"
            yield end
        finally:
            signals.over.set()  # also where a test fails: the pool waits for its callers
