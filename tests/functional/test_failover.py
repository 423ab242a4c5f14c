"""The database moves to another server: a client reads "later" until it is back, never "do not retry"."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Self

import pytest
from structlog.testing import capture_logs

from clusters import cluster
from notigateway.log.wholeness import Checking
from notigateway.pki.keys import load_certificates
from notigateway.repository.engine import create_database
from notigateway.repository.schema import upgrade
from notigateway.repository.troubles import Refusal
from notigateway.repository.write_trials import try_writing
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.sign import Signer, sign_envelope
from patience import slowed
from pki import NOW, pki
from refusals import assert_refusal
from stack import Stack, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from clusters import Address, Server

_CLIENTS = 4
# What a caller may read while the database is away: both say that it may send the request again.
_RETRYABLE = {"TEMPORARILY_UNAVAILABLE", "MESSAGE_REPLAYED"}


class Clients:
    """Callers who accept one notification after another, and send again what they are told to."""

    def __init__(self, stack: Stack, ids: list[UUID]) -> None:
        self.codes: Counter[str] = Counter()
        self.decided: set[UUID] = set()
        self._stack = stack
        self._ids = iter(ids)
        self._moments = count()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(_CLIENTS)]

    def __enter__(self) -> Self:
        """Let them begin."""
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Let them end what they are at."""
        self._stopping.set()
        for one in self._threads:
            one.join(30)

    def await_decisions(self, *, within: float) -> float:
        """Wait until more is decided; return for how many seconds."""
        begun, seen = time.monotonic(), len(self.decided)
        while len(self.decided) == seen:
            assert time.monotonic() < begun + slowed(within), self.codes
            time.sleep(0.01)
        return time.monotonic() - begun

    def _run(self) -> None:
        wanted = None
        while not self._stopping.is_set():
            with self._lock:
                if wanted is None:
                    wanted = next(self._ids)
                moment = NOW + timedelta(milliseconds=10 * next(self._moments))
            code = self._accept(wanted, moment)
            with self._lock:
                self.codes[code] += 1
            if code == "decided":
                self.decided.add(wanted)
                wanted = None
            else:
                time.sleep(0.02)

    def _accept(self, wanted: UUID, moment: datetime) -> str:
        inner = f"<id>{wanted}</id>"
        content = f'<AcceptNotifications xmlns="{NOTIGATEWAY_V1}">{inner}</AcceptNotifications>'
        signer = Signer(pki().company_seal.key, pki().company_seal.certificate)
        answer = self._stack.send(sign_envelope(content.encode(), signer=signer, now=moment))
        if answer.status == 200:
            outcome = text(answer.tree, "item/outcome")
            return "decided" if outcome in {"decided", "already_decided_by_you"} else str(outcome)
        assert answer.headers.get("Retry-After"), answer.code
        return str(answer.code)


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[tuple[Stack, Server, Server, Address]]:
    """Give a gateway whose database is behind an address, with a primary and a place for a standby."""
    with cluster() as (first, second, address):
        engine = create_database(address.url)
        upgrade(engine)
        engine.dispose()
        stack = Stack(address.url, tmp_path, database_timeout_seconds=2)
        yield stack, first, second, address
        stack.close()


def test_a_failover_is_told_as_later_and_loses_no_decision(
    moving: tuple[Stack, Server, Server, Address],
) -> None:
    stack, first, second, address = moving
    ids = stack.publish_many(100)
    first.copy_to(second)
    first.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    first.execute("SELECT pg_reload_conf()")
    with Clients(stack, ids) as clients:
        clients.await_decisions(within=10)

        address.lead_to(second)  # too early: who connects anew meets a standby
        address.cut()
        time.sleep(0.5)
        assert_refusal(stack, stack.ask("ListNotifications"), "TEMPORARILY_UNAVAILABLE")
        first.stop("fast")
        time.sleep(0.3)
        second.execute("ALTER SYSTEM RESET synchronous_standby_names")
        second.promote()
        back_after = clients.await_decisions(within=5)

        second.stop("immediate")  # a crash, and its recovery
        time.sleep(0.3)
        second.start()
        time.sleep(0.3)
        address.is_silent = True  # packets are lost
        time.sleep(0.5)
        address.is_silent = False
        address.cut()
        clients.await_decisions(within=5)

    assert set(clients.codes) - _RETRYABLE == {"decided"}
    assert clients.codes["TEMPORARILY_UNAVAILABLE"] > 0
    assert back_after < slowed(2)
    assert stack.decisions() >= len(clients.decided)
    seals = load_certificates(stack.settings.seal_certificate_file)
    assert list(Checking(stack.engine, stack.office.store, seals).findings()) == []


def test_a_standby_as_the_only_database_starts_and_says_what_it_is(
    moving: tuple[Stack, Server, Server, Address],
) -> None:
    stack, first, second, address = moving
    wanted = stack.publish()
    first.copy_to(second)
    address.lead_to(second)
    address.cut()
    stack.start()
    with capture_logs() as lines:
        for operation in ("ListNotifications", "AcceptNotifications", "RetrieveNotifications"):
            inner = "" if operation == "ListNotifications" else f"<id>{wanted}</id>"
            assert_refusal(stack, stack.ask(operation, inner), "TEMPORARILY_UNAVAILABLE")
    assert [(one["event"], one["part"]) for one in lines] == [("request_failed", "database")] * 3
    assert all("the database is read-only (a standby?)" in one["detail"] for one in lines)
    second.promote()
    stack.pass_time(seconds=1)
    assert text(stack.accept(wanted)[0], "outcome") == "decided"


def test_a_primary_made_read_only_before_a_move_takes_no_decision(
    moving: tuple[Stack, Server, Server, Address],
) -> None:
    """By connections of before it, whatever they have done, and by new ones."""
    stack, first, _second, _address = moving
    wanted = stack.publish()
    assert stack.ask("ListNotifications").status == 200
    set_read_only(first, "on")
    for _ in range(3):
        refusal = stack.ask("AcceptNotifications", f"<id>{wanted}</id>")
        assert_refusal(stack, refusal, "TEMPORARILY_UNAVAILABLE")
        assert try_writing(stack.engine, now=stack.now) is Refusal.READ_ONLY
    assert stack.decisions() == 0
    set_read_only(first, "off")
    assert text(stack.accept(wanted)[0], "outcome") == "decided"


def set_read_only(server: Server, state: str) -> None:
    """Set it for all sessions, those that are open too."""
    server.execute(f"ALTER SYSTEM SET default_transaction_read_only = {state}")
    server.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + slowed(5)
    while server.execute("SHOW default_transaction_read_only") != [(state,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.2)  # the sessions that are open read it each by itself
