"""Many signed clients at once against a running gateway, each answer checked: what the load tests start.

A caller knows what the gateway must say to it: what it accepted stays accepted with the same receipt,
what another decided first is told as such, what was never there stays unknown, content comes only after
acceptance and with its hash. Anything else is a wrong answer; a fault that may be retried is none.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING
from uuid import uuid4

from notigateway.client import NotificationClient
from notigateway.client.errors import ClientError
from notigateway.client.transport import Retries

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.sandbox.process import Running

_DECIDED = {"decided", "already_decided_by_you", "already_decided"}


@dataclass(frozen=True)
class Target:
    """Where the gateway is, and as whom it is called."""

    url: str
    key: Path
    certificate: Path
    server_certificate: Path

    @classmethod
    def of(cls, server: Running, holder: str = "company") -> Target:
        """Return how a holder calls a running sandbox."""
        found = server.pki.holder(holder)
        return cls(server.url, found.key, found.certificate, server.pki.certificate("service"))

    def client(self) -> NotificationClient:
        """Return a client that asks once."""
        return NotificationClient.from_files(
            self.url,
            key=self.key,
            certificate=self.certificate,
            server_certificates=[self.server_certificate],
            timeout_seconds=60,
            retries=Retries(attempts=1),
        )


@dataclass
class Report:
    """What the callers met: seconds of each answer by operation, faults by code, wrong answers."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)

    @property
    def answers(self) -> int:
        """Return how many requests were answered."""
        return sum(map(len, self.seconds.values()))

    def add(self, other: Report) -> None:
        """Add what other callers met; the same decision has the same receipt for all of them."""
        for operation, seconds in other.seconds.items():
            self.seconds.setdefault(operation, []).extend(seconds)
        self.faults += other.faults
        self.wrong += other.wrong
        for notification, receipt in other.receipts.items():
            if self.receipts.setdefault(notification, receipt) != receipt:
                self.wrong.append(f"two receipts for one decision about {notification}")

    def percentiles(self) -> dict[str, tuple[float, float, float]]:
        """Return the median, the 95th and the 99th percentile in milliseconds, by operation."""
        found = {}
        for operation, seconds in sorted(self.seconds.items()):
            ordered = sorted(seconds)
            found[operation] = tuple(
                round(1000 * ordered[min(len(ordered) - 1, len(ordered) * part // 100)], 1)
                for part in (50, 95, 99)
            )
        return found  # type: ignore[return-value]


class _Caller:
    """One client that goes on until the time is over."""

    def __init__(self, target: Target, seed: int, until: float) -> None:
        self._target = target
        self._chance = random.Random(seed)  # noqa: S311  (a schedule, not a secret)
        self._until = until
        self._known: list[str] = []
        self._accepted: set[str] = set()
        self.report = Report()

    def run(self) -> None:
        """Call until it is time; an answer that nobody foresaw is a wrong one."""
        operations = (self._list, self._retrieve, self._accept, self._reject, self._receipts, self._follow)
        try:
            with self._target.client() as self._client:
                while time.monotonic() < self._until:
                    operation = self._chance.choice(operations)
                    began = time.monotonic()
                    try:
                        operation()
                    except ClientError as error:
                        self._refused(operation.__name__, error)
                    else:
                        taken = time.monotonic() - began
                        self.report.seconds.setdefault(operation.__name__[1:], []).append(taken)
        except Exception as error:  # noqa: BLE001  (shown by the test)
            self.report.wrong.append(f"{type(error).__name__}: {error}")

    def _refused(self, operation: str, error: ClientError) -> None:
        self.report.faults[getattr(error, "code", type(error).__name__)] += 1
        if not error.retryable:
            self.report.wrong.append(f"{operation}: {type(error).__name__}: {error}")

    def _some(self) -> list[str]:
        """Return a few notifications that exist."""
        if not self._known:
            self._known = [row.id for row in self._client.list_page().notifications]
        return self._chance.sample(self._known, 3)

    def _list(self) -> None:
        page = self._client.list_page(page_size=100)
        codes = [row.code for row in page.notifications]
        self._must(codes == sorted(set(codes)), "a page is out of order")

    def _retrieve(self) -> None:
        unknown = str(uuid4())
        for item in self._client.retrieve([*self._some(), unknown]):
            if item.id == unknown:
                self._must(item.notification is None, "an unknown notification was described")
            elif item.problem is not None:
                self._must(item.id not in self._accepted, "what was accepted is withheld")
            for document in item.documents:
                if (content := document.content()) is not None:
                    digest = hashlib.sha256(content).hexdigest()
                    self._must(digest == document.sha256, "a document differs from its hash")

    def _accept(self) -> None:
        for outcome in self._client.accept(self._some()):
            self._decided(
                outcome.outcome, outcome.id, outcome.receipt.receipt_id if outcome.receipt else None
            )
            if outcome.decision is not None and outcome.decision.state == "accepted":
                self._accepted.add(outcome.id)

    def _reject(self) -> None:
        for outcome in self._client.reject(self._some()[:1], reason="carga"):
            self._decided(
                outcome.outcome, outcome.id, outcome.receipt.receipt_id if outcome.receipt else None
            )
            self._must(
                not (outcome.outcome == "decided" and outcome.id in self._accepted), "decided a second time"
            )

    def _decided(self, outcome: str, notification: str, receipt: str | None) -> None:
        self._must(outcome in _DECIDED, f"a decision ended as {outcome}")
        if receipt is not None:
            known = self.report.receipts.setdefault(notification, receipt)
            self._must(known == receipt, "another receipt for the same decision")

    def _receipts(self) -> None:
        for one in self._client.receipts(self._some()):
            known = self.report.receipts.get(one.id)
            found = {receipt.receipt_id for receipt in one.receipts}
            self._must(known is None or known in found, "a receipt is gone")

    def _follow(self) -> None:
        summary = self._client.summary()
        self._must(summary.total == sum(summary.by_state.values()), "the summary does not add up")

    def _must(self, holds: bool, wrong: str) -> None:
        if not holds:
            self.report.wrong.append(wrong)


def _call(target: Target, seeds: range, seconds: float) -> Report:
    until = time.monotonic() + seconds
    callers = [_Caller(target, seed, until) for seed in seeds]
    threads = [threading.Thread(target=caller.run) for caller in callers]
    for thread in threads:
        thread.start()
    total = Report()
    for caller, thread in zip(callers, threads, strict=True):
        thread.join(seconds + 120)
        if thread.is_alive():
            total.wrong.append("a caller never ended")
        total.add(caller.report)
    return total


def call_in_parallel(target: Target, *, callers: int, seconds: float, processes: int = 2) -> Report:
    """Let that many clients call at once for so many seconds; return what they met."""
    share = callers // processes
    total = Report()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = [
            pool.submit(_call, target, range(number * share, (number + 1) * share), seconds)
            for number in range(processes)
        ]
        for one in running:
            total.add(one.result(seconds + 180))
    return total
