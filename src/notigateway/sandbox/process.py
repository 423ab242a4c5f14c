"""A sandbox in a process of its own: started, awaited, stopped; every wait is bounded."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from notigateway.errors import ConfigurationError
from notigateway.sandbox.holders import Pki

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 30.0
_READY: Final = b"READY "
_LOG_TAIL_CHARS: Final = 2000


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers; `ready` is what it announced."""

    url: str
    pki: Pki
    ready: dict[str, Any]
    process: subprocess.Popen[bytes]


@contextmanager
def running(directory: Path, *options: str, start_seconds: float = START_SECONDS) -> Iterator[Running]:
    """Run `notigateway sandbox` in that folder for the length of the context; logs go to server.log.

    Raises: `ConfigurationError` with the end of its log when it does not start in time, or does not
    end with 0 when it is asked to stop.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot use {error.filename or directory}: {error.strerror}") from error
    log = directory / "server.log"
    with log.open("ab") as target:
        process = _start([str(directory), *options], target)
    try:
        ready = _await_ready(process, log, start_seconds)
        yield Running(ready["url"], Pki(directory.absolute() / "pki"), ready, process)
        _stop(process, log)
    finally:
        _end(process)


def _start(arguments: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "notigateway.cli.main", "sandbox", *arguments]
    # Its own group: an interrupt of the terminal reaches us, and we stop it in order.
    return subprocess.Popen(  # noqa: S603  (our own program)
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
    )


def _await_ready(process: subprocess.Popen[bytes], log: Path, seconds: float) -> dict[str, Any]:
    """Read standard output until the line is complete, the process ends or the time is over."""
    assert process.stdout is not None  # noqa: S101  (it is a pipe, see above)
    descriptor, line, end = process.stdout.fileno(), b"", time.monotonic() + seconds
    while not line.endswith(b"\n"):
        left = end - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise ConfigurationError(f"the sandbox did not start in {seconds:.0f} seconds{_tail(log)}")
        piece = os.read(descriptor, 65536)
        if not piece:
            raise ConfigurationError(f"the sandbox did not start{_tail(log)}")
        line += piece
    ready: dict[str, Any] = json.loads(line.removeprefix(_READY))
    return ready


def _stop(process: subprocess.Popen[bytes], log: Path) -> None:
    process.terminate()
    try:
        code = process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"the sandbox did not stop in {_STOP_SECONDS:.0f} seconds") from None
    if code != 0:
        raise ConfigurationError(f"the sandbox ended with {code}{_tail(log)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no process behind, whatever happened."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _tail(log: Path) -> str:
    text = log.read_text("utf-8", errors="replace")[-_LOG_TAIL_CHARS:].strip()
    return f"; its log ends with:\n{text}" if text else ""
