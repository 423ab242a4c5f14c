"""`notigateway seal retire`: a period ends once everything has its time-stamp, and not a moment before."""

from __future__ import annotations

import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text, update
from typer.testing import CliRunner

from bundles import bundles
from notigateway.errors import ConfigurationError
from notigateway.evidence.history import PERIODS
from notigateway.evidence.periods import write_period
from notigateway.log.growing import advance
from notigateway.receipts.authorities import pinned_authorities
from notigateway.receipts.stamping import Authority, stamp
from notigateway.repository.engine import reading, writing
from notigateway.repository.forms import ReceiptForm
from notigateway.repository.renewals import sizes_of_renewals
from notigateway.repository.timestamps import ReceiptTimestamp
from notigateway.settings import load_settings
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from operating import app
from overdue import settings_file
from pki import OTHER_COMPANY_NIF, company_subject, ec_key, pki, write_issuers, write_pem
from tsa import Answering, serving, tsa
from watched import free_port

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from stack import Stack

pytestmark = pytest.mark.once

NAME = "seal-2026.cert.pem"


class Told(NamedTuple):
    exit_code: int
    output: str


@pytest.fixture
def rotating(stack: Stack) -> Stack:
    """A gateway that seals by this machine's clock; the next seal is in the settings already."""
    stack.now = datetime.now(UTC) - timedelta(minutes=10)
    retired = stack.folder / "retired"
    retired.mkdir()
    (retired / NAME).write_bytes(pki().seal.certificate.public_bytes(Encoding.PEM))
    following = pki().holder(company_subject(OTHER_COMPANY_NIF, "Sello nuevo"), ec_key("seal-2"))
    key, certificate = write_pem(following, stack.folder / "keys", "seal-2")
    write_issuers(stack.folder / "stampers", [tsa().certificate])
    stack.overrides |= {
        "seal_key_file": key,
        "seal_certificate_file": certificate,
        "retired_seals_folder": retired,
        "timestamp_authority_folder": stack.folder / "stampers",
        "timestamp_authority_url": f"http://127.0.0.1:{free_port()}/",
    }
    return stack


def decided(stack: Stack, name: str = "ACT-1") -> UUID:
    """Accept something with the former seal: receipts, a PDF, a head of the log."""
    wanted = stack.publish(name)
    stack.accept(wanted)
    stack.ask("RetrieveReceipts", f"<id>{wanted}</id><format>pdf</format>")
    origin = stack.settings.log_origin
    advance(stack.engine, seal=stack.office.seal, origin=origin, now=stack.now)
    return wanted


def retire(stack: Stack, *more: str, name: str = NAME) -> Told:
    file = settings_file(stack)
    run = CliRunner().invoke(app, ["seal", "retire", name, "--in", "3", *more, "--settings", str(file)])
    refused = isinstance(run.exception, ConfigurationError)
    return Told(2 if refused else run.exit_code, run.output + (str(run.exception) if refused else ""))


def stopped_before(stack: Stack) -> datetime:
    """Have it stopped long ago, by a run that was cut off: nothing is to be waited for."""
    at = (datetime.now(UTC) - timedelta(minutes=7)).replace(microsecond=0)
    write_period(stack.folder / "retired", NAME, "stops", at)
    return at


def table(stack: Stack) -> dict[str, Any]:
    file: Path = stack.folder / "retired" / PERIODS
    return tomllib.loads(file.read_text()).get(NAME, {}) if file.is_file() else {}


def test_with_the_authority_away_it_stops_and_does_not_end(rotating: Stack) -> None:
    decided(rotating)
    told = retire(rotating, "--check")
    assert told.output == "without a time-stamp: 2 receipts, 1 checkpoints, 2 PDFs\n"
    assert table(rotating) == {}
    rotating.now = datetime.now(UTC) - timedelta(minutes=8)
    decided(rotating, "ACT-2")

    for _ in range(2):  # and again, with the same result
        run = retire(rotating, "--wait", "0")
        assert run.exit_code == 1
        assert "its period is not ended" in run.output
        assert set(table(rotating)) == {"stops"}
    stopped = stopped_before(rotating)  # as it will have been some minutes later

    with serving(Answering(at=datetime.now(UTC))) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        run = retire(rotating)
    assert run.exit_code == 0, run.output
    assert table(rotating)["stops"] == stopped
    assert table(rotating)["until"] > stopped


def test_the_end_is_not_before_what_an_authority_with_a_fast_clock_has_dated(rotating: Stack) -> None:
    wanted = decided(rotating)
    stopped_before(rotating)
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    with serving(Answering(at=ahead)) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        assert retire(rotating).exit_code == 0
    assert table(rotating)["until"] > ahead
    assert_all_convinces(rotating, wanted)


