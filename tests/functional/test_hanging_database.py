"""A database that hangs while its connections live, or goes away under the periodic jobs.

Between the gateway and PostgreSQL stands an address that takes everything and passes nothing on.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url
from sqlalchemy import text as sql
from structlog.testing import capture_logs

from clusters import Address
from notigateway.app import system_clock
from notigateway.clock.runs import Done
from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.job_process import Bounds, Jobs
from notigateway.jobs import Job
from notigateway.repository.engine import create_database, reading
from notigateway.time_left import bounded
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.sign import Signer, sign_envelope
from patience import PATIENCE_SECONDS
from pki import NOW, pki
from stack import Stack, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

_REQUEST_SECONDS = 3
_THREADS = 4
# Far less than the hang would cost, also where the machine is busy.
_WELL_BELOW_SECONDS = 15


@pytest.fixture
def address(postgresql_url: str) -> Iterator[Address]:
    """Give an address that leads to the server of a fresh database."""
    address = Address(f"{make_url(postgresql_url).query['host']}/.s.PGSQL.5432")
    yield address
    address.close()


@pytest.fixture
def url(address: Address, postgresql_url: str) -> str:
    """Return the URL of the fresh database behind the address."""
    return f"{address.url.rpartition('/')[0]}/{make_url(postgresql_url).database}"


@contextmanager
def silent(address: Address) -> Iterator[None]:
    """Let nothing through for a while."""
    address.is_silent = True
    try:
        yield
    finally:
        address.is_silent = False


def ask(stack: Stack, moment: datetime) -> tuple[str | None, float]:
    """Ask for a list; return the code of the answer and how long it took."""
    content = f'<ListNotifications xmlns="{NOTIGATEWAY_V1}"></ListNotifications>'
    signer = Signer(pki().company_seal.key, pki().company_seal.certificate)
    begun = time.monotonic()
    answer = stack.send(sign_envelope(content.encode(), signer=signer, now=moment))
    return (None if answer.status == 200 else answer.code), time.monotonic() - begun


def test_a_database_that_hangs_costs_a_request_its_time_and_no_more(
    address: Address, url: str, tmp_path: Path
) -> None:
    stack = Stack(url, tmp_path, request_seconds=_REQUEST_SECONDS)
    wanted = stack.publish()
    moments = [NOW + timedelta(milliseconds=10 * number) for number in range(2 * _THREADS)]
    with ThreadPoolExecutor(_THREADS) as pool:
        assert {code for code, _ in pool.map(lambda m: ask(stack, m), moments[:_THREADS])} == {None}
        with silent(address), capture_logs() as lines:
            answers = list(pool.map(lambda m: ask(stack, m), moments[_THREADS:]))
    assert {code for code, _ in answers} == {"TEMPORARILY_UNAVAILABLE"}
    assert {(one["event"], one["part"]) for one in lines} == {("request_failed", Part.DATABASE)}
    assert all(_REQUEST_SECONDS - 1 < seconds < _WELL_BELOW_SECONDS for _, seconds in answers)
    stack.pass_time(seconds=1)
    begun = time.monotonic()
    assert text(stack.accept(wanted)[0], "outcome") == "decided"
    assert time.monotonic() < begun + _REQUEST_SECONDS
    stack.close()


def test_outside_of_a_request_the_database_s_own_bound_ends_a_hang(address: Address, url: str) -> None:
    engine = create_database(url, timeout_seconds=1)
    begun = time.monotonic()
    with (
        pytest.raises(TemporarilyUnavailableError, match="no answer came in time"),
        reading(engine) as session,
        silent(address),
    ):
        session.execute(sql("SELECT 1"))
    assert time.monotonic() < begun + _WELL_BELOW_SECONDS
    with reading(engine) as session:
        assert session.scalar(sql("SELECT 1")) == 1
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite_url", "postgresql_url"])
def test_a_connection_is_waited_for_within_the_request_s_time(
    kind: str, request: pytest.FixtureRequest
) -> None:
    engine = create_database(request.getfixturevalue(kind), pool_size=1, timeout_seconds=60)
    with reading(engine):
        begun = time.monotonic()
        with (
            bounded(0.2),
            pytest.raises(TemporarilyUnavailableError, match="no database connection"),
            reading(engine),
        ):
            pass
        assert time.monotonic() < begun + _WELL_BELOW_SECONDS
    engine.dispose()


def test_the_jobs_wait_for_a_database_that_is_away_and_go_on(
    address: Address, url: str, tmp_path: Path
) -> None:
    stack = Stack(url, tmp_path, database_timeout_seconds=2)
    server = address.target
    done = threading.Semaphore(0)

    def work(engine: Engine, _now: datetime) -> Done:
        with reading(engine):
            done.release()
        return Done({})

    running = Jobs(stack.settings, [Job("sweep", 0.1, work)], clock=system_clock)
    thread = threading.Thread(target=running.run)
    with capture_logs() as lines:
        thread.start()
        assert done.acquire(timeout=PATIENCE_SECONDS)
        address.lead_to(None)
        address.cut()
        end = time.monotonic() + PATIENCE_SECONDS
        while not any(one["event"] == "job_failed" and one["part"] == "database" for one in lines):
            assert time.monotonic() < end
            time.sleep(0.05)
        while done.acquire(blocking=False):
            pass
        address.target = server
        assert done.acquire(timeout=PATIENCE_SECONDS)
        running.stop()
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert (
        {"job_done", "job_failed"}
        <= {one["event"] for one in lines}
        <= {"job_done", "job_failed", "job_recovered"}
    )
    stack.close()


def test_the_jobs_end_within_seconds_while_the_database_hangs(
    address: Address, url: str, tmp_path: Path
) -> None:
    stack = Stack(url, tmp_path)  # whose database_timeout_seconds are 30
    done = threading.Event()

    def work(engine: Engine, _now: datetime) -> Done:
        with reading(engine):
            done.set()
        return Done({})

    bounds = Bounds(look=0.1, answer=1, again=0.1, step=1, leave=1)
    running = Jobs(stack.settings, [Job("sweep", 0.1, work)], clock=system_clock, bounds=bounds)
    thread = threading.Thread(target=running.run)
    with capture_logs() as lines:
        thread.start()
        assert done.wait(PATIENCE_SECONDS)
        with silent(address):
            end = time.monotonic() + _WELL_BELOW_SECONDS
            while not any(one["event"] == "job_failed" and one["part"] == "database" for one in lines):
                assert time.monotonic() < end, "it is named while the first statement still hangs"
                time.sleep(0.05)
            running.stop()
            thread.join(_WELL_BELOW_SECONDS)
            assert not thread.is_alive()
    stack.close()
