"""Replaces the data of a world whole: what was made beside it takes its place, or everything stays.

.making     what is being made, in the folder of the world
.replacing  which of it takes its place: that is gone through with, by whoever comes next
.former     what was there, until the new data have proven themselves: it is there whole, and comes back
.returning  which of it comes back: gone through with as well
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.sandbox.folder import DATA, FILES, TRUST
from notigateway.sandbox.settings_file import replace_file

if TYPE_CHECKING:
    from pathlib import Path

MAKING: Final = ".making"
_FORMER: Final = ".former"
_GONE: Final = ".gone"
_NAMES: Final = (*DATA, *TRUST, *FILES)


@dataclass(frozen=True, slots=True)
class _Way:
    """Which data take the place of those that are there, where these go, and what pledges it."""

    pledge: str
    source: str
    target: str


_FORTH: Final = _Way(".replacing", MAKING, _FORMER)
_BACK: Final = _Way(".returning", _FORMER, MAKING)


def begin(folder: Path) -> Path:
    """Return an empty folder in which new data are made."""
    discard(folder)
    making = folder / MAKING
    making.mkdir(mode=0o700)
    return making


def discard(folder: Path) -> None:
    """Have nothing come of what was being made."""
    shutil.rmtree(folder / MAKING, ignore_errors=True)


def replace(folder: Path) -> None:
    """Have what was made take the place of what is there; the world is closed.

    Who does so settles it, or takes it back by `recover`.
    """
    settle(folder)
    _go(folder, _FORTH)


def settle(folder: Path) -> None:
    """Give up what was there before: at once, whatever then becomes of its files."""
    shutil.rmtree(folder / _GONE, ignore_errors=True)
    with suppress(FileNotFoundError):
        (folder / _FORMER).rename(folder / _GONE)
    shutil.rmtree(folder / _GONE, ignore_errors=True)


def recover(folder: Path) -> None:
    """Have everything as it was before a replacement that was not settled; the world is closed.

    Whoever began it may have been killed at any moment, and so may who recovers.
    """
    for way in (_FORTH, _BACK):
        if (folder / way.pledge).is_file():
            _go_through(folder, way)
    if _has_data(folder / _FORMER):
        discard(folder)
        _go(folder, _BACK)
    discard(folder)
    settle(folder)


def _has_data(folder: Path) -> bool:
    return any((folder / name).exists() for name in _NAMES)


def _go(folder: Path, way: _Way) -> None:
    source = folder / way.source
    replace_file(folder / way.pledge, json.dumps([name for name in _NAMES if (source / name).exists()]))
    _go_through(folder, way)


def _go_through(folder: Path, way: _Way) -> None:
    """Move name by name; each step may have been done before."""
    source, target = folder / way.source, folder / way.target
    promised = set(json.loads((folder / way.pledge).read_text("utf-8")))
    target.mkdir(mode=0o700, exist_ok=True)
    for name in _NAMES:
        is_done = name in promised and not (source / name).exists()
        if not is_done and (folder / name).exists():
            (folder / name).rename(target / name)
        if (source / name).exists():
            (source / name).rename(folder / name)
    (folder / way.pledge).unlink()
    shutil.rmtree(source, ignore_errors=True)
