"""Whatever the database has come to keep: `notigateway red plan` mends it, and leaves what is right alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, select, text, update

from kept_inbox import check_kept
from notigateway.law.lifecycle import State
from notigateway.log.rules import Finding, Rule
from notigateway.log.wholeness import Checking
from notigateway.repository import kept_anew
from notigateway.repository.engine import reading, writing
from notigateway.repository.kept_anew import Mended, write_kept_anew
from notigateway.repository.model import Addressee
from notigateway.repository.own_inbox import OwnChange, OwnItem
from notigateway.repository.placing import place_committed
from notigateway.repository.red_inbox import RedBox, RedChange, RedItem
from notigateway.repository.row_texts import RowText
from pki import COMPANY_NIF
from titles import OTHER_RED_NIF, RED_NIF, assign, register_company

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from stack import Stack

pytestmark = pytest.mark.once

OTHER = "A28000016"
_OTHER_ID = select(Addressee.id).where(Addressee.identifier == OTHER).scalar_subquery()
_COMPANY_ID = select(Addressee.id).where(Addressee.identifier == COMPANY_NIF).scalar_subquery()
# Each as a fault has left it, or may.
WRONG: list[list[Executable]] = [
    [delete(RedItem).where(RedItem.code == 2)],
    [update(RedItem).where(RedItem.code == 3).values(state=State.LAPSED)],
    [delete(RedChange).where(RedChange.position == 3)],
    [
        insert(RedChange).from_select(
            ["box_id", "position", "code"], select(RedChange.box_id, text("6"), text("6")).limit(1)
        )
    ],
    [update(OwnChange).where(OwnChange.position == 2).values(addressee_id=_OTHER_ID)],
    [delete(OwnChange).where(OwnChange.addressee_id == _COMPANY_ID)],
    [update(OwnItem).where(OwnItem.code == 6).values(addressee_id=_COMPANY_ID)],
    [update(OwnItem).where(OwnItem.code == 2).values(deadline=None, state=State.CANCELLED)],
    [delete(OwnItem), delete(RedItem)],
    [update(RedItem).where(RedItem.code == 2).values(code=6)],
    [delete(RedBox)],
]


def prepare(stack: Stack) -> None:
    """Have what has come and will come, for two, of whom one has a RED person."""
    register_company(stack)
    assign(stack)
    stack.publish_many(4)
    stack.publish("later", available_at=stack.now + timedelta(days=1))
    stack.publish("of another", addressee=OTHER)
    place_committed(stack.engine)


def found(stack: Stack) -> list[Finding]:
    """Check a stack as the command does, and return what is kept wrong."""
    checking = Checking(stack.engine, stack.office.store, [])
    return [finding for finding in checking.findings() if finding.rule is Rule.KEPT]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_kept_wrong_is_written_anew_once(
    stack: Stack, wrong: list[Executable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_anew, "PORTION", 2)
    prepare(stack)
    with writing(stack.engine) as session:
        for statement in wrong:
            session.connection().execute(statement)
    with writing(stack.engine) as session, pytest.raises((AssertionError, KeyError)):
        check_kept(session)
    findings = found(stack)
    assert findings
    assert all(one.detail.endswith(": `notigateway red plan` mends it") for one in findings)
    assert write_kept_anew(stack.engine).portions > 0
    with writing(stack.engine) as session:
        check_kept(session)
    assert write_kept_anew(stack.engine) == Mended(0, 0)
    assert found(stack) == []


def test_what_is_kept_wrong_is_named_with_whose_it_is(stack: Stack) -> None:
    prepare(stack)
    with writing(stack.engine) as session:
        session.connection().execute(delete(OwnItem).where(OwnItem.code == 2))
        session.connection().execute(update(RedItem).where(RedItem.code == 3).values(code=6))
        session.connection().execute(delete(OwnChange).where(OwnChange.position == 3))
    said = [f"{one.subject}: {one.detail.split(':')[0]}" for one in found(stack)]
    assert said == [
        f"notification 3 of {COMPANY_NIF}: red_inbox lacks it, or says otherwise",
        f"notification 2 of {COMPANY_NIF}: own_inbox lacks it, or says otherwise",
        f"notification 3 of {COMPANY_NIF}: own_changes lacks its change 3, or says otherwise",
        f"notification 6 of {RED_NIF}: red_inbox has it, and must not",
        f"change 3 of {RED_NIF}: red_changes has it, and must not",
    ]


def test_texts_that_are_wrong_or_not_there_are_written(stack: Stack) -> None:
    prepare(stack)
    texts = select(RowText.code, RowText.text).order_by(RowText.code)
    with writing(stack.engine) as session:
        before = session.execute(texts).all()
        session.connection().execute(delete(RowText).where(RowText.code == 2))
        session.connection().execute(update(RowText).where(RowText.code == 3).values(text=b"other"))
        session.connection().execute(update(RowText).where(RowText.code == 4).values(acronym="OTHER"))
        session.connection().execute(update(RowText).where(RowText.code == 5).values(form=0))
    # What is not there, or would not be read, is written from the columns: right, and slower.
    (finding,) = found(stack)
    assert finding.subject == f"notification 3 of {COMPANY_NIF}"
    assert write_kept_anew(stack.engine) == Mended(0, 4)
    assert found(stack) == []
    with reading(stack.engine) as session:
        assert session.execute(texts).all() == before
    assert write_kept_anew(stack.engine) == Mended(0, 0)


def test_what_is_searched_for_words_is_compared_and_written_with_its_text(stack: Stack) -> None:
    prepare(stack)
    with writing(stack.engine) as session:
        session.connection().execute(update(RowText).where(RowText.code == 3).values(searched="another"))
        session.connection().execute(update(RowText).where(RowText.code == 4).values(searched=None))
    assert [one.subject.split(" of ")[0] for one in found(stack)] == ["notification 3", "notification 4"]
    assert write_kept_anew(stack.engine) == Mended(0, 2)
    assert found(stack) == []


def test_what_is_kept_right_is_left_alone(stack: Stack) -> None:
    prepare(stack)
    with writing(stack.engine) as session:
        # Of an authorisation that nothing is for yet, and a place taken before the column was there.
        session.add(RedBox(red_party=OTHER_RED_NIF, authorisation="2", edition=1))
        session.connection().execute(update(OwnChange).values(code=None))
    assert write_kept_anew(stack.engine) == Mended(0, 0)
