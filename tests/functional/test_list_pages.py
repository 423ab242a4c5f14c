"""Pages through the whole stack, and cursors that hold while others publish and decide."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import insert, select

from notigateway.repository.engine import writing
from notigateway.repository.model import Notification
from pki import PERSON_NIF, pki
from stack import Stack, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_every_page_size_leads_through_the_same_list(stack: Stack) -> None:
    stack.publish_many(20)
    whole = listed_ids(stack, 1000)
    assert len(whole) == 20
    for size in (1, 3, 5, 19, 20, 21):
        assert listed_ids(stack, size) == whole


def listed_ids(stack: Stack, page_size: int, between: Callable[[], object] = lambda: None) -> list[str]:
    """Return the identifiers of all pages; `between` runs after each of them."""
    found: list[str] = []
    cursor = ""
    while True:
        answer = stack.ask("ListNotifications", f"{cursor}<pageSize>{page_size}</pageSize>")
        found += [one or "" for one in texts(answer.tree, "notification/id")]
        after = text(answer.tree, "nextCursor")
        if after is None:
            return found
        cursor = f"<cursor>{after}</cursor>"
        between()


def test_without_a_page_size_a_hundred_come(stack: Stack) -> None:
    stack.publish_many(101)
    for size in ("", "<pageSize/>"):
        answer = stack.ask("ListNotifications", size.replace("/>", "></pageSize>"))
        assert len(texts(answer.tree, "notification/id")) == 100
        assert text(answer.tree, "hasMore") == "true"


def test_a_full_last_page_has_no_cursor(stack: Stack) -> None:
    stack.publish_many(4)
    answer = stack.ask("ListNotifications", "<pageSize>4</pageSize>")
    assert text(answer.tree, "hasMore") == "false"
    assert text(answer.tree, "nextCursor") is None


def test_an_empty_list_is_an_answer(stack: Stack) -> None:
    stack.publish(addressee=PERSON_NIF)
    answer = stack.ask(
        "ListNotifications", "<filter><kind>communication</kind></filter>", holder=pki().person
    )
    assert len(answer.tree) == 2
    assert text(answer.tree, "hasMore") == "false"


def test_a_page_of_a_thousand_fits(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    with writing(sqlite_stack.engine) as session:
        first = session.scalars(select(Notification)).one()
        same = {
            "act_id": first.act_id,
            "addressee_id": first.addressee_id,
            "kind": first.kind,
            "state": first.state,
            "available_at": first.available_at,
            "version": 1,
        }
        session.execute(insert(Notification), [{**same, "id": uuid4()} for _ in range(1000)])
    assert len(set(listed_ids(sqlite_stack, 1000))) == 1001


def test_deciding_between_pages_neither_skips_nor_repeats(stack: Stack) -> None:
    there = [str(one) for one in stack.publish_many(12)]
    waiting = iter(there)

    def decide_and_publish() -> None:
        stack.accept(next(waiting))
        stack.publish(f"NEW-{uuid4()}")

    found = listed_ids(stack, 3, between=decide_and_publish)
    assert found[:12] == there
    assert len(set(found)) == len(found)


@contextmanager
def writers(stack: Stack, there: list[str]) -> Iterator[list[Exception]]:
    """Let two callers decide and two publish, at random, for the length of the context."""
    troubles: list[Exception] = []
    done = threading.Event()

    def run(work: Callable[[random.Random, int], object], seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        count = 0
        try:
            while not done.is_set():
                work(chance, count)
                count += 1
                done.wait(0.02)  # SQLite has one writer: let the others have their turn too
        except Exception as trouble:  # noqa: BLE001  (shown by the test)
            troubles.append(trouble)

    def decide(chance: random.Random, _count: int) -> None:
        chosen = chance.sample(there, 2)
        outcomes = (stack.accept if chance.random() < 0.5 else stack.reject)(*chosen)
        assert len(outcomes) == 2

    def publish(chance: random.Random, count: int) -> None:
        stack.publish(f"{chance.random()}-{count}")

    threads = [
        threading.Thread(target=run, args=(work, seed))
        for seed, work in enumerate((decide, decide, publish, publish))
    ]
    for thread in threads:
        thread.start()
    try:
        yield troubles
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_a_reader_sees_everything_once_while_four_others_write(stack: Stack) -> None:
    there = [str(one) for one in stack.publish_many(60)]
    before = stack.rows()
    with writers(stack, there) as troubles:
        for _ in range(2):
            began_with = listed_ids(stack, 1000)
            found = listed_ids(stack, 7)
            assert set(found) >= set(began_with)
            assert len(set(found)) == len(found)
            assert found[: len(began_with)] == began_with
    assert troubles == []
    after = stack.rows()
    assert after["notifications"] > before["notifications"], "nobody published meanwhile"
    assert after["receipts"] > before["receipts"], "nobody decided meanwhile"
