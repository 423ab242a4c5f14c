"""The lines ahead of chunks, as they pass to the parser: what is in them beside a number must be plain."""

from __future__ import annotations

import re
from typing import Final

_PLAIN: Final = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(;[\t\x20-\x7e\x80-\xff]*)?\r\n")


class ChunkLines:
    """Follows the chunks of one body in whatever pieces (RFC 9112 §7.1)."""

    def __init__(self) -> None:
        self._line = b""
        self._data_bytes = 0  # still to come, with the end of line behind them
        self._is_over = False

    def are_plain(self, data: bytes) -> bool:
        """Tell whether each line that ends in these bytes is plain: h11 forgives a CR within an extension."""
        at = 0
        while at < len(data) and not self._is_over:
            if self._data_bytes:
                step = min(self._data_bytes, len(data) - at)
                self._data_bytes -= step
                at += step
                continue
            end = data.find(b"\n", at) + 1
            self._line += data[at : end or len(data)]
            if not end:
                return True
            if not _PLAIN.fullmatch(self._line):
                return False
            size = int(re.split(rb"[; \t\r]", self._line, maxsplit=1)[0], 16)
            self._line, self._is_over = b"", not size
            self._data_bytes = size + 2 if size else 0
            at = end
        return True
