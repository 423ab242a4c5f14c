"""What is drawn by chance: identifiers, codes and salts, of the system's source that nobody can guess.

A sandbox's world draws from a seed, so that the same story has the same identifiers twice. That is the one
use of `unsafe_drawn_from`; keys, signatures and nonces are drawn elsewhere and never from a seed.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

_seeded: Final[ContextVar[random.Random | None]] = ContextVar("seeded", default=None)


def draw_bits(count: int) -> int:
    """Return a number of so many random bits."""
    source = _seeded.get()
    return secrets.randbits(count) if source is None else source.getrandbits(count)


def draw_bytes(count: int) -> bytes:
    """Return so many random bytes."""
    source = _seeded.get()
    return secrets.token_bytes(count) if source is None else source.randbytes(count)


@contextmanager
def unsafe_drawn_from(source: random.Random) -> Iterator[None]:
    """Have everything drawn from that source: whoever knows its seed knows what comes next."""
    before = _seeded.set(source)
    try:
        yield
    finally:
        _seeded.reset(before)
