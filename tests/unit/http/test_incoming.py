"""Where a request ends, in whatever pieces it comes, and what is none because its end is in doubt."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.http.incoming import HEAD_MAX_BYTES, Bounds, Incoming, RefusedRequestError

BOUNDS = Bounds(line_bytes=100, fields=5, field_bytes=60, body_bytes=1000)
HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def incoming(*pieces: bytes, bounds: Bounds = BOUNDS) -> Incoming:
    one = Incoming(bounds)
    for piece in pieces:
        one.add(piece)
    return one


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


MESSAGES = st.one_of(
    st.binary(max_size=60).map(lambda body: (HEAD + b"content-length: %d\r\n\r\n" % len(body) + body, body)),
    st.tuples(st.binary(max_size=60), st.integers(1, 61)).map(
        lambda drawn: (CHUNKED + chunked(*drawn), drawn[0])
    ),
    # data that look like an end
    st.just((CHUNKED + b"6\r\nab\r\n\r\n\r\n0\r\n\r\n", b"ab\r\n\r\n")),
    st.just((b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", b"")),
    st.just((b"\r\n\r\nGET /a HTTP/1.0\r\n\r\n", b"")),
)


@given(message=MESSAGES, cuts=st.lists(st.integers(0, 200), max_size=8), following=st.binary(max_size=20))
def test_a_request_ends_where_it_ends_in_whatever_pieces(
    message: tuple[bytes, bytes], cuts: list[int], following: bytes
) -> None:
    wire, body = message
    places = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    one = Incoming(BOUNDS)
    for start, end in pairwise(places):
        assert not one.is_complete
        one.add(wire[start:end] + (following if end == len(wire) else b""))
    assert one.is_complete
    assert not one.is_cut_off
    assert one.body == body
    one.respond((200, "OK"), [("Content-Length", "0")], [])
    if b"HTTP/1.0" not in wire:
        assert one.next_bytes() == following


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        # two ends
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
        (HEAD + b"Content-Length: 3, 3\r\n\r\nabc", 400),
        (HEAD + b"Content-Length: +3\r\n\r\nabc", 400),
        (HEAD + b"Content-Length: 0x3\r\n\r\nabc", 400),
        (HEAD + b"Content-Length:\r\n\r\n", 400),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: identity\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        # lines that not everybody ends alike
        (b"POST /a HTTP/1.1\nHost: x\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\nHost: x\n\n", 400),
        (HEAD + b"A: b\nContent-Length: 3\r\n\r\nabc", 400),
        (HEAD + b"A: b\rContent-Length: 3\r\n\r\nabc", 400),
        (HEAD + b"A: b\r\n Content-Length: 3\r\n\r\n", 400),
        (HEAD + b"A: b\r\n\tc\r\n\r\n", 400),
        (HEAD + b"Content-Length : 3\r\n\r\nabc", 400),
        (HEAD + b" Content-Length: 3\r\n\r\nabc", 400),
        (HEAD + b"A\x00: b\r\n\r\n", 400),
        (HEAD + b"A: b\x00c\r\n\r\n", 400),
        (HEAD + b"A: b\x0bc\r\n\r\n", 400),
        # chunks
        (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400),
        (CHUNKED + b"3\r\nabc0\r\n\r\n", 400),
        (CHUNKED + b"3\nabc\r\n0\r\n\r\n", 400),
        (CHUNKED + b"3\r\nabc\n0\r\n\r\n\r\n", 400),
        (CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", 400),
        (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
        (CHUNKED + b"\r\nabc\r\n0\r\n\r\n", 400),
        (CHUNKED + b"3\r\nabc\r\n0\r\n\n", 400),
        (CHUNKED + b"0\r\n\nGET /b HTTP/1.1\r\n\r\n", 400),
        (CHUNKED + b"3\r\nabc\r\n0\r\nX-Trailer: a\r\n\r\n", 400),
        (CHUNKED + b"3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n", 400),
        (CHUNKED + b"1\r\na\r\n" * 2000, 400),
        # no request at all
        (b"POST /a HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"POST /a HTTP/1.9\r\nHost: x\r\n\r\n", 505),
        (b"POST /a\r\n\r\n", 400),
        (b"POST  /a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST /a HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
        (b"POST /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST /a HTTP/1.1\r\n\r\n", 400),
        (HEAD + b"Host: y\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (HEAD + b"Expect: tea\r\n\r\n", 417),
        # too much of a head
        (b"POST /" + b"a" * 100 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (HEAD + b"A: b\r\n" * 5 + b"\r\n", 431),
        (HEAD + b"A: " + b"b" * 60 + b"\r\n\r\n", 431),
        (b"x" * (HEAD_MAX_BYTES + 1), 431),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_what_two_readers_could_read_in_two_ways_is_refused(wire: bytes, status: int, size: int) -> None:
    if len(wire) > HEAD_MAX_BYTES:
        size = 10**6
    pieces = [wire[start : start + size] for start in range(0, len(wire), size)]
    with pytest.raises(RefusedRequestError) as refusal:
        incoming(*pieces, bounds=Bounds(line_bytes=100, fields=5, field_bytes=60, body_bytes=10**6))
    assert refusal.value.status == status


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_a_part_of_one_or_refused(data: bytes) -> None:
    for wire in (data, HEAD + data, CHUNKED + data):
        try:
            one = incoming(wire)
        except RefusedRequestError as refusal:
            status = refusal.status
        else:
            status = 200 if one.is_complete else 100
        assert status in {100, 200, 400, 413, 414, 417, 431, 501, 505}


@pytest.mark.parametrize(
    ("wire", "length"),
    [
        (HEAD + b"Content-Length: 1001\r\n\r\n", 0),
        (HEAD + b"Content-Length: 99999999999999999\r\nExpect: 100-continue\r\n\r\n", 0),
        (CHUNKED + chunked(b"x" * 1001, 500), 1001),
    ],
)
def test_a_body_beyond_the_bound_is_not_waited_for(wire: bytes, length: int) -> None:
    one = incoming(wire)
    assert one.is_complete
    assert one.is_cut_off
    assert len(one.body) == length
    assert not one.asks_to_continue
    one.respond((413, "Content Too Large"), [("Content-Length", "0")], [])
    assert one.next_bytes() is None


def test_a_body_at_the_bound_is_taken() -> None:
    for wire in (
        HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000,
        CHUNKED + chunked(b"x" * 1000, 100),
    ):
        one = incoming(wire)
        assert (one.is_complete, one.is_cut_off, len(one.body)) == (True, False, 1000)


def test_a_caller_that_waits_is_told_to_continue_once() -> None:
    one = incoming(HEAD + b"Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
    asked = [one.asks_to_continue]
    assert one.agree_to_continue() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert [*asked, one.asks_to_continue] == [True, False]
    one.add(b"abc")
    assert one.is_complete


def test_a_caller_that_did_not_wait_is_not_told_to() -> None:
    assert not incoming(HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc").asks_to_continue


def test_an_answer_without_body_has_none() -> None:
    for method, status in ((b"HEAD", 200), (b"GET", 204), (b"GET", 304)):
        one = incoming(method + b" / HTTP/1.1\r\nHost: x\r\n\r\n")
        headers = [("Content-Length", "4")] if status == 200 else []
        assert one.respond((status, "So"), headers, [b"bo", b"dy"]).endswith(b"\r\n\r\n")


def test_a_header_that_would_be_two_is_not_sent() -> None:
    one = incoming(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(h11.LocalProtocolError):
        one.respond((200, "OK"), [("X", "a\r\nY: b")], [])


def test_nothing_is_tunnelled() -> None:
    with pytest.raises(RefusedRequestError) as refused:
        incoming(b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert refused.value.status == 501


def test_all_that_is_held_of_a_request_has_its_weight() -> None:
    head = HEAD + b"Content-Length: 9\r\n\r\n"
    assert len(incoming(head)) >= len(head)
    assert len(incoming(head, b"123456789" + b"GET" * 100)) >= len(head) + 9 + 300
    assert len(incoming(CHUNKED, b"5;" + b"e" * 900)) >= len(CHUNKED) + 902


def test_the_line_ahead_of_a_chunk_is_short() -> None:
    with pytest.raises(RefusedRequestError) as refused:
        incoming(CHUNKED, b"5;" + b"e" * 1100)
    assert refused.value.status == 400


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_chunk_extension_is_plain(size: int) -> None:
    for extension, is_plain in ((b"a=b", True), (b"a\rb", False), (b"a\0b", False)):
        wire = CHUNKED + b"3;" + extension + b"\r\nabc\r\n0\r\n\r\n"
        pieces = [wire[start : start + size] for start in range(0, len(wire), size)]
        if is_plain:
            assert incoming(*pieces).body == b"abc"
        else:
            with pytest.raises(RefusedRequestError):
                incoming(*pieces)


@pytest.mark.parametrize(
    ("path", "most"), [(b"/a", 1000), (b"/large", 3000), (b"/large?a", 3000), (b"/%6carge", 1000)]
)
def test_how_much_of_a_body_is_read_may_depend_on_the_path(path: bytes, most: int) -> None:
    at = {"/large": 3000}
    bounds = replace(BOUNDS, body_bytes=0, body_bytes_at=lambda found: at.get(found, 1000))
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n"
    for size in (most, most + 1):
        announced = incoming(head + b"Content-Length: %d\r\n\r\n" % size, b"x" * size, bounds=bounds)
        in_chunks = incoming(
            head + b"Transfer-Encoding: chunked\r\n\r\n", chunked(b"x" * size, 600), bounds=bounds
        )
        assert [one.is_cut_off for one in (announced, in_chunks)] == [size > most] * 2
        assert len(announced.body) == (0 if size > most else size)
