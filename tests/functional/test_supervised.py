"""A running gateway outlives its operator's mistakes, its database's absence and its workers' deaths.

One master for each kind of database goes through all of it, in the order of the tests.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from databases import PostgreSQL
from fault_rows import row_named
from masters import WORKERS, Master, World, asking
from notigateway.sandbox.certifying import CertificateWish, name, new_ec_key
from notigateway.sandbox.holders import ensure_pki
from patience import PATIENCE_SECONDS, slowed
from pki import write_pem
from scraped import NOTHING, Numbers, shows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from notigateway.pki.keys import KeyPair

pytestmark = pytest.mark.once

AWAY = "TEMPORARILY_UNAVAILABLE"
AWAY_SECONDS = 120
PAUSE_SECONDS = 5
CARRIED_OUT = 50  # a worker ends after so many
# What does not depend on the database is shown on one.
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="module")
ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True, scope="module")


@dataclass
class Database:
    """A database that can be taken away and brought back."""

    url: str
    server: PostgreSQL | None = None
    name: str = ""
    is_away: bool = False
    _folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self._folder = Path(self.url.removeprefix("sqlite:///")).parent

    def take_away(self) -> None:
        """Shut the server's, or have SQLite's whole folder vanish, as a volume does that is not mounted."""
        self.is_away = True
        if self.server is not None:
            self.server.shut(self.name)
            return
        self._folder.rename(self._folder.with_suffix(".away"))

    def bring_back(self) -> None:
        self.is_away = False
        if self.server is not None:
            self.server.open(self.name)
            return
        self._folder.with_suffix(".away").rename(self._folder)


def expired(now: datetime) -> KeyPair:
    start, subject = now - timedelta(days=2), name()
    return CertificateWish(
        subject, new_ec_key(), not_before=start, not_after=start + timedelta(days=1)
    ).make()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("database") / "notigateway.db"
        shutil.copyfile(migrated_sqlite, file)
        yield Database(f"sqlite:///{file}")
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = server.create(template=request.getfixturevalue("migrated_postgresql"))
    yield Database(server.url(name), server, name)
    server.drop(name)


@pytest.fixture(scope="module")
def master(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Master]:
    """Start while the database is away, where it is a server's."""
    world = World(tmp_path_factory.mktemp("gateway"), database.url)
    if database.server is not None:
        database.take_away()
    options = ("--max-requests", str(CARRIED_OUT), "--max-requests-jitter", "0")
    with world.started(*options, answers=False) as master:
        if database.server is None:
            master.await_answer()
            database.take_away()
            master.replace_workers(signal.SIGKILL)  # those have the file open, and need its name no more
        master.await_answer(AWAY)
        yield master


@pytest.fixture(autouse=True)
def there(request: pytest.FixtureRequest, master: Master, database: Database) -> None:
    """Begin each test with its database, but the first: workers of a run may each get a part of them."""
    if database.is_away and request.function is not test_it_serves_without_its_database_and_is_back_with_it:
        database.bring_back()
        master.replace_workers(signal.SIGTERM)  # none that looks for its database still
        master.await_answer()


def test_it_serves_without_its_database_and_is_back_with_it(master: Master, database: Database) -> None:
    if database.server is not None:
        (line,) = master.lines("started_without")
        assert (line["part"], line["level"]) == ("database", "warning")
    assert master.ask() == AWAY
    assert {line["part"] for line in master.lines("request_failed")} == {"database"}
    assert master.is_alive()
    database.bring_back()
    assert master.await_answer() < slowed(2)
    if database.server is not None:
        assert len(master.lines("database_not_ready")) in {1, 2}, "once for each worker"


def test_workers_that_die_while_it_is_away_have_successors_that_wait_for_it(
    master: Master, database: Database
) -> None:
    database.take_away()
    master.replace_workers(signal.SIGKILL)
    assert master.ask() == AWAY
    master.replace_workers(signal.SIGTERM)  # a worker ends so at its max_requests
    assert master.ask() == AWAY
    line = master.send(signal.SIGHUP, "reloaded")  # nothing changes: that the database is away is no mistake
    assert line["part"] == "database"
    for setting, value in (("document_store_url", "file:elsewhere"), ("database_url", "sqlite:///other.db")):
        master.world.write(**{setting: value})
        said = master.send(signal.SIGHUP, "reload_refused")["detail"]
        assert f"(so a new {setting} cannot prove itself)" in said
    master.world.write()
    assert master.ask() == AWAY
    assert not master.lines("worker_failed")
    database.bring_back()
    assert master.await_answer() < slowed(2)


