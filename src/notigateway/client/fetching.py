"""Batches of what belongs into the archive: fetched, proven and stored by threads of a pull or processes.

A process beside a pull opens a client of its own and joins the folder: the lock is shared with it, so the
folder stays locked until the last of them has ended. It ends with the pull, however that ends. It
decides nothing: accepting is the pull's own.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import wait
from threading import Thread
from typing import TYPE_CHECKING, Final, Self, TypeVar

from notigateway.client.dating import Dating
from notigateway.client.errors import FetchingEndedError, GatewayFaultError, NotVerifiedError, PlaceTakenError
from notigateway.client.keeping import Work, put
from notigateway.client.proof import check_delivery, check_receipts, undated
from notigateway.client.pulled import Left, PullReport
from notigateway.client.spool import Spool
from notigateway.client.values import RetrievedNotification
from notigateway.client.waiting import add_waiting, is_stamped
from notigateway.interrupts import kept_from_those_begun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notigateway.client.api import NotificationClient
    from notigateway.client.dating import Dated
    from notigateway.client.held_folder import Place
    from notigateway.client.keeping import Wanted
    from notigateway.contract.v1 import (
        Document,
        Notification,
        NotificationReceipts,
        Problem,
        Receipt,
    )
    from notigateway.evidence.history import Pin

_Batch = TypeVar("_Batch")
_Done = TypeVar("_Done")
_INVALID_REQUEST: Final = "INVALID_REQUEST"
_CANCELLED: Final = "cancelled"
_ENDED_ALONE: Final = 1


@dataclass(frozen=True, slots=True)
class Processes:
    """How many processes fetch, and what gives each its client and whom it believes; it must pickle.

    That is the pinned seals, and the pinned authorities of time-stamps (none: anybody's are taken).
    """

    count: int
    opens: Callable[[], tuple[NotificationClient, Sequence[Pin], Sequence[Pin]]]


@dataclass(slots=True)
class Fetcher:
    """Fetches into one folder; safe to share between threads."""

    client: NotificationClient
    spool: Spool
    seals: tuple[Pin, ...]
    authorities: tuple[Pin, ...] = ()
    # An earlier service refuses to give receipts with the documents.
    is_in_one_answer: bool = True

    def fetch(self, batch: Sequence[Wanted]) -> PullReport:
        """Store what is delivered of a batch and is proven; return what became of each.

        Raises: `SpoolError`; `ClientError` for the whole batch.
        """
        part = PullReport()
        readable = [one for one in batch if one.work is Work.CONTENT]
        others = [one for one in batch if one.work is Work.RECEIPTS]
        for wanted in batch:
            if wanted.work is Work.ROW:
                with _left(wanted, part):
                    put(self.spool, wanted, wanted.listed, part=part)
        if readable:
            self._fetch(readable, list(self._delivered([one.listed.id for one in readable])), part)
        if others:
            self._fetch(others, self._attested(others), part)
        self.spool.settle()
        return part

    def _fetch(
        self, batch: Sequence[Wanted], delivered: Sequence[RetrievedNotification], part: PullReport
    ) -> None:
        waiting = {item.id: _unstamped(item.receipts) for item in delivered}
        add_waiting(self.spool, {identifier: count for identifier, count in waiting.items() if count})
        for wanted, item in zip(batch, delivered, strict=True):
            with _left(wanted, part):
                self._store(wanted, item, part)

    def date(self, folders: Sequence[str]) -> Dated:
        """Give stored receipts the time-stamps that there are by now. Raises: as `Dating.date`."""
        return Dating(self.client, self.spool, self.seals, self.authorities).date(folders)

    def _delivered(self, ids: Sequence[str]) -> Iterable[RetrievedNotification]:
        """Return documents and receipts of each, from one answer where the service knows that."""
        if self.is_in_one_answer:
            try:
                found = list(self.client.retrieve(ids, with_receipts=True))
            except GatewayFaultError as error:
                if error.code != _INVALID_REQUEST:
                    raise
                self.is_in_one_answer = False
            else:
                if all(one.receipts or one.problem is not None for one in found):
                    return found
                return map(_joined, found, self.client.receipts(ids))
        return map(_joined, self.client.retrieve(ids), self.client.receipts(ids))

    def _attested(self, batch: Sequence[Wanted]) -> list[RetrievedNotification]:
        """Return the receipts of each, as they are, of what is not to be read or is there already."""
        found = self.client.receipts([one.listed.id for one in batch])
        return [
            RetrievedNotification(
                id=one.id, notification=wanted.listed, receipts=one.receipts, problem=one.problem
            )
            for wanted, one in zip(batch, found, strict=True)
        ]

    def _store(self, wanted: Wanted, item: RetrievedNotification, part: PullReport) -> None:
        row = item.notification
        if item.problem is not None or row is None:
            raise _NotDeliveredError(item.problem)
        if wanted.work is Work.CONTENT:
            check_delivery(row, documents=item.documents, receipts=item.receipts, seals=self.seals)
        else:
            check_receipts(row, receipts=item.receipts, seals=self.seals)
        documents = [(one, self._pieces(item.id, one)) for one in item.documents]
        if row.state == _CANCELLED and wanted.decided_at is None:
            wanted = replace(wanted, decided_at=self._cancelled_at(row))
        put(self.spool, wanted, row, receipts=item.receipts, documents=documents, part=part)
        part.documents += len(item.documents)
        part.document_bytes += sum(one.size for one in item.documents)
        part.receipts_verified += len(item.receipts)
        now, authorities = datetime.now(UTC), self.authorities
        lacking = [one for one in item.receipts if undated(one, self.seals, now=now, authorities=authorities)]
        part.undated += len(lacking)

    def _cancelled_at(self, row: Notification) -> datetime | None:
        """Return when something was withdrawn, which leaves no receipt."""
        events = self.client.history(row.id).events
        return next((one.at for one in events if one.state == _CANCELLED), None)

    def _pieces(self, notification_id: str, document: Document) -> Iterable[bytes]:
        inline = document.pieces()
        if inline is not None:
            return inline
        return self.client.retrieve_document(notification_id, document.document_id, sha256=document.sha256)


def left(notification: Notification, reason: str, text: str) -> Left:
    """Return what is told of a notification that was not stored."""
    return Left(notification.code, notification.id, reason, text, notification.deadline)


@contextmanager
def _left(wanted: Wanted, part: PullReport) -> Iterator[None]:
    """Tell of one that is not put into the archive; its neighbours go on."""
    try:
        yield
    except _NotDeliveredError as error:
        part.refused.append(left(wanted.listed, error.reason, str(error)))
    except PlaceTakenError as error:
        part.refused.append(left(wanted.listed, error.code, str(error)))
    except NotVerifiedError as error:
        part.not_verified.append(left(wanted.listed, error.code, str(error)))


def _unstamped(receipts: Iterable[Receipt]) -> int:
    """Return how many receipts have no time-stamp, before they are proven."""
    return sum(not is_stamped(one.sealed) for one in receipts)


def _joined(item: RetrievedNotification, proofs: NotificationReceipts) -> RetrievedNotification:
    """Return a delivery whose receipts came in an answer of their own."""
    return replace(item, receipts=proofs.receipts, problem=item.problem or proofs.problem)


class _NotDeliveredError(Exception):
    """The service has a problem with one item; its neighbours go on."""

    def __init__(self, problem: Problem | None) -> None:
        super().__init__(problem.text_en if problem else "the service delivered nothing")
        self.reason = problem.code if problem else "NOT_DELIVERED"


class Crew:
    """The threads of a pull that fetch, or the processes beside it, as long as the context lasts.

    Where it ends with an error nothing more is begun; what is under way is waited for.
    """

    def __init__(self, fetcher: Fetcher, threads: int, processes: Processes | None) -> None:
        self._fetcher = fetcher
        self._processes = processes
        self.size = threads if processes is None else processes.count

    def __enter__(self) -> Self:
        self._fetch: Callable[[Sequence[Wanted]], PullReport] = self._fetcher.fetch
        self._date: Callable[[Sequence[str]], Dated] = self._fetcher.date
        self._pool: Executor
        if self._processes is None:
            self._pool = ThreadPoolExecutor(self.size, thread_name_prefix="fetch")
        else:
            place = self._fetcher.spool.share()
            self._fetch = partial(_fetch_beside, self._processes, place)
            self._date = partial(_date_beside, self._processes, place)
            # They begin with nothing of this one: it may have threads, which none would inherit.
            spawning = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.size, mp_context=spawning, initializer=_begin)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool.shutdown(wait=True)

    def fetch(self, batch: Sequence[Wanted]) -> Future[PullReport]:
        """Begin to fetch a batch. Raises: `FetchingEndedError`."""
        return self._begin(self._fetch, batch)

    def date(self, folders: Sequence[str]) -> Future[Dated]:
        """Begin to date the receipts of a batch of folders. Raises: `FetchingEndedError`."""
        return self._begin(self._date, folders)

    def _begin(self, work: Callable[[_Batch], _Done], batch: _Batch) -> Future[_Done]:
        try:
            with kept_from_those_begun() if self._processes else nullcontext():
                return self._pool.submit(work, batch)
        except BrokenProcessPool as error:
            raise FetchingEndedError from error


def fetched(batch: Future[_Done]) -> _Done:
    """Return what became of a batch. Raises: what it failed with; `FetchingEndedError`."""
    try:
        return batch.result()
    except BrokenProcessPool as error:
        raise FetchingEndedError from error


# --- in a process beside a pull -----------------------------------------------------------------------


def _begin() -> None:
    """Leave an interrupt of the terminal to the pull, and end when it has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_pull, name="end-with-the-pull", daemon=True).start()


def _end_with_the_pull() -> None:
    """Wait for the end of the pull: a killed one tells nobody, and its folder would stay locked."""
    pull = multiprocessing.parent_process()
    if pull is not None:
        wait([pull.sentinel])
        os._exit(_ENDED_ALONE)


# The one of a process beside a pull, from its first batch on.
_own: list[Fetcher] = []


def _fetch_beside(processes: Processes, place: Place, batch: Sequence[Wanted]) -> PullReport:
    return _fetcher(processes, place).fetch(batch)


def _date_beside(processes: Processes, place: Place, folders: Sequence[str]) -> Dated:
    return _fetcher(processes, place).date(folders)


def _fetcher(processes: Processes, place: Place) -> Fetcher:
    if not _own:
        client, seals, authorities = processes.opens()
        _own.append(Fetcher(client, Spool.join(place), tuple(seals), tuple(authorities)))
    return _own[0]
