"""Outages: what they move, what they hold, what they leave alone; through the use cases and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from notigateway.cli.outage import outage
from notigateway.clock.lapsing import Sweeping, Swept, sweep
from notigateway.clock.outages import close_outage, declare_outage, recompute_deadlines
from notigateway.errors import (
    GatewayError,
    OutageClosedError,
    OutageInvalidError,
    OutageOverlapsError,
    OutageUnknownError,
)
from notigateway.law.deadlines import DeadlineCause, deadline
from notigateway.law.grounds import Paper
from notigateway.law.lifecycle import Kind, Standing, State, effective_state
from notigateway.law.transitions import extend
from notigateway.repository.engine import reading, writing
from notigateway.repository.listing import ListFilter, list_page
from notigateway.repository.model import Notification
from notigateway.repository.outages import DeadlineChange, OutageRow, list_outages, move_deadlines
from overdue import publish_many, run, settings_file
from pki import COMPANY_NIF, NOW, PERSON_NIF
from stack import text, texts

if TYPE_CHECKING:
    from stack import Stack

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MADRID = ZoneInfo("Europe/Madrid")
SMALL = Sweeping(batch_size=3)
# NOW is 1 June, 14:00 in Madrid; without outages it lapses at 00:00 of 12 June.
LAPSES_AT = deadline(NOW)
SHOWN = (State.AVAILABLE, State.LAPSED)


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


def declare(stack: Stack, start: datetime, end: datetime | None = None, **changes: Any) -> UUID:  # noqa: ANN401
    values = {"reason": "Corte de luz", "declared_by": PERSON_NIF, **changes}
    with writing(stack.engine) as session:
        row = declare_outage(session, started_at=start, ended_at=end, now=stack.now, **values)
        return row.id


def close(stack: Stack, outage_id: UUID, end: datetime) -> None:
    with writing(stack.engine) as session:
        close_outage(session, outage_id, ended_at=end, now=stack.now)


def recompute(stack: Stack) -> int:
    return recompute_deadlines(stack.engine, now=stack.now, sweeping=SMALL)


def swept(stack: Stack) -> Swept:
    return sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=SMALL)


def deadlines(stack: Stack) -> list[datetime | None]:
    with reading(stack.engine) as session:
        return list(session.scalars(select(Notification.deadline).order_by(Notification.code)))


def changes(stack: Stack) -> list[DeadlineChange]:
    with reading(stack.engine) as session:
        query = select(DeadlineChange).order_by(DeadlineChange.notification_code, DeadlineChange.position)
        return list(session.scalars(query))


def states(stack: Stack, inner: str = "") -> list[str | None]:
    return texts(stack.ask("ListNotifications", inner).tree, "notification/state")


# --- what moves


def test_an_outage_of_more_than_twelve_hours_suspends_the_clock(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-07T09:00")
    declared = declare(stack, madrid("2026-06-05T20:00"), madrid("2026-06-06T08:01"))
    assert recompute(stack) == 1
    moved = madrid("2026-06-14T00:00")  # 5 and 6 June do not count
    assert deadlines(stack) == [moved]
    (change,) = changes(stack)
    assert (change.previous, change.deadline, change.at) == (LAPSES_AT, moved, stack.now)
    assert (change.cause, change.outage_id, change.by) == ("outage", declared, PERSON_NIF)
    assert change.reason == "Corte de luz"
    stack.now = moved - timedelta(milliseconds=1)
    assert states(stack) == ["available"]
    stack.now = moved
    assert states(stack) == ["lapsed"]


def test_an_outage_of_twelve_hours_moves_nothing(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-07T09:00")
    declare(stack, madrid("2026-06-05T20:00"), madrid("2026-06-06T08:00"))
    assert recompute(stack) == 0
    assert deadlines(stack) == [LAPSES_AT]


def test_a_worker_whose_clock_is_behind_moves_what_another_has_just_put_at_disposal(stack: Stack) -> None:
    stack.now = madrid("2026-06-01T23:59:59.500")
    behind = stack.now
    outage = declare(stack, madrid("2026-05-31T20:00"))
    stack.publish(available_at=madrid("2026-06-01T23:59:59.700"))
    stack.now = madrid("2026-06-02T00:00:00.500")
    close(stack, outage, stack.now)
    stack.now = behind
    assert recompute(stack) == 1
    assert deadlines(stack) == [madrid("2026-06-13T00:00")]  # 2 June does not count


def test_recomputing_again_moves_nothing(stack: Stack) -> None:
    publish_many(stack, 8)
    stack.now = madrid("2026-06-07T09:00")
    declare(stack, madrid("2026-06-05T08:00"), madrid("2026-06-06T08:00"))
    assert recompute(stack) == 8
    before = stack.contents()
    assert recompute(stack) == 0
    assert swept(stack) == Swept(0, 0, 0)
    assert stack.contents() == before


def test_only_undecided_notifications_whose_window_it_touches_are_moved(stack: Stack) -> None:
    decided, _open = stack.publish("A"), stack.publish("B")
    stack.publish("V", paper=Paper.FIRST_EX_OFFICIO)
    stack.publish("C", kind=Kind.COMMUNICATION)
    stack.accept(decided)
    stack.now = madrid("2026-06-06T09:00")
    declare(stack, madrid("2026-06-04T08:00"), madrid("2026-06-05T08:00"))
    stack.publish("AFTER")
    assert recompute(stack) == 1
    assert deadlines(stack) == [
        LAPSES_AT,
        madrid("2026-06-14T00:00"),
        None,
        None,
        madrid("2026-06-17T00:00"),
    ]


def test_two_outages_add_up_also_when_the_second_reaches_only_the_moved_deadline(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-05T12:00")
    declare(stack, madrid("2026-06-03T08:00"), madrid("2026-06-04T08:00"))
    assert recompute(stack) == 1
    assert deadlines(stack) == [madrid("2026-06-14T00:00")]
    stack.now = madrid("2026-06-13T12:00")
    declare(stack, madrid("2026-06-12T08:00"), madrid("2026-06-12T21:00"))
    assert recompute(stack) == 1
    assert deadlines(stack) == [madrid("2026-06-15T00:00")]
    assert [change.position for change in changes(stack)] == [1, 2]


def test_hours_of_several_outages_add_up_only_by_policy(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-08T09:00")
    for day in ("2026-06-05", "2026-06-07"):
        declare(stack, madrid(f"{day}T08:00"), madrid(f"{day}T15:00"))
    assert recompute(stack) == 0
    assert deadlines(stack) == [LAPSES_AT]
    adding_up = replace(SMALL, outage_hours_add_up=True)
    # The one that is declared under the policy brings what those before it lack: 14 hours and one minute.
    declare(stack, madrid("2026-06-08T08:00"), madrid("2026-06-08T08:01"), hours_add_up=True)
    assert recompute_deadlines(stack.engine, now=stack.now, sweeping=adding_up) == 1
    moved = madrid("2026-06-15T00:00")  # 5, 7 and 8 June do not count
    assert deadlines(stack) == [moved]
    assert recompute_deadlines(stack.engine, now=stack.now, sweeping=adding_up) == 0


def test_a_short_outage_that_lasts_tips_the_balance_at_the_next_sweep(stack: Stack) -> None:
    stack.publish()
    adding_up = replace(SMALL, outage_hours_add_up=True)
    stack.now = madrid("2026-06-11T14:00")
    declare(stack, madrid("2026-06-05T08:00"), madrid("2026-06-05T18:00"), hours_add_up=True)
    lasting = declare(stack, madrid("2026-06-11T13:00"), hours_add_up=True)
    sweeps: dict[str, Any] = {"seal": stack.office.seal, "sweeping": adding_up}
    assert sweep(stack.engine, now=stack.now, **sweeps) == Swept(lapsed=0, moved=0, unsealed=0)
    stack.now = madrid("2026-06-12T00:30")
    assert sweep(stack.engine, now=stack.now, **sweeps) == Swept(lapsed=0, moved=1, unsealed=0)
    assert deadlines(stack) == [madrid("2026-06-15T00:00")]  # 5, 11 and 12 June do not count
    with writing(stack.engine) as session:
        close_outage(session, lasting, ended_at=stack.now, now=stack.now, hours_add_up=True)
    assert sweep(stack.engine, now=stack.now, **sweeps) == Swept(lapsed=0, moved=0, unsealed=0)
    with reading(stack.engine) as session:
        assert all(row.recomputed_at is not None for row in list_outages(session))


def test_the_operator_s_setting_reaches_the_command_and_the_contract(sqlite_stack: Stack) -> None:
    assert not Sweeping.by(sqlite_stack.settings).outage_hours_add_up
    by_policy = sqlite_stack.settings.model_copy(update={"outage_hours_add_up": True})
    assert Sweeping.by(by_policy).outage_hours_add_up
    assert not sqlite_stack.office.outage_hours_add_up


def test_an_outage_does_not_take_back_an_extension(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-04T12:00")
    with writing(stack.engine) as session:
        (row,) = session.scalars(select(Notification))
        move_deadlines(
            session,
            {row: extend(row.standing, madrid("2026-06-20T00:00"), stack.now)},
            cause=DeadlineCause.EXTENSION,
            by="Q2827003A",
            reason=None,
        )
    stack.now = madrid("2026-06-08T12:00")
    declare(stack, madrid("2026-06-06T08:00"), madrid("2026-06-07T08:00"))
    assert recompute(stack) == 1
    assert deadlines(stack) == [madrid("2026-06-22T00:00")]


def test_what_had_lapsed_without_evidence_is_open_again_when_the_outage_is_declared(stack: Stack) -> None:
    wanted = stack.publish()
    stack.now = madrid("2026-06-12T09:00")
    assert states(stack) == ["lapsed"]
    declare(stack, madrid("2026-06-10T08:00"), madrid("2026-06-11T08:00"))
    assert states(stack) == ["available"]  # before anything is recomputed
    assert swept(stack) == Swept(lapsed=0, moved=1, unsealed=0)
    assert [text(item, "outcome") for item in stack.accept(wanted)] == ["decided"]


def test_what_lapsed_with_evidence_is_not_revived(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-12T09:00")
    assert swept(stack).lapsed == 1
    declare(stack, madrid("2026-06-10T08:00"), madrid("2026-06-11T08:00"))
    assert swept(stack) == Swept(0, 0, 0)
    assert states(stack) == ["lapsed"]
    assert deadlines(stack) == [LAPSES_AT]


# --- an outage that lasts


def test_while_an_outage_lasts_every_day_moves_the_deadlines_and_its_end_once_more(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-05T09:00")
    declared = declare(stack, madrid("2026-06-05T08:00"))
    assert recompute(stack) == 0  # an hour old
    stack.now = madrid("2026-06-05T20:01")
    assert swept(stack).moved == 1
    assert deadlines(stack) == [madrid("2026-06-13T00:00")]
    stack.now = madrid("2026-06-05T23:59")
    assert swept(stack).moved == 0
    stack.now = madrid("2026-06-07T00:01")
    assert swept(stack).moved == 1
    assert deadlines(stack) == [madrid("2026-06-15T00:00")]
    stack.now = madrid("2026-06-08T12:00")
    close(stack, declared, madrid("2026-06-08T10:00"))
    assert recompute(stack) == 1
    assert deadlines(stack) == [madrid("2026-06-16T00:00")]
    assert swept(stack) == Swept(0, 0, 0)


def test_nothing_lapses_by_a_deadline_that_an_open_outage_is_moving(stack: Stack) -> None:
    """Even if no sweep runs: nobody may lose a right because the operator's timer failed too."""
    wanted, _other = stack.publish("A"), stack.publish("B")
    stack.now = madrid("2026-06-11T18:00")
    declare(stack, madrid("2026-06-11T08:00"))
    stack.now = madrid("2026-06-12T00:00")
    assert states(stack) == ["available", "available"]
    stack.now = madrid("2026-06-14T10:00")
    assert states(stack) == ["available", "available"]
    assert states(stack, "<filter><state>lapsed</state></filter>") == []
    assert states(stack, "<filter><state>available</state></filter>") == ["available", "available"]
    left = texts(stack.ask("ListNotifications").tree, "notification/timeLeft")
    assert left == ["P0DT0H0M0S", "P0DT0H0M0S"]
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert text(answer.tree, "item/notification/state") == "available"
    assert [text(item, "outcome") for item in stack.accept(wanted)] == ["decided"]
    assert swept(stack) == Swept(lapsed=0, moved=1, unsealed=0)
    assert deadlines(stack)[1] == madrid("2026-06-16T00:00")


