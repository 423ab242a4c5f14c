"""Parts are told apart alike in whatever pieces a message arrives."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import MimeInvalidError
from notigateway.mime.parts import Bounds, PartHead, PartReader

BOUNDARY = b"b:1"
# What looks most like a boundary, and anything else.
ALIKE = st.sampled_from([b"\r\n--b:", b"\r\n--", b"\r", b"\n", b"-", b"--b:1", b"\r\n\r\n--b"])
CONTENT = st.lists(ALIKE | st.binary(max_size=20), max_size=6).map(b"".join)


class Kept:
    """The parts that a reader has told apart."""

    def __init__(self) -> None:
        self.parts: list[tuple[PartHead, BytesIO]] = []

    def begin(self, head: PartHead) -> BytesIO:
        self.parts.append((head, BytesIO()))
        return self.parts[-1][1]

    def contents(self) -> list[bytes]:
        return [one.getvalue() for _, one in self.parts]


def message(*contents: bytes) -> bytes:
    parts = [
        b"--%b\r\nContent-ID: <%d@x>\r\n\r\n%b\r\n" % (BOUNDARY, number, one)
        for number, one in enumerate(contents)
    ]
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def read(data: bytes, size: int, *, bounds: Bounds | None = None) -> Kept:
    kept = Kept()
    reader = PartReader(BOUNDARY, kept.begin, bounds=bounds)
    for start in range(0, len(data), size):
        reader.add(data[start : start + size])
    reader.end()
    return kept


@given(contents=st.lists(CONTENT, min_size=1, max_size=4), size=st.integers(1, 40), line=st.booleans())
def test_what_is_between_boundaries_is_a_part_in_any_pieces(
    contents: list[bytes], size: int, line: bool
) -> None:
    whole = [one for one in contents if b"\r\n--b:1" not in b"\r\n" + one]
    kept = read(b"\r\n" * line + message(*whole), size)
    assert kept.contents() == whole
    assert [head.content_id for head, _ in kept.parts] == [f"{number}@x" for number in range(len(whole))]


@given(data=st.lists(ALIKE | st.binary(max_size=30), max_size=12).map(b"".join), size=st.integers(1, 40))
def test_any_bytes_are_parts_or_refused_alike_in_any_pieces(data: bytes, size: int) -> None:
    def told(step: int) -> list[bytes] | None:
        try:
            return read(data, step).contents()
        except MimeInvalidError:
            return None

    assert told(size) == told(max(1, len(data)))


def test_a_message_without_any_part_is_none_and_has_no_parts() -> None:
    assert read(b"--b:1--", 3).contents() == []
    with pytest.raises(MimeInvalidError):
        read(b"", 1)


def test_bounds_hold_while_it_arrives() -> None:
    with pytest.raises(MimeInvalidError, match="head of a part"):
        read(b"--b:1\r\nX: " + b"x" * 100, 1, bounds=Bounds(head_bytes=50))
    with pytest.raises(MimeInvalidError, match="parts"):
        read(message(b"", b"", b""), 7, bounds=Bounds(parts=2))
