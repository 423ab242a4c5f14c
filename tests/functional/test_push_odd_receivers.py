"""Receivers that hold on to whoever posts to them, or lead it where it must not go."""

from __future__ import annotations

import time
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hooks import Hook, hooked
from moody import DRIBBLED_BODY, DRIBBLED_HEAD, LATE, TAKE, moody
from notigateway.destinations import Destinations
from notigateway.jobs import pushing
from notigateway.law.pushing import Trouble
from notigateway.pki.http_signatures import MessageKey, Posted
from notigateway.push.sending import Sender
from pki import NOW
from pushers import Pusher
from stack import text

if TYPE_CHECKING:
    from notigateway.push.sending import Answer
    from stack import Stack

HERE = ip_network("127.0.0.0/8")
# Enough for who answers at once, on a machine that is busy.
SECONDS = 2
# What an answer may take beyond that on a machine that is busy; far less than a receiver may want.
IN_ANY_CASE = 30.0


@dataclass
class Plain(Hook):
    """A listener that counts whatever comes, and answers what it is told to."""

    status: int = 200
    location: str = ""
    reached: int = 0

    def handle(self, headers: dict[str, str], content: bytes) -> tuple[int, dict[str, str], bytes]:
        assert headers["signature"], content
        self.reached += 1
        return self.status, {"Location": self.location} if self.location else {}, b""


class Poster:
    """Posts as a run does, over a line for each message."""

    def __init__(self, destinations: Destinations) -> None:
        key = MessageKey.of(ec.generate_private_key(ec.SECP256R1()))
        self._sender = Sender(key, destinations, seconds=SECONDS)

    def post(self, url: str) -> Answer:
        with self._sender.line() as line:
            return line.post(Posted(url, "application/json", b"{}"), now=NOW)


@pytest.mark.parametrize("mood", [LATE, DRIBBLED_HEAD, DRIBBLED_BODY])
def test_a_receiver_that_wants_ninety_seconds_is_given_its_own_and_holds_up_nobody(
    sqlite_stack: Stack, mood: str
) -> None:
    pusher = Pusher(sqlite_stack)
    pusher.work = pushing(sqlite_stack.settings.model_copy(update={"push_timeout_seconds": SECONDS}))
    with moody("webhook", "webhook") as (slow, quick):
        for one in (slow, quick):
            one.believe(pusher.published())
            sqlite_stack.ask("Subscribe", f"<kind>webhook</kind><url>{one.url}</url>")
        pusher.drain()
        for number in range(20):
            sqlite_stack.publish(f"ACT-{number}")
        slow.mood = lambda _message: mood
        begun = time.monotonic()
        pusher.run()
        assert time.monotonic() - begun < IN_ANY_CASE
        assert len(quick.taken) == 20
        assert 0 < len(slow.came) <= 4, "a lane each, and no more"
        said = {text(one, "url"): one for one in pusher.listed()}
        assert [text(said[slow.url], name) for name in ("trouble", "waiting")] == ["too_slow", "20"]
        assert [text(said[quick.url], name) for name in ("trouble", "waiting")] == [None, "0"]

        slow.mood = lambda _message: TAKE
        sqlite_stack.pass_time(minutes=1)
        pusher.drain()
        assert {one.id for one in slow.taken} == {one.id for one in slow.came}
        assert len({one.id for one in slow.taken}) == 20


def test_a_name_that_leads_inside_at_the_second_look_is_looked_at_then_too() -> None:
    """What was found the first time counts for that connection alone."""
    found = (["127.0.0.1"], ["10.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["::ffff:10.0.0.1"], ["127.0.0.1"])
    answers = iter(found)
    poster = Poster(Destinations((HERE,), find=lambda _host, _port: next(answers)))
    with hooked(hook := Plain()):
        url = hook.url.replace("127.0.0.1", "rebinding.example")
        troubles = [poster.post(url).trouble for _ in found]
    assert troubles == [None, *[Trouble.ADDRESS_REFUSED] * 3, None]
    assert hook.reached == 2


def test_an_address_of_this_machine_is_refused_however_it_is_found() -> None:
    with hooked(hook := Plain()):
        url = hook.url.replace("127.0.0.1", "public.example")
        for found in ("127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "0.0.0.0"):  # noqa: S104
            poster = Poster(Destinations(find=lambda _host, _port, found=found: [found]))  # type: ignore[misc]
            assert poster.post(url).trouble is Trouble.ADDRESS_REFUSED, found
    assert hook.reached == 0


def test_a_name_that_has_no_address_is_no_connection() -> None:
    def find(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    answer = Poster(Destinations((HERE,), find=find)).post("http://nowhere.example/")
    assert (answer.trouble, answer.is_receivers) == (Trouble.NO_CONNECTION, True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_to_this_machine_is_told_and_not_followed(status: int) -> None:
    with hooked(inside := Plain()), hooked(hook := Plain(status=status)):
        hook.location = inside.url
        answer = Poster(Destinations((HERE,))).post(hook.url)
    assert (answer.trouble, answer.status, answer.is_receivers) == (Trouble.REDIRECTED, status, False)
    assert (hook.reached, inside.reached) == (1, 0)
