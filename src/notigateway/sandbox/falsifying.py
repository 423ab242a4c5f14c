"""What faults do to the bytes of an answer that the gateway has given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notigateway.http.streamed import CutOffError, Streamed
from notigateway.sandbox.faults import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNATURE: Final = re.compile(rb"(<ds:SignatureValue>)([^<]+)(</ds:SignatureValue>)")
_SECURITY: Final = re.compile(rb"<wsse:Security.*?</wsse:Security>", re.DOTALL)
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)')
_PIECES_A_SECOND: Final = 5


def wrong_signature(body: bytes) -> bytes:
    """Return it with another signature value: of the same length, and nobody's."""

    def changed(found: re.Match[bytes]) -> bytes:
        value = found[2]
        return found[1] + (b"B" if value[:1] == b"A" else b"A") + value[1:] + found[3]

    return _SIGNATURE.sub(changed, body, count=1)


def without_signature(body: bytes) -> bytes:
    """Return it without its Security header."""
    return _SECURITY.sub(b"", body, count=1)


def without_last_part(body: bytes, content_type: str) -> bytes:
    """Return a message in parts without its last one; any other message as it is."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return body
    mark = b"--" + found[1].encode()
    pieces = body.split(mark)
    # what precedes the first, the root, the parts, the end
    return mark.join([*pieces[:-2], pieces[-1]]) if len(pieces) > 3 else body  # noqa: PLR2004


def cut_off(body: bytes, length: int | None) -> Streamed:
    """Return an answer that says how long it is, and ends before: by default in its middle."""
    kept = body[: len(body) // 2 if length is None else min(length, len(body) - 1)]

    def pieces() -> Iterator[bytes]:
        if kept:
            yield kept
        raise CutOffError("a fault that was ordered")

    return Streamed(len(body), pieces())


def dribble(body: bytes, bytes_per_second: int, wait: Callable[[float], bool]) -> Streamed:
    """Return an answer that comes slowly, in small pieces; the rest at once where `wait` waits no longer."""
    size = max(1, bytes_per_second // _PIECES_A_SECOND)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            if start and not wait(size / bytes_per_second):
                yield body[start:]
                return
            yield body[start : start + size]

    return Streamed(len(body), pieces())


# The kinds that change the bytes of an answer, in the order in which they do.
FALSIFYING: Final = (Kind.WRONG_SIGNATURE, Kind.NO_SIGNATURE, Kind.LOSE_PART)


def falsified(body: bytes, content_type: str, kind: Kind) -> bytes:
    """Return the bytes of an answer as one of these kinds would have them; as they are, where it cannot."""
    if kind is Kind.WRONG_SIGNATURE:
        return wrong_signature(body)
    if kind is Kind.NO_SIGNATURE:
        return without_signature(body)
    return without_last_part(body, content_type)
