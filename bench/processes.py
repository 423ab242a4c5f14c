"""What processes have used of the CPU (Linux, proc(5))."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_TICKS: Final = os.sysconf("SC_CLK_TCK")
# Of /proc/PID/stat after the name: its own in user and system mode, and that of children that have ended.
_TIMES: Final = slice(11, 15)


def cpu_seconds_below(pid: int) -> float:
    """Return what a process, its children and theirs have used so far."""
    ticks = 0
    for one in _tree(pid):
        with suppress(OSError):  # it has just ended, and is in its parent's times
            after_name = Path(f"/proc/{one}/stat").read_text("utf-8").rpartition(")")[2]
            ticks += sum(map(int, after_name.split()[_TIMES]))
    return ticks / _TICKS


def cpu_ms_of(pid: int) -> float:
    """Return what a process of one thread has used so far, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e6


def resident_mb_below(pid: int) -> float:
    """Return what they hold of memory now, each page once for every process that has it."""
    kilobytes = 0
    for one in _tree(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{one}/status").read_text("utf-8").splitlines():
                if line.startswith("VmRSS:"):
                    kilobytes += int(line.split()[1])
    return kilobytes / 1024


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                yield from _tree(int(child))
