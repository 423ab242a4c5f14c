"""Looks at much in several processes, each with what it has opened by itself."""

from __future__ import annotations

import os
import signal
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

from notigateway.errors import TemporarilyUnavailableError
from notigateway.interrupts import kept_from_those_begun
from notigateway.telemetry import speak_beside_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from notigateway.settings import Settings

    Opening = Callable[[Settings], AbstractContextManager[Any]]

Portion = TypeVar("Portion")
Looked = TypeVar("Looked")

# Portions that are under way or done before it is their turn, for each process.
_AHEAD: Final = 3


def cores() -> int:
    """Return how many processes can work at once on this machine, as far as this one may."""
    return len(os.sched_getaffinity(0))


def worth(processes: int, things: int, *, for_one_more: int) -> int:
    """Return how many of so many processes are worth beginning for so many things.

    A process takes a second of CPU to begin: about as long as looking at that many, `for_one_more`.
    """
    return min(processes, 1 + things // for_one_more)


def looked_in_order(
    portions: Iterable[Portion],
    look: Callable[[Any, Portion], Looked],
    *,
    opening: Opening,
    settings: Settings,
    processes: int,
) -> Iterator[Looked]:
    """Yield what comes of each portion, in their order; they are looked at in so many processes.

    Each process opens by the settings what `look` is given, once. Both are functions of modules.

    Raises: what opening and looking raise; `TemporarilyUnavailableError` where a process was ended.
    """
    # Begun anew and not forked: nobody shares a connection, nor a lock that a thread holds.
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(opening, settings)
    )
    following = iter(portions)
    try:
        waiting = deque(_begun(pool, look, one) for one in islice(following, processes * _AHEAD))
        while waiting:
            looked = waiting.popleft().result()
            waiting.extend(_begun(pool, look, one) for one in islice(following, 1))
            yield looked
    except BrokenProcessPool as error:
        raise TemporarilyUnavailableError(
            "a process that checks was ended from outside; check again, or with --processes 1"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begun(
    pool: ProcessPoolExecutor, look: Callable[[Any, Portion], Looked], portion: Portion
) -> Future[Looked]:
    """Have a portion looked at; a process is begun for it where none is free."""
    with kept_from_those_begun():
        return pool.submit(_look, look, portion)


class _Opened:
    """What a process that was begun for it looks with, as long as it lives."""

    what: Any = None
    # Why it could not be opened.
    trouble: Exception | None = None
    until_the_end = ExitStack()


def _begin(opening: Opening, settings: Settings) -> None:
    """Open everything once; end with the process that wants it, which alone is interrupted.

    What goes wrong is told with the first portion: here the pool would print it and take it for a sudden
    end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    speak_beside_output()
    try:
        _Opened.what = _Opened.until_the_end.enter_context(opening(settings))
    except Exception as error:  # noqa: BLE001  (raised by `_look`)
        _Opened.trouble = error


def _look(look: Callable[[Any, Portion], Looked], portion: Portion) -> Looked:
    if _Opened.trouble is not None:
        raise _Opened.trouble
    return look(_Opened.what, portion)


def _end_with_parent() -> None:
    """Wait for the end of who wants it: killed, it would never be told."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
    os._exit(1)