def test_a_worker_that_has_carried_out_its_requests_may_be_followed_while_it_is_away(
    master: Master, database: Database
) -> None:
    master.replace_workers(signal.SIGTERM)
    stopped, counting = master.workers()
    os.kill(stopped, signal.SIGSTOP)  # so that the other one answers all
    try:
        master.await_answer()  # the first of them
        for _ in range(CARRIED_OUT - 1):
            assert not master.ask()
        database.take_away()
    finally:
        os.kill(stopped, signal.SIGCONT)
    master.wait(lambda: len(master.workers() - {counting}) == WORKERS)
    assert master.ask() == AWAY
    database.bring_back()
    master.await_answer()


@pytest.mark.soak
@ON_POSTGRESQL
@pytest.mark.timeout(AWAY_SECONDS + 300)
def test_two_minutes_without_a_database_end_nothing_whatever_becomes_of_the_workers(
    master: Master, database: Database
) -> None:
    database.take_away()
    master.replace_workers(signal.SIGKILL)
    reloads = len(master.lines("reloaded"))
    end = time.monotonic() + AWAY_SECONDS
    with asking(master) as told:
        while time.monotonic() < end:
            master.replace_workers(signal.SIGKILL)
            assert master.is_alive()
            master.replace_workers(signal.SIGTERM)
            master.send(signal.SIGHUP, "reloaded")
            time.sleep(PAUSE_SECONDS)
    assert len(master.lines("reloaded")) > reloads + 1
    assert set(told.codes) == {AWAY}
    # What a worker was answering when it was killed is cut off, and nothing else.
    cut_off = {httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError}
    assert {type(one) for one in told.troubles} <= cut_off
    assert not master.lines("worker_failed")
    database.bring_back()
    assert master.await_answer() < slowed(2)


MISTAKES = {
    "a typing error": ({"databse_url": "sqlite:///x.db"}, "databse_url: "),
    "no TOML": ({}, "notigateway.toml"),
    "a key that is not there": ({"seal_key_file": "absent.pem"}, "absent.pem"),
    "a key of another certificate": (
        {"service_key_file": "{pki}/seal.key.pem"},
        "does not belong to",
    ),
    "an expired certificate of the service": (
        {"service_key_file": "service.key.pem", "service_certificate_file": "service.cert.pem"},
        "service.cert.pem",
    ),
    "an expired certificate of the seal": (
        {"seal_key_file": "seal.key.pem", "seal_certificate_file": "seal.cert.pem"},
        "seal.cert.pem",
    ),
    "a pipe that nobody writes to": ({"seal_key_file": "pipe"}, "cannot read pipe: it is"),
    "a device that never ends": (
        {"seal_certificate_file": "/dev/full"},
        "cannot read /dev/full",
    ),
    "no issuer": ({"authorised_issuers_folder": "empty"}, "holds no authorised issuer"),
    "a schema of before": ({"database_url": "sqlite:///empty.db"}, "notigateway migrate"),
    "a file of a database that is not there": ({"database_url": "sqlite:///absent.db"}, "no database"),
    "a folder of a database that is not there": ({"database_url": "sqlite:///no/such.db"}, "no folder"),
    "a new database that is away": ({"database_url": "postgresql://nobody@127.0.0.1:9/x"}, "database: "),
    "a store that is not there": ({"document_store_url": "file:elsewhere"}, "its marker is not there"),
    "a store that nobody marked": ({"document_store_url": "file:empty"}, "its marker is not there"),
    "an address that is taken": ({"operations_address": "127.0.0.1:{port}"}, "Address already in use"),
    "no such account": ({"seal_pkcs11_module": "m"}, "seal_pkcs11_token_label"),
}


def assert_told(master: Master, name: str) -> None:
    """Log and metrics tell of a fault that was, as its row in the table of faults says."""
    row = row_named(name)
    for line in row.log:
        known = [one for one in master.lines(line.event) if line.fields.items() <= one.items()]
        assert known if line.fields else line.event in master.log, line
    for metric in row.metrics:
        assert shows(metric, [NOTHING, Numbers(master.numbers())]), metric


