"""Bytes of an element that travel beside the message: MTOM's in its place, an attachment by its name.

What holds them is whoever gave them; here only how they are asked for. A writer puts an `xop:Include` where
their base64 text would stand, and what is signed is that text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.wss.ns import XOP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_BEGIN: Final = f'<xop:Include xmlns:xop="{XOP}" href="cid:'
_END: Final = '"></xop:Include>'


@dataclass(frozen=True, slots=True)
class Attached:
    """Bytes beside the message, as many as `size`, with that hash; `pieces` gives them, each time anew.

    `content_id` is what names their part, of letters that no escape changes.
    """

    content_id: str
    size: int
    sha256: str
    pieces: Callable[[], Iterable[bytes]]

    def include(self) -> str:
        """Return what stands in the message where they belong."""
        return f"{_BEGIN}{self.content_id}{_END}"


def split(content: bytes) -> list[bytes]:
    """Return the pieces of a written message between its Includes, and between each two a Content-ID.

    Nothing else looks like one: in every text that is written `<` is escaped.
    """
    pieces = content.split(_BEGIN.encode())
    found = pieces[:1]
    for piece in pieces[1:]:
        named, _, rest = piece.partition(_END.encode())
        found += [named, rest]
    return found