def test_a_clock_that_is_far_ahead_ends_nothing(rotating: Stack) -> None:
    decided(rotating)
    stopped_before(rotating)
    with serving(Answering(at=datetime.now(UTC) + timedelta(hours=1))) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        run = retire(rotating)
    assert run.exit_code == 1
    assert "a time-stamp says that it is of" in run.output
    assert set(table(rotating)) == {"stops"}


@pytest.mark.parametrize("of", ["receipts", "heads"])
def test_what_a_clock_that_was_ahead_has_dated_is_not_forgotten(rotating: Stack, of: str) -> None:
    """The job asked while it was ahead; it is right again when the period is to end."""
    decided(rotating)
    stopped_before(rotating)
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with serving(Answering(at=ahead)) as authority:
        stamp(rotating.engine, authority=authority, now=ahead, batch_size=100)
    with writing(rotating.engine) as session:
        if of == "heads":
            session.execute(update(ReceiptTimestamp).values(at=rotating.now))
            session.execute(update(ReceiptForm).values(timestamped_at=rotating.now))
    with serving(Answering()) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        run = retire(rotating)
    assert run.exit_code == 1
    assert "a time-stamp says that it is of" in run.output
    assert set(table(rotating)) == {"stops"}


def test_a_transaction_that_is_open_since_before_is_waited_for(rotating: Stack) -> None:
    """On SQLite nobody else writes meanwhile, so there it is the database that waits."""
    if rotating.engine.dialect.name == "sqlite":
        return
    decided(rotating)
    stopped_before(rotating)
    with serving(Answering()) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        with writing(rotating.engine) as session:
            session.execute(text("SELECT 1"))
            run = retire(rotating, "--wait", "0")
        assert run.exit_code == 1
        assert "1 transactions are open yet" in run.output
        assert set(table(rotating)) == {"stops"}
        assert retire(rotating).exit_code == 0


KILLED = """
import importlib, os, signal, sys
name, attribute, is_before, *arguments = sys.argv[1:]
module = importlib.import_module(name)
holder, _, attribute = attribute.rpartition(".")
holder = getattr(module, holder) if holder else module
real = getattr(holder, attribute)
def killed(*given, **named):
    if is_before == "after":
        real(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(holder, attribute, killed)
from notigateway.cli.commands import program
program()(arguments)
"""
# Where it is cut off, in the order in which it gets there: each run goes on from what the one before left.
STEPS = [
    ("notigateway.evidence.periods", "_edited", "before"),
    ("notigateway.receipts.stamping", "_store", "after"),
    ("notigateway.log.renewing", "Renewing.record", "after"),
    ("notigateway.receipts.renewing", "renew", "after"),
    ("pathlib", "Path.replace", "before"),
]


def test_whatever_kills_it_run_again_it_ends_right(rotating: Stack) -> None:
    wanted = decided(rotating)
    (rotating.folder / "retired" / f".{PERIODS}.new").write_text("half of")  # of one that was killed long ago
    with serving(Answering()) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        file = settings_file(rotating)
        told = ["seal", "retire", NAME, "--in", "3", "--settings", str(file)]
        for number, (module, name, when) in enumerate(STEPS):
            at = [module, name, when]
            done = subprocess.run([sys.executable, "-c", KILLED, *at, *told], timeout=60, check=False)
            assert done.returncode == -signal.SIGKILL, at
            assert "until" not in table(rotating)
            if number == 0:
                assert table(rotating) == {}
                stopped_before(rotating)
        assert retire(rotating).exit_code == 0
    assert_all_convinces(rotating, wanted)


