"""Lapse: computed for everybody at once, proven by sweeps that may be many, slow or killed."""

from __future__ import annotations

import json
import signal
import threading
import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select

from notigateway.clock.lapsing import Sweeping, Swept, sweep
from notigateway.clock.outages import declare_outage
from notigateway.errors import TemporarilyUnavailableError
from notigateway.evidence.sealing import Seal
from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from notigateway.law.deadlines import deadline
from notigateway.law.grounds import Paper
from notigateway.law.lifecycle import Kind, State
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.model import Event, Notification, Receipt
from notigateway.sandbox.process import running
from notigateway.settings import load_settings
from notigateway.wss.ns import EVIDENCE_1
from overdue import OF_A_DECISION, check_each_lapsed_once, command, publish_many, run, settings_file
from patience import PATIENCE_SECONDS
from pki import NOW, OTHER_COMPANY_NIF, PERSON_NIF, company_subject, ec_key, pki
from stack import NG, Stack, text, texts

pytestmark = pytest.mark.once

LAPSES_AT = deadline(NOW)
AT_ONCE = Sweeping()
MILLISECOND = timedelta(milliseconds=1)


def swept(stack: Stack, now: datetime | None = None, sweeping: Sweeping = AT_ONCE) -> int:
    return sweep(stack.engine, seal=stack.office.seal, now=now or stack.now, sweeping=sweeping).lapsed


def states(stack: Stack, inner: str = "") -> list[str | None]:
    return texts(stack.ask("ListNotifications", inner).tree, "notification/state")


def test_a_lapse_shows_in_every_list_although_no_sweep_ever_ran(stack: Stack) -> None:
    wanted = stack.publish()
    stack.now = LAPSES_AT - MILLISECOND
    assert states(stack) == ["available"]
    stack.now = LAPSES_AT
    assert states(stack) == ["lapsed"]
    assert states(stack, "<filter><state>lapsed</state></filter>") == ["lapsed"]
    assert states(stack, "<filter><state>available</state></filter>") == []
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert text(answer.tree, "item/notification/state") == "lapsed"
    assert text(answer.tree, "item/problem/code") == "NOT_ACCEPTED"
    assert stack.decisions() == 0


def test_late_decisions_are_refused_although_no_sweep_ever_ran(stack: Stack) -> None:
    wanted = stack.publish()
    stack.now = LAPSES_AT
    outcomes = [*stack.accept(wanted), *stack.reject(wanted)]
    assert [text(item, "outcome") for item in outcomes] == ["lapsed", "lapsed"]
    assert stack.decisions() == 0


def test_after_the_sweep_the_addressee_has_the_receipt_of_the_lapse(stack: Stack) -> None:
    wanted = stack.publish()
    stack.now = LAPSES_AT + timedelta(days=40)
    assert swept(stack) == 1
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>")
    assert texts(answer.tree, "item/receipt/state") == ["available", "lapsed"]
    xml = b64decode(texts(answer.tree, "item/receipt/xml")[-1] or "")
    facts = verify_receipt(xml, seal_certificates=[pki().seal.certificate])
    assert (facts.notification_id, facts.event_time) == (wanted, LAPSES_AT)
    # Nobody caused it: no channel, no actor, no request.
    names = {etree.QName(child).localname for child in etree.fromstring(xml)}
    assert names.isdisjoint({"Channel", "DelegateDetails", "ActorAuthentication", "RequestEvidence"})
    assert states(stack) == ["lapsed"]
    (item,) = stack.accept(wanted)
    assert text(item, "outcome") == "lapsed"
    assert item.find("ng:decision", namespaces=NG) is None


def test_the_receipt_of_a_lapse_states_the_outages_within_its_term(stack: Stack) -> None:
    within = NOW + timedelta(days=1), NOW + timedelta(days=1, hours=3)
    before = NOW - timedelta(days=2), NOW - timedelta(days=1)
    wanted = stack.publish()
    stack.now = NOW + timedelta(days=2)
    for start, end in (before, within):
        with writing(stack.engine) as session:
            declare_outage(
                session,
                started_at=start,
                ended_at=end,
                reason="Corte de luz",
                declared_by=PERSON_NIF,
                now=stack.now,
            )
    stack.now = LAPSES_AT + timedelta(days=1)
    assert swept(stack) == 1

    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>")
    receipt = etree.fromstring(b64decode(texts(answer.tree, "item/receipt/xml")[-1] or ""))
    stated = receipt.findall(f"{{{EVIDENCE_1}}}ServiceAvailability/{{{EVIDENCE_1}}}Outage")
    assert [[child.text for child in one] for one in stated] == [[instant_text(one) for one in within]]


