"""The rule of marks: what is set, what is taken away, who keeps what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import AlreadyAssignedError, TooManyLabelsError
from notigateway.law.marks import LABELS_AT_MOST, Mark, Set, Wanted, marked
from pki import NOW

A = Set(by="00000001R", by_name="Ana", at=NOW)
B = Set(by="00000002W", by_name="Blas", at=NOW + timedelta(minutes=1))
WORDS = st.sampled_from(["uno", "dos", "tres"])
WANTED = st.builds(
    Wanted,
    downloaded=st.none() | st.booleans(),
    archived=st.none() | st.booleans(),
    assigned_to=st.none() | WORDS,
    if_unassigned=st.booleans(),
    labels=st.lists(WORDS, unique=True).map(tuple),
)


@given(st.lists(st.tuples(WANTED, st.sampled_from([A, B])), max_size=5), WANTED)
def test_it_is_in_one_persons_hands_and_a_repeat_changes_nothing(
    before: list[tuple[Wanted, Set]], wanted: Wanted
) -> None:
    marks: dict[tuple[Mark, str], Set] = {}
    for one, by in before:
        try:
            marks = marked(marks, one, by)
        except AlreadyAssignedError:
            continue
        assert sum(mark is Mark.ASSIGNED for mark, _ in marks) <= 1
    try:
        once = marked(marks, wanted, A)
    except AlreadyAssignedError:
        assert wanted.if_unassigned
        return
    later = Set(by=A.by, by_name=A.by_name, at=A.at + timedelta(hours=1))
    assert marked(once, wanted, later) == once


def test_who_sets_it_last_is_told() -> None:
    wanted = Wanted(labels=("visto",))
    first = marked({}, wanted, A)
    assert marked(first, wanted, B) == {(Mark.LABEL, "visto"): B}


@pytest.mark.parametrize("to", ["A", "B"])
def test_what_is_in_anothers_hands_is_taken_by_nobody_who_asks_whether(to: str) -> None:
    held = marked({}, Wanted(assigned_to="A"), A)
    with pytest.raises(AlreadyAssignedError):
        marked(held, Wanted(assigned_to=to, if_unassigned=True, downloaded=True), B)
    assert marked(held, Wanted(assigned_to=to), B) == {(Mark.ASSIGNED, to): B}
    assert marked(held, Wanted(unassigned=True), B) == {}


def test_labels_are_counted_after_some_were_taken_away() -> None:
    full = marked({}, Wanted(labels=tuple(map(str, range(LABELS_AT_MOST)))), A)
    with pytest.raises(TooManyLabelsError):
        marked(full, Wanted(labels=("más",)), B)
    assert len(marked(full, Wanted(labels=("más",), gone_labels=("0",)), B)) == LABELS_AT_MOST
