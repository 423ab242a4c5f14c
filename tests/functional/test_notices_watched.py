"""What the operator is told of notices that wait or fail: numbers, readiness and the doctor's words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mail_server import Handler, mail_server, odd_server, tls_of
from notigateway.clock.runs import NOTICES, of_telling
from notigateway.health.finding import State
from notigateway.health.jobs import look_at_jobs
from notigateway.health.mail import look_at_mail
from notigateway.health.queues import QueuesWanted, look_at_queues
from notigateway.jobs import noticing
from notigateway.law.representation import DEFAULT_RIGHTS
from notigateway.outbox.carrying import Sender, Smtp, server_by
from notigateway.outbox.composing import Composing
from notigateway.outbox.sending import Sending, tell
from notigateway.repository.engine import writing
from notigateway.repository.jobs import record_run
from notigateway.repository.mails import retry_mails
from notigateway.settings import load_settings
from scraped import Numbers
from stack import Stack, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.clock.runs import Done

FROM = "avisos@gateway.example"
ALERTS = Path(__file__).parents[2] / "conf" / "prometheus-alerts.yml"
LIMITS = re.findall(r'notigateway_queue_age_seconds\{queue="notices"\} > (\d+)', ALERTS.read_text("utf-8"))


@pytest.fixture
def stack(sqlite_url: str, tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(sqlite_url, tmp_path, smtp_address="127.0.0.1:9", smtp_security="none", notices_from=FROM)
    assert stack.ask("SetContacts", "<address>ana@example.org</address>").code is None
    yield stack
    stack.close()


def run(stack: Stack, address: str) -> Done:
    """Do the job by the mail server at an address, and record the run as `notigateway jobs` does."""
    settings = load_settings(None, overrides={**stack.overrides, "smtp_address": address})
    carrier = Smtp(server_by(settings), Sender(FROM, FROM), now=stack.now)
    sending = Sending(composing=Composing(rights=DEFAULT_RIGHTS))
    done = of_telling(tell(stack.engine, carrier, sending, now=stack.now, is_hourly=False))
    with writing(stack.engine) as session:
        record_run(
            session,
            NOTICES,
            begun=stack.now,
            ended=stack.now,
            outcome=done.outcome,
            detail=done.words if done.left else "",
        )
    return done


def queue(stack: Stack, name: str) -> tuple[int, float]:
    """Return how much waits and for how long, as it is told in numbers."""
    found = look_at_queues(stack.engine, QueuesWanted.by(stack.settings), stack.now)[name]
    return found.waiting, 0.0 if found.since is None else (stack.now - found.since).total_seconds()


def job_state(stack: Stack) -> State:
    found = look_at_jobs(stack.engine, stack.now, has_authority=False, sends_notices=True)
    return next(one.state for one in found if one.check == "job_notices")


def asked(stack: Stack, path: str) -> bytes:
    assert stack.endpoint.operations is not None
    return send(stack.endpoint.operations, b"", REQUEST_METHOD="GET", PATH_INFO=path).body


def test_what_fails_is_told_to_programs_and_takes_nobody_out(stack: Stack) -> None:
    for number in range(2):
        stack.publish(f"ACT-{number}")
    with mail_server(Handler(recipients={"ana@example.org": "550 gone"})) as (address, _):
        run(stack, address)
    stack.publish("LATER")
    with odd_server(lambda taken: taken.close()) as away:
        run(stack, away)
    stack.pass_time(hours=7)
    numbers = Numbers(asked(stack, "/metrics"))
    for name, length in (("notices", 1), ("unsent", 2)):
        assert numbers.of("notigateway_queue_length", {"queue": name}) == [length]
    assert numbers.of("notigateway_queue_age_seconds", {"queue": "notices"}) == [7 * 3600]
    ready = json.loads(asked(stack, "/readyz"))
    (found,) = [one for one in ready["findings"] if one["check"] == "job_notices"]
    assert found["state"] == "warning"
    assert "127.0.0.1" not in found["says"], "which the log says"
    assert numbers.of("notigateway_check", {"check": "job_notices", "state": "warning"}) == [1]


def test_what_waits_reaches_the_limit_of_its_alert_and_what_fails_is_counted(stack: Stack) -> None:
    (limit,) = map(float, LIMITS)
    assert queue(stack, "notices") == queue(stack, "unsent") == (0, 0)
    stack.publish()
    with odd_server(lambda taken: taken.close()) as away:
        assert run(stack, away).left
        assert job_state(stack) is State.WARNING
        length, age = queue(stack, "notices")
        assert length == 1
        assert age < limit
        stack.pass_time(seconds=limit + 1)
        assert run(stack, away).left
    assert queue(stack, "notices")[1] > limit
    with mail_server(Handler(recipients={"ana@example.org": "550 gone"})) as (address, handler):
        assert run(stack, address).said["failed"] == 1
        assert job_state(stack) is State.OK
        assert (queue(stack, "notices"), queue(stack, "unsent")[0]) == ((0, 0), 1)
        handler.recipients.clear()
        with writing(stack.engine) as session:
            assert retry_mails(session, now=stack.now) == 1
        assert queue(stack, "unsent") == (0, 0)
        assert run(stack, address).said["sent"] == 1
    assert queue(stack, "notices") == (0, 0)


def test_a_digest_is_late_from_its_hour_on_and_not_from_what_it_tells(stack: Stack) -> None:
    inner = "<address>ana@example.org</address><delivery>daily</delivery>"
    assert stack.ask("SetContacts", inner).code is None
    stack.now = stack.now.replace(hour=7)
    stack.publish()
    stack.pass_time(days=1)
    with odd_server(lambda taken: taken.close()) as away:
        assert run(stack, away).left
    assert queue(stack, "notices")[1] < 4 * 3600


def test_the_doctor_tells_what_the_mail_server_says(stack: Stack, tmp_path: Path) -> None:
    with mail_server() as (address, _):
        settings = load_settings(None, overrides={**stack.overrides, "smtp_address": address})
        (found,) = look_at_mail(settings, online=True)
        assert (found.state, found.says) == (State.OK, f"{address} answers")
    with odd_server(lambda taken: taken.sendall(b"554 5.7.1 not from you\r\n")) as address:
        settings = load_settings(None, overrides={**stack.overrides, "smtp_address": address})
        (found,) = look_at_mail(settings, online=True)
        assert (found.state, found.says) == (State.WARNING, f"{address}: 554 5.7.1 not from you")
    wanted = {**stack.overrides, "smtp_address": "", "notices_folder": str(tmp_path / "mails")}
    (found,) = look_at_mail(load_settings(None, overrides=wanted), online=True)
    assert found.state is State.OK


def test_a_job_names_a_refused_login_four_times_an_hour_and_a_corrected_one_at_once(
    stack: Stack, tmp_path: Path
) -> None:
    password = tmp_path / "smtp-password"
    password.write_text("wrong-4711\n")
    password.chmod(0o600)
    context, anchor = tls_of(tmp_path, "127.0.0.1")
    with mail_server(login=("gateway", "right-4711"), starttls=context) as (address, handler):
        wanted = {
            **stack.overrides,
            "smtp_address": address,
            "smtp_security": "starttls",
            "smtp_ca_file": str(anchor),
            "smtp_user": "gateway",
            "smtp_password_file": str(password),
        }
        settings = load_settings(None, overrides=wanted)
        work = noticing(settings)
        stack.publish()
        tries = []
        for _ in range(31):
            done = work(stack.engine, stack.now)
            assert done.left
            assert "4711" not in done.words
            tries.append(len(handler.logins))
            stack.pass_time(minutes=1)
        assert (tries[0], tries[14], tries[15], tries[30]) == (2, 2, 4, 6), "by each of two methods"
        (found,) = look_at_mail(settings, online=True)
        assert found.says == f"{address}: 535 5.7.8 at login: it refuses smtp_user and its password"
        password.write_text("right-4711\n")
        assert work(stack.engine, stack.now).said["sent"] == 1
