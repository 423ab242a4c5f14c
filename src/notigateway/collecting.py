"""When a program looks for garbage: not while it loads, when nearly everything that is made stays."""

from __future__ import annotations

import atexit
import gc
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Objects that can hold others, more than a command makes until its first line: 150,000 to 200,000.
_LOADED: Final = 300_000


def collect_late() -> None:
    """Look for garbage at the usual intervals only after so many objects; for programs, at their start.

    Each look passes over what has been loaded until then: a fifth of what a command takes to start.
    """
    usual = gc.get_threshold()

    def as_usual(phase: str, _about: Mapping[str, int]) -> None:
        if phase == "stop":
            gc.callbacks.remove(as_usual)
            gc.freeze()  # what is there by now stays: later looks need not pass over it
            gc.set_threshold(*usual)

    atexit.register(gc.freeze)
    gc.callbacks.append(as_usual)
    gc.set_threshold(_LOADED, *usual[1:])
