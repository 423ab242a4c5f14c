"""What two sketches tell of their sets is so, or nothing is told."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from notigateway.sketches import ELEMENT_BYTES, EMPTY, SKETCH_BYTES, elements_of, sketch_of, together

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

ELEMENTS = st.sets(st.binary(min_size=ELEMENT_BYTES, max_size=ELEMENT_BYTES), max_size=12)


def seeded(number: int) -> random.Random:
    return random.Random(number)  # noqa: S311  (the same elements every time)


def some(chance: random.Random, count: int) -> set[bytes]:
    return {chance.randbytes(ELEMENT_BYTES) for _ in range(count)}


@given(both=ELEMENTS, before=ELEMENTS, after=ELEMENTS)
def test_two_sketches_tell_what_only_one_of_them_has(
    both: AbstractSet[bytes], before: AbstractSet[bytes], after: AbstractSet[bytes]
) -> None:
    told = elements_of(together(sketch_of(both | before), sketch_of(both | after)))
    assert told in {None, frozenset((both | before) ^ (both | after))}


def test_nothing_is_the_difference_of_the_same() -> None:
    titles = some(seeded(1), 5_000)
    assert together(sketch_of(titles), sketch_of(sorted(titles))) == EMPTY
    assert elements_of(EMPTY) == frozenset()


def test_up_to_forty_are_nearly_always_told_whatever_is_in_common() -> None:
    chance = seeded(2)
    common = sketch_of(some(chance, 5_000))
    told = 0
    for _ in range(200):
        others = some(chance, 40)
        told += elements_of(together(common, together(common, sketch_of(others)))) == frozenset(others)
    assert told >= 195


def test_too_many_are_not_told_wrongly() -> None:
    chance = seeded(3)
    for count in (60, 100, 1_000):
        assert elements_of(sketch_of(some(chance, count))) is None


@settings(max_examples=300)
@given(
    st.one_of(st.binary(min_size=SKETCH_BYTES, max_size=SKETCH_BYTES), st.integers(0, 8 * SKETCH_BYTES - 1))
)
def test_what_is_no_sketch_ends_and_tells_nothing_that_it_does_not_hold(data: bytes | int) -> None:
    """Whoever writes a cursor of its own gets no more out of it than it has put in."""
    sketch = data if isinstance(data, bytes) else (1 << data).to_bytes(SKETCH_BYTES)
    told = elements_of(sketch)
    assert told is None or sketch_of(told) == sketch
