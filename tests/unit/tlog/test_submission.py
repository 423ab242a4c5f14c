from __future__ import annotations

import base64

import pytest

from notigateway.errors import CheckpointInvalidError
from notigateway.tlog.submission import (
    PROOF_MAX_LINES,
    SUBMISSION_MAX_BYTES,
    Submission,
    read_size,
    read_submission,
    write_size,
    write_submission,
)

NOTE = b"log.example\n12\nAAAA\n\n\xe2\x80\x94 log.example AAAA\n"
HASH = bytes(range(32))
LINE = base64.b64encode(HASH)


def test_a_submission_is_a_size_a_proof_an_empty_line_and_a_note() -> None:
    body = write_submission(7, [HASH, HASH], NOTE)
    assert body == b"old 7\n" + 2 * (LINE + b"\n") + b"\n" + NOTE
    assert read_submission(body) == Submission(7, (HASH, HASH), NOTE)
    assert read_submission(write_submission(0, [], NOTE)) == Submission(0, (), NOTE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        NOTE,
        b"old 7\n" + NOTE,  # the empty line is the note's own
        b"old 07\n\n" + NOTE,
        b"old -1\n\n" + NOTE,
        b"old 7 \n\n" + NOTE,
        b"OLD 7\n\n" + NOTE,
        b"old 7\r\n\r\n" + NOTE,
        b"old 99999999999999999999\n\n" + NOTE,
        b"old 7\n" + LINE[:-2] + b"1=\n\n" + NOTE,  # another spelling of the same 32 bytes
        b"old 7\n" + LINE[:-4] + b"\n\n" + NOTE,
        b"old 7\n" + (PROOF_MAX_LINES + 1) * (LINE + b"\n") + b"\n" + NOTE,
        b"old 7\n\n" + b"x" * SUBMISSION_MAX_BYTES,
        b"old \xd9\xa7\n\n" + NOTE,
    ],
)
def test_another_spelling_is_no_submission(body: bytes) -> None:
    with pytest.raises(CheckpointInvalidError):
        read_submission(body)


def test_a_size_is_told_in_a_line() -> None:
    assert read_size(write_size(20_852_163)) == 20_852_163
    for body in (b"", b"7", b"07\n", b"7\n\n", b"-7\n", b"<html>", b"9" * 20 + b"\n"):
        with pytest.raises(CheckpointInvalidError):
            read_size(body)
