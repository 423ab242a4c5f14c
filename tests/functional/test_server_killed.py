"""The server is killed at any moment while callers accept: what was answered stands, nothing is half done."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from notigateway.client import NotificationClient
from notigateway.client.errors import ClientError
from notigateway.client.transport import Retries
from notigateway.evidence.xades import verify_receipt
from notigateway.law.lifecycle import State
from notigateway.log.auditing import Audited, audit_log
from notigateway.pki.keys import load_certificates
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import create_database, reading
from notigateway.repository.model import Event, Notification, Receipt
from notigateway.repository.receipts import RequestEnvelope
from notigateway.sandbox.holders import Pki
from notigateway.sandbox.process import Running, running
from notigateway.tlog.leaf import LeafKind
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once

CALLERS = 4
ORIGIN = "notigateway.example/log"
# About the time of a few answers.
MOST_SECONDS = 0.03


class KilledError(Exception):
    """The server is gone; there is nothing to stop in order."""


@dataclass
class Ledger:
    """What the callers still have to do, and what they were told."""

    waiting: list[str] = field(default_factory=list)
    # Of a round: so many may still be taken, and after so many answers the server is to be killed.
    share: int = 0
    answers: int = 0
    receipts: dict[str, str] = field(default_factory=dict)
    in_doubt: list[str] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)
    troubles: list[BaseException] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, count: int) -> list[str]:
        with self._lock:
            count = min(count, self.share)
            taken, self.waiting = self.waiting[:count], self.waiting[count:]
            self.share -= len(taken)
            return taken

    def told(self, id_: str, receipt: str, *, is_repeat: bool) -> None:
        with self._lock:
            assert self.receipts.setdefault(id_, receipt) == receipt
            if is_repeat:
                self.repeated.add(id_)
            self.answers -= 1
            if self.answers <= 0:
                self.enough.set()

    def doubt(self, batch: list[str]) -> None:
        """Remember a request that was not answered: it happened or it did not."""
        with self._lock:
            self.in_doubt += batch

    def next_round(self, *, share: int, answers: int = 1) -> None:
        self.waiting, self.in_doubt = self.in_doubt + self.waiting, []
        self.share, self.answers = share, answers
        self.enough.clear()


def client_of(server: Running) -> NotificationClient:
    holder = server.pki.holder("company")
    return NotificationClient.from_files(
        server.url,
        key=holder.key,
        certificate=holder.certificate,
        server_certificates=[server.pki.certificate("service")],
        timeout_seconds=20,
        retries=Retries(attempts=1),
    )


def call(server: Running, ledger: Ledger, seed: int) -> None:
    """Accept in small batches until nothing is left or the server is gone."""
    chance = random.Random(seed)  # noqa: S311
    with client_of(server) as client:
        while batch := ledger.take(chance.randint(1, 3)):
            try:
                outcomes = client.accept(batch)
            except ClientError:
                ledger.doubt(batch)
                return
            for outcome in outcomes:
                assert outcome.outcome in {"decided", "already_decided_by_you"}
                assert outcome.receipt is not None
                is_repeat = outcome.outcome != "decided"
                ledger.told(str(outcome.id), outcome.receipt.sha256, is_repeat=is_repeat)


def load(server: Running, ledger: Ledger, seed: int) -> list[threading.Thread]:
    """Start the callers."""

    def run(number: int) -> None:
        try:
            call(server, ledger, number)
        except BaseException as trouble:  # noqa: BLE001  (shown by the test)
            ledger.troubles.append(trouble)

    threads = [threading.Thread(target=run, args=(seed * CALLERS + n,)) for n in range(CALLERS)]
    for thread in threads:
        thread.start()
    return threads


def finish(threads: list[threading.Thread]) -> None:
    """Wait for the callers, who end by themselves: each of their calls has a time-out."""
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def kill_under_load(server: Running, ledger: Ledger, *, share: int, seed: int) -> None:
    """Kill every process of the server at a random moment between two accepts.

    The moment is one of the work, not of time: on a busy machine, too, work is left for the next round.
    """
    chance = random.Random(seed)  # noqa: S311
    ledger.next_round(share=share, answers=chance.randint(1, share // 2))
    threads = load(server, ledger, seed)
    assert ledger.enough.wait(PATIENCE_SECONDS), ledger.troubles
    threading.Event().wait(chance.uniform(0, MOST_SECONDS))
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait(PATIENCE_SECONDS)
    finish(threads)


def check_database(directory: Path, ledger: Ledger) -> int:
    """Prove that what is stored is whole and holds what was answered; return how many are accepted."""
    engine = create_database(f"sqlite:///{directory / 'notigateway.db'}")
    with reading(engine) as session:
        rows = session.execute(
            select(
                Notification.id,
                Notification.state,
                func.count(Event.id.distinct()),
                func.count(Receipt.id.distinct()),
            )
            .outerjoin(Event, (Event.notification_code == Notification.code) & Event.decisive)
            .outerjoin(Receipt, (Receipt.event_id == Event.id) & (Receipt.state == Event.state))
            .group_by(Notification.id, Notification.state)
        ).all()
        for id_, state, decisions, receipts in rows:
            assert (decisions, receipts) == ((1, 1) if state is State.ACCEPTED else (0, 0)), id_
        pairs = (
            select(Notification.id, Receipt.sha256)
            .join(Receipt, Receipt.notification_code == Notification.code)
            .where(Receipt.state == State.ACCEPTED)
        )
        stored = {str(id_): sha256 for id_, sha256 in session.execute(pairs)}
    engine.dispose()
    assert stored.items() >= ledger.receipts.items()
    return len(stored)


def check_log(directory: Path) -> Audited:
    """Prove that every receipt and access record has its leaf, and every leaf its record."""
    engine = create_database(f"sqlite:///{directory / 'notigateway.db'}")
    seals = load_certificates(Pki(directory / "pki").certificate("seal"))
    found = audit_log(engine, seal_certificates=seals, origin=ORIGIN)
    with reading(engine) as session:
        assert session.scalar(select(func.count(Receipt.id))) == found.records[LeafKind.RECEIPT]
        assert session.scalar(select(func.count(AccessRecord.id))) == found.records[LeafKind.ACCESS]
    engine.dispose()
    return found


def check_receipts(directory: Path, server: Running) -> None:
    """Prove the seal of every receipt, and that the request it names is kept."""
    engine = create_database(f"sqlite:///{directory / 'notigateway.db'}")
    seals = load_certificates(server.pki.certificate("seal"))
    with reading(engine) as session:
        envelopes = {row.sha256: row.xml for row in session.scalars(select(RequestEnvelope))}
        for receipt in session.scalars(select(Receipt).where(Receipt.state == State.ACCEPTED)):
            assert hashlib.sha256(receipt.xml).hexdigest() == receipt.sha256
            facts = verify_receipt(receipt.xml, seal_certificates=seals)
            assert facts.state is State.ACCEPTED
            named = [sha256 for sha256 in envelopes if sha256.encode() in receipt.xml]
            assert len(named) == 1
            assert str(facts.notification_id).encode() in envelopes[named[0]]
    engine.dispose()
    with sqlite3.connect(directory / "notigateway.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def kill_and_restart(directory: Path, *, notifications: int, rounds: int, first_seed: int = 0) -> None:
    """Kill the server in each round, start it again on the same folder, and finish in the last one."""
    # The log is advanced all the time, so that some kills hit whoever does it.
    options = ("--notifications", str(notifications), "--workers", "2", "--checkpoint-seconds", "0.1")
    ledger = Ledger()
    for number in range(rounds):
        with suppress(KilledError), running(directory, *options) as server:
            if number == 0:
                with client_of(server) as client:
                    ledger.waiting = [str(one.id) for one in client.list_notifications()]
                assert len(ledger.waiting) == notifications
            check_database(directory, ledger)
            check_log(directory)
            share = notifications // (rounds + 1)
            kill_under_load(server, ledger, share=share, seed=first_seed + number)
            raise KilledError
        assert ledger.troubles == []
    with running(directory, *options) as server:
        check_database(directory, ledger)
        ledger.next_round(share=notifications)
        finish(load(server, ledger, seed=first_seed + rounds))
        assert ledger.troubles == []
        assert ledger.in_doubt == []
        assert check_database(directory, ledger) == len(ledger.receipts) == notifications
        check_receipts(directory, server)
        found = check_log(directory)
        # Each was put at disposal and accepted.
        assert found.records[LeafKind.RECEIPT] >= 2 * notifications
        assert found.checkpoints >= rounds


def test_what_was_answered_before_a_kill_stands_after_the_restart(tmp_path: Path) -> None:
    kill_and_restart(tmp_path / "sandbox", notifications=150, rounds=3)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(5))
def test_what_was_answered_before_any_of_many_kills_stands(tmp_path: Path, part: int) -> None:
    kill_and_restart(tmp_path / "sandbox", notifications=500, rounds=10, first_seed=100 * part)
