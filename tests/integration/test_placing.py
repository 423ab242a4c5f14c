"""On PostgreSQL a change gets its place after its commit: no commit waits for another, no change is lost."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from alembic import command
from sqlalchemy import select, text

from notigateway.addressee.mailbox import Will
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.law.assurance import SIGNED
from notigateway.law.lifecycle import Decision
from notigateway.pki.identity import read_caller
from notigateway.receipts.asking import Asking, RequestProof
from notigateway.repository.changes import Change, UnplacedChange, is_any_unplaced, place_unplaced
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Event
from notigateway.repository.placing import place_committed
from notigateway.repository.schema import configuration
from notigateway.uuids import uuid7
from patience import PATIENCE_SECONDS
from pki import pki
from stack import NG, Stack
from stack import text as text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

WRITERS = 8
# Every commit takes its time, as with a standby far away; the last thing before it is seen.
SLOW_COMMITS = (
    (
        "CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(random() * 0.1); RETURN NULL; END $$"
    ),
    (
        "CREATE CONSTRAINT TRIGGER commit_slowly AFTER INSERT ON unplaced_changes "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commit_slowly()"
    ),
)
HELD = 4711
# The commit of the third event waits until the test lets it go on.
HELD_COMMIT = (
    (
        "CREATE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_advisory_xact_lock({HELD}); RETURN NULL; END $$"
    ),
    (
        "CREATE CONSTRAINT TRIGGER wait_in_commit AFTER INSERT ON unplaced_changes "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.turn = 3) EXECUTE FUNCTION wait_in_commit()"
    ),
)
WAITS = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :held AND NOT granted")


@pytest.fixture
def far(postgresql_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway on PostgreSQL with connections for all writers and a follower."""
    stack = Stack(postgresql_url, tmp_path, database_pool_size=WRITERS + 2)
    yield stack
    stack.close()


def accept(stack: Stack, wanted: UUID) -> None:
    caller = read_caller(pki().company_seal.certificate)
    proof = RequestProof(uuid7(stack.now), b"<signed/>" + wanted.bytes, "rsa-sha256")
    asking = Asking(caller=caller, assurance=SIGNED, now=stack.now, proof=proof)
    with writing(stack.engine) as session:
        (one,) = stack.office.mailbox.decide_all(session, asking, [wanted], Will(Decision.ACCEPT))
    assert one.problem is None


def follow(stack: Stack, cursor: str) -> tuple[list[str], str]:
    answer = stack.ask("ListChanges", f"<cursor>{cursor}</cursor>" if cursor else "")
    assert answer.status == 200, answer.code
    found = answer.tree.findall("ng:change", namespaces=NG)
    return [text_of(one, "eventId") or "" for one in found], text_of(answer.tree, "nextCursor") or ""


def in_order(stack: Stack) -> list[str]:
    with reading(stack.engine) as session:
        return [str(one) for one in session.scalars(select(Change.event_id).order_by(Change.position))]


def execute(stack: Stack, statements: tuple[str, ...]) -> None:
    with writing(stack.engine) as session:
        for statement in statements:
            session.execute(text(statement))


def test_a_follower_misses_none_however_commits_overlap(far: Stack) -> None:
    ids = [far.publish(f"ACT-{number}") for number in range(2 * WRITERS)]
    execute(far, SLOW_COMMITS)
    are_done = threading.Event()

    def follower() -> list[str]:
        seen, cursor = [], ""
        while True:
            is_last = are_done.is_set()
            some, cursor = follow(far, cursor)
            seen += some
            if is_last:
                return seen

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        following = pool.submit(follower)
        try:
            for done in [pool.submit(accept, far, one) for one in ids]:
                done.result()
        finally:
            are_done.set()
        seen = following.result()
    assert len(seen) == 2 * len(ids)
    assert seen == in_order(far)


def test_no_commit_waits_for_another_and_what_is_committed_first_comes_first(far: Stack) -> None:
    slow, fast = far.publish("A"), far.publish("B")
    _, cursor = follow(far, "")
    execute(far, HELD_COMMIT)
    with ThreadPoolExecutor(1) as pool, far.engine.connect() as holding:
        holding.execute(text("SELECT pg_advisory_lock(:held)"), {"held": HELD})
        try:
            slowly = pool.submit(accept, far, slow)
            end = time.monotonic() + PATIENCE_SECONDS
            while not holding.scalar(WAITS, {"held": HELD}) and time.monotonic() < end:
                time.sleep(0.01)
            accept(far, fast)
            first, cursor = follow(far, cursor)
            assert not slowly.done()
        finally:
            holding.execute(text("SELECT pg_advisory_unlock(:held)"), {"held": HELD})
        slowly.result()
    second, _ = follow(far, cursor)
    assert (len(first), len(second)) == (1, 1)
    assert in_order(far)[2:] == [*first, *second]


def test_events_of_one_notification_are_placed_in_their_order(far: Stack) -> None:
    wanted = far.publish()
    accept(far, wanted)
    with reading(far.engine) as session:
        assert is_any_unplaced(session)
        order = [str(one) for one in session.scalars(select(Event.id).order_by(Event.position))]
    seen, _ = follow(far, "")
    assert seen == order
    with reading(far.engine) as session:
        assert not is_any_unplaced(session)


def test_whoever_places_while_others_do_leaves_no_change_and_places_none_twice(far: Stack) -> None:
    for number in range(4):
        far.publish(f"ACT-{number}")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(place_committed, far.engine) for _ in range(8)]:
            done.result()
    assert len(in_order(far)) == len(set(in_order(far))) == 4


def test_placing_that_was_cut_off_leaves_all_as_it_was(far: Stack) -> None:
    """As where the process is killed: the next one who looks places what is left."""
    far.publish()
    with suppress(RuntimeError), writing(far.engine) as session:
        assert place_unplaced(session) == 1
        raise RuntimeError
    assert in_order(far) == []
    seen, _ = follow(far, "")
    assert len(seen) == 1


def test_a_sweep_places_what_nobody_has_asked_for(far: Stack) -> None:
    far.publish()
    sweep(far.engine, seal=far.office.seal, now=far.now, sweeping=Sweeping())
    assert len(in_order(far)) == 1


def test_going_back_to_the_version_before_places_what_waits(far: Stack) -> None:
    wanted = far.publish()
    accept(far, wanted)
    with reading(far.engine) as session:
        waiting = [str(one) for one in session.scalars(select(UnplacedChange.event_id))]
    with far.engine.connect() as connection:
        command.downgrade(configuration(connection), "0027")
    assert in_order(far) == waiting
    assert len(waiting) == 2


def test_on_sqlite_a_change_has_its_place_when_it_is_committed(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    assert len(in_order(sqlite_stack)) == 1
    with reading(sqlite_stack.engine) as session:
        assert not is_any_unplaced(session)
        assert session.scalars(select(UnplacedChange.turn)).all() == []
