"""Every fuzz target holds for good, damaged and any other inputs; `make fuzz` goes on from here."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import TARGETS, seeds
from mutations import damage_bytes
from notigateway.pki.names import key_of_text

FAST = sorted(set(TARGETS) - {"verifier"})


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_holds_for_good_and_damaged_inputs(target: str) -> None:
    chance = random.Random(target)  # noqa: S311  (repeatable, not secret)
    for seed in seeds(target):
        TARGETS[target](seed)
        for _ in range(100):
            TARGETS[target](damage_bytes(seed, chance))


@pytest.mark.parametrize("target", FAST)
@settings(max_examples=150, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=100).map(str.encode)))
def test_a_target_holds_for_anything(target: str, data: bytes) -> None:
    TARGETS[target](data)


# What the fuzzer found once, by target.
FOUND = {
    "names": (b"/'S=\0\0ENy/", b"/"),
    "guard": (b"text/xml; charset=utf-8; a*=x; a*1=y\n\n1\n\nx",),
    "parts": (b"multipart/related; boundary=b; a*=x; a*1=y\n--b\r\n\r\n\r\n--b--",),
}


@pytest.mark.parametrize("target", FOUND)
def test_what_was_found_is_found_no_more(target: str) -> None:
    for data in FOUND[target]:
        TARGETS[target](data)
    with pytest.raises(ValueError, match="not a distinguished name"):
        key_of_text("/S")
