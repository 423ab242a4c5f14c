"""A set in few bytes, of which two tell what is in one and not in the other, while that is little.

An invertible Bloom lookup table (Eppstein, Goodrich, Uyeda, Varghese 2011) without counts: each element is
added, by exclusive or, to one cell of every part, with a check of its own. What two sets have in common
cancels out; a cell with one element left gives it away, and taken out of the other parts it frees others. Of
some forty elements nearly always all are found, of two thirds more hardly ever; it is never taken for found
what is not.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ELEMENT_BYTES: Final = 12
_CHECK_BYTES: Final = 4
_CELL_BYTES: Final = ELEMENT_BYTES + _CHECK_BYTES
_PARTS: Final = 4
_CELLS_OF_PART: Final = 20
_CELLS: Final = _PARTS * _CELLS_OF_PART
SKETCH_BYTES: Final = _CELLS * _CELL_BYTES
EMPTY: Final = bytes(SKETCH_BYTES)


def sketch_of(elements: Iterable[bytes]) -> bytes:
    """Return the sketch of a set, each element of which is `ELEMENT_BYTES` long and given once."""
    cells = [0] * _CELLS
    for element in elements:
        content, places = _spread(element)
        for place in places:
            cells[place] ^= content
    return _written(cells)


def together(one: bytes, other: bytes) -> bytes:
    """Return the sketch of what is in one of two sets and not in the other: of two apart, of both."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(SKETCH_BYTES)


def elements_of(sketch: bytes) -> frozenset[bytes] | None:
    """Return the elements of a sketch; None where they are too many, or it is the sketch of none."""
    cells = [
        int.from_bytes(sketch[place : place + _CELL_BYTES]) for place in range(0, SKETCH_BYTES, _CELL_BYTES)
    ]
    found: set[bytes] = set()
    waiting = list(range(_CELLS))
    while waiting:
        place = waiting.pop()
        content = cells[place]
        if not content:
            continue
        element = content.to_bytes(_CELL_BYTES)[:ELEMENT_BYTES]
        whole, places = _spread(element)
        if whole != content or place not in places:
            continue
        if element in found:  # of no set
            return None
        found.add(element)
        for one in places:
            cells[one] ^= content
        waiting += places
    return None if any(cells) else frozenset(found)


def _spread(element: bytes) -> tuple[int, list[int]]:
    """Return what stands for an element in a cell, and its cell of each part."""
    hashed = blake2b(element, digest_size=_CHECK_BYTES + _PARTS * 2).digest()
    places = [
        part * _CELLS_OF_PART + int.from_bytes(hashed[at : at + 2]) % _CELLS_OF_PART
        for part, at in enumerate(range(_CHECK_BYTES, len(hashed), 2))
    ]
    return int.from_bytes(element + hashed[:_CHECK_BYTES]), places


def _written(cells: Iterable[int]) -> bytes:
    return b"".join(cell.to_bytes(_CELL_BYTES) for cell in cells)
