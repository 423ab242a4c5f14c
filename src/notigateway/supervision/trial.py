"""Tries whether a gateway could begin with what was read: the whole start, in a process of its own.

The master must never open a database or log into a device, since its workers are forked from it. So a child
does, with all that a worker does, says in a line how it went, and ends. Whatever becomes of it, the master
goes on.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.app import open_app
from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError, Part, TemporarilyUnavailableError
from notigateway.repository.condition import database_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.provision import Provision

# More than a device takes, and two connections that nobody refuses.
TRIAL_SECONDS: Final = 15.0
# Of what a child says: a line, however long the paths in it.
_SAID_MAX_BYTES: Final = 65_536


class Outcome(StrEnum):
    """How the start went: as it should, without something that time brings back, or not at all.

    `absent` is for a file of the database that is not there: away for who has served with it, a typing error
    for who never did. `short` is for lack of memory or of another thing that the machine gives, `broken` for
    a defect.
    """

    READY = "ready"
    AWAY = "away"
    ABSENT = "absent"
    REFUSED = "refused"
    SHORT = "short"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Trial:
    """How a start went, why not as it should, and what was away."""

    outcome: Outcome
    detail: str = ""
    part: str = ""


def try_start(
    provision: Provision, *, seconds: float = TRIAL_SECONDS, before: Callable[[], None] = lambda: None
) -> Trial:
    """Try it, for so long; `before` makes the child's account that of a worker.

    A child that says nothing in time is ended: something is away, and which is not known.
    """
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        return Trial(Outcome.SHORT, f"no process: {error.strerror}")
    if not child:
        _begin(provision, writing, before, seconds)
    os.close(writing)
    try:
        said = _read(reading, seconds)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)  # what it had to say is said
        _, status = os.waitpid(child, 0)
    if said is None:
        return Trial(Outcome.AWAY, f"no answer within {seconds:.0f} seconds")
    if not said:
        code = os.waitstatus_to_exitcode(status)
        return Trial(Outcome.SHORT, f"the trial ended with {code} and said nothing")
    found = json.loads(said)
    return Trial(Outcome(found["outcome"]), found["detail"], found["part"])


def _begin(provision: Provision, pipe: int, before: Callable[[], None], seconds: float) -> None:
    """Be the child: begin as a worker does, say how it went, and end without the master's last rites."""
    try:
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(one, signal.SIG_DFL)
        signal.alarm(int(seconds) + 1)  # also where the master is gone
        before()
        trial = _start(provision)
        os.write(pipe, json.dumps(asdict(trial)).encode())
    finally:
        sys.stderr.flush()
        os._exit(0)


def _start(provision: Provision) -> Trial:
    try:
        open_app(provision)
    except GatewayError as error:
        return _failed(error, provision)
    except (MemoryError, OSError) as error:
        return Trial(Outcome.SHORT, reason_of(error), Part.MEMORY if isinstance(error, MemoryError) else "")
    except Exception as error:  # noqa: BLE001  (the master says it, and decides)
        traceback.print_exc()
        return Trial(Outcome.BROKEN, reason_of(error))
    return Trial(Outcome.READY)


def _failed(error: GatewayError, provision: Provision) -> Trial:
    """Return how a start went that ended with that."""
    file = database_file(provision.settings.database_url)
    if file is not None and not os.access(file, os.R_OK):
        return Trial(Outcome.ABSENT, said_of(error), Part.DATABASE)
    if isinstance(error, TemporarilyUnavailableError):
        return Trial(Outcome.AWAY, said_of(error), error.part or "")
    return Trial(Outcome.REFUSED, said_of(error))


def reason_of(error: BaseException) -> str:
    """Return what an error says, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def _read(pipe: int, seconds: float) -> bytes | None:
    """Return what the child said until it closed the pipe; None where it did not in time."""
    end, said = time.monotonic() + seconds, b""
    while (left := end - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left)[0]:
            break
        piece = os.read(pipe, _SAID_MAX_BYTES)
        if not piece:
            return said
        said += piece
    return None
