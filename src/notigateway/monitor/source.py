"""A log as anybody reads it: its head, its tiles, its entries, by GET (C2SP tlog-tiles).

Everything here is hostile until it was verified by who asks: an answer is read no further than its limit, no
redirection is followed, and what has not the one form is refused.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from notigateway.errors import RevocationDataError
from notigateway.pki.fetching import Fetcher
from notigateway.tlog.merkle import HASH_BYTES
from notigateway.tlog.note import NOTE_MAX_BYTES
from notigateway.tlog.tile_paths import CHECKPOINT_PATH, TILE_WIDTH, entries_path, tile_path, width_of

if TYPE_CHECKING:
    from notigateway.tlog.tiles import Tile

# 256 entries of 8 kB; the leaves of a gateway have 200 bytes at most.
_ANSWER_MAX_BYTES: Final = 2 * 1024 * 1024
_OK: Final = 200
_LENGTH_BYTES: Final = 2


class UnreachableError(Exception):
    """What was asked for did not come; it may come later."""


class WrongError(Exception):
    """The log serves what its head does not cover, or what is no tile, no entry, no head."""


class Source:
    """Reads a log at its address, over connections that are kept."""

    def __init__(self, url: str, *, timeout_seconds: float = 20.0) -> None:
        self.url = url.rstrip("/")
        host = self.url.partition("://")[2].partition("/")[0]
        self._fetcher = Fetcher([host], timeout_seconds=timeout_seconds, max_bytes=_ANSWER_MAX_BYTES)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Return itself."""
        self._closing.enter_context(self._fetcher)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._closing.close()

    def checkpoint(self) -> bytes:
        """Return the log's head as a note, not proven. Raises: `UnreachableError`, `WrongError`."""
        data = self._get(CHECKPOINT_PATH)
        if data is None:
            raise UnreachableError(f"{self.url}{CHECKPOINT_PATH}: there is none")
        if len(data) > NOTE_MAX_BYTES:
            raise WrongError(f"{CHECKPOINT_PATH}: larger than any head")
        return data

    def tile(self, tile: Tile, size: int) -> bytes:
        """Return a tile as it is in the tree of that size; not proven. Raises: as `checkpoint`."""
        width = width_of(tile, size)
        data = self._partial(tile_path(tile, width), tile_path(tile), width=width)
        if len(data) % HASH_BYTES or len(data) < width * HASH_BYTES or len(data) > TILE_WIDTH * HASH_BYTES:
            raise WrongError(f"{tile_path(tile, width)}: no tile of {width} hashes")
        return data[: width * HASH_BYTES]

    def entries(self, place: int, width: int) -> list[bytes]:
        """Return the first entries of a bundle; not proven. Raises: as `checkpoint`."""
        path = entries_path(place, width)
        data = self._partial(path, entries_path(place), width=width)
        found, start = list[bytes](), 0
        while start < len(data):
            end = start + _LENGTH_BYTES + int.from_bytes(data[start : start + _LENGTH_BYTES])
            found.append(data[start + _LENGTH_BYTES : end])
            start = end
        if start != len(data) or not width <= len(found) <= TILE_WIDTH:
            raise WrongError(f"{path}: no bundle of {width} entries")
        return found[:width]

    def _partial(self, path: str, whole: str, *, width: int) -> bytes:
        """Return what is partial, or the whole that it has become since."""
        data = self._get(path)
        if data is None and width < TILE_WIDTH:
            data = self._get(whole)
        if data is None:
            raise UnreachableError(f"{self.url}{path}: there is none, though the head covers it")
        return data

    def _get(self, path: str) -> bytes | None:
        """Return what is at a path; None where there is nothing."""
        try:
            reply = self._fetcher.exchange("GET", self.url + path)
        except RevocationDataError as error:
            raise UnreachableError(f"{self.url}{path}: {error.detail}") from error
        if reply.status == _OK:
            return reply.body
        if reply.status in {404, 410}:
            return None
        raise UnreachableError(f"{self.url}{path}: HTTP status {reply.status}")
