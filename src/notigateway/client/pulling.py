"""`pull`: everything that concerns the party, into an archive, once each, however often it is interrupted.

The first run walks the list, later ones only the changes since: the archive keeps the cursor, which moves
only once everything before it is stored. What becomes of what is met is in `taking.py`: what is at disposal
is accepted (only when asked: it has legal effect), and what the archive has not, or has otherwise, fetched. A
walk of the list does not show an instant that was corrected: where the archive knows decisions, it also looks
at all that was ever reported. In the end receipts that earlier pulls stored without a time-stamp are asked
for again.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from notigateway.client.archive.checking import wrong_in_all
from notigateway.client.archive.index import Index
from notigateway.client.dating import date_waiting
from notigateway.client.errors import GatewayFaultError, PlaceTakenError
from notigateway.client.fetching import Crew, Fetcher, fetched
from notigateway.client.folders import FolderTemplate
from notigateway.client.log_watch import LogWatch
from notigateway.client.owner import check_owner
from notigateway.client.pulled import UNTOLD, Left, PullReport, Step, noted_corrections
from notigateway.client.shapes import as_json
from notigateway.client.spool import Spool
from notigateway.client.taking import Taking
from notigateway.client.values import Filter
from notigateway.client.waiting import count_waiting, read_waiting
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from notigateway.client.api import NotificationClient
    from notigateway.client.fetching import Processes
    from notigateway.client.values import Change, ChangesPage, RightsChange
    from notigateway.contract.v1 import Notification
    from notigateway.evidence.history import Pin

# Where more clients have lost something, the whole list is walked.
_LOOKED_AT: Final = 50
_INVALID_REQUEST: Final = "INVALID_REQUEST"
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
    folders: str | None = None,
    adopt: bool = False,
    chosen: Sequence[Notification] | None = None,
    tell: Callable[[PullReport], None] = lambda _report: None,
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
    `tell` gets what is returned, before the corrections in it count as told: where it raises, or the process
    dies before, the next run has them again.

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
            taking = Taking(client, spool, index, crew, accept, progress)
            report, looking = taking.report, _Looking(client, spool, index, taking)
            report.log_size, report.log_follows = log_size, watch.quoted
            waiting = read_waiting(spool)
            untold = noted_corrections(spool)
            if chosen is None:
                taking.miss([*index.lost, *(wrong_in_all(spool) if full else ())])
                looking.run(where or Filter(), full=full or bool(watch.quoted))
            else:
                looking.run_for(chosen)
            report.damaged = list(dict.fromkeys(index.damaged))
            date_waiting(
                spool,
                waiting,
                report,
                begin=crew.date,
                result=fetched,
                at_once=crew.size,
                changing=index.changing,
            )
        report.waiting = count_waiting(spool)
        report.lost += taking.not_mended()
        if untold or report.corrections:
            report.corrections = list(dict.fromkeys([*untold, *report.corrections]))
        index.end(report, accept=accept)
        tell(report)
        if untold or report.corrections:
            spool.drop_file(UNTOLD)
        return report


@dataclass(slots=True)
class _Looking:
    """Where one run looks: at the list, at the changes, at what one addressee has."""

    client: NotificationClient
    spool: Spool
    index: Index
    taking: Taking
    tells_titles: bool = True

    def run_for(self, chosen: Sequence[Notification]) -> None:
        for one in chosen:
            self.taking.take(one)
        self.taking.finish()

    def run(self, where: Filter, *, full: bool) -> None:
        if where.deadline_before is not None:
            # An extended deadline is no change of state: only the list can tell.
            self._walk_list(where)
            return
        purpose = self._purpose(where)
        clients = {one.addressee for some in self.taking.lost.values() for one in some if one.addressee}
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
            if error.code != _INVALID_CURSOR or self.taking.report.walked_list:
                raise
            return None, False
        if page.rights_changed:
            return None, False
        self.taking.report.changes += len(page.changes)
        for changes in _by_notification(page.changes):
            if where.matches(changes[-1].notification):
                self.taking.take(changes[-1].notification, changes)
        self.taking.finish()
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
                self.taking.take(notification)
        self.taking.finish()
        self._lose(set(self.index.of_addressee(addressee)) - seen)

    def _lose(self, ids: set[str]) -> None:
        """Say of what is stored that it is not seen any more; it stays."""
        found = [one for one in map(self.spool.find, sorted(ids)) if one is not None and not one.is_unseen]
        with self.index.changing([one.folder for one in found]):
            for one in found:
                about = self.spool.described(one.folder)
                if not about:
                    continue
                now = instant_text(datetime.now(UTC))
                try:
                    self.spool.change(one.folder, {}, {**about, "unseen_since": now})
                    self.taking.report.unseen += 1
                except PlaceTakenError as error:
                    self.taking.report.refused.append(Left(one.code, one.id, error.code, str(error)))

    def _walk_list(self, where: Filter) -> None:
        self.taking.report.walked_list = True
        for notification in self.client.list_notifications(where):
            self.taking.take(notification)
        self.taking.finish()
        if where == Filter():
            self._lose({one.id for one in self.spool} - {one.lower() for one in self.taking.met})

    def _look_at_reports(self, where: Filter) -> None:
        """Look at every event that another channel told of what is stored: a row does not say its instant."""
        reported = (one for one in self.client.list_changes() if one.reported_at is not None)
        for changes in _by_notification(reported):
            row = changes[-1].notification
            if row.id in self.spool and where.matches(row):
                self.taking.take(row, changes)
        self.taking.finish()

    def _keep(self, purpose: str, cursor: str) -> None:
        """Keep the cursor, unless something before it was left: the next run must meet that again."""
        if not self.taking.report.refused and not self.taking.report.not_verified:
            self.spool.keep_bookmark(purpose, cursor)

    def _purpose(self, where: Filter) -> str:
        """Describe what this run is about; a cursor of other runs says nothing for it."""
        described = {
            "url": self.client.url,
            "accept": self.taking.accept,
            "where": as_json(where),
            "of": "everything",  # earlier versions looked at what may be read alone
        }
        return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _by_notification(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """Return changes by their notification, in the order in which each was met first."""
    found: dict[str, list[Change]] = {}
    for one in changes:
        found.setdefault(one.notification.id, []).append(one)
    return found.values()
