"""Texts that people will read: no character in them hides, or makes the others read otherwise.

What is written stands in receipts, lists and forms, and is compared by eye. None of the characters that are
refused is needed to write Spanish, Catalan, Galician, Basque or Aranese.
"""

from __future__ import annotations

import re
from typing import Final

from notigateway.errors import TextInvalidError

# Control characters, lone surrogates, separators of lines and paragraphs; marks that turn the direction of
# writing (Unicode UAX #9); what takes no room: Default_Ignorable_Code_Point but for the two selectors of a
# symbol's form (U+FE0E, U+FE0F), the anchors of annotations, the blank pattern of Braille; what is none.
_UNSEEN: Final = (
    "\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# What strikes out or encloses the letter before it: an amount that was struck out reads as none.
_STRIKING: Final = "\u0334-\u0338\u0488\u0489\u1abe\u20d0-\u20f0\ua670-\ua672"
# Signs that embrace or arrange the characters behind them, and are drawn by few fonts.
_ARRANGING: Final = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001345f"
# Noncharacters, and private use: what is seen is whatever the reader's font puts there.
_NOBODYS: Final = (
    "\ue000-\uf8ff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0xF0000, 0x10000))
    + "\U000f0000-\U0010ffff"
)
_HIDDEN: Final = re.compile(f"[{_UNSEEN}{_STRIKING}{_ARRANGING}{_NOBODYS}]")
_LINE: Final = re.compile(f"{_HIDDEN.pattern[:-1]}\t\n\r]")


def hidden_at(text: str, *, lines: bool = False) -> int | None:
    """Return the place, counted from 1, of the first character that hides; `lines`: there may be several.

    A tab and the end of a line hide nothing where a text may have lines, and break one that is a name.
    """
    found = (_HIDDEN if lines else _LINE).search(text)
    return None if found is None else found.start() + 1


def is_a_line(text: str) -> bool:
    """Tell whether a text can be printed in one line as it is."""
    return text.isprintable() and hidden_at(text) is None


def check_reason(reason: str | None) -> None:
    """Refuse a reason that reads otherwise than it is written, or in which there is nothing to read.

    Of white space alone it is refused here and not by the schema, whose minLength counts it.

    Raises: `TextInvalidError` with the facts `field` and `position`: of blanks alone, the first.
    """
    if reason is None:
        return
    position = 1 if reason.isspace() else hidden_at(reason, lines=True)
    if position is not None:
        raise TextInvalidError(f"reason: character {position}", field="reason", position=position)
