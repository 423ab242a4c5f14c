"""What becomes of each notification that a pull meets: accepted, fetched, stored, counted.

The calling thread accepts in batches and counts; threads, or processes, of the crew fetch, prove and store.
Nothing is accepted that could not be stored: the folder is asked before each batch, and after a failure no
other batch is sent. What was accepted before a kill but not stored is simply fetched by the next run.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.errors import (
    NothingDeliveredError,
    NothingVerifiedError,
    PlaceTakenError,
    StateGoneBackError,
)
from notigateway.client.fetching import fetched, left
from notigateway.client.keeping import Wanted, Work, check_not_gone_back, work_for
from notigateway.client.pulled import PullReport, Step
from notigateway.client.values import CONTENT_RELEASED, UNDECIDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from notigateway.client.api import NotificationClient
    from notigateway.client.archive.index import Index
    from notigateway.client.fetching import Crew
    from notigateway.client.pulled import Left, Lost
    from notigateway.client.spool import Spool
    from notigateway.client.values import Change
    from notigateway.contract.v1 import Notification
    from notigateway.contract.v1_decisions import DecisionOutcome

# Small enough that documents of the first batch arrive while the second is being accepted.
_ACCEPTED_AT_ONCE: Final = 100
_FETCHED_AT_ONCE: Final = 50
_FETCHED_BYTES: Final = 4 * 1024 * 1024
# While one accepted batch is being stored the next may be accepted: a failure finds no more than these two.
_UNDER_WAY_WHILE_ACCEPTING: Final = 2
_CANCELLED: Final = "cancelled"


@dataclass(slots=True)
class Taking:
    """What one run does with what it meets; with `accept` what is at disposal is accepted first."""

    client: NotificationClient
    spool: Spool
    index: Index
    crew: Crew
    accept: bool
    progress: Callable[[Step, int], None]
    report: PullReport = field(default_factory=PullReport)
    met: set[str] = field(default_factory=set)
    undecided: list[Notification] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    # How many were fetched and could not be stored.
    unstored: int = 0
    running: dict[Future[PullReport], Sequence[Wanted]] = field(default_factory=dict)
    # What was stored and is not there, or not as it was, by its identifier; and what of it is not wanted yet.
    lost: dict[str, list[Lost]] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)

    def miss(self, lost: Iterable[Lost]) -> None:
        """Take note of what is to be fetched again wherever it is met."""
        for one in lost:
            self.lost.setdefault(one.id, []).append(one)
        self.missed = set(self.lost)

    def not_mended(self) -> list[Lost]:
        """Return what nothing came of."""
        told = {(one.id, one.file) for one in self.report.lost}
        return [one for some in self.lost.values() for one in some if (one.id, one.file) not in told]

    def take(self, notification: Notification, events: Sequence[Change] = ()) -> None:
        """Have a notification that was met decided, fetched and stored, as far as it is to be."""
        is_met = notification.id in self.met
        if is_met and notification.id not in self.spool:
            return  # this very run has left it
        self.met.add(notification.id)
        if not is_met:
            self.report.listed += 1
            self.progress(Step.LISTED, 1)
        decides = self.accept and notification.state in UNDECIDED and not is_met
        try:
            work = self._work_for(notification, events, decides=decides)
        except PlaceTakenError as error:
            self._leave(left(notification, error.code, str(error)))
            return
        except StateGoneBackError as error:
            self._tell_gone_back(notification, error)
            return
        if decides:
            self.undecided.append(notification)
            if len(self.undecided) >= _ACCEPTED_AT_ONCE:
                self._decide()
        elif work is not None:
            self._want(notification, work, events)
        elif not is_met:
            self.report.already_stored += 1
            self.progress(Step.ALREADY_STORED, 1)

    def _work_for(
        self, notification: Notification, events: Sequence[Change], *, decides: bool
    ) -> Work | None:
        """Return what there is to do, where it can be done.

        Raises: `PlaceTakenError`; `StateGoneBackError`; `SpoolError`.
        """
        stored = self.index.find(notification)
        self.spool.folder_of(notification)
        if stored is None:
            return work_for(notification, None, events)
        check_not_gone_back(notification, stored)
        work = work_for(notification, stored, events, is_lost=stored.id in self.missed)
        if decides or work is not None:
            self.spool.check_takes_more(stored.folder)
        return work

    def finish(self) -> None:
        """Decide, fetch and store everything that is under way."""
        self._decide()
        self._fetch()
        self._collect(down_to=0)

    def _tell_gone_back(self, notification: Notification, error: StateGoneBackError) -> None:
        """Tell of what is decided here, with its receipt, and is something else to the service.

        Whoever puts a backup in the place of the service's database loses what was decided since.
        """
        self.report.not_verified.append(left(notification, error.code, str(error)))
        self.progress(Step.NOT_VERIFIED, 1)

    def _decide(self) -> None:
        batch, self.undecided = self.undecided, []
        if not batch:
            return
        self._check_stores(batch)
        outcomes = self.client.accept([one.id for one in batch])
        for notification, outcome in zip(batch, outcomes, strict=True):
            if _releases_content(outcome):
                self.report.accepted += outcome.is_done
                self.progress(Step.ACCEPTED, 1)
                self._want(notification, Work.CONTENT)
            else:
                self._leave(_undelivered(notification, outcome))

    def _check_stores(self, batch: Sequence[Notification]) -> None:
        """Check that what is accepted before is being stored, and that these have room beside it.

        Where nothing at all can be stored, as with the wrong seal pinned, it is not one notification's fault.

        Raises: what a thread of the pool failed with; `SpoolError`, `NothingVerifiedError`,
        `NothingDeliveredError`.
        """
        self._collect(down_to=min(self.crew.size, _UNDER_WAY_WHILE_ACCEPTING))
        if not self.report.stored and self.unstored >= _FETCHED_AT_ONCE:
            kind = NothingVerifiedError if self.report.not_verified else NothingDeliveredError
            why = (self.report.not_verified or self.report.refused)[0]
            raise kind(self.unstored, why=f"{why.reason}: {why.text}")
        owed = [one.listed for batch in (*self.running.values(), self.wanted) for one in batch]
        self.spool.check_takes([*owed, *batch])

    def _leave(self, one: Left) -> None:
        self.report.refused.append(one)
        self.progress(Step.REFUSED, 1)

    def _want(self, notification: Notification, work: Work, events: Sequence[Change] = ()) -> None:
        withdrawn = [one.at for one in events if one.state == _CANCELLED]
        folder, stored = self.spool.reserve(notification), self.spool.find(notification.id)
        identifier, former = notification.id.lower(), list[dict[str, Any]]()
        if stored is not None and not self.spool.described(folder):  # it is lost: all that it named is, too
            work = Work.CONTENT if notification.state in CONTENT_RELEASED else Work.RECEIPTS
            former = self.index.former_of(identifier)
        lost = self.lost[identifier] if identifier in self.missed else ()
        self.missed.discard(identifier)
        self.wanted.append(
            Wanted(
                notification,
                folder,
                work,
                stored,
                withdrawn[-1] if withdrawn else None,
                tuple(lost),
                tuple(former),
            )
        )
        inline = sum(sum(one.listed.document_sizes) for one in self.wanted if one.work is Work.CONTENT)
        if len(self.wanted) >= _FETCHED_AT_ONCE or inline >= _FETCHED_BYTES:
            self._fetch()

    def _fetch(self) -> None:
        batch, self.wanted = self.wanted, []
        if batch:
            self._collect(down_to=2 * self.crew.size - 1)
            self.index.note(one.folder for one in batch)
            self.running[self.crew.fetch(batch)] = batch

    def _collect(self, *, down_to: int) -> None:
        """Wait until at most that many batches are under way; count what is done; pass on a failure."""
        while self.running:
            done, _ = wait(
                self.running,
                timeout=None if len(self.running) > down_to else 0,
                return_when=FIRST_COMPLETED,
            )
            for future in done:
                del self.running[future]
                self._count(fetched(future))
            if len(self.running) <= down_to:
                break

    def _count(self, part: PullReport) -> None:
        report = self.report
        report.stored += part.stored
        report.noted += part.noted
        report.updated += part.updated
        report.documents += part.documents
        report.document_bytes += part.document_bytes
        report.receipts_verified += part.receipts_verified
        report.undated += part.undated
        report.refused += part.refused
        report.not_verified += part.not_verified
        report.corrections += part.corrections
        report.lost += part.lost
        self.index.refresh(one.folder for one in part.put)
        self.unstored += len(part.refused) + len(part.not_verified)
        for step, count in (
            (Step.STORED, part.stored),
            (Step.NOTED, part.noted),
            (Step.UPDATED, part.updated),
            (Step.REFUSED, len(part.refused)),
            (Step.NOT_VERIFIED, len(part.not_verified)),
        ):
            if count:
                self.progress(step, count)


def _undelivered(notification: Notification, outcome: DecisionOutcome) -> Left:
    problem = outcome.problem
    reason, text = (problem.code, problem.text_en) if problem else (outcome.outcome, "")
    return left(notification, reason, text)


def _releases_content(outcome: DecisionOutcome) -> bool:
    """Tell whether the content may be read now: decided by us, or accepted by another of the party."""
    if outcome.is_done:
        return True
    return outcome.decision is not None and outcome.decision.state in CONTENT_RELEASED