@ON_SQLITE
def test_a_reload_that_cannot_be_used_leaves_in_force_what_is(master: Master) -> None:
    world = master.world
    master.replace_workers(signal.SIGTERM)  # none that looks for its database still
    (world.folder / "empty").mkdir()
    (world.folder / "empty.db").touch()
    os.mkfifo(world.folder / "pipe")
    for kind in ("service", "seal"):
        write_pem(expired(world.now), world.folder, kind)
    with asking(master) as told:
        for name, (changes, said) in MISTAKES.items():
            values = {
                key: value.format(pki=world.folder / "pki", port=world.port) for key, value in changes.items()
            }
            world.write(**values)
            if not values:
                world.settings_file.write_text("mode: production")
            before = len(master.lines("reload_refused"))
            line = master.send(signal.SIGHUP, "reload_refused")
            assert said in line["detail"], name
            assert (line["level"], len(master.lines("reload_refused"))) == ("error", before + 1), name
        # It lies there still when a worker is replaced, for whatever reason.
        master.replace_workers(signal.SIGTERM)
    assert not told.troubles
    assert set(told.codes) == {""}
    master.replace_workers(signal.SIGKILL)
    assert not master.ask()
    assert master.is_alive()
    assert "Traceback" not in master.log
    for row in ("reload_refused", "worker_killed"):
        assert_told(master, row)
    world.write()


@ON_SQLITE
def test_a_second_instance_at_its_second_address_ends_with_a_line(master: Master) -> None:
    before = len(master.log.splitlines())
    assert master.world.start().wait(PATIENCE_SECONDS) == 4
    said = [line for line in master.log.splitlines()[before:] if line.startswith("CONFIGURATION: ")]
    assert len(said) == 1
    assert "Address already in use" in said[0]
    assert not master.ask()
    assert master.is_alive()


def fail_again_and_again(master: Master) -> bool:
    """Wait for some seconds until workers have failed more often than there are any."""
    before, end = len(master.lines("worker_failed")), time.monotonic() + slowed(5)
    while len(master.lines("worker_failed")) - before <= WORKERS:
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@ON_SQLITE
def test_workers_that_lack_memory_are_tried_until_there_is_some(master: Master) -> None:
    size, unlimited = Path(f"/proc/{master.process.pid}/statm").read_text().split()[0], (-1, -1)
    try:
        for more in (2**22, 2**21, 3 * 2**20, 2**20, 2**23):  # a library may crash of less, or need no more
            lacking = int(size) * resource.getpagesize() + more
            resource.prlimit(master.process.pid, resource.RLIMIT_AS, (lacking, -1))  # workers inherit it
            for pid in master.workers():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if fail_again_and_again(master):
                break
        else:
            pytest.fail(master.log[-3000:])
        failed = len(master.lines("worker_failed"))
        time.sleep(2)
        assert len(master.lines("worker_failed")) - failed <= 2 * WORKERS + 2, "each waits for a second"
        assert master.process.poll() is None
    finally:
        resource.prlimit(master.process.pid, resource.RLIMIT_AS, unlimited)
    master.await_answer()
    assert master.is_alive()
    assert_told(master, "memory_lacking")


@ON_SQLITE
def test_a_reload_changes_the_keys_without_a_pause(master: Master) -> None:
    world = master.world
    new = ensure_pki(world.folder / "new-pki", world.now)
    with asking(master) as told:
        world.write(seal_key_file=str(new.key("seal")), seal_certificate_file=str(new.certificate("seal")))
        old = master.workers()
        master.send(signal.SIGHUP, "reloaded")
        master.wait(lambda: len(master.workers()) == 2 and not master.workers() & old)
        assert master.is_alive()
    assert not told.troubles
    assert set(told.codes) == {""}
    for key in (new.key("seal"), new.certificate("seal")):
        key.unlink()  # what was read is held: no worker needs the files
    master.replace_workers(signal.SIGKILL)
    assert not master.ask()
    world.write()


@ON_POSTGRESQL
def test_a_new_version_takes_over_and_every_request_is_answered(master: Master) -> None:
    master.replace_workers(signal.SIGTERM)  # none that looks for its database still
    master.await_answer()
    old = master.workers()
    with asking(master) as told:
        master.process.send_signal(signal.SIGUSR2)
        master.wait(lambda: len(master.workers() - old) == 1)
        (new,) = master.workers() - old
        master.others.append(new)
        master.wait(lambda: len(master.workers(new)) == 2)
        answered = len(told.codes)
        master.wait(lambda: len(told.codes) > answered + 4)
        assert master.is_alive()
        os.kill(master.process.pid, signal.SIGTERM)
        assert master.process.wait(60) == 0
        assert master.is_alive()
    assert not told.troubles
    assert set(told.codes) == {""}
