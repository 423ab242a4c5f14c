"""The log over a real database: what is recorded is proven in it, what is changed behind it is found."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from notigateway.cli.main import app
from notigateway.errors import LogDamagedError
from notigateway.evidence.xades import Seal
from notigateway.instants import instant_text
from notigateway.log.access import AccessNotes
from notigateway.log.auditing import Audited, audit_log
from notigateway.log.growing import advance, consistency_of, erase, included, inclusion_of
from notigateway.pki.identity import read_caller
from notigateway.receipts.stamping import Stamped, stamp
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.log import LogCheckpoint, LogLeaf, LogTile, keep_token, list_unstamped
from notigateway.repository.model import Receipt
from notigateway.tlog.checkpoint import Checkpoint, read_checkpoint, verify_checkpoint
from notigateway.tlog.leaf import LeafKind
from notigateway.tlog.merkle import is_consistent, is_included, leaf_hash
from notigateway.uuids import uuid7
from pki import pki
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from typer.testing import Result

    from notigateway.pki.keys import KeyPair
    from stack import Stack

ORIGIN = "notigateway.example/log"
# How many leaves the two checkpoints of the log `kept` cover.
FIRST, SECOND = 7, 12
CALLER = read_caller(pki().company_seal.certificate)


def advanced(stack: Stack) -> LogCheckpoint:
    found = advance(stack.engine, seal=stack.office.seal, origin=ORIGIN, now=stack.now)
    assert found is not None
    return found


def audited(stack: Stack, *heads: Checkpoint, authority: KeyPair | None = None) -> Audited:
    return audit_log(
        stack.engine,
        seal_certificates=[pki().seal.certificate],
        origin=ORIGIN,
        authorities=[authority.certificate] if authority else [],
        heads=heads,
    )


def receipt_ids(stack: Stack) -> list[UUID]:
    with reading(stack.engine) as session:
        return list(session.scalars(select(Receipt.id).order_by(Receipt.id)))


@pytest.fixture
def kept(stack: Stack) -> Stack:
    """Give a log of ten receipts (put at disposal, decided) and two access records, with two checkpoints."""
    first = stack.publish_many(3, stem="FIRST")
    stack.accept(*first)
    advanced(stack)
    stack.pass_time(seconds=30)
    stack.reject(*stack.publish_many(2, stem="SECOND"))
    advanced(stack)
    return stack


# --- proving ------------------------------------------------------------------------------------------


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
                    session.add(access(stack, number * 1_000 + batch * 10 + one).record())
            advance(engine, seal=stack.office.seal, origin=ORIGIN, now=stack.now)
        engine.dispose()

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, number) for number in range(workers)]:
            done.result(timeout=120)
    found = audited(stack)
    assert (found.leaves, found.waiting) == (batches * workers * 5, 0)
    assert found.records == {LeafKind.ACCESS: batches * workers * 5}
    assert found.checkpoints >= batches


def access(stack: Stack, number: int) -> AccessNotes:
    """Return what a request leaves."""
    now = stack.now + timedelta(milliseconds=number)
    return AccessNotes(CALLER, correlation_id=uuid7(now), now=now)


def test_the_log_grows_past_its_first_tiles(stack: Stack) -> None:
    for size in (1, 255, 300, 1_100):
        with writing(stack.engine) as session:
            for number in range(size):
                session.add(access(stack, number).record())
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


# --- what every writer gets, and cannot avoid ----------------------------------------------------------


def add_and_fail(session: Session, notes: AccessNotes) -> None:
    session.add(notes.record())
    raise RuntimeError


def test_a_record_that_any_writer_adds_gets_its_leaf(stack: Stack) -> None:
    said = {"party": CALLER.party, "operation": "Ping", "result": "OK"}
    with writing(stack.engine) as session:
        session.add(AccessRecord(id=uuid7(stack.now), at=stack.now, record=b"{}", **said))
    with reading(stack.engine) as session:
        assert session.scalar(select(func.count()).select_from(LogLeaf)) == 1


def test_what_is_rolled_back_leaves_no_leaf(stack: Stack) -> None:
    with writing(stack.engine) as session:
        session.add(access(stack, 1).record())
        with suppress(RuntimeError), session.begin_nested():
            add_and_fail(session, access(stack, 2))
    with suppress(RuntimeError), writing(stack.engine) as session:
        add_and_fail(session, access(stack, 3))
    with reading(stack.engine) as session:
        assert session.scalar(select(func.count()).select_from(LogLeaf)) == 1
        assert session.scalar(select(func.count()).select_from(AccessRecord)) == 1


def test_a_bulk_insert_that_nothing_would_log_is_refused(stack: Stack) -> None:
    with pytest.raises(TypeError, match="added to a session"), writing(stack.engine) as session:
        session.execute(insert(AccessRecord).values(record=b""))


def test_a_crash_between_state_change_and_leaf_leaves_neither(stack: Stack) -> None:
    wanted = stack.publish()
    with stack.engine.begin() as connection:
        connection.execute(text("ALTER TABLE log_leaves RENAME TO hidden"))
    assert stack.ask("AcceptNotifications", f"<id>{wanted}</id>").code == "INTERNAL_ERROR"
    with stack.engine.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO log_leaves"))
    assert stack.rows()["receipts"] == 1  # put at disposal
    with reading(stack.engine) as session:
        assert session.scalar(select(func.count()).select_from(AccessRecord)) == 0
    (again,) = stack.accept(wanted)
    assert again.findtext("ng:outcome", namespaces={"ng": "urn:notigateway:v1"}) == "decided"


# --- erasing ------------------------------------------------------------------------------------------


def test_an_erased_record_leaves_every_proof_valid(kept: Stack) -> None:
    with reading(kept.engine) as session:
        subject = session.scalars(select(AccessRecord.id).order_by(AccessRecord.at)).first()
        assert subject is not None
        before = inclusion_of(session, subject)
    assert before is not None
    assert erase(kept.engine, before=kept.now) == 1
    with reading(kept.engine) as session:
        after = inclusion_of(session, subject)
        assert after is not None
        assert after.salt is None
        assert (after.leaf, after.index, after.proof) == (before.leaf, before.index, before.proof)
        assert session.get(AccessRecord, subject) is None
    found = audited(kept)
    assert (found.leaves, found.erased, found.records[LeafKind.ACCESS]) == (SECOND, 1, 1)


def test_what_no_checkpoint_covers_is_not_erased(stack: Stack) -> None:
    stack.ask("Ping")
    assert erase(stack.engine, before=stack.pass_time(days=1)) == 0
    advanced(stack)
    assert erase(stack.engine, before=stack.now) == 1
    assert audited(stack).erased == 1


# --- damage -------------------------------------------------------------------------------------------

NO_LEAF = "DELETE FROM log_leaves WHERE subject = (SELECT id FROM receipts ORDER BY id LIMIT 1)"
NO_RECEIPT = "DELETE FROM receipts WHERE id = (SELECT id FROM receipts ORDER BY id LIMIT 1)"


def swap_receipts(session: Session) -> None:
    first, *_, last = session.scalars(select(Receipt).order_by(Receipt.id))
    first.xml, last.xml, first.sha256, last.sha256 = last.xml, first.xml, last.sha256, first.sha256


def swap_positions(session: Session) -> None:
    first, *_, last = session.scalars(select(LogLeaf).order_by(LogLeaf.position))
    for row, position in ((first, None), (last, 0), (first, SECOND - 1)):
        session.execute(update(LogLeaf).where(LogLeaf.subject == row.subject).values(position=position))


def reword_access(session: Session) -> None:
    row = session.scalars(select(AccessRecord)).first()
    assert row is not None
    row.record = row.record.replace(b'"OK"', b'"KO"')


def change_tile(session: Session) -> None:
    row = session.get_one(LogTile, (0, 0))
    row.hashes = bytes(32) + row.hashes[32:]


def resign(session: Session, change: Callable[[Checkpoint], Checkpoint]) -> None:
    """Say something else in a checkpoint: whoever holds the seal's key can sign anything."""
    row = session.get_one(LogCheckpoint, FIRST)
    row.text = change(read_checkpoint(row.text)).to_bytes()
    row.signature = Seal(pki().seal).sign(row.text)


