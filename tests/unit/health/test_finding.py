"""Findings: told with their cure, the worst first."""

from __future__ import annotations

from notigateway.health.finding import Finding, State, worst, worst_first


def test_the_worst_comes_first_and_the_rest_keep_their_order() -> None:
    states = [State.OK, State.WARNING, State.OK, State.FAILED, State.UNKNOWN]
    found = worst_first(Finding(str(place), state, "said") for place, state in enumerate(states))
    assert [(one.check, one.state.value) for one in found] == [
        ("3", "failed"),
        ("4", "unknown"),
        ("1", "warning"),
        ("0", "ok"),
        ("2", "ok"),
    ]


def test_the_worst_state_of_all_is_told() -> None:
    def of(*states: State) -> State:
        return worst(Finding("one", state, "said") for state in states)

    assert of(State.OK, State.WARNING) is State.WARNING
    assert of(State.WARNING, State.UNKNOWN) is State.UNKNOWN
    assert of(State.UNKNOWN, State.FAILED) is State.FAILED
    assert of() is State.OK


def test_a_line_for_programs_leaves_out_what_there_is_not() -> None:
    assert Finding("seal", State.OK, "valid").line == {"check": "seal", "state": "ok", "says": "valid"}
    whole = Finding("seal", State.WARNING, "ends", "renew it", {"days_left": 12.5})
    assert whole.line == {
        "check": "seal",
        "state": "warning",
        "says": "ends",
        "cure": "renew it",
        "values": {"days_left": 12.5},
    }
