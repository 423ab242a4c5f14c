"""What a page tells once of what was just done: a form is answered by the address of the next page."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

_KEPT_AT_MOST: Final = 200
_NAME_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Note:
    """What was done, in both languages, and lines of detail."""

    es: str
    en: str
    lines: tuple[str, ...] = ()
    # Where more is to be seen: an address of ours, and what it is called.
    link: tuple[str, str, str] | None = None


@dataclass(slots=True)
class Notes:
    """The last of them, by names that nobody guesses; safe between threads."""

    _kept: OrderedDict[str, Note] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, note: Note) -> str:
        """Keep one, and return its name."""
        name = secrets.token_urlsafe(_NAME_BYTES)
        with self._lock:
            self._kept[name] = note
            while len(self._kept) > _KEPT_AT_MOST:
                self._kept.popitem(last=False)
        return name

    def find(self, name: str) -> Note | None:
        """Return one; None where it is not kept any more."""
        with self._lock:
            return self._kept.get(name)
