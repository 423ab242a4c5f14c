"""Following keeps an archive current, and accepts what a policy says, of that alone."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from notigateway.client import NotificationClient, PullReport, pull
from notigateway.client.errors import ClientError, ListeningError, PolicyError, SpoolError
from notigateway.client.follow import LOG, Following, Round
from notigateway.client.policy import read_policy
from notigateway.client.wake import Alarm, listening
from notigateway.pki.http_signatures import MessageKey, Posted
from pki import pki

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from service_simulator import Simulator

ALL = '[[rule]]\nname = "all"\ndecide = "accept"\nclients = "all"\n'
URGENT = '[[rule]]\nname = "urgent"\ndecide = "accept"\nclients = ["B00000000"]\ndays_left = 1\n'
KEY = MessageKey.of(ec.generate_private_key(ec.SECP256R1()))
KEYS = {KEY.name: KEY.key.public_key()}
HOOK = "https://bureau.example/hook"


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 24, 8, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def follower(client: NotificationClient, tmp_path: Path, clock: Clock) -> Callable[..., Following]:
    def make(policy: str | None, *, dry_run: bool = False) -> Following:
        archive = tmp_path / "archive"
        storing = partial(pull, client, archive, seal_certificates=[pki().seal.certificate])
        read = None if policy is None else read_policy(policy.encode())
        made = Following(client, archive, storing, read, dry_run, clock)
        made.check()
        return made

    return make


def logged(tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "archive" / LOG
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_without_a_policy_nothing_is_ever_accepted(
    service: Simulator, follower: Callable[..., Following]
) -> None:
    service.add(3)
    done = follower(None).round()
    assert (done.pulled.noted, done.accepted) == (3, None)
    assert "AcceptNotifications" not in service.operations


def test_a_policy_accepts_and_stores_what_it_says_and_writes_down_why(
    service: Simulator, follower: Callable[..., Following], tmp_path: Path
) -> None:
    service.add(2)
    (urgent,) = service.add(1, deadline=datetime(2026, 11, 25, 23, tzinfo=UTC))
    done = follower(URGENT).round()
    assert done.accepted is not None
    assert (done.accepted.accepted, done.accepted.stored, done.waiting) == (1, 1, 3)
    assert done.reasons == {"days_left": 2}
    assert [one.state for one in service.items.values()] == ["available", "available", "accepted"]
    folder = tmp_path / "archive" / "B00000000" / "2026" / str(urgent.code)
    assert [one.read_bytes() for one in folder.glob("*.pdf")] == [urgent.content]
    lines = logged(tmp_path)
    assert [(one["what"], one["code"], one["rule"]) for one in lines] == [
        ("accepting", urgent.code, "urgent"),
        ("done", urgent.code, "urgent"),
    ]
    assert {one["policy_sha256"] for one in lines} == {read_policy(URGENT.encode()).sha256}


def test_what_came_of_accepting_is_written_down_also_where_it_breaks_off(
    service: Simulator, follower: Callable[..., Following], tmp_path: Path
) -> None:
    (item,) = service.add(1)

    following = follower(ALL)
    storing = following.pull

    def breaking(**options: Any) -> PullReport:  # noqa: ANN401  (options of pull)
        if options["accept"]:
            (tmp_path / "archive" / "archive.db").unlink()
            (tmp_path / "archive" / "archive.db").symlink_to(tmp_path / "elsewhere.db")
        return storing(**options)

    following.pull = breaking
    with pytest.raises(SpoolError, match="is a link"):
        following.round()
    assert [(one["what"], one["code"], one.get("error")) for one in logged(tmp_path)] == [
        ("accepting", item.code, None),
        ("interrupted", item.code, "FOLDER_UNUSABLE"),
    ]
    assert not (tmp_path / "elsewhere.db").exists()
    assert item.state == "available"


def test_what_was_accepted_is_no_news_and_is_not_accepted_again(
    service: Simulator, follower: Callable[..., Following]
) -> None:
    service.add(2)
    following = follower(ALL)
    following.round()
    asked = service.operations.count("AcceptNotifications")
    assert following.round().accepted is None
    assert service.operations.count("AcceptNotifications") == asked


def test_a_dry_run_tells_what_would_be_accepted(
    service: Simulator, follower: Callable[..., Following], tmp_path: Path
) -> None:
    service.add(2)
    done = follower(ALL, dry_run=True).round()
    assert [one.verdict.accepts for one in done.chosen] == [True, True]
    assert "AcceptNotifications" not in service.operations
    assert logged(tmp_path) == []


def test_days_that_pass_are_noticed_though_nothing_changes(
    service: Simulator, follower: Callable[..., Following], clock: Clock
) -> None:
    service.add(1)  # its last day is the 30th of November
    following = follower(ALL + "days_left = 2")
    assert following.round().reasons == {"days_left": 1}
    clock.now += timedelta(minutes=1)
    assert following.round().waiting == 0  # not looked at again yet
    clock.now = datetime(2026, 11, 28, 8, tzinfo=UTC)
    accepted = following.round().accepted
    assert accepted is not None
    assert accepted.accepted == 1


def test_four_eyes_are_those_of_somebody_else(service: Simulator, follower: Callable[..., Following]) -> None:
    mine, theirs, none = service.add(3)
    mine.labels.append(("checked", "00000000T"))  # as whom the client signs
    theirs.labels.append(("checked", "00000001R"))
    none.labels.append(("seen", "00000001R"))
    done = follower(ALL + 'four_eyes = "checked"').round()
    assert done.reasons == {"four_eyes": 2}
    assert [one.state for one in (mine, theirs, none)] == ["available", "accepted", "available"]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ('[[rule]]\ndecide = "accept"\nclients = ["B12345674"]\n', "is nobody for whom you may act"),
        (ALL + 'matters = ["colection"]', "is no matter of the service's catalogue"),
        (ALL + 'procedures = ["2001235"]', "is no procedure"),
    ],
)
def test_a_policy_with_an_unknown_client_or_matter_stops_before_anything(
    service: Simulator, follower: Callable[..., Following], policy: str, said: str
) -> None:
    service.add(1)
    with pytest.raises(PolicyError, match=said):
        follower(policy)
    assert "AcceptNotifications" not in service.operations


def test_a_trouble_that_passes_is_told_and_followed_by_the_next_round(
    service: Simulator, follower: Callable[..., Following]
) -> None:
    service.add(1)
    following, alarm, told = follower(ALL), Alarm(), list[Round | ClientError]()
    broken = ClientError("away")
    broken.retryable = True
    good, failing = following.pull, [broken]

    def sometimes(**options: object) -> object:
        if failing:
            raise failing.pop()
        return good(**options)

    following.pull = sometimes  # type: ignore[assignment]

    def tell(done: Round | ClientError) -> None:
        told.append(done)
        alarm.ring()
        if isinstance(done, Round):
            alarm.end()

    following.run(alarm, every=timedelta(seconds=5), tell=tell)
    assert [type(one) for one in told] == [ClientError, Round]


def post(port: int, content: bytes, *, key: MessageKey = KEY, now: datetime | None = None) -> httpx.Response:
    posted = Posted(HOOK, "application/cloudevents+json", content)
    signed = key.sign(posted, now=now or datetime.now(UTC))
    return httpx.post(f"http://127.0.0.1:{port}/hook", content=content, headers=signed, trust_env=False)


def said_length(port: int, length: str) -> bytes:
    """Return the beginning of the answer to who only says how long its message is."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(f"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        return line.recv(64)


