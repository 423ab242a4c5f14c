"""Writes periods of certificates into the table beside them (`periods.toml`), and leaves all else as it is.

A person writes that file too: comments and other entries stay. What is written is read again before it takes
the place of the former table, in one rename; so a table that cannot be edited so is told and stays.

An end is never moved to later: what a key signed after its end would count again.
"""

from __future__ import annotations

import fcntl
import os
import re
import tomllib
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.evidence.history import PERIODS
from notigateway.given_files import read_file
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER: Final = re.compile(r"^\s*\[")


def write_period(folder: Path, name: str, key: str, instant: datetime) -> datetime:
    """Write that the certificate in a file of the folder `stops` sealing, or counts `until`, an instant.

    Return the instant that the table says then: the earlier one that stands there already, or this one.

    Raises: `ConfigurationError` where the table cannot be read, written, or edited line by line.
    """
    file = folder / PERIODS
    try:
        with _alone(folder):
            text = read_file(file).decode() if file.is_file() else ""
            expected = tomllib.loads(text)
            said = expected.get(name, {}).get(key)
            if isinstance(said, datetime) and said.tzinfo is not None and said <= instant:
                return said
            expected[name] = {**expected.get(name, {}), key: instant}
            edited = _edited(text, name, f"{key} = {instant_text(instant)}", key)
            if tomllib.loads(edited) != expected:
                raise ConfigurationError(
                    f"{file} is not written line by line: write {key} = {instant_text(instant)} for "
                    f'["{name}"] into it yourself'
                )
            _replace(file, edited.encode())
    except OSError as error:
        raise ConfigurationError(f"cannot write {file}: {error.strerror}") from error
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    return instant


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let nobody else write the table of a folder meanwhile. Raises: `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _edited(text: str, name: str, line: str, key: str) -> str:
    """Return the table with a line in the section of a name: in the place of the same key's, or behind it."""
    header = f'["{name}"]'
    lines = text.splitlines()
    if header not in (one.strip() for one in lines):
        return "\n".join([*lines, *([""] if lines and lines[-1].strip() else []), header, line, ""])
    start = next(number for number, one in enumerate(lines) if one.strip() == header) + 1
    end = next((number for number, one in enumerate(lines[start:], start) if _HEADER.match(one)), len(lines))
    places = [number for number in range(start, end) if re.match(rf"\s*{key}\s*=", lines[number])]
    if places:
        lines[places[0]] = line
    else:
        lines.insert(start, line)
    return "\n".join([*lines, ""])


def _replace(file: Path, content: bytes) -> None:
    """Have the file hold that, all of it or nothing, whenever the machine stops."""
    beside = file.with_name(f".{file.name}.new")
    mode = file.stat().st_mode & 0o777 if file.is_file() else 0o644
    descriptor = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as target:
        os.fchmod(target.fileno(), mode)
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    beside.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
