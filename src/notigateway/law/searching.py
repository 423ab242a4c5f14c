"""How what acts say is looked for: accounts with their regime or without, texts word by word.

Words are found whatever their accents and capitals. Apart from the checks of identifiers, which load more.
"""

from __future__ import annotations

from typing import Final
from unicodedata import combining, normalize

# Without the regime in front.
_CCC_DIGITS: Final = 11


def is_same_account(wanted: str, quoted: str | None) -> bool:
    """Tell whether two normalised CCC are of one account: the same number, and regime where both have one."""
    if quoted is None or wanted[-_CCC_DIGITS:] != quoted[-_CCC_DIGITS:]:
        return False
    return _CCC_DIGITS in {len(wanted), len(quoted)} or wanted == quoted


def ways_to_quote(ccc: str) -> tuple[str, ...] | None:
    """Return how a normalised CCC may be quoted, with its regime and without; None for one of any regime."""
    return None if len(ccc) == _CCC_DIGITS else (ccc, ccc[-_CCC_DIGITS:])


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