def another_root(session: Session) -> None:
    resign(session, lambda head: Checkpoint(head.origin, head.size, bytes(32), head.at))


def another_log(session: Session) -> None:
    resign(session, lambda head: Checkpoint("other.example/log", head.size, head.root, head.at))


def change_signature(session: Session) -> None:
    row = session.get_one(LogCheckpoint, FIRST)
    row.signature = session.get_one(LogCheckpoint, SECOND).signature


def sql(*statements: str) -> Callable[[Session], None]:
    def change(session: Session) -> None:
        for statement in statements:
            session.execute(text(statement))

    return change


DAMAGE: dict[str, tuple[Callable[[Session], None], str]] = {
    "wrong leaf": (
        sql("UPDATE log_leaves SET commitment = salt WHERE position = 2"),
        "leaf 2: .* is not what was logged",
    ),
    "swapped receipts": (swap_receipts, "leaf .*: the receipt .* is not what was logged"),
    "swapped positions": (swap_positions, f"the checkpoint of {FIRST} leaves states another root"),
    "unlogged receipt": (sql(NO_LEAF), "the receipt .* has no leaf"),
    "unlogged access": (
        sql("DELETE FROM log_leaves WHERE kind = 'access' AND position < 7"),
        "the access record .* has no leaf",
    ),
    "removed receipt": (sql(NO_RECEIPT), "the receipt .* is gone"),
    "removed receipt and leaf": (sql(NO_LEAF, NO_RECEIPT), "leaf . is missing"),
    "reworded access record": (reword_access, "the access record .* is not what was logged"),
    "another party in the column": (
        sql("UPDATE access_records SET party = '00000000T'"),
        "its columns differ",
    ),
    "another hash in the column": (sql("UPDATE receipts SET sha256 = 'none'"), "its columns differ"),
    "salt erased, record kept": (sql("UPDATE log_leaves SET salt = NULL"), "is there, its salt is not"),
    "tile": (change_tile, "does not hold the hashes"),
    "no tile": (sql("DELETE FROM log_tiles"), "the log has no tile"),
    "another root": (another_root, f"the checkpoint of {FIRST} leaves states another root"),
    "another log": (another_log, "one of another log"),
    "signature": (change_signature, "the signature is not the seal's"),
    "another instant": (sql("UPDATE log_checkpoints SET at = '2000-01-01'"), "its instant differs"),
    "unknown seal": (
        sql("UPDATE log_checkpoints SET seal_sha256 = 'none'"),
        "a seal whose certificate was not given",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_and_named(kept: Stack, name: str) -> None:
    damage, message = DAMAGE[name]
    with writing(kept.engine) as session:
        damage(session)
    with pytest.raises(LogDamagedError, match=message):
        audited(kept)


def test_damage_to_what_has_no_place_yet_is_found(kept: Stack) -> None:
    kept.accept(kept.publish("NEW"))
    assert audited(kept).waiting == 3
    with writing(kept.engine) as session:
        session.execute(text("UPDATE log_leaves SET commitment = salt WHERE position IS NULL"))
    with pytest.raises(LogDamagedError, match=r"a leaf without position: .* is not what was logged"):
        audited(kept)


def cut_tail(session: Session) -> None:
    """Take back everything since the first checkpoint, but for the later checkpoint itself."""
    for row in session.scalars(select(LogLeaf).where(LogLeaf.position >= FIRST)).all():
        session.delete(session.get_one(RECORDS[row.kind], row.subject))
        session.delete(row)


RECORDS: dict[LeafKind, type[Receipt | AccessRecord]] = {
    LeafKind.RECEIPT: Receipt,
    LeafKind.ACCESS: AccessRecord,
}


def test_a_tail_that_was_cut_off_is_missed_by_its_checkpoint(kept: Stack) -> None:
    with writing(kept.engine) as session:
        cut_tail(session)
    with pytest.raises(
        LogDamagedError, match=f"ends after {FIRST} leaves, and there is a signed head of {SECOND}"
    ):
        audited(kept)


def test_a_tail_cut_off_with_its_checkpoint_is_found_by_a_head_kept_elsewhere(kept: Stack) -> None:
    head = read_checkpoint(advanced(kept).text)
    assert audited(kept, head).leaves == SECOND
    with writing(kept.engine) as session:
        cut_tail(session)
        session.delete(session.get_one(LogCheckpoint, SECOND))
        session.execute(text("DELETE FROM log_tiles"))
        session.execute(text("UPDATE log_leaves SET position = NULL"))
        session.execute(text("DELETE FROM log_checkpoints"))
    advanced(kept)
    assert audited(kept).leaves == FIRST  # whole in itself
    with pytest.raises(LogDamagedError, match=f"a signed head of {SECOND}, kept elsewhere"):
        audited(kept, head)
    kept.reject(*kept.publish_many(2, stem="OTHER"))
    advanced(kept)
    with pytest.raises(
        LogDamagedError, match=f"the head of {SECOND} leaves kept elsewhere is not one of this log"
    ):
        audited(kept, head)


def test_two_heads_of_one_size_cannot_both_stand(kept: Stack) -> None:
    head = read_checkpoint(advanced(kept).text)
    other = Checkpoint(head.origin, head.size, bytes(32), head.at)
    with pytest.raises(LogDamagedError, match="kept elsewhere is not one of this log"):
        audited(kept, head, other)


# --- the commands -------------------------------------------------------------------------------------


def settings_file(stack: Stack) -> Path:
    lines = [f"{name} = {json.dumps(str(value))}" for name, value in stack.overrides.items()]
    file = stack.folder / "notigateway.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


def run(stack: Stack, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--settings", str(settings_file(stack))])


def test_the_commands_sign_a_head_and_verify_the_log(stack: Stack, tmp_path: Path) -> None:
    assert run(stack, "checkpoint").output == "the log is empty\n"
    stack.accept(stack.publish())
    done = run(stack, "checkpoint")
    assert done.exit_code == 0
    assert done.output.startswith(f"{ORIGIN} 3 ")
    head = tmp_path / "head.txt"
    with reading(stack.engine) as session:
        head.write_bytes(session.get_one(LogCheckpoint, 3).text)
    done = run(stack, "log", "verify", "--against", str(head))
    assert done.exit_code == 0
    assert done.output == (
        "the log is whole: 3 leaves, 2 receipts, 1 access records, 0 erased, 1 checkpoints, "
        "0 time-stamped, 0 waiting\n"
    )
    assert json.loads(run(stack, "log", "verify", "--json").output)["leaves"] == 3


def test_the_command_names_what_is_wrong_first_and_ends_with_1(stack: Stack) -> None:
    stack.accept(stack.publish())
    run(stack, "checkpoint")
    with writing(stack.engine) as session:
        session.execute(text("DELETE FROM receipts"))
    done = run(stack, "log", "verify")
    assert done.exit_code == 1
    assert "LOG_DAMAGED: leaf " in done.output
    assert "is gone" in done.output


@pytest.mark.parametrize("before", ["yesterday", "2026-01-01T00:00:00", "2999-01-01T00:00:00Z"])
def test_erasing_asks_for_an_instant_of_the_past(stack: Stack, before: str) -> None:
    assert run(stack, "log", "erase", "--before", before).exit_code == 2


def test_the_command_erases_what_is_older(kept: Stack) -> None:
    done = run(kept, "log", "erase", "--before", instant_text(kept.now))
    assert done.output == f"1 access records of before {instant_text(kept.now)} erased\n"
    assert run(kept, "log", "verify").exit_code == 0
