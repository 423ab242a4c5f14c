"""The law against recorded answers of the use cases, row by row.

`recorded_answers.json` describes its columns. What a use case adds to the law (what its query finds, what is
on record already) is said here in so many words; receipts and the event that an answer names are not the
law's. `test_recorded_channels.py` does the same for channels and powers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notigateway.errors import GatewayError
from notigateway.law.deadlines import Outage, later_deadline, suspended_days
from notigateway.law.lifecycle import (
    TRANSITIONS,
    Channel,
    Decision,
    Kind,
    Standing,
    State,
    decided_state,
    effective_state,
    is_content_released,
)
from notigateway.law.reports import Reported, Told
from notigateway.law.transitions import (
    Transition,
    arrive,
    awaits_handover,
    cancel,
    decide,
    extend,
    hand_over,
    lapse,
    report,
    request_receipt,
    suspend,
)

Line = Mapping[str, Any]
Answer = dict[str, Any]

OLD = json.loads(Path(__file__).with_name("recorded_answers.json").read_text(encoding="utf-8"))
REPORTED = {"report_accept": Reported.ACCEPTED, "report_reject": Reported.REJECTED}
UNKNOWN = {"error": "NOTIFICATION_UNKNOWN"}
# Of an answer, but not of the law: what was sealed, and which event and receipt are shown for it.
NOT_OF_THE_LAW = frozenset({"receipts", "names", "names_receipt"})


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def known(text: str) -> datetime:
    return datetime.fromisoformat(text)


AVAILABLE_AT = known(OLD["available_at"])


# --- one notification ---------------------------------------------------------------------------------


@dataclass
class Item:
    """A notification in a database that is not there: its standing, and what is on record of it."""

    standing: Standing
    now: datetime
    is_own_decision: bool = False
    reports: set[tuple[datetime, State]] = field(default_factory=set)
    extensions: set[datetime] = field(default_factory=set)
    attested: set[State] = field(default_factory=set)

    @property
    def is_found(self) -> bool:
        """Tell whether the queries of a party find it."""
        return self.now >= self.standing.available_at

    @property
    def is_of_two_phases(self) -> bool:
        """Tell whether the two-phase contract knows it."""
        is_withdrawn = self.standing.state is State.CANCELLED
        return self.is_found and self.standing.kind is Kind.NOTIFICATION and not is_withdrawn

    def happen(self, transition: Transition) -> Answer:
        """Do what the law says, as `Notification.happen` does, and tell it as the recorded answers do."""
        before = self.standing
        if transition.is_repeat:
            return {"repeat": True}
        answer: Answer = {}
        if transition.has_event:
            answer["event"] = {
                "state": str(transition.state),
                "at": transition.at,
                "decisive": transition.is_decisive,
            }
        if transition.instead is not None:
            return answer | {"error": transition.instead.code, "recorded_only": True}
        self.standing = replace(
            before,
            state=transition.state,
            deadline=transition.deadline or before.deadline,
            decided_at=transition.at if transition.is_decisive else before.decided_at,
        )
        if self.standing.state is not before.state:
            answer["state"] = str(self.standing.state)
        if self.standing.decided_at != before.decided_at:
            answer["decided_at"] = self.standing.decided_at
        if self.standing.deadline != before.deadline:
            answer["deadline"] = self.standing.deadline
        if transition.is_correction:
            answer |= {"unseats": True, "correction": True}
        return answer


def item_of(line: Line) -> Item:
    clock, who = OLD["clocks"][line["clock"]], line.get("standing")
    lapses_at = instant(clock["deadline"])
    standing_at = known(OLD["standing_at"])
    decided_at = {
        None: None,
        "clock": lapses_at or standing_at,
        "own_after_deadline": lapses_at and lapses_at + timedelta(days=1),
        "body_before_available": AVAILABLE_AT - timedelta(days=1),
    }.get(who, standing_at)
    state = State(line["state"])
    standing = Standing(
        Kind(line["kind"]), state, AVAILABLE_AT, lapses_at, instant(clock["outage_since"]), decided_at
    )
    item = Item(standing, known(clock["now"]), is_own_decision=who in {"own", "own_after_deadline"})
    if who == "reported":
        item.reports.add((standing_at, state))
    if line.get("variant") == "on_record":
        item.extensions.add(known(line["asked"]))
    if state is State.READ or line.get("variant") == "again":
        item.attested.add(State.READ)
    return item


def ask(item: Item, line: Line) -> Answer:
    """Return what the law answers to a cause, and let it happen."""
    try:
        return ASKED[line["cause"].partition("_")[0]](item, line)
    except GatewayError as refusal:
        answer: Answer = {"error": refusal.code}
        return answer | ({"field": refusal.facts["field"]} if "field" in refusal.facts else {})
    except LookupError:
        return {}  # the clock, or nobody, has anything to do here


def ask_decision(item: Item, line: Line) -> Answer:
    decision, before = Decision(line["cause"]), item.standing
    try:
        answer = item.happen(decide(before, decision, item.now))
    except GatewayError as refusal:
        is_same = before.state is decided_state(before.kind, decision) and item.is_own_decision
        return {"error": refusal.code} | ({"repeat": True} if is_same else {})
    item.is_own_decision = True
    return answer


def ask_receipt_request(item: Item, _line: Line) -> Answer:
    if not item.is_of_two_phases:
        return UNKNOWN
    # Asking again answers the same and changes nothing; the contract has no word for a repeat.
    answer = item.happen(request_receipt(item.standing, item.now))
    return {key: value for key, value in answer.items() if key != "repeat"}


def ask_view(item: Item, _line: Line) -> Answer:
    return item.happen(hand_over(item.standing, item.now)) if item.is_of_two_phases else UNKNOWN


def ask_retrieve(item: Item, _line: Line) -> Answer:
    if not item.is_found:
        return UNKNOWN
    return {} if is_content_released(item.standing.state) else {"error": "NOT_ACCEPTED"}


def ask_cancel(item: Item, _line: Line) -> Answer:
    return item.happen(cancel(item.standing, item.now))


def ask_extend(item: Item, line: Line) -> Answer:
    until = known(line["asked"])
    if until in item.extensions:
        return {"repeat": True}
    answer = item.happen(extend(item.standing, until, item.now))
    item.extensions.add(until)
    return answer


def ask_report(item: Item, line: Line) -> Answer:
    what, at = REPORTED[line["cause"]], known(line["asked"])
    transition = report(item.standing, Told(what=what, channel=Channel.SEDE, at=at), item.now)
    if (at, transition.state) in item.reports:
        return {"repeat": True}
    item.reports.add((at, transition.state))
    return item.happen(transition)


def ask_arrive(item: Item, _line: Line) -> Answer:
    return item.happen(arrive(item.standing, item.now))


def ask_lapse(item: Item, line: Line) -> Answer:
    # Within the delay (a setting) the job does not look yet.
    return {} if line["variant"] == "within_delay" else item.happen(lapse(item.standing, item.now))


def ask_outage(item: Item, _line: Line) -> Answer:
    since, lapses_at = item.standing.outage_since, item.standing.deadline
    assert since is not None
    suspended = suspended_days([Outage(since)], item.now)
    later = later_deadline(item.standing.available_at, lapses_at, suspended=suspended)
    return {} if later is None else item.happen(suspend(item.standing, later, item.now))


def ask_hand_over(item: Item, _line: Line) -> Answer:
    if not awaits_handover(item.standing.state, item.attested):
        return {}
    item.attested.add(State.READ)
    return item.happen(hand_over(item.standing, item.now)) | {"handed_over": True}


ASKED = {
    "accept": ask_decision,
    "reject": ask_decision,
    "request": ask_receipt_request,
    "view": ask_view,
    "retrieve": ask_retrieve,
    "cancel": ask_cancel,
    "extend": ask_extend,
    "report": ask_report,
    "arrive": ask_arrive,
    "lapse": ask_lapse,
    "outage": ask_outage,
    "hand": ask_hand_over,
}


def told(answer: Line, line: Line) -> Answer:
    """Return a recorded answer as far as it is of the law, its instants as instants."""
    clock = OLD["clocks"][line["clock"]]
    instants = {
        "now": clock["now"],
        "deadline": clock["deadline"],
        "asked": line.get("asked"),
        "available_at": OLD["available_at"],
        "standing": OLD["standing_at"],
    }
    said = {key: value for key, value in answer.items() if key not in NOT_OF_THE_LAW}
    for key in ("decided_at", "deadline"):
        if key in said:
            said[key] = known(instants.get(said[key]) or said[key])
    if "event" in said:
        said["event"] = {**said["event"], "at": known(instants[said["event"]["at"]] or "")}
    if line["cause"] == "hand_over" and "read@now" in answer.get("receipts", ()):
        said["handed_over"] = True
    return said


def rule_of(item: Item, line: Line) -> str:
    """Return what the law alone gives: the state, or the code of its refusal."""
    try:
        if line["cause"] == "request_receipt":
            return request_receipt(item.standing, item.now).state
        return decide(item.standing, Decision(line["cause"]), item.now).state
    except GatewayError as refusal:
        return refusal.code
    except LookupError:
        return "cannot arise"


def differences(line: Line) -> list[tuple[str, object, object]]:
    """Return what is answered otherwise than before: before, at the cause, and when it comes again."""
    item, first = item_of(line), told(line["answer"], line)
    again = told(line["again"], line) if "again" in line else first
    rule = rule_of(item, line) if "rule" in line else None
    pairs = [
        ("rule", rule, line.get("rule")),
        ("shown before", effective_state(item.standing, item.now), line["shown_before"]),
        ("answer", ask(item, line), first),
        ("shown", effective_state(item.standing, item.now), line.get("shown", line["shown_before"])),
        ("again", ask(item, line), again),
    ]
    return [(name, new, old) for name, new, old in pairs if new != old]


CAUSES = list(dict.fromkeys(line["cause"] for line in OLD["rows"]))
NEVER = {
    Kind.NOTIFICATION: {State.READ},
    Kind.COMMUNICATION: {State.RECEIPT_REQUESTED, State.ACCEPTED, State.REJECTED, State.LAPSED},
}


def departure(line: Line) -> str | None:
    """Return why the law may answer otherwise than before to what cannot arise; None where it may not."""
    kind, has_deadline = Kind(line["kind"]), OLD["clocks"][line["clock"]]["deadline"] is not None
    if line["state"] in NEVER[kind]:
        return f"no row leads a {kind} to {line['state']}: nothing is decided about it any more"
    if kind is Kind.COMMUNICATION and has_deadline:
        if line["cause"] == "extend":
            return "a communication has no deadline (a constraint of its table), so none to extend"
        if line["cause"] in {"lapse", "report_accept"}:
            return "a communication never lapses, so nothing comes after its deadline"
    return None


def amended(line: Line) -> Answer | None:
    """Return what the law answers now to what it answered otherwise before; None where it does as before.

    A report of what happened before it was at disposal here was refused. The first event counts all the same
    (Ley 39/2015 art. 41.7, 42.1; RD 203/2021 art. 42.1): it decides, whatever stood. And an extension to an
    instant that has passed was granted while an outage held the deadline: that gives nothing.
    """
    item, at = item_of(line), instant(line.get("asked"))
    if line.get("variant") == "later_but_past" and "deadline" in line["answer"]:
        return {"error": "DEADLINE_NOT_LATER", "field": "deadline"}
    if line.get("variant") != "before_available" or line["cause"] not in REPORTED:
        return None
    kind, before = item.standing.kind, item.standing
    if kind is Kind.COMMUNICATION and line["cause"] == "report_reject":
        return {"error": "NOT_REJECTABLE"}
    state = decided_state(kind, Decision(line["cause"].removeprefix("report_")))
    if line.get("standing") == "body_before_available":  # withdrawn before that even
        event = {"state": str(state), "at": at, "decisive": False}
        return {"event": event, "error": "ALREADY_DECIDED", "recorded_only": True}
    answer: Answer = {"event": {"state": str(state), "at": at, "decisive": True}, "decided_at": at}
    if before.state is not state:
        answer["state"] = str(state)
    return answer | ({"unseats": True, "correction": True} if before.decided_at is not None else {})


@pytest.mark.parametrize("cause", CAUSES)
def test_what_can_arise_is_answered_as_before_but_where_it_is_said(cause: str) -> None:
    lines = [line for line in OLD["rows"] if line["cause"] == cause and line.get("arises", True)]
    assert len(lines) >= 40
    for line in lines:
        wanted = amended(line)
        if wanted is None:
            assert not differences(line), line
        else:
            assert ask(item_of(line), line) == wanted, line
            assert "rule" not in {name for name, *_ in differences(line)}, line


def test_what_cannot_arise_is_answered_as_before_but_where_it_is_said() -> None:
    lines = [line for line in OLD["rows"] if not line.get("arises", True)]
    departed = []
    for line in lines:
        if amended(line) is None and differences(line):
            assert departure(line) is not None, line
            departed.append(departure(line))
    assert (len(lines), len(departed)) == (1096, 169)
    assert len(set(departed)) == 7


def test_the_rows_that_cannot_arise_are_those_that_the_table_does_not_have() -> None:
    for kind in Kind:
        assert set(State) - set(TRANSITIONS[kind]) == NEVER[kind]
    for line in OLD["rows"]:
        if line.get("arises", True):
            assert line["state"] not in NEVER[Kind(line["kind"])], line
