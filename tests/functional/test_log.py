"""The log over a real database: what is recorded is proven against a signed checkpoint."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from kept_log import FIRST, ORIGIN, SECOND, access, advanced, audited, receipt_ids
from notigateway.errors import LogDamagedError
from notigateway.log.auditing import Audited
from notigateway.log.growing import advance, consistency_of, included, inclusion_of
from notigateway.receipts.stamping import Stamped, stamp
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.log import LogCheckpoint, LogLeaf, keep_token, list_unstamped
from notigateway.repository.model import Receipt
from notigateway.tlog.checkpoint import read_checkpoint, verify_checkpoint
from notigateway.tlog.leaf import LeafKind
from notigateway.tlog.merkle import is_consistent, is_included, leaf_hash
from pki import pki
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from stack import Stack


def test_every_receipt_and_access_record_is_proven_against_a_signed_checkpoint(kept: Stack) -> None:
    with reading(kept.engine) as session:
        records = {row.id: row.xml for row in session.scalars(select(Receipt))}
        records |= {row.id: row.record for row in session.scalars(select(AccessRecord))}
        sizes = set()
        for subject, record in records.items():
            found = inclusion_of(session, subject)
            assert found is not None
            head = verify_checkpoint(
                found.checkpoint.text,
                found.checkpoint.signature,
                seal_certificate=pki().seal.certificate,
                origin=ORIGIN,
            )
            sizes.add(head.size)
            assert is_included(
                leaf_hash(found.leaf), found.index, head.size, proof=found.proof, root=head.root
            )
            row = session.get_one(LogLeaf, subject)
            assert found.leaf == row.leaf.to_bytes()
            assert row.leaf.speaks_of(record, found.salt or b"")
    assert len(records) == SECOND
    assert sizes == {FIRST, SECOND}  # the nearest checkpoint after each


def test_a_proof_can_be_asked_against_a_later_checkpoint_and_the_two_are_consistent(kept: Stack) -> None:
    with reading(kept.engine) as session:
        first = receipt_ids(kept)[0]
        near, late = inclusion_of(session, first), inclusion_of(session, first, size=SECOND)
        assert near is not None
        assert late is not None
        heads = [read_checkpoint(one.checkpoint.text) for one in (near, late)]
        assert [head.size for head in heads] == [FIRST, SECOND]
        assert is_included(leaf_hash(late.leaf), late.index, SECOND, proof=late.proof, root=heads[1].root)
        assert is_consistent(
            FIRST,
            SECOND,
            older_root=heads[0].root,
            newer_root=heads[1].root,
            proof=consistency_of(session, FIRST, SECOND),
        )
        assert inclusion_of(session, receipt_ids(kept)[-1], size=FIRST) is None
        assert inclusion_of(session, first, size=FIRST + 1) is None
        with pytest.raises(ValueError, match=f"no {SECOND + 1} leaves"):
            consistency_of(session, FIRST, SECOND + 1)


def test_a_receipt_of_this_moment_is_proven_by_advancing_the_log_first(kept: Stack) -> None:
    kept.pass_time(seconds=1)
    kept.accept(kept.publish("NOW"))
    newest = receipt_ids(kept)[-1]
    with reading(kept.engine) as session:
        assert inclusion_of(session, newest) is None
    found = included(kept.engine, newest, seal=kept.office.seal, origin=ORIGIN, now=kept.now)
    assert found.checkpoint.size == SECOND + 3


def test_nothing_new_signs_no_new_checkpoint(kept: Stack) -> None:
    kept.pass_time(seconds=60)
    assert advanced(kept).size == SECOND
    with reading(kept.engine) as session:
        assert session.scalar(select(func.count()).select_from(LogCheckpoint)) == 2


def test_an_empty_log_has_no_head(stack: Stack) -> None:
    assert advance(stack.engine, seal=stack.office.seal, origin=ORIGIN, now=stack.now) is None
    assert audited(stack) == Audited()


def test_checkpoints_get_their_time_stamps_once_and_the_audit_checks_them(kept: Stack) -> None:
    now = kept.now
    with serving(Answering(at=now + timedelta(seconds=20))) as authority:
        done = stamp(kept.engine, authority=authority, now=now, batch_size=10)
        assert (done.stamped, done.checkpoints, done.waiting) == (10, 2, 0)
        assert stamp(kept.engine, authority=authority, now=now, batch_size=10) == Stamped()
    found = audited(kept, authority=tsa())
    assert (found.checkpoints, found.timestamped) == (2, 2)
    assert audited(kept).timestamped == 2
    with pytest.raises(LogDamagedError, match="not from a pinned authority"):
        audited(kept, authority=tsa("another"))
    with writing(kept.engine) as session:
        first, second = (session.get_one(LogCheckpoint, size) for size in (FIRST, SECOND))
        first.token = second.token
    with pytest.raises(
        LogDamagedError, match=f"checkpoint of {FIRST} leaves: its time-stamp: .*wrong imprint"
    ):
        audited(kept)


def test_a_second_job_does_not_replace_a_time_stamp(kept: Stack) -> None:
    with writing(kept.engine) as session:
        assert keep_token(session, FIRST, b"first")
        assert not keep_token(session, FIRST, b"second")
    with reading(kept.engine) as session:
        assert [one.size for one in list_unstamped(session, limit=10)] == [SECOND]
        assert session.get_one(LogCheckpoint, FIRST).token == b"first"


def test_checkpoints_wait_while_the_authority_is_wrong(kept: Stack) -> None:
    with serving(Answering(nonce=5)) as liar:
        done = stamp(kept.engine, authority=liar, now=kept.now, batch_size=10)
    assert (done.stamped, done.checkpoints, done.waiting) == (0, 0, 12)
    assert audited(kept).timestamped == 0


def test_many_workers_append_and_advance_at_once_and_every_leaf_gets_one_place(stack: Stack) -> None:
    """Each writes batches and advances the log, on connections of its own."""
    batches, workers = 12, 4

    def work(number: int) -> None:
        engine = create_database(stack.database_url, pool_size=1)
        for batch in range(batches):
            with writing(engine) as session:
                for one in range(5):
                    session.add(AccessRecord(**access(stack, number * 1_000 + batch * 10 + one).columns()))
            advance(engine, seal=stack.office.seal, origin=ORIGIN, now=stack.now)
        engine.dispose()

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, number) for number in range(workers)]:
            done.result(timeout=120)
    found = audited(stack)
    assert (found.leaves, found.waiting) == (batches * workers * 5, 0)
    assert found.records == {LeafKind.ACCESS: batches * workers * 5}
    assert found.checkpoints >= batches


def test_the_log_grows_past_its_first_tiles(stack: Stack) -> None:
    for size in (1, 255, 300, 1_100):
        with writing(stack.engine) as session:
            for number in range(size):
                session.add(AccessRecord(**access(stack, number).columns()))
        advanced(stack)
    found = audited(stack)
    assert (found.leaves, found.checkpoints) == (1_656, 4)
    with reading(stack.engine) as session:
        last = session.scalar(select(LogLeaf.subject).where(LogLeaf.position == 1_655))
        assert last is not None
        proven = inclusion_of(session, last)
        assert proven is not None
        head = read_checkpoint(proven.checkpoint.text)
        assert is_included(leaf_hash(proven.leaf), 1_655, 1_656, proof=proven.proof, root=head.root)
