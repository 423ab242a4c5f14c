"""Reads what a gateway would stand on, and tries whether it could begin: in a process of its own.

The master must never open a database or log into a device, since its workers are forked from it. So a child
does, with all that a worker does, hands over what it has read, says in a line how it went, and ends. It reads
also because a file may hang whoever reads it. Whatever becomes of it, the master goes on.
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
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from notigateway import telemetry
from notigateway.app import open_app, warn_of_left_unsaid
from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError, Part, TemporarilyUnavailableError
from notigateway.repository.condition import database_file
from notigateway.repository.marking import check_new_store
from notigateway.supervision.handing import NOTHING, packed, unpacked
from notigateway.supervision.held import held_provision

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.provision import Provision

# More than a device takes, and two connections that nobody refuses.
TRIAL_SECONDS: Final = 15.0
_PIECE_BYTES: Final = 65_536
_END_SECONDS: Final = 2.0
_END_STEP_SECONDS: Final = 0.01
_HANDLED_BY_MASTERS: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCHLD,
)
_Done = TypeVar("_Done")


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
    """How a start went, why not as it should, what was away, and what was read if that was possible."""

    outcome: Outcome
    detail: str = ""
    part: str = ""
    provision: Provision | None = field(default=None, repr=False)


def try_start(
    read: Callable[[], Provision],
    *,
    seconds: float = TRIAL_SECONDS,
    before: Callable[[], None] = lambda: None,
) -> Trial:
    """Read, and try what was read, for so long; `before` makes the child's account that of a worker.

    A child that says nothing in time is ended: something is away, and which is not known. Where that is what
    it reads, there is nothing to begin with.
    """
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        return Trial(Outcome.SHORT, f"no process: {error.strerror}")
    if not child:
        _begin(read, writing, before, seconds)
    os.close(writing)
    try:
        said, has_ended = _read(reading, seconds)
    finally:
        os.close(reading)
        code = _end(child)
    provision, rest = unpacked(said)
    if has_ended and rest:
        found = json.loads(rest)
        return Trial(Outcome(found["outcome"]), found["detail"], found["part"], provision)
    if has_ended:
        return _fallen(code, provision)
    if provision is None:
        endless = "the settings and the files that they name: does a volume hang?"
        return Trial(Outcome.REFUSED, f"{seconds:.0f} seconds are not enough to read {endless}")
    return Trial(Outcome.AWAY, f"no answer within {seconds:.0f} seconds", provision=provision)


def _fallen(code: int | None, provision: Provision | None) -> Trial:
    """Return how a start went whose child ended before it could say so."""
    if code == -signal.SIGKILL:
        killed = "the trial was killed (SIGKILL): is there too little memory?"
        return Trial(Outcome.SHORT, killed, Part.MEMORY, provision)
    ended = "ended" if code is None else f"ended with {code}" if code >= 0 else f"was ended by signal {-code}"
    return Trial(Outcome.SHORT, f"the trial {ended} and said nothing", "", provision)


def _end(child: int) -> int | None:
    """End a child that has said what it had to say, and return its code.

    None for one that does not end: reading from a volume that hangs may outlast even that. gunicorn hears of
    its end later.
    """
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    end = time.monotonic() + _END_SECONDS
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_END_STEP_SECONDS)
    return None


def _begin(read: Callable[[], Provision], pipe: int, before: Callable[[], None], seconds: float) -> None:
    """Be the child: begin as a worker does, say how it went, and end without the master's last rites."""
    try:
        for one in _HANDLED_BY_MASTERS:
            signal.signal(one, signal.SIG_DFL)
        signal.alarm(int(seconds) + 1)  # also where the master is gone
        trial, provision = _caught(lambda: _hand_over(read, pipe))
        if provision is None:
            _write(pipe, NOTHING)
        else:
            before()
            telemetry.configure(provision.settings)
            trial, _ = _caught(lambda: _start(provision), provision)
            if trial.outcome in {Outcome.READY, Outcome.AWAY}:
                warn_of_left_unsaid(provision.settings)  # it looks into a folder, too
        said = {"outcome": trial.outcome, "detail": trial.detail, "part": trial.part}
        _write(pipe, json.dumps(said).encode())
    finally:
        sys.stderr.flush()
        os._exit(0)


def _start(provision: Provision) -> None:
    """Begin as a worker does; a store that would take the place of another must prove to be ours."""
    open_app(provision)
    settings, present = provision.settings, held_provision()
    if present is not None and settings.document_store_url != present.settings.document_store_url:
        check_new_store(settings)


def _hand_over(read: Callable[[], Provision], pipe: int) -> Provision:
    """Read, and give the master what was read, as the account that the master has."""
    provision = read()
    _write(pipe, packed(provision))
    return provision


def _write(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]


def _caught(do: Callable[[], _Done], provision: Provision | None = None) -> tuple[Trial, _Done | None]:
    """Return how it went to do that, and what came of it."""
    try:
        done = do()
    except GatewayError as error:
        return _failed(error, provision), None
    except (MemoryError, OSError) as error:
        part = Part.MEMORY if isinstance(error, MemoryError) else ""
        return Trial(Outcome.SHORT, reason_of(error), part), None
    except Exception as error:  # noqa: BLE001  (the master says it, and decides)
        traceback.print_exc()
        return Trial(Outcome.BROKEN, reason_of(error)), None
    return Trial(Outcome.READY), done


def _failed(error: GatewayError, provision: Provision | None) -> Trial:
    """Return how a start went that ended with that."""
    file = None if provision is None else database_file(provision.settings.database_url)
    if file is not None and not os.access(file, os.R_OK):
        return Trial(Outcome.ABSENT, said_of(error), Part.DATABASE)
    if isinstance(error, TemporarilyUnavailableError):
        return Trial(Outcome.AWAY, said_of(error), error.part or "")
    return Trial(Outcome.REFUSED, said_of(error))


def reason_of(error: BaseException) -> str:
    """Return what an error says, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def _read(pipe: int, seconds: float) -> tuple[bytes, bool]:
    """Return what the child said, and whether it closed the pipe in time."""
    end, said = time.monotonic() + seconds, bytearray()
    while (left := end - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left)[0]:
            break
        piece = os.read(pipe, _PIECE_BYTES)
        if not piece:
            return bytes(said), True
        said += piece
    return bytes(said), False
