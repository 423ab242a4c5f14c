"""Eight writers and four readers at once: every reader sees every change once, in the order of commit."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from notigateway.addressee.mailbox import Will
from notigateway.law.assurance import SIGNED
from notigateway.law.lifecycle import Decision
from notigateway.pki.identity import read_caller
from notigateway.receipts.asking import Asking, RequestProof
from notigateway.repository.changes import Change
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Event, Notification
from notigateway.uuids import uuid7
from pki import NOW, pki
from stack import NG, Stack, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from lxml.etree import _Element

PUBLISHERS, ACCEPTERS, REJECTERS, READERS = 3, 3, 2, 4
AHEAD = timedelta(milliseconds=400)
SEED = 20261123
# Tests run without waiting for the disk; here some commits take their time, as they do in production.
# Without it the moment between taking a turn and being seen is too short for the test to mean anything.
SLOW_DISK = (
    (
        "CREATE FUNCTION slow_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NULL; END $$"
    ),
    (
        "CREATE CONSTRAINT TRIGGER slow_disk AFTER INSERT ON unplaced_changes DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW WHEN (NEW.turn % 4 = 0) EXECUTE FUNCTION slow_disk()"
    ),
)


class LiveStack(Stack):
    """A gateway whose clock runs."""

    _started = time.monotonic()

    @property
    def now(self) -> datetime:
        elapsed = timedelta(seconds=time.monotonic() - self._started)
        return NOW + timedelta(milliseconds=elapsed // timedelta(milliseconds=1))

    @now.setter
    def now(self, _: datetime) -> None:
        """Leave the clock as it is."""


@pytest.fixture
def live(database_url: str, tmp_path: Path) -> Iterator[LiveStack]:
    stack = LiveStack(database_url, tmp_path, database_pool_size=16)
    if stack.engine.dialect.name == "postgresql":
        with writing(stack.engine) as session:
            for statement in SLOW_DISK:
                session.execute(sql(statement))
    yield stack
    stack.close()


class Load:
    """Writers and readers, each a thread with connections of its own, until the time is over."""

    def __init__(self, stack: LiveStack) -> None:
        self.stack = stack
        self.is_over = threading.Event()
        self.writers_are_done = threading.Event()
        self.undecided: deque[UUID] = deque()
        self.caller = read_caller(pki().company_seal.certificate)
        stack.publish("the first")  # from it on the readers are known

    def run(self, seconds: float) -> list[list[str]]:
        """Return what each reader saw."""
        writers: list[Callable[[int], None]] = [
            *[self.publish] * PUBLISHERS,
            *[lambda number: self.decide(Decision.ACCEPT, number)] * ACCEPTERS,
            *[lambda number: self.decide(Decision.REJECT, number)] * REJECTERS,
        ]
        with ThreadPoolExecutor(len(writers) + READERS) as pool:
            reading_ = [pool.submit(self.read, 50 + number) for number in range(READERS)]
            writing_ = [pool.submit(writer, number) for number, writer in enumerate(writers)]
            time.sleep(seconds)
            self.is_over.set()
            try:
                for future in writing_:
                    future.result()
                time.sleep(AHEAD.total_seconds() + 0.1)  # the last one published for later is due
            finally:
                self.writers_are_done.set()
            return [future.result() for future in reading_]

    def publish(self, number: int) -> None:
        """Publish one to four acts at a time; every fifth is for later."""
        chance = random.Random(SEED + number)  # noqa: S311 - a schedule, not a secret
        count, publishing = 0, self.stack.office.publishing
        while not self.is_over.is_set():
            made = []
            with writing(self.stack.engine) as session:
                for _ in range(chance.randint(1, 4)):
                    count += 1
                    now = self.stack.now
                    available_at = now + AHEAD if count % 5 == 0 else None
                    deposit = self.stack.deposit(f"{number}-{count}", available_at=available_at)
                    made.append(publishing.publish(session, deposit, now=now).notification.id)
            self.undecided.extend(made)

    def decide(self, decision: Decision, number: int) -> None:
        """Decide some, most of them for the first time, some that others decide at the same moment."""
        chance = random.Random(SEED + number)  # noqa: S311
        while not self.is_over.is_set():
            try:
                some = [self.undecided.popleft() for _ in range(chance.randint(1, 3))]
            except IndexError:
                time.sleep(0.005)
                continue
            if chance.random() < 0.2:
                self.undecided.append(some[0])
            now = self.stack.now
            proof = RequestProof(uuid7(now), b"<signed/>" + some[0].bytes, "rsa-sha256")
            asking = Asking(caller=self.caller, assurance=SIGNED, now=now, proof=proof)
            with writing(self.stack.engine) as session:
                self.stack.office.mailbox.decide_all(session, asking, some, Will(decision))

    def read(self, page_size: int) -> list[str]:
        """Follow the changes, page after page; each reader's requests differ from the others'."""
        seen: list[str] = []
        cursor = ""
        while True:
            is_last = self.writers_are_done.is_set()
            inner = f"{cursor}<pageSize>{page_size}</pageSize>"
            answer = self.stack.ask("ListChanges", inner, holder=pki().ec_company)
            assert answer.status == 200, answer.code
            page = answer.tree
            seen += [text(change, "eventId") or "" for change in page.findall("ng:change", namespaces=NG)]
            cursor = f"<cursor>{text(page, 'nextCursor')}</cursor>"
            if is_last and text(page, "hasMore") == "false":
                return seen
            if not page_has_changes(page):
                time.sleep(0.01)


def page_has_changes(page: _Element) -> bool:
    return page.find("ng:change", namespaces=NG) is not None


def follow_under_load(stack: LiveStack, seconds: float) -> None:
    readers = Load(stack).run(seconds)
    query = (
        select(Event.id, Event.at, Notification.available_at, Event.notification_code, Event.position)
        .join(Change, Change.event_id == Event.id)
        .join(Notification, Notification.code == Event.notification_code)
        .order_by(Change.position)
    )
    with reading(stack.engine) as session:
        rows = session.execute(query).all()
        assert {row.id for row in rows} == set(session.scalars(select(Event.id)))
    committed = [str(row.id) for row in rows]
    # What was published for later comes when its time has come, not at its place.
    for_later = {row.notification_code for row in rows if row.position == 1 and row.available_at > row.at}
    in_order = [str(row.id) for row in rows if row.notification_code not in for_later]
    place = {str(row.id): (row.notification_code, row.position) for row in rows}
    assert for_later
    assert len(committed) > 20  # the eight writers have met; how fast they were is for benchmarks
    for seen in readers:
        assert len(seen) == len(set(seen)), "a change came twice"
        assert set(seen) == set(committed), "a change was missed"
        assert [one for one in seen if place[one][0] not in for_later] == in_order
        assert_own_order([place[one] for one in seen])


def assert_own_order(seen: list[tuple[int, int]]) -> None:
    """The changes of one notification come in their own order."""
    last: dict[int, int] = {}
    for code, position in seen:
        assert last.get(code, 0) < position
        last[code] = position


def test_every_reader_sees_every_change_once_in_the_order_of_commit(live: LiveStack) -> None:
    follow_under_load(live, seconds=6)


@pytest.mark.soak
def test_every_reader_sees_every_change_once_for_20_seconds(live: LiveStack) -> None:
    follow_under_load(live, seconds=20)
