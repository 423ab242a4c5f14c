"""Text as it can be printed: what the form's fonts cannot show, or what would hide, is written as a number.

The text of a receipt comes from certificates, from issuing bodies and from parties. A character that
turns the reading direction, takes no room or has no glyph would make paper say something else than the
sealed XML; here it appears as `[U+202E]`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# What the fonts inside the typesetter show, as found by trying (a test tries again): Latin, Greek,
# Cyrillic, Hebrew letters, punctuation, currencies. Hebrew is laid out from right to left by the
# typesetter itself. Arabic is left out: version 0.15 of the typesetter panics while breaking its lines.
_NOT_SHOWN: Final = re.compile(
    "[^\n !-~\u00a0-\u00ac\u00ae-\u024f\u0391-\u03a1\u03a3-\u03ff\u0400-\u045f\u0490-\u04ff"
    "\u05d0-\u05ea\u1e00-\u1eff\u2010-\u2015\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2116\u2122]"
)


def printable(text: str) -> str:
    """Return the text with every character that cannot be shown safely written as its number."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    return _NOT_SHOWN.sub(lambda hidden: f"[U+{ord(hidden[0]):04X}]", composed)
