"""A journal is bounded by all that an entry takes; of a large body a part is kept, and it says so."""

from __future__ import annotations

import pytest

from notigateway.sandbox.admin.har import har_entry
from notigateway.sandbox.exchange import KEPT_MAX_BYTES
from notigateway.sandbox.faults import Kind, Order
from notigateway.sandbox.journal import Journal, Search
from recorded import Recorded

LARGE = b"<x>" + b"." * (3 * KEPT_MAX_BYTES)
ANNOUNCED = 200 * 1024 * 1024


@pytest.mark.parametrize(
    "large",
    [
        {f"HTTP_X_P{number}": "v" * 2_500 for number in range(90)},
        {f"HTTP_X_P{number}": "" for number in range(4_000)},
        {"QUERY_STRING": "q" * 225_000},
        {"PATH_INFO": "/" + "p" * 225_000},
    ],
)
def test_whatever_grows_counts(large: dict[str, str]) -> None:
    recorded = Recorded(Journal(held_max_bytes=1_000_000))
    for _ in range(20):
        recorded.post(**large)
    assert recorded.journal.count <= 4


@pytest.mark.parametrize("faults", [[], [Order(kind=Kind.DUPLICATE)]])
def test_a_large_body_arrives_whole_and_is_kept_in_part(faults: list[Order]) -> None:
    recorded = Recorded()
    for order in faults:
        recorded.faults.order(order)
    recorded.post(b"<x/>", CONTENT_LENGTH="4")
    for _ in range(10):
        recorded.post(LARGE)
    assert recorded.received[-1] == LARGE
    assert len(recorded.received) == 11 * (1 + len(faults))
    first, *others = recorded.journal.search(Search())
    assert (first.request_bytes, first.line()["request"]["kept"]) == (4, 4)
    assert first.is_request_whole
    assert "comment" not in har_entry(first, origin="")["request"]["postData"]
    assert [one.request for one in others] == [LARGE[:KEPT_MAX_BYTES]] * 10
    assert {one.line()["request"]["bytes"] for one in others} == {len(LARGE)}


def test_of_a_body_that_is_not_read_the_size_is_told_that_was_announced() -> None:
    recorded = Recorded()
    recorded.post(b"", CONTENT_LENGTH=str(ANNOUNCED))
    for odd in ("-1", "abc", "9" * 400):
        recorded.post(b"", CONTENT_LENGTH=odd)
    entry, *odd_ones = recorded.journal.search(Search())
    assert (entry.line()["request"]["bytes"], entry.line()["request"]["kept"]) == (ANNOUNCED, 0)
    assert not entry.is_request_whole
    made = har_entry(entry, origin="")["request"]
    assert (made["bodySize"], made["postData"]["comment"]) == (ANNOUNCED, f"the first 0 of {ANNOUNCED} bytes")
    assert all(one.is_request_whole for one in odd_ones)
