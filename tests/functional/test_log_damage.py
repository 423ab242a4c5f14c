"""What is changed behind the log is found and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from kept_log import FIRST, SECOND, advanced, audited, keep
from notigateway.errors import LogDamagedError
from notigateway.evidence.sealing import Seal
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import writing
from notigateway.repository.log import LogCheckpoint, LogLeaf, LogTile
from notigateway.repository.model import Receipt
from notigateway.tlog.checkpoint import Checkpoint, read_checkpoint
from notigateway.tlog.leaf import LeafKind
from pki import NOW, pki

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack import Stack

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
    row.signature = Seal(pki().seal).sign(row.text, now=NOW)


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
    "another log": (another_log, "and the one before it as"),
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


# SQLite keeps what a function of text gives as text, in a column of bytes too.
AS_TEXT = {
    "UPDATE receipts SET xml = replace(xml, '2', '3')": "the receipt .* is not what was logged",
    "UPDATE access_records SET record = replace(record, '2', '3')": "access record .* is not what was logged",
    "UPDATE log_leaves SET commitment = hex(commitment)": "is not what was logged",
    "UPDATE log_leaves SET salt = 'ñ'": "is not what was logged",
    "UPDATE log_tiles SET hashes = hex(hashes)": "does not hold the hashes",
    "UPDATE log_checkpoints SET text = replace(text, '1', '2')": "the checkpoint of",
    "UPDATE log_checkpoints SET signature = hex(signature)": "the signature is not the seal's",
}


@pytest.mark.parametrize("statement", AS_TEXT)
def test_what_became_text_is_found_like_any_other_damage(sqlite_stack: Stack, statement: str) -> None:
    keep(sqlite_stack)
    with writing(sqlite_stack.engine) as session:
        session.execute(text(statement))
    with pytest.raises(LogDamagedError, match=AS_TEXT[statement]):
        audited(sqlite_stack)


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
