"""Changes pushed to who has subscribed: proven, in order, at least once, and nowhere they must not go."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from hooks import hooked, key_file
from notigateway.jobs import pushing
from notigateway.law.pushing import TRIED_FOR
from notigateway.published import published_folder
from notigateway.repository.placing import place_committed
from patience import PATIENCE_SECONDS
from pki import pki
from pushers import Pusher
from stack import text, texts
from titles import assign, red, register_company
from users import be_attorney, bureau, person, register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hooks import Answering, Event, Hook
    from stack import Answer, Stack

pytestmark = pytest.mark.once


RECEIVER = Path(__file__).parents[2] / "samples" / "push" / "receiver.py"


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for another process, for a while."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def pusher(stack: Stack) -> Pusher:
    return Pusher(stack)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as found:
        yield found


def test_a_confirmed_receiver_is_told_what_happens_from_then_on_and_nothing_of_content(
    pusher: Pusher, hook: Hook
) -> None:
    stack = pusher.stack
    stack.publish("BEFORE")
    pusher.subscribe(hook)
    first, second = stack.publish("A"), stack.publish("B")
    pusher.drain()
    stack.pass_time(minutes=1)
    stack.accept(first)
    stack.reject(second)
    pusher.drain()

    assert hook.pings == 1
    told = [(one["subject"], one["data"]["state"]) for one in hook.taken]
    assert sorted(told) == sorted(
        [
            (str(first), "available"),
            (str(second), "available"),
            (str(first), "accepted"),
            (str(second), "rejected"),
        ]
    )
    changes = stack.ask("ListChanges", "<pageSize>1000</pageSize>").tree
    assert {one["data"]["eventId"] for one in hook.taken} < set(texts(changes, "change/eventId"))
    for one in hook.taken:
        assert one["type"] == f"notigateway.notification.{one['data']['state']}"
        assert set(one["data"]) <= {"code", "notificationId", "eventId", "state", "nature", "position"}
    assert [text(one, "waiting") for one in pusher.listed()] == ["0"]


def test_nothing_but_the_ping_goes_to_a_receiver_that_does_not_confirm(pusher: Pusher, hook: Hook) -> None:
    hook.confirms = False
    pusher.subscribe(hook)
    pusher.stack.publish()
    for _ in range(3):
        pusher.run()
        pusher.stack.pass_time(hours=2)
    assert (hook.pings, hook.came) == (3, [])
    (listed,) = pusher.listed()
    assert (text(listed, "trouble"), text(listed, "confirmedAt")) == ("not_confirmed", None)

    pusher.stack.pass_time(days=1)
    pusher.run()
    pusher.stack.pass_time(days=1)
    pusher.run()
    assert hook.pings == 4
    (listed,) = pusher.listed()
    assert text(listed, "ended") == "not_confirmed"


def test_an_address_is_signed_as_it_goes_over_the_wire(pusher: Pusher, hook: Hook) -> None:
    """Else a receiver that follows the standard would refuse what an address written otherwise brings."""
    plain = hook.url
    hook.url = plain.replace("http://127.0.0.1", "HTTP://127.0.0.1").replace("/hook?for=us", "")
    pusher.subscribe(hook)
    hook.url = plain.replace("/hook?for=us", "/")
    pusher.drain()
    assert (hook.pings, text(pusher.listed()[0], "trouble")) == (1, None)


@pytest.mark.parametrize("kind", ["webhook", "soap"])
def test_the_receiver_to_copy_proves_what_the_gateway_sends(
    pusher: Pusher, tmp_path: Path, kind: str
) -> None:
    """It verifies by itself, CloudEvents and SOAP alike, and answers a call-back by its contract."""
    stack, keys = pusher.stack, tmp_path / "keys.json"
    keys.write_bytes(pusher.published())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/hook/Zq7wT3"
    options = ["--port", str(port), "--url", url, "--keys", str(keys), "--store", str(tmp_path / "store")]
    receiver = [sys.executable, str(RECEIVER), *options]
    with (
        (tmp_path / "errors").open("w+") as errors,
        subprocess.Popen(receiver, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            wait_until(lambda: "READY" in (tmp_path / "errors").read_text())
            answer = stack.ask("Subscribe", f"<kind>{kind}</kind><url>{url}</url>")
            assert text(answer.tree, "subscription/kind") == kind
            pusher.drain(datetime.now(UTC))  # its clock is the machine's
            one = stack.publish()
            pusher.drain(datetime.now(UTC))  # its clock is the machine's
            stack.accept(one)
            pusher.drain(datetime.now(UTC))  # its clock is the machine's
            (listed,) = pusher.listed()
            assert (text(listed, "trouble"), text(listed, "waiting")) == (None, "0"), errors.read()
        finally:
            process.terminate()
        lines = [json.loads(line) for line in (process.stdout or ()) if line.strip()]
    assert [one["state"] for one in lines] == ["available", "accepted"]


def test_a_status_alone_is_no_answer_to_a_call_back(pusher: Pusher, hook: Hook) -> None:
    """A stack that does not know the operation may well say 200."""
    answer = pusher.stack.ask("Subscribe", f"<kind>soap</kind><url>{hook.url}</url>")
    assert text(answer.tree, "subscription/kind") == "soap"
    hook.keys = pusher.published()
    hook.reads = False
    pusher.run()
    assert text(pusher.listed()[0], "trouble") == "not_confirmed"


def test_a_name_that_leads_inside_is_told_and_nothing_is_sent(pusher: Pusher, hook: Hook) -> None:
    port = hook.url.split(":")[2].split("/")[0]
    pusher.stack.settings = pusher.stack.settings.model_copy(update={"push_networks": ("10.0.0.0/8",)})
    pusher.stack.start()
    pusher.work = pushing(pusher.stack.settings)
    answer = pusher.stack.ask("Subscribe", f"<kind>webhook</kind><url>http://ip6-localhost:{port}/</url>")
    assert text(answer.tree, "subscription/kind") == "webhook"
    pusher.run()
    assert text(pusher.listed()[0], "trouble") in {"address_refused", "no_connection"}
    assert hook.pings == 0


def test_what_fails_holds_back_its_own_notification_alone_until_it_is_taken(
    pusher: Pusher, hook: Hook
) -> None:
    stack = pusher.stack
    pusher.subscribe(hook)
    pusher.drain()
    held, free = stack.publish("HELD"), stack.publish("FREE")
    stack.accept(held, free)
    hook.answer = lambda event: (500, {}) if event["subject"] == str(held) else (200, {})
    pusher.drain()
    assert [one["data"]["state"] for one in hook.taken] == ["available", "accepted"]
    assert {one["data"]["state"] for one in hook.came if one["subject"] == str(held)} == {"available"}

    hook.answer = lambda _event: (204, {})
    stack.pass_time(minutes=1)
    pusher.drain()
    assert [one["data"]["state"] for one in hook.taken if one["subject"] == str(held)] == [
        "available",
        "accepted",
    ]


def test_after_three_days_a_delivery_is_given_up_listed_and_replayed(pusher: Pusher, hook: Hook) -> None:
    stack = pusher.stack
    subscription = pusher.subscribe(hook)
    pusher.drain()
    bad = stack.publish("BAD")
    stack.accept(bad)
    refuse: Callable[[Event], Answering] = lambda event: (  # noqa: E731
        (500, {}) if event["data"]["state"] == "available" else (200, {})
    )
    hook.answer = refuse
    for _ in range(90):
        pusher.drain()
        stack.pass_time(hours=1)
        if hook.taken:
            break
    assert [one["data"]["state"] for one in hook.taken] == ["accepted"]
    named = f"<subscriptionId>{subscription}</subscriptionId>"
    dead = stack.ask("ListDeadDeliveries", named).tree
    assert texts(dead, "delivery/state") == ["available"]
    assert texts(dead, "delivery/id") == [str(bad)]
    assert texts(dead, "delivery/status") == ["500"]
    assert hook.came[-2]["id"] == text(dead, "delivery/deliveryId")
    assert [text(one, "dead") for one in pusher.listed()] == ["1"]

    hook.answer = lambda _event: (200, {})
    assert text(stack.ask("ReplayDeliveries", named).tree, "replayed") == "1"
    pusher.drain()
    assert [one["data"]["state"] for one in hook.taken] == ["accepted", "available"]
    assert hook.positions() == sorted(hook.positions(), reverse=True)  # receivers order by position
    assert [text(one, "dead") for one in pusher.listed()] == ["0"]


def test_a_receiver_that_is_away_is_left_alone_and_what_is_too_old_given_up(
    pusher: Pusher, hook: Hook
) -> None:
    stack = pusher.stack
    subscription = pusher.subscribe(hook)
    pusher.drain()
    hook.answer = lambda _event: (503, {"Retry-After": "1800"})
    for number in range(30):
        stack.publish(f"ACT-{number}")
    pusher.drain()
    tried = len(hook.came)
    assert 0 < tried <= 4  # a lane each, and no more
    stack.pass_time(minutes=29)
    pusher.drain()
    assert len(hook.came) == tried
    stack.pass_time(seconds=TRIED_FOR.total_seconds())
    pusher.drain()
    named = f"<subscriptionId>{subscription}</subscriptionId>"
    assert len(texts(stack.ask("ListDeadDeliveries", named).tree, "delivery/deliveryId")) == 30

    hook.answer = lambda _event: (200, {})
    stack.ask("ReplayDeliveries", named)
    pusher.drain()  # at once: whoever asks for it says that the receiver is there again
    assert len(hook.taken) == 30


def test_a_receiver_that_asks_for_a_pause_has_it_whatever_it_took_in_the_same_round(
    pusher: Pusher, hook: Hook
) -> None:
    stack = pusher.stack
    pusher.subscribe(hook)
    pusher.drain()
    stack.publish_many(20)
    hook.answer = lambda _event: (503, {})
    pusher.drain()
    stack.pass_time(minutes=5)
    hook.came.clear()
    hook.answer = lambda _event: (200, {}) if len(hook.came) < 4 else (503, {"Retry-After": "1800"})
    pusher.drain()
    assert len(hook.taken) == 3
    came = len(hook.came)
    stack.pass_time(minutes=29)
    pusher.drain()
    assert len(hook.came) == came
    hook.answer = lambda _event: (200, {})
    stack.pass_time(minutes=2)
    pusher.drain()
    assert len(hook.taken) == 20


@pytest.mark.parametrize(
    ("answer", "trouble", "status"),
    [
        ((302, {"Location": "http://127.0.0.1:1/inside"}), "redirected", "302"),
        ((404, {}), "status", "404"),
        ((429, {}), "status", "429"),
    ],
)
def test_what_is_no_success_is_told_by_its_status_and_no_redirection_followed(
    pusher: Pusher, hook: Hook, answer: Answering, trouble: str, status: str
) -> None:
    subscription = pusher.subscribe(hook)
    pusher.drain()
    hook.answer = lambda _event: answer
    pusher.stack.publish()
    pusher.drain()
    assert len(hook.came) == 1
    pusher.stack.pass_time(seconds=TRIED_FOR.total_seconds())
    pusher.drain()
    dead = pusher.stack.ask("ListDeadDeliveries", f"<subscriptionId>{subscription}</subscriptionId>").tree
    assert (texts(dead, "delivery/trouble"), texts(dead, "delivery/status")) == ([trouble], [status])


def test_a_receiver_that_is_gone_ends_its_subscription(pusher: Pusher, hook: Hook) -> None:
    pusher.subscribe(hook)
    pusher.drain()
    hook.answer = lambda _event: (410, {})
    pusher.stack.publish("A")
    pusher.stack.publish("B")
    pusher.drain()
    (listed,) = pusher.listed()
    assert (text(listed, "ended"), text(listed, "waiting")) == ("gone", "0")
    pusher.stack.publish("C")
    came = len(hook.came)
    pusher.stack.pass_time(days=1)
    pusher.drain()
    assert len(hook.came) == came


def test_whoever_gains_a_right_is_told_to_look_and_by_nobody_of_what(pusher: Pusher, hook: Hook) -> None:
    stack = pusher.stack
    register_company(stack)
    pusher.subscribe(hook, holder=red())
    pusher.drain()
    assign(stack)
    stack.publish("FOR-RED")
    pusher.drain()
    told = {one["type"]: one["data"] for one in hook.taken}
    assert set(told) == {"notigateway.rights.changed", "notigateway.notification.available"}
    assert told["notigateway.rights.changed"] == {}


def test_who_works_for_an_entity_is_pushed_what_is_its_own_and_the_entity_the_rest(
    pusher: Pusher, hook: Hook
) -> None:
    """It shows by its certificate that it works there, and no request stands behind a push."""
    stack = pusher.stack
    be_attorney(stack)
    register(stack)
    with hooked() as entitys:
        pusher.subscribe(hook, holder=person())
        pusher.subscribe(entitys, holder=bureau())
        pusher.drain()
        one = stack.publish()
        pusher.drain()
        assert [told["subject"] for told in entitys.taken] == [str(one)]
    assert (hook.pings, hook.came) == (1, [])
    seen = stack.ask("ListChanges", "<pageSize>1000</pageSize>", holder=person()).tree
    assert str(one) in texts(seen, "change/notification/id")


def test_of_others_subscriptions_nobody_learns_anything(pusher: Pusher, hook: Hook) -> None:
    subscription = pusher.subscribe(hook)
    stack = pusher.stack
    named = f"<subscriptionId>{subscription}</subscriptionId>"
    assert texts(stack.ask("ListSubscriptions", holder=pki().person).tree, "subscription/url") == []
    for operation in ("Unsubscribe", "ListDeadDeliveries", "ReplayDeliveries"):
        assert stack.ask(operation, named, holder=pki().person).code == "SUBSCRIPTION_UNKNOWN"
    assert text(stack.ask("Unsubscribe", named).tree, "subscription/ended") == "unsubscribed"
    again = stack.ask("Unsubscribe", named).tree
    assert text(again, "subscription/ended") == "unsubscribed"
    assert stack.ask("ReplayDeliveries", named).code == "SUBSCRIPTION_UNKNOWN"
    pusher.drain()
    assert hook.pings == 0


def test_asked_again_for_the_same_address_there_is_one_and_there_are_not_too_many(
    pusher: Pusher, hook: Hook
) -> None:
    assert pusher.subscribe(hook) == pusher.subscribe(hook)
    for number in range(9):
        pusher.stack.ask("Subscribe", f"<kind>webhook</kind><url>https://example.org/{number}</url>")
    refused = pusher.stack.ask("Subscribe", "<kind>webhook</kind><url>https://example.org/more</url>")
    assert (refused.code, refused.facts) == ("SUBSCRIPTIONS_TOO_MANY", {"limit": "10"})


def test_whoever_subscribes_and_unsubscribes_without_end_is_told_of_the_last_hundred(
    pusher: Pusher, hook: Hook
) -> None:
    last = ""
    for _ in range(105):
        last = pusher.subscribe(hook)
        pusher.stack.ask("Unsubscribe", f"<subscriptionId>{last}</subscriptionId>")
        pusher.stack.pass_time(seconds=1)
    ended = pusher.listed()
    assert len(ended) == 101  # what the last one displaces is seen at the next
    assert text(ended[-1], "subscriptionId") == last
    pusher.stack.pass_time(days=40)
    pusher.drain()
    again = pusher.stack.ask("Unsubscribe", f"<subscriptionId>{last}</subscriptionId>")
    assert again.code == "SUBSCRIPTION_UNKNOWN"


REFUSED = {
    "https://user:secret@example.org/": "url_user",
    "https://example.org/#part": "url_fragment",
    "ftp://example.org/": "https",
    "https:///path": "url",
    "https://example.org:0/": "url",
    "https://example.org:99999/": "url",
    "https://[::1/": "url",
    "https://exa mple.org/": "url_character",
    "https://ejemplo\u00f1.example/": "url_character",
    "https://10.0.0.1/": "address",
    "https://[::ffff:10.0.0.1]/": "address",
    "https://169.254.169.254/latest": "address",
    "https://[fe80::1]/": "address",
}


def test_an_address_to_which_nothing_may_go_is_refused_at_once(pusher: Pusher) -> None:
    for url, problem in REFUSED.items():
        answer = pusher.stack.ask("Subscribe", f"<kind>webhook</kind><url>{url}</url>")
        assert (answer.code, answer.facts) == ("SUBSCRIPTION_INVALID", {"field": "url", "problem": problem})


def test_by_default_this_machine_is_no_address_and_without_a_key_there_is_no_push(stack: Stack) -> None:
    subscribe = "<kind>webhook</kind><url>https://localhost/</url>"
    assert stack.ask("Subscribe", subscribe).code == "PUSH_UNAVAILABLE"
    stack.settings = stack.settings.model_copy(update={"push_key_files": (key_file(stack.folder),)})
    stack.start()
    for host in (
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.1.2.3",
        "[64:ff9b::7f00:1]",
    ):
        answer = stack.ask("Subscribe", f"<kind>webhook</kind><url>https://{host}/</url>")
        assert answer.facts == {"field": "url", "problem": "address"}, host
    plain = stack.ask("Subscribe", "<kind>webhook</kind><url>http://example.org/</url>")
    assert plain.facts == {"field": "url", "problem": "https"}


@pytest.mark.parametrize("seed", [1])
def test_of_many_each_arrives_at_least_once_and_in_order_of_its_notification(
    pusher: Pusher, hook: Hook, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  (to be repeated)
    stack = pusher.stack
    pusher.subscribe(hook)
    pusher.drain()
    found = stack.publish_many(50)
    stack.pass_time(seconds=1)
    stack.accept(*found)
    place_committed(stack.engine)
    hook.answer = lambda _event: (200, {}) if chance.random() < 0.6 else (chance.choice((500, 503, 404)), {})
    for _ in range(400):
        pusher.drain()
        if not int(text(pusher.listed()[0], "waiting") or 0):
            break
        stack.pass_time(minutes=10)
    positions: dict[str, list[int]] = defaultdict(list)
    for one in hook.taken:
        positions[one["subject"]].append(one["data"]["position"])
    assert set(positions) == set(map(str, found))
    for several in positions.values():
        assert several == sorted(several)
        assert len(set(several)) == 2  # put at disposal, accepted
    assert [(text(one, "waiting"), text(one, "dead")) for one in pusher.listed()] == [("0", "0")]


def test_the_contract_of_call_backs_is_read_beside_the_service_and_stays_the_receivers(
    sqlite_stack: Stack,
) -> None:
    """An importer finds its schema there, too, and the address in it is none of the gateway's."""

    def get(query: str, method: str = "GET") -> Answer:
        path = "/notigateway/push/v1"
        return sqlite_stack.send(b"", REQUEST_METHOD=method, PATH_INFO=path, QUERY_STRING=query)

    folder, url = published_folder("wsdl"), "http://127.0.0.1:8080/notigateway/push/v1"
    file = (folder / "notigateway-push-v1.wsdl").read_text("utf-8")
    linked = file.replace('schemaLocation="', f'schemaLocation="{url}?xsd=')
    served = get("wsdl")
    assert etree.tostring(etree.fromstring(served.body), method="c14n") == etree.tostring(
        etree.fromstring(linked.encode()), method="c14n"
    )
    assert get("xsd=notigateway-push-v1.xsd").body == (folder / "notigateway-push-v1.xsd").read_bytes()
    head = get("wsdl", "HEAD")
    assert (head.status, head.body, head.headers) == (200, b"", served.headers)
    assert (
        get("").status == get("xsd=notigateway-v1.xsd").status == get("xsd=../pyproject.toml").status == 404
    )
    assert get("wsdl", "POST").status == 405
