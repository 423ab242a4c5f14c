"""The code generators that integrators use, each run on the contracts as they are served.

What came out is told alike for all: what was generated and compiled (`Made`), and which texts of a message
its types hold (`texts_of` for what they should hold).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lxml.etree import _Element

Texts = Counter[tuple[str, str]]
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Contracts:
    """What is read: the addresses of the WSDLs by short names; in `folder` all is written."""

    addresses: Mapping[str, str]
    folder: Path

    @property
    def messages(self) -> Path:
        """Where complete messages of `v1` and `issuing` lie, a file for each."""
        return self.folder / "messages"

    def new_folder(self, name: str) -> Path:
        """Make a folder to write to."""
        made = self.folder / name
        made.mkdir(parents=True)
        return made


@dataclass(slots=True)
class Made:
    """What a generator made of one contract, names in lower case; or how it failed."""

    failed: str = ""
    classes: set[str] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    lists: set[tuple[str, str]] = field(default_factory=set)


def texts_of(message: _Element, place: str = "") -> Texts:
    """Return each text of a message with its place, instants and numbers in one form."""
    found: Texts = Counter()
    for name, value in message.attrib.items():
        found[f"{place}/@{name}", plain(str(value))] += 1
    for child in message:
        found += texts_of(child, f"{place}/{str(child.tag).rpartition('}')[2]}")
    if len(message) == 0 and place:
        found[place, plain(message.text or "")] += 1
    return found


def plain(text: str) -> str:
    """Return a text in the form in which two spellings of one value are equal."""
    if not _INSTANT.fullmatch(text):
        return text
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="milliseconds")
