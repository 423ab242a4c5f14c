"""How a text is looked for in subject and reference: word by word, whatever its accents and capitals."""

from __future__ import annotations

from typing import Final
from unicodedata import combining, normalize

TEXT_MAX: Final = 100


def folded(text: str) -> str:
    """Return a text without what nobody types who looks for it: `Cotización` is `cotizacion`."""
    if text.isascii():
        return text.lower()
    letters = normalize("NFKD", normalize("NFKD", text).casefold())
    return "".join(letter for letter in letters if not combining(letter))


def searched(subject: str, reference: str) -> str:
    """Return what of an act is looked through; no word that is looked for holds an end of line."""
    return f"{folded(subject)}\n{folded(reference)}"


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of which each must stand somewhere, maybe within others; none of blanks alone."""
    return tuple(dict.fromkeys(folded(text).split()))


def is_found(words: tuple[str, ...], text: str) -> bool:
    """Tell whether a text that is `searched` has all of them."""
    return all(word in text for word in words)
