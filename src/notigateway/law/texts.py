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
_HIDDEN: Final = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
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
    """Refuse a reason that reads otherwise than it is written.

    Raises: `TextInvalidError` with the facts `field` and `position`.
    """
    position = None if reason is None else hidden_at(reason, lines=True)
    if position is not None:
        raise TextInvalidError(f"reason: character {position}", field="reason", position=position)
