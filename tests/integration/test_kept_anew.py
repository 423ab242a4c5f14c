"""Whatever the database has come to keep: `notigateway red plan` mends it, and leaves what is right alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, select, text, update

from kept_inbox import check_kept
from notigateway.law.lifecycle import State
from notigateway.repository import kept_anew
from notigateway.repository.engine import writing
from notigateway.repository.kept_anew import write_kept_anew
from notigateway.repository.model import Addressee
from notigateway.repository.own_inbox import OwnChange, OwnItem
from notigateway.repository.placing import place_committed
from notigateway.repository.red_inbox import RedBox, RedChange, RedItem
from pki import COMPANY_NIF
from titles import OTHER_RED_NIF, assign, register_company

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from stack import Stack

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
]


def prepare(stack: Stack) -> None:
    """Have what has come and will come, for two, of whom one has a RED person."""
    register_company(stack)
    assign(stack)
    stack.publish_many(4)
    stack.publish("later", available_at=stack.now + timedelta(days=1))
    stack.publish("of another", addressee=OTHER)
    place_committed(stack.engine)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_kept_wrong_is_written_anew_once(
    stack: Stack, wrong: list[Executable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_anew, "PORTION", 2)
    prepare(stack)
    with writing(stack.engine) as session:
        for statement in wrong:
            session.connection().execute(statement)
    with writing(stack.engine) as session, pytest.raises(AssertionError):
        check_kept(session)
    assert write_kept_anew(stack.engine) > 0
    with writing(stack.engine) as session:
        check_kept(session)
    assert write_kept_anew(stack.engine) == 0


def test_what_is_kept_right_is_left_alone(stack: Stack) -> None:
    prepare(stack)
    with writing(stack.engine) as session:
        # Of an authorisation that nothing is for yet, and a place taken before the column was there.
        session.add(RedBox(red_party=OTHER_RED_NIF, authorisation="2", edition=1))
        session.connection().execute(update(OwnChange).values(code=None))
    assert write_kept_anew(stack.engine) == 0