def test_sweeping_again_writes_nothing(stack: Stack) -> None:
    stack.publish("A")
    stack.publish("B")
    stack.now = LAPSES_AT
    assert swept(stack) == 2
    before = stack.contents()
    assert swept(stack, stack.pass_time(days=1)) == 0
    assert stack.contents() == before


def test_a_voluntary_addressee_and_a_communication_never_lapse(stack: Stack) -> None:
    stack.publish("V", paper=Paper.FIRST_EX_OFFICIO)
    stack.publish("C", kind=Kind.COMMUNICATION)
    stack.pass_time(days=4000)
    assert states(stack) == ["available", "available"]
    before = stack.contents()
    assert swept(stack) == 0
    assert stack.contents() == before


def test_what_was_decided_in_time_is_not_swept(stack: Stack) -> None:
    accepted, rejected = stack.publish("A"), stack.publish("R")
    stack.accept(accepted)
    stack.reject(rejected)
    assert swept(stack, LAPSES_AT + timedelta(days=1)) == 0
    assert states(stack) == ["accepted", "rejected"]


def test_evidence_waits_until_what_was_received_in_time_is_decided(stack: Stack) -> None:
    stack.publish()
    patient = Sweeping(evidence_delay=timedelta(seconds=300))
    assert swept(stack, LAPSES_AT + timedelta(seconds=300) - MILLISECOND, patient) == 0
    assert swept(stack, LAPSES_AT + timedelta(seconds=300), patient) == 1


