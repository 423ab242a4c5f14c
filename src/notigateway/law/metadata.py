"""What an issuing body says of an act besides, for sorting: keys and values, public, in its own order.

Public: whoever may know that there is the act may read them, without legal effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Pairs: TypeAlias = tuple[tuple[str, str], ...]

PAIRS_MAX: Final = 20
KEY_MAX: Final = 64
VALUE_MAX: Final = 255
# No key has it, so that one argument of a command can name a pair.
ASSIGNS: Final = "="


def as_text(pairs: Iterable[tuple[str, str]]) -> str | None:
    """Return pairs as they are stored; None where there are none.

    Each stands between two line ends, with a tab in it: neither is in a text that was checked.
    """
    found = "".join(f"{key}\t{value}\n" for key, value in pairs)
    return f"\n{found}" if found else None


def pairs_of(text: str | None) -> Pairs:
    """Return the pairs that are stored so."""
    if text is None:
        return ()
    return tuple((key, value) for key, _, value in (line.partition("\t") for line in text[1:-1].split("\n")))
