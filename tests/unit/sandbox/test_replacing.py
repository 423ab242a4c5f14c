"""Whoever replaces the data of a world may be killed at any moment: they are the old ones, or the new."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Final

import pytest

from notigateway.sandbox import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# What the disk sees: there is a moment before each.
_STEPS: Final = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"})
_OLD: Final = {"notigateway.db": "old", "documents/a": "old", "seeds.json": "old", "notices/one": "old"}
_NEW: Final = {"notigateway.db": "new", "documents/b": "new", "seeds.json": "new", "retired-seals/x": "new"}


class _KilledError(BaseException):
    """As `kill -9`: nobody catches it."""


_left: list[int] = []


def _look(event: str, _arguments: object) -> None:
    if _left and event in _STEPS:
        _left[0] -= 1
        if not _left[0]:
            _left.clear()
            raise _KilledError


sys.addaudithook(_look)


@contextmanager
def _killed_at(moment: int) -> Iterator[None]:
    """Kill what is done at that moment; where it has fewer, nothing is killed."""
    _left[:] = [moment]
    try:
        yield
    except _KilledError:
        pass
    finally:
        _left.clear()


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _read(folder: Path) -> dict[str, str]:
    """Return all that lies there, but for a pledge that was not made."""
    files = [one for one in folder.rglob("*") if one.is_file() and one.suffix != ".making"]
    return {one.relative_to(folder).as_posix(): one.read_text() for one in files}


def _prepared(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _write(folder, _OLD)
    _write(replacing.begin(folder), _NEW)


def _taken_back(folder: Path) -> None:
    replacing.replace(folder)
    replacing.recover(folder)


def _settled(folder: Path) -> None:
    replacing.replace(folder)
    replacing.settle(folder)


@pytest.mark.parametrize("work", [_settled, _taken_back], ids=lambda one: one.__name__)
def test_whoever_is_killed_leaves_what_was_there_or_what_was_to_be(
    work: Callable[[Path], None], tmp_path: Path
) -> None:
    folder, found = tmp_path / "world", []
    for moment in count(1):
        _prepared(folder)
        is_done = False
        with _killed_at(moment):
            work(folder)
            is_done = True
        replacing.recover(folder)
        found.append(_read(folder))
        if is_done:
            break
    ways = [one == _NEW for one in found]
    assert all(one in (_OLD, _NEW) for one in found)
    assert found[-1] == (_NEW if work is _settled else _OLD)
    assert ways == sorted(ways)  # from some moment on it is the new one
    assert len(found) > 10


def test_whoever_goes_through_with_it_may_be_killed_too(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    for first in count(1):
        for second in count(1):
            _prepared(folder)
            is_done = recovered = False
            with _killed_at(first):
                replacing.replace(folder)
                is_done = True
            with _killed_at(second):
                replacing.recover(folder)
                recovered = True
            replacing.recover(folder)
            assert _read(folder) == _OLD, (first, second)
            if recovered:
                break
        if is_done:
            break


def test_what_was_settled_before_does_not_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    _prepared(folder)
    _settled(folder)
    _write(replacing.begin(folder), {"seeds.json": "third"})
    replacing.discard(folder)
    replacing.recover(folder)
    assert _read(folder) == _NEW
