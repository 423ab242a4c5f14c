"""`pull`: everything that may be read, into a folder, once each, however often it is interrupted.

The first run walks the list, later ones only the changes since: the folder keeps the cursor. What is
at disposal is accepted in batches (only when asked: it has legal effect); what is accepted and not yet
in the folder is fetched, proven and stored by a few threads, or processes. What was accepted before a kill
but not stored is simply fetched by the next run: the cursor moves only once everything before it is stored.
Nothing is accepted that could not be stored: the folder is asked before each batch, and after a failure no
other batch is sent. In the end receipts that earlier pulls stored without a time-stamp are asked for again.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from notigateway.client.dating import date_waiting
from notigateway.client.errors import (
    GatewayFaultError,
    NothingDeliveredError,
    NothingVerifiedError,
    StateGoneBackError,
)
from notigateway.client.fetching import Crew, Fetcher, fetched, left
from notigateway.client.log_watch import LogWatch
from notigateway.client.pulled import PullReport, Step
from notigateway.client.shapes import as_json
from notigateway.client.spool import Spool
from notigateway.client.values import CONTENT_RELEASED, UNDECIDED, Filter
from notigateway.client.waiting import read_waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from notigateway.client.api import NotificationClient
    from notigateway.client.fetching import Processes
    from notigateway.contract.v1 import Notification
    from notigateway.contract.v1_decisions import DecisionOutcome
    from notigateway.evidence.history import Pin

# Small enough that documents of the first batch arrive while the second is being accepted.
_ACCEPTED_AT_ONCE: Final = 100
_FETCHED_AT_ONCE: Final = 50
_FETCHED_BYTES: Final = 4 * 1024 * 1024
# While one accepted batch is being stored the next may be accepted: a failure finds no more than these two.
_UNDER_WAY_WHILE_ACCEPTING: Final = 2
# What an acceptance that is lost may have become since.
_OTHERWISE: Final = frozenset({"lapsed", "rejected"})
_INVALID_CURSOR: Final = "INVALID_CURSOR"


def pull(
    client: NotificationClient,
    directory: Path,
    *,
    seal_certificates: Sequence[Pin],
    accept: bool,
    where: Filter | None = None,
    parallel: int = 4,
    full: bool = False,
    processes: Processes | None = None,
    progress: Callable[[Step, int], None] = lambda _step, _count: None,
    accepted_log_name: str | None = None,
    authorities: Sequence[Pin] = (),
) -> PullReport:
    """Store every readable notification that matches `where` and is not yet in the folder.

    With `accept` what is at disposal is accepted first, with legal effect; without it nothing has
    legal effect. The states of `where` are set by pull itself. A run that left nothing lets the next
    one with the same `accept` and `where` look at the changes only; `full` looks at everything again.
    `parallel` threads fetch and store or, where they are given, as many `processes`, with the same results.
    Before anything else the service's log must go on from the head that the folder knows, or under
    `accepted_log_name`, which a person has confirmed. Where `authorities` of time-stamps are given, receipts
    with a time-stamp of anybody else count as `undated`.

    Raises: `SpoolError` for the folder; `LogSplitError`, `LogRenamedError`, `LogNotProvenError` for the log;
    `ClientError` when the service cannot be reached, refuses a whole request or is not the pinned one. What
    is stored stays; call again to go on.
    """
    believed = tuple(seal_certificates), tuple(authorities)
    with (
        Spool(directory) as spool,
        Crew(Fetcher(client, spool, *believed), parallel, processes) as crew,
    ):
        watch = LogWatch(client, spool, seal_certificates, accepted_log_name)
        run = _Pull(client, spool, crew, accept, progress)
        run.report.log_size = watch.look()
        run.report.log_follows, run.looks_back = watch.quoted, watch.is_renamed
        waiting = read_waiting(spool)
        report = run.run(where or Filter(), full=full or bool(watch.quoted))
        date_waiting(spool, waiting, report, begin=crew.date, result=fetched, at_once=crew.size)
        return report


@dataclass(slots=True)
class _Pull:
    """One run: the calling thread lists, accepts and counts; those of the pool fetch and store."""

    client: NotificationClient
    spool: Spool
    crew: Crew
    accept: bool
    progress: Callable[[Step, int], None]
    report: PullReport = field(default_factory=PullReport)
    # Whether the service may have lost what was decided: else nothing more is listed for that.
    looks_back: bool = False
    met: set[str] = field(default_factory=set)
    undecided: list[Notification] = field(default_factory=list)
    readable: list[Notification] = field(default_factory=list)
    # How many were fetched and could not be stored.
    unstored: int = 0
    running: dict[Future[PullReport], Sequence[Notification]] = field(default_factory=dict)

    def run(self, where: Filter, *, full: bool) -> PullReport:
        states = CONTENT_RELEASED | (UNDECIDED if self.accept else frozenset())
        self._run(replace(where, states=tuple(sorted(states))), full=full)
        return self.report

    # --- the calling thread: the list or the changes ----------------------------------------------

    def _run(self, where: Filter, *, full: bool) -> None:
        if where.deadline_before is not None:
            # An extended deadline is no change of state: only the list can tell.
            self._walk_list(where)
            return
        purpose = self._purpose(where)
        cursor = None if full else self.spool.bookmark(purpose)
        while True:
            if cursor is None:
                self.spool.forget_bookmark()
                # Taken before the walk: what changes meanwhile comes after it.
                cursor = self.client.changes_page(from_now=True).next_cursor
                self._walk_list(where)
                self._keep(purpose, cursor)
            cursor, is_complete = self._follow(where, purpose, cursor)
            if is_complete:
                return

    def _follow(self, where: Filter, purpose: str, cursor: str) -> tuple[str | None, bool]:
        """Take one page of changes; return the next cursor, or None where only the list can help."""
        try:
            page = self.client.changes_page(cursor)
        except GatewayFaultError as error:
            if error.code != _INVALID_CURSOR or self.report.walked_list:
                raise
            return None, False
        if page.rights_changed:
            return None, False
        self.report.changes += len(page.changes)
        for notification in {one.notification.id: one.notification for one in page.changes}.values():
            # What this very run has accepted comes back as a change.
            if notification.id not in self.met and where.matches(notification):
                self._sort(notification)
        self._finish()
        self._keep(purpose, page.next_cursor)
        return page.next_cursor, not page.has_more

    def _walk_list(self, where: Filter) -> None:
        self.report.walked_list = True
        for notification in self.client.list_notifications(where):
            self._sort(notification)
        if self.looks_back:
            others = _OTHERWISE | (frozenset() if self.accept else UNDECIDED)
            for notification in self.client.list_notifications(replace(where, states=tuple(sorted(others)))):
                self._check_not_gone_back(notification)
        self._finish()

    def _check_not_gone_back(self, notification: Notification) -> None:
        """Tell of what is stored, and so was accepted or read, and is something else to the service.

        Whoever puts a backup in the place of the service's database loses what was decided since.
        """
        if notification.state not in CONTENT_RELEASED and notification.id in self.spool:
            error = StateGoneBackError(notification.state)
            self.report.not_verified.append(left(notification, error.code, str(error)))
            self.progress(Step.NOT_VERIFIED, 1)

    def _finish(self) -> None:
        """Decide, fetch and store everything that is under way."""
        self._decide()
        self._fetch()
        self._collect(down_to=0)

    def _keep(self, purpose: str, cursor: str) -> None:
        """Keep the cursor, unless something before it was left: the next run must meet that again."""
        if not self.report.refused and not self.report.not_verified:
            self.spool.keep_bookmark(purpose, cursor)

    def _purpose(self, where: Filter) -> str:
        """Describe what this run is about; a cursor of other runs says nothing for it."""
        described = {"url": self.client.url, "accept": self.accept, "where": as_json(where)}
        return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()

    # --- the calling thread: one notification -----------------------------------------------------

    def _sort(self, notification: Notification) -> None:
        self.met.add(notification.id)
        self.report.listed += 1
        self.progress(Step.LISTED, 1)
        if notification.id in self.spool:
            self.report.already_stored += 1
            self.progress(Step.ALREADY_STORED, 1)
            self._check_not_gone_back(notification)
        elif notification.state in CONTENT_RELEASED:
            self._add_readable(notification)
        elif self.accept:
            self.undecided.append(notification)
            if len(self.undecided) >= _ACCEPTED_AT_ONCE:
                self._decide()

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
                self._add_readable(notification)
            else:
                self._leave(notification, outcome)

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
        owed = [one for fetched in self.running.values() for one in fetched]
        self.spool.check_takes([*owed, *self.readable, *batch])

    def _leave(self, notification: Notification, outcome: DecisionOutcome) -> None:
        problem = outcome.problem
        reason, text = (problem.code, problem.text_en) if problem else (outcome.outcome, "")
        self.report.refused.append(left(notification, reason, text))
        self.progress(Step.REFUSED, 1)

    def _add_readable(self, notification: Notification) -> None:
        self.readable.append(notification)
        inline = sum(sum(one.document_sizes) for one in self.readable)
        if len(self.readable) >= _FETCHED_AT_ONCE or inline >= _FETCHED_BYTES:
            self._fetch()

    def _fetch(self) -> None:
        batch, self.readable = self.readable, []
        if batch:
            self._collect(down_to=2 * self.crew.size - 1)
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
        report.documents += part.documents
        report.document_bytes += part.document_bytes
        report.receipts_verified += part.receipts_verified
        report.undated += part.undated
        report.waiting += part.waiting
        report.refused += part.refused
        report.not_verified += part.not_verified
        self.unstored += len(part.refused) + len(part.not_verified)
        for step, count in (
            (Step.STORED, part.stored),
            (Step.REFUSED, len(part.refused)),
            (Step.NOT_VERIFIED, len(part.not_verified)),
        ):
            if count:
                self.progress(step, count)


def _releases_content(outcome: DecisionOutcome) -> bool:
    """Tell whether the content may be read now: decided by us, or accepted by another of the party."""
    if outcome.is_done:
        return True
    return outcome.decision is not None and outcome.decision.state in CONTENT_RELEASED
