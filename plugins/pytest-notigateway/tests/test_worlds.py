"""Each test has a world of its own, and what it asks of it is done."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from notigateway.client import NotificationClient
from pytest_notigateway import Sandbox, SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_notigateway import Clock, World

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)


@contextmanager
def stub(*, busy: int) -> Iterator[tuple[str, list[str]]]:
    """Answer for a sandbox with one world, which is busy so often; yield its address and what it is asked."""
    asked: list[str] = []
    told = dict.fromkeys(("base", "url", "wsdl", "issuing", "wscn", "wscn_test"), "http://127.0.0.1:1")

    class Answers(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_busy = self.command == "DELETE" and len(asked) <= 2 + busy
            said = {"error": {"code": "BUSY", "detail": "at it"}} if is_busy else {"name": "w1", **told}
            body = json.dumps(said).encode()
            self.send_response(409 if is_busy else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  (the names that it looks for)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        told["base"] = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield told["base"], asked
        finally:
            server.shutdown()


@pytest.mark.parametrize("turn", [1, 2])
def test_a_world_begins_empty_and_goes_with_its_test(notigateway_world: World, turn: int) -> None:
    assert notigateway_world.notifications() == []
    notigateway_world.publish(addressee="company")
    assert len(notigateway_world.notifications()) == 1


@pytest.mark.notigateway(notifications=3, seed=11)
def test_a_world_is_made_as_the_marker_wishes(
    notigateway_world: World, as_company: NotificationClient
) -> None:
    assert (notigateway_world.told["notifications"], notigateway_world.told["seed"]) == (3, 11)
    assert sum(1 for _ in as_company.list_notifications()) >= 3


def test_two_worlds_do_not_see_each_other(notigateway: Sandbox, notigateway_world: World) -> None:
    with notigateway.world() as other:
        other.publish(addressee="company")
        other.clock.advance(days=11)
        assert notigateway_world.notifications() == []
        assert other.clock.now() - notigateway_world.clock.now() > timedelta(days=10)
    assert other.name not in {one["name"] for one in notigateway.worlds()}


def test_each_holder_signs_for_itself(
    as_holder: Callable[..., NotificationClient],
    as_representative: NotificationClient,
    as_person: NotificationClient,
    as_red: NotificationClient,
) -> None:
    assert (as_representative.holder, as_person.holder) == ("B99999997", "99999999R")
    assert as_red.ping().known
    with pytest.raises(KeyError, match="no holder nobody: there are company"):
        as_holder("nobody")


def test_the_files_of_a_client_under_test_are_written(notigateway_world: World, tmp_path: Path) -> None:
    notigateway_world.certificates.write(tmp_path)
    with NotificationClient.from_files(
        notigateway_world.url,
        p12=tmp_path / "holders/company.p12",
        password=(tmp_path / "holders/passphrase.txt").read_bytes().strip(),
        server_certificates=[tmp_path / "service.cert.pem"],
    ) as company:
        assert company.ping().known


def test_a_client_may_live_by_the_clock_of_the_world(
    notigateway_world: World, as_holder: Callable[..., NotificationClient], clock: Clock
) -> None:
    clock.advance("P30D")
    clock.callers("world")
    assert as_holder("company", clock=clock.now).ping().known


def test_a_clock_stands_still_and_goes_on(clock: Clock) -> None:
    frozen = clock.freeze()
    assert (frozen.mode, clock.now()) == ("frozen", frozen.now)
    assert clock.advance(timedelta(hours=1)).now == frozen.now + timedelta(hours=1)
    assert clock.thaw().mode == "offset"


def test_a_clock_says_what_it_advances_by(clock: Clock) -> None:
    with pytest.raises(TypeError, match="by weeks, days, hours, minutes, seconds, not by years"):
        clock.advance(years=1)
    with pytest.raises(TypeError, match="say how long"):
        clock.advance()


def test_a_world_that_is_still_at_it_goes_all_the_same(notigateway: Sandbox) -> None:
    """Each of these lapses has a receipt with a seal and a time-stamp: none takes a millisecond."""
    with notigateway.world(notifications=40) as world:
        with pytest.raises(SandboxError, match="the sandbox is still at it") as late:
            world.clock.advance(weeks=2, timeout=0.005)
        assert late.value.code == "NOT_DONE_IN_TIME"
    assert world.name not in {one["name"] for one in notigateway.worlds()}


def test_a_busy_world_is_awaited_before_it_goes() -> None:
    """By a stub: a sandbox itself lets half a minute pass before it says BUSY."""
    with stub(busy=2) as (base, asked), Sandbox.at(f"{base}/_sandbox/") as sandbox, sandbox.world():
        pass
    assert asked == ["GET /_sandbox/world", "POST /_sandbox/worlds", *["DELETE /_sandbox/worlds/w1"] * 3]


@pytest.mark.notigateway(freeze=JUNE)
def test_a_world_begins_at_an_instant(clock: Clock) -> None:
    assert clock.now() == JUNE


def test_a_world_is_what_it_was(notigateway_world: World) -> None:
    published = notigateway_world.publish(addressee="company")
    kept = notigateway_world.snapshot()
    notigateway_world.reset()
    assert notigateway_world.notifications() == []
    notigateway_world.restore(kept)
    assert [one.id for one in notigateway_world.notifications()] == [published.id]


def test_a_bureaus_notifications_are_all_told(notigateway_world: World) -> None:
    notigateway_world.do("bureau", companies=1_001)
    assert len({one.id for one in notigateway_world.notifications()}) == 1_001
    assert len(notigateway_world.notifications(limit=5)) == 5


def test_what_the_sandbox_refuses_has_its_code(notigateway_world: World) -> None:
    with pytest.raises(SandboxError) as refused:
        notigateway_world.scenario("of nobody")
    assert (refused.value.code, refused.value.status) == ("SCENARIO_UNKNOWN", 404)


def test_scenarios_are_played(notigateway: Sandbox, notigateway_world: World) -> None:
    first = notigateway.scenarios()[0]
    assert notigateway_world.scenario(first["name"])
    steps = notigateway_world.steps({"advance": {"by": "P1D"}})
    assert [one["verb"] for one in steps] == ["advance"]