def test_what_was_under_way_when_it_stopped_is_waited_for(
    rotating: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request sealed a moment before the stop, and was committed some minutes after."""
    now = datetime.now(UTC)
    late: list[UUID] = []
    stopped = (now - timedelta(seconds=1)).replace(microsecond=0)
    write_period(rotating.folder / "retired", NAME, "stops", stopped)
    rotating.now = stopped - timedelta(seconds=1)

    def sleep(seconds: float) -> None:
        """Let time pass at once; in its third minute that request is committed."""
        if not late and clock["now"] > stopped + timedelta(minutes=3):
            late.append(decided(rotating, "ACT-2"))
        clock["now"] += timedelta(seconds=seconds)

    clock = {"now": now}
    monkeypatch.setattr("notigateway.cli.seal._now", lambda: clock["now"])
    monkeypatch.setattr("time.sleep", sleep)
    with serving(Answering(at=now)) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        run = retire(rotating)
    assert run.exit_code == 0, run.output
    assert table(rotating)["until"] >= stopped + timedelta(minutes=6)
    assert_all_convinces(rotating, late[0])


def test_what_it_made_convinces_when_it_is_retired_and_what_a_thief_makes_does_not(rotating: Stack) -> None:
    stack = rotating
    wanted = decided(stack)
    stopped_before(stack)
    with serving(Answering(at=datetime.now(UTC))) as authority:
        stack.overrides["timestamp_authority_url"] = authority.url
        assert retire(stack).exit_code == 0
    assert_all_convinces(stack, wanted)


def assert_all_convinces(stack: Stack, wanted: UUID) -> None:
    """Check all bundles of a notification by the folder as it is published, a year later."""
    stack.settings = load_settings(None, overrides=stack.overrides)
    trust = stack.folder / "trust"
    write_issuers(trust / "timestamp", [tsa().certificate])
    (stack.folder / "retired").rename(trust / "seals")
    (trust / "seals" / "seal-2.pem").write_bytes((stack.folder / "keys" / "seal-2.cert.pem").read_bytes())
    later = datetime.now(UTC) + timedelta(days=400)
    for data in bundles(stack, wanted).values():  # by the process that still has the former seal
        report = verify(data, trust=load_trust(trust), at=later)
        assert report.outcome is Outcome.PASSED, report
        nobody = replace(load_trust(trust), authorities=[])
        assert verify(data, trust=nobody, at=later).outcome is Outcome.INDETERMINATE


def test_a_seal_that_is_still_in_the_settings_or_not_in_the_folder_is_not_retired(rotating: Stack) -> None:
    for name in ("other.pem", PERIODS, f"../retired/{NAME}", ""):
        run = retire(rotating, name=name)
        assert run.exit_code == 2, run.output
        assert "there is no file" in run.output
    rotating.overrides["seal_certificate_file"] = rotating.folder / "retired" / NAME
    run = retire(rotating)
    assert (run.exit_code, table(rotating)) == (2, {})
    assert "name the next one" in run.output


def test_without_an_authority_it_says_what_that_means(rotating: Stack) -> None:
    rotating.overrides.pop("timestamp_authority_url")
    stopped_before(rotating)
    run = retire(rotating)
    assert run.exit_code == 2
    assert "as good as forged" in run.output
    assert "until" not in table(rotating)


def test_an_authority_out_of_use_is_asked_for_nothing_and_still_read(rotating: Stack) -> None:
    decided(rotating)
    folder = rotating.folder / "stampers"
    (name,) = [one.name for one in folder.glob("*.pem")]
    with serving(Answering(at=datetime.now(UTC))) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        write_period(folder, name, "until", datetime.now(UTC).replace(microsecond=0) - timedelta(days=1))
        settings = load_settings(None, overrides=rotating.overrides)
        with pytest.raises(ConfigurationError, match="none is in use"):
            Authority.by(settings, now=datetime.now(UTC))
        assert pinned_authorities(settings) == [tsa().certificate]  # what it said before counts on
        write_issuers(folder / "next", [tsa("next").certificate])
        (folder / "next" / "issuer-0.pem").rename(folder / "next.pem")
        found = Authority.by(settings, now=datetime.now(UTC))
        assert found is not None
        assert found.certificates == [tsa("next").certificate]


def test_a_seal_whose_period_has_ended_is_told_and_nothing_changes(rotating: Stack) -> None:
    decided(rotating)
    stopped_before(rotating)
    with serving(Answering(at=datetime.now(UTC))) as authority:
        rotating.overrides["timestamp_authority_url"] = authority.url
        assert retire(rotating).exit_code == 0
        written = (rotating.folder / "retired" / PERIODS).read_bytes()
        renewed = asked_of(rotating)
        for more in ([], ["--check"], []):
            run = retire(rotating, *more)
            assert run.exit_code == 0
            ended = table(rotating)["until"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
            assert f"its period ended at {ended} already; nothing was changed" in run.output
            assert "destroy" not in run.output
        assert (rotating.folder / "retired" / PERIODS).read_bytes() == written
        assert asked_of(rotating) == renewed


def test_an_end_that_a_person_wrote_is_not_moved(rotating: Stack) -> None:
    stolen = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
    write_period(rotating.folder / "retired", NAME, "until", stolen)
    run = retire(rotating)
    assert run.exit_code == 0
    assert "nothing was changed" in run.output
    assert table(rotating) == {"until": stolen}


def asked_of(stack: Stack) -> int:
    """Return how often the head was renewed."""
    with reading(stack.engine) as session:
        return len(sizes_of_renewals(session))
