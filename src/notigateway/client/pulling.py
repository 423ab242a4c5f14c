"""`pull`: everything that concerns the party, into an archive, once each, however often it is interrupted.

The first run walks the list, later ones only the changes since: the archive keeps the cursor. What is
at disposal is accepted in batches (only when asked: it has legal effect); what the archive has not, or has
otherwise, is fetched, proven and stored by a few threads, or processes. A walk of the list does not show an
instant that was corrected: where the archive knows decisions, it also looks at all that was ever reported.
What was accepted before a kill but not stored is simply fetched by the next run: the cursor moves only once
everything before it is stored. Nothing is accepted that could not be stored: the folder is asked before each
batch, and after a failure no other batch is sent. In the end receipts that earlier pulls stored without a
time-stamp are asked for again.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from notigateway.client.archive.checking import wrong_in_all
from notigateway.client.archive.index import Index
from notigateway.client.dating import date_waiting
from notigateway.client.errors import (
    GatewayFaultError,
    NothingDeliveredError,
    NothingVerifiedError,
    PlaceTakenError,
    StateGoneBackError,
)
from notigateway.client.fetching import Crew, Fetcher, fetched, left
from notigateway.client.folders import FolderTemplate
from notigateway.client.keeping import Wanted, Work, check_not_gone_back, work_for
from notigateway.client.log_watch import LogWatch
from notigateway.client.owner import check_owner
from notigateway.client.pulled import UNTOLD, PullReport, Step, noted_corrections
from notigateway.client.shapes import as_json
from notigateway.client.spool import Spool
from notigateway.client.values import CONTENT_RELEASED, UNDECIDED, Filter
from notigateway.client.waiting import read_waiting
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from notigateway.client.api import NotificationClient
    from notigateway.client.fetching import Processes
    from notigateway.client.pulled import Left, Lost
    from notigateway.client.values import Change, ChangesPage, RightsChange
    from notigateway.contract.v1 import Notification
    from notigateway.contract.v1_decisions import DecisionOutcome
    from notigateway.evidence.history import Pin

# Small enough that documents of the first batch arrive while the second is being accepted.
_ACCEPTED_AT_ONCE: Final = 100
_FETCHED_AT_ONCE: Final = 50
_FETCHED_BYTES: Final = 4 * 1024 * 1024
# While one accepted batch is being stored the next may be accepted: a failure finds no more than these two.
_UNDER_WAY_WHILE_ACCEPTING: Final = 2
# Where more clients have lost something, the whole list is walked.
_LOOKED_AT: Final = 50
_INVALID_REQUEST: Final = "INVALID_REQUEST"
_INVALID_CURSOR: Final = "INVALID_CURSOR"
_CANCELLED: Final = "cancelled"


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
    folders: str | None = None,
    adopt: bool = False,
    chosen: Sequence[Notification] | None = None,
) -> PullReport:
    """Store every notification that matches `where` and is not yet in the archive, or stands there otherwise.

    With `accept` what is at disposal is accepted first, with legal effect; without it nothing has
    legal effect. `folders` is the template of the folders of a new archive; with `adopt` one is gone on with
    that was pulled by another party or from another address. With `chosen` these alone are looked at. A run
    that left nothing lets the next one with the same `accept` and `where` look at the changes only; `full`
    looks at everything again.
    `parallel` threads fetch and store or, where they are given, as many `processes`, with the same results.
    Before anything else the service's log must go on from the head that the folder knows, or under
    `accepted_log_name`, which a person has confirmed. Where `authorities` of time-stamps are given, receipts
    with a time-stamp of anybody else count as `undated`.

    Raises: `FolderTemplateError`, `ArchiveOfAnotherError`, `SpoolError` for the folder; `LogSplitError`,
    `LogRenamedError`, `LogNotProvenError` for the log; `ClientError` when the service cannot be reached,
    refuses a whole request or is not the pinned one. What is stored stays; call again to go on.
    """
    believed = tuple(seal_certificates), tuple(authorities)
    template = None if folders is None else FolderTemplate.parse(folders)
    with Spool(directory, looks=False) as spool, closing(Index(spool)) as index:
        watch = LogWatch(client, spool, seal_certificates, accepted_log_name)
        log_size = check_owner(spool, client, watch, template, adopt=adopt)
        with Crew(Fetcher(client, spool, *believed), parallel, processes) as crew:
            index.open(anew=full)
            run = _Pull(client, spool, index, crew, accept, progress)
            run.report.log_size, run.report.log_follows = log_size, watch.quoted
            waiting = read_waiting(spool)
            untold = noted_corrections(spool)
            if chosen is None:
                run.miss([*index.lost, *(wrong_in_all(spool) if full else ())])
                run.run(where or Filter(), full=full or bool(watch.quoted))
            else:
                run.run_for(chosen)
            report = run.report
            report.damaged = list(dict.fromkeys(index.damaged))
            index.note(waiting)
            date_waiting(spool, waiting, report, begin=crew.date, result=fetched, at_once=crew.size)
            index.refresh(waiting)
        report.lost += run.not_mended()
        if untold or report.corrections:
            report.corrections = list(dict.fromkeys([*untold, *report.corrections]))
        index.end(report, accept=accept)
        if untold or report.corrections:
            spool.drop_file(UNTOLD)
        return report


@dataclass(slots=True)
class _Pull:
    """One run: the calling thread lists, accepts and counts; those of the pool fetch and store."""

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
    tells_titles: bool = True
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

    def run_for(self, chosen: Sequence[Notification]) -> None:
        for one in chosen:
            self._sort(one)
        self._finish()

    # --- the calling thread: the list or the changes ----------------------------------------------

    def run(self, where: Filter, *, full: bool) -> None:
        if where.deadline_before is not None:
            # An extended deadline is no change of state: only the list can tell.
            self._walk_list(where)
            return
        purpose = self._purpose(where)
        clients = {one.addressee for some in self.lost.values() for one in some if one.addressee}
        cursor = None if full or len(clients) > _LOOKED_AT else self.spool.bookmark(purpose)
        for addressee in sorted(clients) if cursor is not None else ():
            self._look_at(addressee, where)
        while True:
            if cursor is None:
                self.spool.forget_bookmark()
                # Taken before the walk: what changes meanwhile comes after it.
                cursor = self._page(None, from_now=True).next_cursor
                is_known = any(one.is_proven for one in self.spool)
                self._walk_list(where)
                if is_known:
                    self._look_at_reports(where)
                self._keep(purpose, cursor)
            cursor, is_complete = self._follow(where, purpose, cursor)
            if is_complete:
                return

    def _follow(self, where: Filter, purpose: str, cursor: str) -> tuple[str | None, bool]:
        """Take one page of changes; return the next cursor, or None where only the list can help."""
        try:
            page = self._page(cursor)
        except GatewayFaultError as error:
            if error.code != _INVALID_CURSOR or self.report.walked_list:
                raise
            return None, False
        if page.rights_changed:
            return None, False
        self.report.changes += len(page.changes)
        for changes in _by_notification(page.changes):
            if where.matches(changes[-1].notification):
                self._sort(changes[-1].notification, changes)
        self._finish()
        self._look_at_titles(page.rights_changes, where)
        self._keep(purpose, page.next_cursor)
        return page.next_cursor, not page.has_more

    def _page(self, cursor: str | None, *, from_now: bool = False) -> ChangesPage:
        """Return a page of changes, with those of titles where the service tells them."""
        if self.tells_titles:
            try:
                return self.client.changes_page(cursor, from_now=from_now, rights=True)
            except GatewayFaultError as error:
                if error.code != _INVALID_REQUEST:
                    raise
                self.tells_titles = False
        return self.client.changes_page(cursor, from_now=from_now)

    def _look_at_titles(self, changes: Sequence[RightsChange], where: Filter) -> None:
        """List what is seen now of each addressee for whom a title began or ended: nobody else's."""
        for addressee in dict.fromkeys(one.addressee.identifier for one in changes):
            self._look_at(addressee, where)

    def _look_at(self, addressee: str, where: Filter) -> None:
        seen: set[str] = set()
        for notification in self.client.list_notifications(Filter(addressee_id=addressee)):
            seen.add(notification.id.lower())
            if where.matches(notification):
                self._sort(notification)
        self._finish()
        self._lose(set(self.index.of_addressee(addressee)) - seen)

    def _lose(self, ids: set[str]) -> None:
        """Say of what is stored that it is not seen any more; it stays."""
        found = [one for one in map(self.spool.find, sorted(ids)) if one is not None and not one.is_unseen]
        self.index.note(one.folder for one in found)
        for one in found:
            about = self.spool.described(one.folder)
            if about:
                self.spool.change(one.folder, {}, {**about, "unseen_since": instant_text(datetime.now(UTC))})
                self.report.unseen += 1
        self.index.refresh(one.folder for one in found)

    def _walk_list(self, where: Filter) -> None:
        self.report.walked_list = True
        for notification in self.client.list_notifications(where):
            self._sort(notification)
        self._finish()
        if where == Filter():
            self._lose({one.id for one in self.spool} - {one.lower() for one in self.met})

    def _look_at_reports(self, where: Filter) -> None:
        """Look at every event that another channel told of what is stored: a row does not say its instant."""
        reported = (one for one in self.client.list_changes() if one.reported_at is not None)
        for changes in _by_notification(reported):
            row = changes[-1].notification
            if row.id in self.spool and where.matches(row):
                self._sort(row, changes)
        self._finish()

    def _tell_gone_back(self, notification: Notification, error: StateGoneBackError) -> None:
        """Tell of what is decided here, with its receipt, and is something else to the service.

        Whoever puts a backup in the place of the service's database loses what was decided since.
        """
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
        described = {
            "url": self.client.url,
            "accept": self.accept,
            "where": as_json(where),
            "of": "everything",  # earlier versions looked at what may be read alone
        }
        return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()

    # --- the calling thread: one notification -----------------------------------------------------

    def _sort(self, notification: Notification, events: Sequence[Change] = ()) -> None:
        is_met = notification.id in self.met
        if is_met and notification.id not in self.spool:
            return  # this very run has left it
        self.met.add(notification.id)
        if not is_met:
            self.report.listed += 1
            self.progress(Step.LISTED, 1)
        try:
            stored = self.index.find(notification)
            self.spool.folder_of(notification)
        except PlaceTakenError as error:
            self._leave(left(notification, error.code, str(error)))
            return
        if stored is not None:
            try:
                check_not_gone_back(notification, stored)
            except StateGoneBackError as error:
                self._tell_gone_back(notification, error)
                return
        if self.accept and notification.state in UNDECIDED and not is_met:
            self.undecided.append(notification)
            if len(self.undecided) >= _ACCEPTED_AT_ONCE:
                self._decide()
            return
        is_lost = stored is not None and stored.id in self.missed
        work = work_for(notification, stored, events, is_lost=is_lost)
        if work is not None:
            self._want(notification, work, events)
        elif not is_met:
            self.report.already_stored += 1
            self.progress(Step.ALREADY_STORED, 1)

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
        folder = self.spool.folder_of(notification)
        if work is Work.ROW and not self.spool.described(folder):  # it is lost: all that it named is, too
            work = Work.CONTENT if notification.state in CONTENT_RELEASED else Work.RECEIPTS
        identifier = notification.id.lower()
        lost = self.lost[identifier] if identifier in self.missed else ()
        self.missed.discard(identifier)
        self.wanted.append(
            Wanted(
                notification,
                folder,
                work,
                self.spool.find(notification.id),
                withdrawn[-1] if withdrawn else None,
                tuple(lost),
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
        report.waiting += part.waiting
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


def _by_notification(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """Return changes by their notification, in the order in which each was met first."""
    found: dict[str, list[Change]] = {}
    for one in changes:
        found.setdefault(one.notification.id, []).append(one)
    return found.values()


def _undelivered(notification: Notification, outcome: DecisionOutcome) -> Left:
    problem = outcome.problem
    reason, text = (problem.code, problem.text_en) if problem else (outcome.outcome, "")
    return left(notification, reason, text)


def _releases_content(outcome: DecisionOutcome) -> bool:
    """Tell whether the content may be read now: decided by us, or accepted by another of the party."""
    if outcome.is_done:
        return True
    return outcome.decision is not None and outcome.decision.state in CONTENT_RELEASED
