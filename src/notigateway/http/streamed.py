"""The body of an answer that is made while it is sent: of a known length, one piece after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.http.incoming import Incoming


class CutOffError(Exception):
    """The rest of an answer cannot be had: it must not look whole, so its connection ends here."""


class Streamed:
    """A body of `length` bytes; whoever sends it asks for a piece when the one before is gone.

    Each piece is asked for in a thread that may wait, not always the same one.
    """

    def __init__(self, length: int, pieces: Iterator[bytes]) -> None:
        self.length = length
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def next_piece(self) -> bytes | None:
        """Return the next piece, None behind the last one. Raises: `CutOffError`."""
        return next(self._pieces, None)


class Rest:
    """What is left of an answer whose head is sent, on the connection of its request."""

    def __init__(self, streamed: Streamed, request: Incoming) -> None:
        self._request = request
        self.make = streamed.next_piece
        # Whether its last piece is on its way.
        self.is_over = False

    def follow(self, piece: bytes | None) -> bytes:
        """Return what is sent of a piece, None behind the last one.

        Raises: `h11.LocalProtocolError` where there are more or fewer than was said.
        """
        self.is_over = piece is None
        return self._request.follow(piece)

    def next_bytes(self) -> bytes | None:
        """Return what arrived of the next request; None where the connection ends with this one."""
        return self._request.next_bytes()
