"""Channels and powers against recorded answers of the use cases.

Row by row; `recorded_channels.json` describes its columns. What the use case's query finds is said here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from notigateway.errors import GatewayError
from notigateway.law.deadlines import deadline
from notigateway.law.grounds import Ground
from notigateway.law.lifecycle import Kind
from notigateway.law.obligation import Issued, Obligation, access_to, changes_channel, channel_in_force
from notigateway.law.powers import (
    PowerTerms,
    check_accepted,
    check_power,
    check_registered,
    comes_to_end,
    is_same_grant,
    is_void,
    runs_longer,
    takes_effect,
)
from notigateway.law.representation import (
    DeliveryChannel,
    Power,
    PowerScope,
    PowerState,
    is_open,
    latest_expiry,
    power_state,
)
from notigateway.law.submission import available_from
from notigateway.law.transitions import publish

Line = Mapping[str, Any]
Answer = dict[str, Any]

OLD = json.loads(Path(__file__).with_name("recorded_channels.json").read_text(encoding="utf-8"))
USUAL = OLD["usual_terms"]
NOW = datetime.fromisoformat(OLD["now"])
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
# What the queries find, before the law is asked.
NO_POWER = {"error": "POWER_UNKNOWN"}
SIDES = {"accept": "attorney", "renounce": "attorney", "revoke": "grantor", "extend": "grantor"}


def known(text: str) -> datetime:
    return datetime.fromisoformat(text)


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def answered(question: Callable[[], Answer]) -> Answer:
    """Return the answer, or the refusal with its facts."""
    try:
        return question()
    except GatewayError as refusal:
        return {"error": refusal.code, **refusal.facts}


def old_answer(line: Line, *facts: str) -> Answer:
    """Return what the line says of an answer, or of a refusal and its facts."""
    said = {
        key: line[key]
        for key in ("error", "answer", "sets", "field", "problem", "latest", *facts)
        if key in line
    }
    return said | ({"latest": known(said["latest"])} if "latest" in said else {})


# --- putting at disposal, and the choice of a channel -------------------------------------------------


def channel(text: str | None) -> DeliveryChannel | None:
    return None if text is None else DeliveryChannel(text)


def test_acts_are_put_at_disposal_as_before_but_for_the_body_s_word() -> None:
    wanted = {"at_once": None, "now": NOW, "later": NOW + MILLISECOND}
    overruled = 0
    for line in OLD["put_at_disposal"]:
        obliged, choice = line["addressee_is_obliged"], channel(line["choice"])
        available_at = available_from(wanted[line["available_at"]], NOW)
        issued = Issued(kind=Kind(line["kind"]), matter="collection", procedure="203546")
        known = (Obligation(Ground.B),) if obliged else ()
        access = access_to(issued, known, choice=choice, at=available_at)
        # Then the issuing body's word decided where nobody had chosen; now the register does.
        if line["voluntary"] is obliged and (obliged or choice is None):
            overruled += 1
            assert access.lapses is (obliged and issued.kind is Kind.NOTIFICATION), line
            continue
        lapses_at = deadline(available_at) if access.lapses else None
        first = publish(available_at=available_at, deadline=lapses_at, now=NOW)
        assert access.lapses is line["lapses"], line
        assert (first.state, first.deadline) == (line["state"], instant(line["deadline"])), line
        assert (first.has_event, first.is_decisive, first.at) == (True, False, NOW), line
        assert (line["event"], line["event_at"]) == (line["state"], "now"), line
    assert 0 < overruled < len(OLD["put_at_disposal"])


def chosen(line: Line) -> Answer:
    obliged, earlier, asked = line["obliged"], channel(line["earlier"]), channel(line["asked"])
    is_new = asked is not None and changes_channel(asked, earlier, obliged=obliged)
    in_force = channel_in_force(asked if is_new else earlier, obliged=obliged)
    stands_since = None if obliged or in_force is None else "now" if is_new else "earlier"
    answer = {"is_obliged": obliged, "channel": in_force, "chosen_at": stands_since}
    return {"answer": answer, "new_choice": is_new}


def test_channels_are_chosen_as_before() -> None:
    for line in OLD["choices"]:
        answer = {"new_choice": False} | answered(partial(chosen, line))
        assert answer == old_answer(line, "new_choice"), line


# --- powers -------------------------------------------------------------------------------------------


def unfolded(value: object) -> object:
    """Return a text that is written as `m x 65` as it was."""
    letter, times, count = value.partition(" x ") if isinstance(value, str) else ("", "", "")
    return letter * int(count) if times else value


def folded(value: str | None) -> str | None:
    return value if value is None or len(value) < 60 else f"{value[0]} x {len(value)}"


def terms_of(changed: Mapping[str, Any]) -> PowerTerms:
    said: dict[str, Any] = {key: unfolded(value) for key, value in {**USUAL, **changed}.items()}
    return PowerTerms(
        attorney=said["attorney"],
        attorney_name=said["attorney_name"],
        scope=PowerScope(said["scope"]),
        value=said["value"],
        expires_at=known(said["expires_at"]),
    )


def power_of(name: str) -> Power:
    row = OLD["powers"][name]
    cause = row["end_cause"]
    return Power(
        scope=PowerScope.GENERAL,
        items=(),
        registered_at=known(row["registered_at"]),
        accepted_at=instant(row["accepted_at"]),
        expires_at=known(row["expires_at"]),
        ended_at=instant(row["ended_at"]),
        end_cause=None if cause is None else PowerState(cause),
        is_void=row["is_void"],
    )


def drawn_up(line: Line) -> Answer:
    said = check_power(terms_of(line["terms"]), grantor=USUAL["grantor"], registered_at=NOW)
    expires_at = said.expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answer = {"attorney": said.attorney, "value": folded(said.value), "expires_at": expires_at}
    return {"answer": {**answer, "is_void": is_void(NOW, is_adapted=False)}}


def test_powers_may_say_what_they_might_before() -> None:
    for line in OLD["terms"]:
        assert answered(partial(drawn_up, line)) == old_answer(line), line


def moved(power: Power, line: Line) -> Power:
    """Return the power as an operation leaves it."""
    if line["operation"] == "accept":
        return replace(power, accepted_at=NOW) if takes_effect(power, NOW) else power
    if line["operation"] == "extend":
        until = {
            "later": power.expires_at + DAY,
            "same": power.expires_at,
            "earlier": power.expires_at - MILLISECOND,
            "past": NOW - 2 * DAY,
            "last_instant": latest_expiry(NOW),
            "too_long": latest_expiry(NOW) + MILLISECOND,
        }[line["variant"]]
        return replace(power, expires_at=until) if runs_longer(power, until, NOW) else power
    cause = PowerState.RENOUNCED if line["operation"] == "renounce" else PowerState.REVOKED
    return replace(power, ended_at=NOW, end_cause=cause) if comes_to_end(power, cause, NOW) else power


def operated(line: Line) -> Answer:
    if line["by"] != SIDES[line["operation"]]:
        return NO_POWER
    before = power_of(line["power"])
    after = moved(before, line)
    sets: dict[str, str] = {}
    for name in ("accepted_at", "ended_at", "end_cause", "expires_at"):
        value = getattr(after, name)
        if value != getattr(before, name):
            sets[name] = value if name == "end_cause" else "now" if value == NOW else "asked"
    return {"answer": power_state(after, NOW)} | ({"sets": sets} if sets else {})


def test_powers_move_as_before() -> None:
    for line in OLD["machine"]:
        state = {"state": power_state(power_of(line["power"]), NOW)}
        assert state | answered(partial(operated, line)) == old_answer(line, "state"), line


def granted(line: Line) -> Answer:
    twin = None if line["standing"] is None else power_of(line["standing"])
    end = NOW + (100 if line["terms"] == "same" else 200) * DAY
    if twin is not None and line["terms"] == "same":
        end = twin.expires_at
    said = check_power(replace(terms_of({}), expires_at=end), grantor=USUAL["grantor"], registered_at=NOW)
    # The query finds those of the same scope only.
    if twin is None or line["scope"] == "other_scope" or not is_open(twin, NOW):
        return {"answer": "a new one"}
    is_same = is_same_grant(replace(twin, expires_at=said.expires_at), twin)
    return {"answer": "the standing one"} if is_same else {"error": "POWER_EXISTS"}


def test_granting_again_answers_as_before() -> None:
    for line in OLD["twins"]:
        assert answered(partial(granted, line)) == old_answer(line), line


def imported(line: Line) -> Answer:
    registered_at, accepted_at = known(line["registered_at"]), instant(line["accepted_at"])
    check_registered(registered_at, NOW)
    terms = terms_of({"expires_at": line["expires_at"]})
    said = check_power(terms, grantor=USUAL["grantor"], registered_at=registered_at)
    check_accepted(accepted_at, registered_at=registered_at, now=NOW)
    power = Power(
        scope=said.scope,
        items=(),
        registered_at=registered_at,
        accepted_at=accepted_at,
        expires_at=said.expires_at,
        is_void=is_void(registered_at, is_adapted=line["is_adapted"]),
    )
    return {"answer": {"state": power_state(power, NOW), "is_void": power.is_void}}


def test_powers_of_other_registers_are_brought_here_as_before() -> None:
    for line in OLD["imports"]:
        assert answered(partial(imported, line)) == old_answer(line), line