def test_no_evidence_is_written_while_a_short_outage_may_grow(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-12T01:00")
    declared = declare(stack, madrid("2026-06-11T22:00"))
    assert states(stack) == ["lapsed"]  # as it stands
    assert swept(stack).lapsed == 0
    stack.now = madrid("2026-06-12T09:00")
    close(stack, declared, madrid("2026-06-12T08:00"))
    assert swept(stack) == Swept(lapsed=1, moved=0, unsealed=0)


def test_an_outage_that_began_after_the_deadline_holds_nothing(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-13T09:00")
    declare(stack, madrid("2026-06-12T00:00"))
    assert states(stack) == ["lapsed"]
    assert swept(stack).lapsed == 1


def test_a_deadline_that_was_told_is_not_taken_back_when_the_outage_proves_shorter(stack: Stack) -> None:
    stack.publish()
    stack.now = madrid("2026-06-06T09:00")
    declared = declare(stack, madrid("2026-06-05T08:00"))
    assert recompute(stack) == 1
    assert deadlines(stack) == [madrid("2026-06-14T00:00")]
    close(stack, declared, madrid("2026-06-05T08:00"))  # it was none at all
    assert recompute(stack) == 0
    assert deadlines(stack) == [madrid("2026-06-14T00:00")]


def test_a_closed_outage_is_recomputed_by_the_next_sweep_if_the_operator_was_cut_off(stack: Stack) -> None:
    publish_many(stack, 7)
    stack.now = madrid("2026-06-12T09:00")
    declare(stack, madrid("2026-06-10T08:00"), madrid("2026-06-11T08:00"))
    # The command ended here: nothing is recomputed yet, and nothing lapses.
    assert set(states(stack)) == {"available"}
    assert swept(stack) == Swept(lapsed=0, moved=7, unsealed=0)
    assert set(deadlines(stack)) == {madrid("2026-06-14T00:00")}
    stack.now = madrid("2026-06-14T00:00")
    assert swept(stack) == Swept(lapsed=7, moved=0, unsealed=0)


def test_lists_filter_by_the_state_that_they_show(stack: Stack) -> None:
    """`repository.outages.is_overdue` says in SQL what `lifecycle.effective_state` says of a row."""
    for number in range(4):
        stack.publish(str(number))
        stack.pass_time(days=1)
    stack.pass_time(days=20)
    instants = [LAPSES_AT + n * timedelta(hours=17, minutes=59) for n in range(-2, 6)]
    for start in (LAPSES_AT - 3 * DAY, LAPSES_AT - HOUR, LAPSES_AT + DAY):
        declared = declare(stack, start)
        with reading(stack.engine) as session:
            for now in instants:
                every, *filtered = [
                    list_page(session, party=COMPANY_NIF, chosen=chosen, after_code=0, limit=9, now=now)
                    for chosen in (ListFilter(), *(ListFilter(states=frozenset({one})) for one in SHOWN))
                ]
                expected: dict[State, list[int]] = {state: [] for state in SHOWN}
                for row in every:
                    standing = Standing(row.kind, row.state, row.available_at, row.deadline, row.outage_since)
                    expected[effective_state(standing, now)].append(row.code)
                assert [[row.code for row in rows] for rows in filtered] == list(expected.values())
        close(stack, declared, start)


# --- what is refused


# Instants as time before now; one outage lasted from 3 to 2 days ago, one lasts since an hour.
IMPOSSIBLE: list[tuple[timedelta, timedelta | None, dict[str, str], type[GatewayError], str]] = [
    (2 * HOUR, 3 * HOUR, {}, OutageInvalidError, "ended_at: lies before the start"),
    (-HOUR, None, {}, OutageInvalidError, "started_at: lies in the future"),
    (2 * HOUR, -HOUR, {}, OutageInvalidError, "ended_at: lies in the future"),
    (2 * HOUR, HOUR, {"reason": "  "}, OutageInvalidError, "reason: must be a line"),
    (2 * HOUR, HOUR, {"reason": "x" * 501}, OutageInvalidError, "reason: must be a line"),
    (2 * HOUR, HOUR, {"declared_by": "12345678A"}, OutageInvalidError, "declared_by: is not a valid NIF"),
    (4 * DAY, 2 * DAY, {}, OutageOverlapsError, "covers some of that time"),
    (2.5 * DAY, 2.4 * DAY, {}, OutageOverlapsError, "covers some of that time"),
    (4 * DAY, None, {}, OutageOverlapsError, "covers some of that time"),
    (2 * HOUR, None, {}, OutageOverlapsError, "covers some of that time"),
]


def test_an_impossible_outage_is_refused_and_nothing_changes(stack: Stack) -> None:
    stack.publish()
    stack.pass_time(days=5)
    declare(stack, stack.now - 3 * DAY, stack.now - 2 * DAY)
    declare(stack, stack.now - HOUR)
    recompute(stack)
    before = stack.contents()
    for start, end, changed, refusal, message in IMPOSSIBLE:
        with pytest.raises(refusal, match=message):
            declare(stack, stack.now - start, None if end is None else stack.now - end, **changed)
    assert stack.contents() == before


def test_outages_may_touch(stack: Stack) -> None:
    stack.pass_time(days=5)
    declare(stack, stack.now - 3 * DAY, stack.now - 2 * DAY)
    declare(stack, stack.now - 4 * DAY, stack.now - 3 * DAY)
    declare(stack, stack.now - 2 * DAY)
    with reading(stack.engine) as session:
        assert len(list_outages(session)) == 3


def test_an_impossible_end_is_refused_and_a_repeated_one_changes_nothing(stack: Stack) -> None:
    declared = declare(stack, NOW - 2 * DAY)
    before = stack.contents()
    with pytest.raises(OutageUnknownError):
        close(stack, uuid4(), NOW)
    with pytest.raises(OutageInvalidError, match="ended_at: lies before the start"):
        close(stack, declared, NOW - 3 * DAY)
    with pytest.raises(OutageInvalidError, match="ended_at: lies in the future"):
        close(stack, declared, NOW + HOUR)
    assert stack.contents() == before
    close(stack, declared, NOW - DAY)
    before = stack.contents()
    close(stack, declared, NOW - DAY)
    with pytest.raises(OutageClosedError):
        close(stack, declared, NOW - HOUR)
    assert stack.contents() == before


# --- the command


def operate(*arguments: str) -> str:
    """Run the command in this process; return what it says."""
    result = CliRunner().invoke(outage, arguments)
    if result.exception is not None:
        raise result.exception
    return result.output


def test_the_operator_declares_closes_and_lists(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.now = datetime.now(UTC) - 5 * DAY
    stack.publish()
    file = settings_file(stack)
    start, end = (instant.isoformat() for instant in (stack.now + DAY, stack.now + 2 * DAY))
    options = ["--settings", str(file), "--reason", "Corte de luz", "--by", PERSON_NIF]
    said = operate("declare", "--start", start, *options)
    outage_id = said.split()[1].rstrip(":")
    assert said == f"outage {outage_id}: 1 deadlines moved\n"
    assert run("outage", "declare", "--start", start, *options) == (
        2,
        "",
        f"OUTAGE_OVERLAPS: outage {outage_id} covers some of that time\n",
    )
    with pytest.raises(OutageInvalidError, match="started_at: must be an instant with zone"):
        operate("declare", "--start", "2026-06-01T08:00", *options)
    operate("close", outage_id, "--end", end, "--settings", str(file))
    shown = json.loads(operate("list", "--settings", str(file), "--json"))
    assert (shown["id"], shown["declared_by"], shown["reason"]) == (outage_id, PERSON_NIF, "Corte de luz")
    assert datetime.fromisoformat(shown["end"]) - datetime.fromisoformat(shown["start"]) == DAY
    assert "Corte de luz" in operate("list", "--settings", str(file))
    with reading(stack.engine) as session:
        (row,) = session.scalars(select(OutageRow))
        assert row.recomputed_at is not None