def test_a_push_of_the_service_wakes_and_that_of_nobody_else() -> None:
    alarm = Alarm()
    woken = threading.Event()
    alarm.ring = woken.set  # type: ignore[method-assign]
    event = json.dumps({"type": "notigateway.notification.available", "data": {}}).encode()
    ping = json.dumps({"type": "notigateway.subscription.ping", "data": {"challenge": "abc"}}).encode()
    other = MessageKey.of(ec.generate_private_key(ec.SECP256R1()))
    with listening(("127.0.0.1", 0), HOOK, KEYS, alarm) as port:
        assert post(port, ping).json() == {"challenge": "abc"}
        assert post(port, event, key=other).status_code == 401
        assert post(port, event, now=datetime.now(UTC) - timedelta(minutes=6)).status_code == 401
        assert post(port, b"[]").status_code == 400
        assert (
            httpx.post(f"http://127.0.0.1:{port}/", content=b"x" * 70_000, trust_env=False).status_code == 413
        )
        for length in ("0000000019999999999999999999", "9" * 5_000, "-1", "\u0661", ""):
            assert said_length(port, length).startswith(b"HTTP/1.1 413 "), length
        assert not woken.is_set()
        assert post(port, event).status_code == 204
        assert woken.is_set()
        with pytest.raises(ListeningError), listening(("127.0.0.1", port), HOOK, KEYS, alarm):
            pass
