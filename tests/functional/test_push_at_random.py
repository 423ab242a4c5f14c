"""Ten thousand deliveries to receivers that fail at random, over four days of virtual time."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from moody import CUT, CUT_WITHIN, LATE, TAKE, WRONG, moody, take_all
from notigateway.jobs import pushing
from notigateway.repository.placing import place_committed
from pushers import Pusher
from stack import text, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from moody import Message, Moody
    from stack import Stack

KINDS = ("webhook", "webhook", "soap", "webhook", "webhook", "soap", "webhook", "soap", "webhook", "soap")
NOTIFICATIONS = 500
# Of one event alone, and of the whole receiver, which is then left alone.
OF_ONE = ("500", "404", WRONG, "302")
OF_ALL = ("503", "429", CUT, CUT_WITHIN)


def capricious(chance: random.Random) -> Callable[[Message], str]:
    """Return what a receiver answers that fails every fourth time, seldom as a whole."""

    def mood(_message: Message) -> str:
        drawn = chance.random()
        if drawn < 0.0005:
            return LATE
        if drawn < 0.01:
            return chance.choice(OF_ALL)
        return chance.choice(OF_ONE) if drawn < 0.25 else TAKE

    return mood


def stubborn(first: Iterable[str]) -> Callable[[Message], str]:
    """Return what a receiver answers that can do nothing with these events."""
    events = frozenset(first)
    return lambda message: "500" if message.event in events else TAKE


class Watched:
    """A receiver that is subscribed, and what the gateway tells of its subscription."""

    def __init__(self, pusher: Pusher, receiver: Moody) -> None:
        self.stack = pusher.stack
        self.receiver = receiver
        receiver.believe(pusher.published())
        asked = f"<kind>{receiver.kind}</kind><url>{receiver.url}</url>"
        self.id = text(self.stack.ask("Subscribe", asked).tree, "subscription/subscriptionId")

    def list_dead(self) -> set[str | None]:
        """Return the events that were given up, page by page."""
        named, cursor = f"<subscriptionId>{self.id}</subscriptionId>", ""
        found: list[str | None] = []
        while True:
            page = self.stack.ask("ListDeadDeliveries", f"{named}{cursor}<pageSize>1000</pageSize>").tree
            found += texts(page, "delivery/eventId")
            following = text(page, "nextCursor")
            if following is None:
                return set(found)
            cursor = f"<cursor>{following}</cursor>"

    def replay(self) -> int:
        """Have all of them tried again, and return how many."""
        named = f"<subscriptionId>{self.id}</subscriptionId>"
        return int(text(self.stack.ask("ReplayDeliveries", named).tree, "replayed") or 0)

    def taken_in_order(self) -> bool:
        """Tell whether what was taken of each notification came in the order of its positions."""
        found: dict[str, list[int]] = defaultdict(list)
        for one in self.receiver.taken:
            found[one.notification].append(one.position)
        return all(several == sorted(several) for several in found.values())

    def events(self) -> set[str]:
        """Return the events that were taken."""
        return {one.event for one in self.receiver.taken}


@pytest.mark.soak
@pytest.mark.parametrize("seed", [15])
def test_ten_thousand_arrive_at_least_once_and_in_order_and_what_was_given_up_is_replayed(
    stack: Stack, seed: int
) -> None:
    """Six fail every fourth time, two can do nothing with some events, and two are away for four days."""
    pusher = Pusher(stack)
    pusher.work = pushing(stack.settings.model_copy(update={"push_timeout_seconds": 0.5}))
    with moody(*KINDS) as receivers:
        watched = [Watched(pusher, one) for one in receivers]
        pusher.drain()
        changes = change(pusher)
        odd, strange, away = watched[:6], watched[6:8], watched[8:]
        unreadable = {one for one, _ in changes[::25]}
        for number, one in enumerate(odd):
            one.receiver.mood = capricious(random.Random(seed + number))  # noqa: S311  (to be repeated)
        for one in strange:
            one.receiver.mood = stubborn(unreadable)
        for one in away:
            one.receiver.go_away()

        go_on(pusher, minutes=2, times=15)
        go_on(pusher, minutes=30, times=6)
        go_on(pusher, minutes=12 * 60, times=7)
        everything = {event for both in changes for event in both}
        for one in odd:
            assert one.list_dead() == set()
            assert one.events() == everything
        for one in strange:
            assert one.list_dead() == unreadable
            assert one.events() == everything - unreadable  # and what comes behind them has come, after
        for one in away:
            assert one.list_dead() == everything
            assert one.receiver.taken == []
        assert all(one.taken_in_order() for one in watched)
        assert waiting(pusher) == [0] * 10

        for one in away:
            one.receiver.listen()
        for one in watched:
            one.receiver.mood = take_all
        assert [one.replay() for one in watched] == [0] * 6 + [len(unreadable)] * 2 + [len(everything)] * 2
        pusher.drain()
        for one in watched:
            assert one.events() == everything
            assert one.list_dead() == set()
            assert one.receiver.unproven == []
            # However often it came: by one identifier.
            assert len({(came.id, came.event) for came in one.receiver.came}) == 2 * NOTIFICATIONS
        assert all(one.taken_in_order() for one in (*odd, *away))
        assert waiting(pusher) == [0] * 10


def change(pusher: Pusher) -> list[tuple[str, str]]:
    """Put notifications at disposal, accept them, and return the two events of each."""
    stack = pusher.stack
    found = stack.publish_many(NOTIFICATIONS)
    stack.pass_time(seconds=1)
    for start in range(0, NOTIFICATIONS, 100):
        stack.accept(*found[start : start + 100])
    place_committed(stack.engine)
    page = stack.ask("ListChanges", "<pageSize>1000</pageSize>").tree
    events: dict[str, list[str]] = defaultdict(list)
    for one in page.iterfind("{*}change"):
        events[text(one, "notification/id") or ""].append(text(one, "eventId") or "")
    assert len(events) == NOTIFICATIONS
    return [(first, second) for first, second in events.values()]


def go_on(pusher: Pusher, *, minutes: int, times: int) -> None:
    """Let time pass, and push what is due each time."""
    for _ in range(times):
        pusher.drain()
        pusher.stack.pass_time(minutes=minutes)


def waiting(pusher: Pusher) -> list[int]:
    """Return how much waits for each."""
    return [int(text(one, "waiting") or 0) for one in pusher.listed()]