def test_a_sweep_that_stops_half_way_is_continued_by_the_next(stack: Stack) -> None:
    codes = publish_many(stack, 10)

    def stop(done: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(
            stack.engine,
            seal=stack.office.seal,
            now=LAPSES_AT,
            sweeping=Sweeping(batch_size=2),
            on_progress=stop,
        )
    assert stack.decisions() == 4
    assert swept(stack, LAPSES_AT, Sweeping(batch_size=3)) == 6
    check_each_lapsed_once(stack, codes)


def seal_valid(not_before: datetime, not_after: datetime) -> Seal:
    subject = company_subject(OTHER_COMPANY_NIF, "Sello")
    return Seal(pki().holder(subject, ec_key("seal"), not_before=not_before, not_after=not_after))


def test_a_lapse_of_before_the_seal_is_left_to_another_seal(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    now = LAPSES_AT + timedelta(days=2)
    other = seal_valid(LAPSES_AT + timedelta(days=1), LAPSES_AT + timedelta(days=9))
    result = sweep(sqlite_stack.engine, seal=other, now=now, sweeping=AT_ONCE)
    assert result == Swept(lapsed=0, moved=0, unsealed=1)
    assert swept(sqlite_stack, now) == 1


def test_a_seal_that_has_ended_sweeps_nothing_also_of_its_own_time(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    ended = seal_valid(NOW, LAPSES_AT + timedelta(hours=1))
    before = sqlite_stack.contents()
    with pytest.raises(TemporarilyUnavailableError, match="ended at"):
        sweep(sqlite_stack.engine, seal=ended, now=LAPSES_AT + timedelta(hours=2), sweeping=AT_ONCE)
    assert sqlite_stack.contents() == before


def test_accepting_and_sweeping_at_the_deadline_leave_one_final_event(stack: Stack) -> None:
    publish_many(stack, 60)
    answer = stack.ask("ListNotifications")
    ids = texts(answer.tree, "notification/id")
    stack.now = LAPSES_AT - MILLISECOND
    outcomes: list[str | None] = []
    barrier = threading.Barrier(2, timeout=PATIENCE_SECONDS)

    def accept() -> None:
        barrier.wait()
        for one in ids:
            outcomes.extend(text(item, "outcome") for item in stack.accept(one))

    accepting = threading.Thread(target=accept)
    accepting.start()
    barrier.wait()
    time.sleep(0.3)
    while swept(stack, LAPSES_AT, Sweeping(batch_size=5)):
        pass
    accepting.join(PATIENCE_SECONDS)
    assert not accepting.is_alive()
    with reading(stack.engine) as session:
        decisive = dict(
            session.execute(select(Event.notification_code, Event.state).where(Event.decisive)).all()
        )
        receipts = dict(
            session.execute(select(Receipt.notification_code, Receipt.state).where(OF_A_DECISION)).all()
        )
        stored = dict(session.execute(select(Notification.code, Notification.state)).all())
    assert len(outcomes) == stack.decisions() == len(stored) == 60
    assert decisive == receipts == stored
    accepted = sum(state is State.ACCEPTED for state in stored.values())
    assert outcomes.count("decided") == accepted
    assert outcomes.count("lapsed") == 60 - accepted


def wait_for_decisions(stack: Stack, wanted: int, *, seconds: float = 60) -> None:
    """Wait until so many are written, or so long."""
    end = time.monotonic() + seconds
    while stack.decisions() < wanted and time.monotonic() < end:
        time.sleep(0.005)


def sweep_twice_and_kill_one(stack: Stack, count: int) -> float:
    """Sweep with two processes, kill one in the middle; return the seconds until the other ended."""
    stack.now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
    codes = publish_many(stack, count)
    file = settings_file(stack)
    started = time.monotonic()
    sweep = ("sweep", "--settings", file, "--json", "--batch", min(500, count // 50))
    doomed = command(*sweep)
    wait_for_decisions(stack, 1)
    # It has a share; it stops, perhaps within a batch, until the other one is there.
    doomed.send_signal(signal.SIGSTOP)
    other = command(*sweep)
    wait_for_decisions(stack, stack.decisions() + 1, seconds=2)
    doomed.send_signal(signal.SIGCONT)
    wait_for_decisions(stack, count // 5)
    doomed.kill()
    at_kill = stack.decisions()
    doomed.communicate(timeout=20)
    out, err = other.communicate(timeout=1200)
    seconds = time.monotonic() - started
    assert other.returncode == 0, err
    assert doomed.returncode == -9
    assert at_kill < count
    # Both had a share of the work.
    assert 0 < json.loads(out)["lapsed"] < count
    # What the killed one held when the other looked for the last time is nobody's now.
    swept(stack, datetime.now(UTC))
    check_each_lapsed_once(stack, codes)
    return seconds


@pytest.mark.parametrize("count", [1_000, pytest.param(5_000, marks=pytest.mark.soak)])
def test_two_sweepers_one_of_them_killed_write_each_lapse_once(
    stack: Stack, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = sweep_twice_and_kill_one(stack, count)
    with capsys.disabled():
        print(f"\n{stack.engine.dialect.name}: {count:,} lapses in {seconds:.1f} s")  # noqa: T201


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_hundred_thousand_lapses_are_swept_by_two_one_of_them_killed(
    postgresql_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = Stack(postgresql_url, tmp_path)
    seconds = sweep_twice_and_kill_one(stack, 100_000)
    stack.close()
    with capsys.disabled():
        print(f"\npostgresql: 100,000 lapses in {seconds:.1f} s")  # noqa: T201


def test_the_command_tells_what_it_did(sqlite_stack: Stack) -> None:
    sqlite_stack.now = datetime.now(UTC) - timedelta(days=30)
    publish_many(sqlite_stack, 3)
    file = settings_file(sqlite_stack)
    code, out, err = run("sweep", "--settings", file, "--batch", 2)
    assert (code, err) == (0, "")
    assert out.startswith("3 lapsed, 0 deadlines moved in ")


def test_a_sandbox_sweeps_by_itself(tmp_path: Path) -> None:
    with running(tmp_path, "--notifications", "3", "--sweep-seconds", "1", "--workers", "2") as sandbox:
        engine = create_database(load_settings(Path(sandbox.ready["settings"])).database_url)
        with writing(engine) as session:
            now = datetime.now(UTC)
            for one in session.scalars(select(Notification).where(Notification.deadline.is_not(None))):
                one.available_at, one.deadline = now - timedelta(days=12), now - timedelta(hours=1)
        end = time.monotonic() + 60
        lapsed: set[State] = set()
        while lapsed != {State.LAPSED} and time.monotonic() < end:
            time.sleep(0.1)
            with reading(engine) as session:
                query = select(Notification.state).where(Notification.deadline.is_not(None))
                lapsed = set(session.scalars(query))
        engine.dispose()
    assert lapsed == {State.LAPSED}
    assert "Traceback" not in (tmp_path / "server.log").read_text("utf-8")
