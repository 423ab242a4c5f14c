"""What is scheduled is moved while changes get their places: nobody loses one, or is told of another's.

On PostgreSQL, where an event gets its place after its commit; and whatever a kept table says.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, update

from kept_inbox import check_kept
from notigateway.addressee.red import assign_red
from notigateway.clock.obliging import obliging_by
from notigateway.issuer.succeeding import SuccessionTerms
from notigateway.law.grounds import Ground
from notigateway.law.succession import Cause
from notigateway.repository.changes import Change
from notigateway.repository.engine import writing
from notigateway.repository.model import Addressee, Notification
from notigateway.repository.own_inbox import OwnChange
from notigateway.repository.placing import place_committed
from patience import PATIENCE_SECONDS
from pki import COMPANY_NAME, COMPANY_NIF, company_subject, ec_key, pki
from stack import Stack, text
from titles import RED_NIF, assign, red, red_terms, register_company

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.pki.keys import KeyPair
    from notigateway.repository.session import Session
    from stack import Answer

DAY = timedelta(days=1)
PREDECESSOR = "A28000016"
PERSON = "00000001R"


@pytest.fixture
def far(postgresql_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway on PostgreSQL."""
    stack = Stack(postgresql_url, tmp_path)
    yield stack
    stack.close()


def predecessor() -> KeyPair:
    """Return the certificate of the company whose place is taken."""
    return pki().holder(company_subject(PREDECESSOR, "Antes"), ec_key(PREDECESSOR))


def succeed(stack: Stack, session: Session) -> None:
    """Let the company take the predecessor's place."""
    terms = SuccessionTerms(
        predecessor=PREDECESSOR,
        successor=COMPANY_NIF,
        successor_name=COMPANY_NAME,
        cause=Cause.MERGER,
        fact_at=stack.now - DAY,
        document="Escritura 1/2026",
    )
    stack.office.succeeding.communicate(session, terms, body=None, now=stack.now)


def while_moved(stack: Stack, session: Session, pool: ThreadPoolExecutor) -> Future[None]:
    """Place what is committed, as anybody does who polls, between a statement and its commit."""
    session.flush()
    placing = pool.submit(place_committed, stack.engine)
    with suppress(TimeoutError):
        placing.result(timeout=0.5)
    return placing


def follow(stack: Stack, cursor: str | None = None, holder: KeyPair | None = None) -> Answer:
    """Ask for the changes."""
    answer = stack.ask("ListChanges", "" if cursor is None else f"<cursor>{cursor}</cursor>", holder=holder)
    assert answer.status == 200
    return answer


def told(answer: Answer) -> list[str | None]:
    """Return whose notifications an answer tells of."""
    found = answer.tree.findall("{*}change")
    return [text(change, "notification/addressee/identifier") for change in found]


def test_a_succession_while_changes_are_placed_loses_none_and_tells_nobody_of_anothers(far: Stack) -> None:
    register_company(far)
    assign(far)
    far.publish("first", addressee=PREDECESSOR)
    far.publish("of the company")
    cursors = {who: text(follow(far, holder=who).tree, "nextCursor") for who in (None, red())}
    far.publish("later", addressee=PREDECESSOR, available_at=far.now + DAY)
    with ThreadPoolExecutor(1) as pool:
        with writing(far.engine) as session:
            succeed(far, session)
            placing = while_moved(far, session, pool)
        placing.result(PATIENCE_SECONDS)
    with writing(far.engine) as session:
        check_kept(session)
    far.now += 2 * DAY
    for who, cursor in cursors.items():
        assert told(follow(far, cursor, who)) == [COMPANY_NIF]
    assert told(follow(far, holder=predecessor())) == [PREDECESSOR]


def test_another_ground_while_changes_are_placed_loses_none(far: Stack) -> None:
    """What is for a RED person once its ground is found anew."""
    terms = red_terms(
        RED_NIF, addressee=PERSON, addressee_name="Ana", account="281234567840", starts_at=far.now
    )
    with writing(far.engine) as session:
        row = assign_red(session, terms, now=far.now)
        obliging_by(far.settings).look_again(session, row.addressee_id, now=far.now)
        of_person = row.addressee_id
    far.publish("later", addressee=PERSON, available_at=far.now + DAY)
    with writing(far.engine) as session:
        # As where the register said something else at the time.
        session.execute(update(Notification).values(ground=Ground.D))
    with ThreadPoolExecutor(1) as pool:
        with writing(far.engine) as session:
            obliging_by(far.settings).look_again(session, of_person, now=far.now)
            placing = while_moved(far, session, pool)
        placing.result(PATIENCE_SECONDS)
    with writing(far.engine) as session:
        assert session.scalars(select(Notification.ground)).all() == [Ground.B]
        check_kept(session)


def test_whatever_is_kept_nobody_is_told_of_anothers(stack: Stack) -> None:
    register_company(stack)
    stack.publish("first", addressee=PREDECESSOR)
    stack.publish("of the company")
    place_committed(stack.engine)
    with writing(stack.engine) as session:
        of_it = select(Addressee.id).where(Addressee.identifier == PREDECESSOR).scalar_subquery()
        wrong = select(of_it, Change.position, Change.notification_code).where(Change.notification_code == 2)
        session.execute(insert(OwnChange).from_select(["addressee_id", "position", "code"], wrong))
    assert told(follow(stack, holder=predecessor())) == [PREDECESSOR]
