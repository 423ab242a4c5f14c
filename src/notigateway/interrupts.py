"""Processes that a program begins beside itself: an interrupt of the terminal is the program's alone."""

from __future__ import annotations

from contextlib import contextmanager
from multiprocessing import resource_tracker
from signal import SIG_BLOCK, SIG_SETMASK, SIGINT, pthread_sigmask
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def kept_from_those_begun() -> Iterator[None]:
    """Begin processes that no interrupt reaches, from their first instruction on.

    A terminal interrupts all of them at once, and one that still loads would print where it was. They inherit
    what this thread holds back; what comes meanwhile is delivered to the program afterwards.
    """
    resource_tracker.ensure_running()  # it would be begun on the way, and lets interrupts through again
    before = pthread_sigmask(SIG_BLOCK, {SIGINT})
    try:
        yield
    finally:
        pthread_sigmask(SIG_SETMASK, before)
