"""Replaces the data of a world whole: what was made beside it takes its place, or everything stays.

.making     what is being made, in the folder of the world
.replacing  which of it takes its place: from then on that is gone through with, by whoever comes next
.former     what was there, until the new data have proven themselves
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Final

from notigateway.sandbox.folder import DATA, FILES, TRUST
from notigateway.sandbox.settings_file import replace_file

if TYPE_CHECKING:
    from pathlib import Path

MAKING: Final = ".making"
_PLEDGE: Final = ".replacing"
_FORMER: Final = ".former"
_NAMES: Final = (*DATA, *TRUST, *FILES)


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
    """Have what was made take the place of what is there; the world is closed."""
    settle(folder)
    (folder / _FORMER).mkdir(mode=0o700)
    making = folder / MAKING
    replace_file(folder / _PLEDGE, json.dumps([name for name in _NAMES if (making / name).exists()]))
    _go_through(folder)


def take_back(folder: Path) -> None:
    """Have what was there in its place again; the world is closed."""
    discard(folder)
    (folder / _FORMER).rename(folder / MAKING)
    replace(folder)
    settle(folder)


def settle(folder: Path) -> None:
    """Give up what was there before."""
    shutil.rmtree(folder / _FORMER, ignore_errors=True)


def recover(folder: Path) -> None:
    """Go through with what somebody who was killed had begun, or give up what he had not."""
    if (folder / _PLEDGE).is_file():
        _go_through(folder)
    discard(folder)
    settle(folder)


def _go_through(folder: Path) -> None:
    """Move name by name; each step may have been done before."""
    making, former = folder / MAKING, folder / _FORMER
    promised = set(json.loads((folder / _PLEDGE).read_text("utf-8")))
    for name in _NAMES:
        is_done = name in promised and not (making / name).exists()
        if not is_done and (folder / name).exists():
            (folder / name).rename(former / name)
        if (making / name).exists():
            (making / name).rename(folder / name)
    (folder / _PLEDGE).unlink()
    discard(folder)
