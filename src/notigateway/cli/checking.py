"""What `notigateway check` does: looks at everything, in several processes where it is much."""

from __future__ import annotations

import os
import signal
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Final

from notigateway.cli.opening import opened
from notigateway.errors import TemporarilyUnavailableError
from notigateway.evidence.seals import load_history
from notigateway.log.wholeness import Checking
from notigateway.receipts.stamping import pinned_authorities
from notigateway.repository.marking import open_store
from notigateway.telemetry import speak_beside_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.log.portions import Looked, Portion
    from notigateway.log.rules import Finding
    from notigateway.settings import Settings

# A process takes half a second of CPU to begin: about as long as looking at so many things.
_THINGS_FOR_ONE_MORE: Final = 1_000
# Portions that are under way or done before it is their turn, for each process.
_AHEAD: Final = 3


@contextmanager
def opened_checking(settings: Settings) -> Iterator[Checking]:
    """Open what is checked by the settings.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    seals = load_history(settings)
    with opened(settings) as engine:
        store = open_store(settings.document_store_url, engine)
        yield Checking(engine, store, seals, pinned_authorities(settings), settings.log_origin)


def cores() -> int:
    """Return how many processes can work at once on this machine, as far as this one may."""
    return len(os.sched_getaffinity(0))


def findings(
    settings: Settings,
    checking: Checking,
    *,
    total: int,
    processes: int,
    on_progress: Callable[[int], None],
) -> Iterator[Finding]:
    """Yield what does not hold, the same and in the same order however many processes look.

    Raises: `TemporarilyUnavailableError`.
    """
    worth = min(processes, 1 + total // _THINGS_FOR_ONE_MORE)
    if worth == 1:
        yield from checking.findings(on_progress)
        return
    # Begun anew and not forked: nobody shares a connection, nor a lock that a thread holds.
    pool = ProcessPoolExecutor(
        worth, mp_context=get_context("spawn"), initializer=_begin, initargs=(settings,)
    )
    try:
        looked = _in_order(pool, checking.portions(), ahead=worth * _AHEAD)
        yield from checking.gathered(looked, on_progress)
    except BrokenProcessPool as error:
        raise TemporarilyUnavailableError(
            "a process that checks was ended from outside; check again, or with --processes 1"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, portions: Iterator[Portion], *, ahead: int) -> Iterator[Looked]:
    """Yield what came of each portion, in their order; so many are begun before it is their turn."""
    waiting = deque(pool.submit(_look, portion) for portion in islice(portions, ahead))
    while waiting:
        looked = waiting.popleft().result()
        waiting.extend(pool.submit(_look, portion) for portion in islice(portions, 1))
        yield looked


class _Opened:
    """What a process that was begun for it looks with, as long as it lives."""

    checking: Checking
    until_the_end = ExitStack()


def _begin(settings: Settings) -> None:
    """Open everything once; end with the process that wants it, which alone is interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    speak_beside_output()
    _Opened.checking = _Opened.until_the_end.enter_context(opened_checking(settings))


def _look(portion: Portion) -> Looked:
    return _Opened.checking.look(portion)


def _end_with_parent() -> None:
    """Wait for the end of who wants it: killed, it would never be told."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
    os._exit(1)
