"""An attorney sees what was pending when its power took effect, whatever is told of that later (R14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.clock.outages import close_outage, declare_outage
from notigateway.instants import instant_text
from notigateway.repository.engine import writing
from pki import NOW
from stack import NG, Stack, text
from titles import accept_power, attorney, grant, listed, outcome, register_company, retrieved

if TYPE_CHECKING:
    from uuid import UUID

DAY = timedelta(days=1)


def told(stack: Stack, cursor: str) -> tuple[str, bool, list[UUID | str | None]]:
    """Return the next cursor, whether rights have changed, and of which notifications there are changes."""
    asked = f"<cursor>{cursor}</cursor>" if cursor else "<fromNow>true</fromNow>"
    tree = stack.ask("ListChanges", asked, holder=attorney()).tree
    changed = [text(one, "notification/id") for one in tree.iterfind("ng:change", NG)]
    return text(tree, "nextCursor") or "", text(tree, "rightsChanged") == "true", [*changed]


def report(stack: Stack, at: datetime, decision: str = "rejected") -> None:
    answer = stack.ask_issuing(
        "ReportExternalDecisions",
        f"<report><reference>ACT-1</reference><channel>dehu</channel><decision>{decision}</decision>"
        f"<at>{instant_text(at)}</at><evidence>DEHU-1</evidence></report>",
    )
    assert answer.status == 200, answer.body


def run_sweep(stack: Stack) -> None:
    sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())


@pytest.mark.parametrize("is_decided", [True, False])
def test_an_earlier_decision_that_is_reported_later_hides_nothing(stack: Stack, *, is_decided: bool) -> None:
    register_company(stack)
    one = stack.publish()
    stack.now = NOW + 2 * DAY
    accept_power(stack, grant(stack))
    if is_decided:
        assert outcome(stack, one, attorney()) == "decided"
    cursor, *_ = told(stack, "")
    stack.now = NOW + 3 * DAY
    report(stack, NOW + DAY)
    assert told(stack, cursor)[1:] == (False, [str(one)])
    assert listed(stack, attorney()) == {one: "attorney"}
    assert retrieved(stack, one, attorney()) == "NOT_ACCEPTED"
    assert stack.ask("GetHistory", f"<id>{one}</id>", holder=attorney()).status == 200


def test_what_was_decided_before_the_power_stays_hidden_whatever_is_reported(stack: Stack) -> None:
    register_company(stack)
    one = stack.publish()
    stack.now = NOW + 2 * DAY
    assert outcome(stack, one) == "decided"
    stack.now = NOW + 3 * DAY
    accept_power(stack, grant(stack))
    cursor, *_ = told(stack, "")
    stack.now = NOW + 4 * DAY
    report(stack, NOW + DAY)
    assert told(stack, cursor)[1:] == (False, [])
    assert listed(stack, attorney()) == {}
    assert retrieved(stack, one, attorney()) == "NOTIFICATION_UNKNOWN"


@pytest.mark.parametrize("is_swept", [True, False])
def test_what_lapsed_before_the_power_stays_hidden_whatever_is_reported(
    stack: Stack, *, is_swept: bool
) -> None:
    register_company(stack)
    one = stack.publish()
    stack.now = NOW + 20 * DAY
    if is_swept:
        run_sweep(stack)
    accept_power(stack, grant(stack))
    stack.now = NOW + 21 * DAY
    report(stack, NOW + DAY)
    assert listed(stack, attorney()) == {}
    assert retrieved(stack, one, attorney()) == "NOTIFICATION_UNKNOWN"


def lapse_and_accept_power(stack: Stack, *, outage_lasts: bool) -> tuple[UUID, str, UUID | None]:
    """Have a notification lapse, unless an outage lasts, and a power begin after its deadline."""
    register_company(stack)
    one = stack.publish()
    stack.now = datetime(2026, 6, 11, 20, tzinfo=UTC)
    row = None
    if outage_lasts:
        with writing(stack.engine) as session:
            row = declare_outage(
                session,
                started_at=datetime(2026, 6, 11, 1, tzinfo=UTC),
                ended_at=None,
                reason="r",
                declared_by="12345678Z",
                now=stack.now,
            ).id
    stack.now = datetime(2026, 6, 12, 10, tzinfo=UTC)
    accept_power(stack, grant(stack))
    return one, told(stack, "")[0], row


def test_who_follows_learns_that_an_outage_has_opened_what_had_lapsed(stack: Stack) -> None:
    one, cursor, _ = lapse_and_accept_power(stack, outage_lasts=False)
    assert listed(stack, attorney()) == {}
    stack.now += timedelta(hours=2)
    with writing(stack.engine) as session:
        declare_outage(
            session,
            started_at=datetime(2026, 6, 5, tzinfo=UTC),
            ended_at=datetime(2026, 6, 6, tzinfo=UTC),
            reason="r",
            declared_by="12345678Z",
            now=stack.now,
        )
    run_sweep(stack)
    assert listed(stack, attorney()) == {one: "attorney"}
    cursor, is_other, _ = told(stack, cursor)
    assert is_other
    assert told(stack, cursor)[1:] == (False, [])


def test_who_follows_learns_that_an_outage_was_taken_back(stack: Stack) -> None:
    one, cursor, row = lapse_and_accept_power(stack, outage_lasts=True)
    assert listed(stack, attorney()) == {one: "attorney"}
    assert row is not None
    with writing(stack.engine) as session:
        close_outage(session, row, ended_at=datetime(2026, 6, 11, 1, tzinfo=UTC), now=stack.now)
    run_sweep(stack)
    assert listed(stack, attorney()) == {}
    assert told(stack, cursor)[1:] == (True, [])
