"""A file told by another one: which pieces of that it is made of, and what is between them.

So 150 files that differ from a good one in a few bytes take a few bytes each, and the index shows which.
"""

from __future__ import annotations

from typing import Final

Piece = list[int] | str
# Shorter ones are not worth their places.
_LEAST: Final = 16


def pieces_of(base: bytes, wanted: bytes) -> list[Piece]:
    """Return what `joined` makes of the base: lists of place and length, and bytes in hexadecimal."""
    places: dict[bytes, int] = {}
    for place in range(len(base) - _LEAST, -1, -1):
        places[base[place : place + _LEAST]] = place
    found: list[Piece] = []
    literal, at, after = b"", 0, 0
    while at < len(wanted):
        here = wanted[at : at + _LEAST]
        # Where the last piece would go on, if it can.
        on = after + len(literal)
        place = on if base.startswith(here, on) else places.get(here, -1)
        if place < 0 or len(here) < _LEAST:
            literal += wanted[at : at + 1]
            at += 1
            continue
        length = _common(base, place, wanted, at)
        found += [literal.hex()] if literal else []
        found.append([place, length])
        literal, at, after = b"", at + length, place + length
    return [*found, literal.hex()] if literal else found


def _common(base: bytes, place: int, wanted: bytes, at: int) -> int:
    """Return how far both go on alike."""
    length, step = 0, 4096
    while step:
        end = length + step
        is_whole = place + end <= len(base) and at + end <= len(wanted)
        if is_whole and base[place + length : place + end] == wanted[at + length : at + end]:
            length = end
        else:
            step //= 2
    return length


def joined(base: bytes, pieces: list[Piece]) -> bytes:
    """Put a file together."""
    return b"".join(
        bytes.fromhex(one) if isinstance(one, str) else base[one[0] : one[0] + one[1]] for one in pieces
    )
