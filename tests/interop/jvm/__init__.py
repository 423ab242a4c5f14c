"""One JVM for all clients in Java: each is run in turn, in a class loader of its own."""

from __future__ import annotations

import select
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOURCE = Path(__file__).parent / "OneJvm.java"
# Short runs: the fast compiler alone is sooner done. The JVM compiles the one source file itself.
_COMMAND = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", str(_SOURCE))


class OneJvm:
    """A process that runs the programs of jars one after the other; see `OneJvm.java`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, jar: Path, arguments: Sequence[str], *, seconds: float) -> subprocess.CompletedProcess[str]:
        """Run a program to its end. Raises: `subprocess.TimeoutExpired`; the JVM is gone then."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        words = [str(jar), *arguments]
        process.stdin.write("\t".join(words).encode() + b"\n")
        process.stdin.flush()
        answer = _Answer(process.stdout, time.monotonic() + seconds)
        try:
            code, *lengths = (int(word) for word in answer.line().split())
            out, err = (answer.take(length).decode() for length in lengths)
        except TimeoutError:
            self.close()
            raise subprocess.TimeoutExpired(words, seconds) from None
        return subprocess.CompletedProcess(words, code, out, err)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        return self._process


class _Answer:
    """What the JVM writes, until a moment."""

    def __init__(self, stream: IO[bytes], end: float) -> None:
        self._stream = stream
        self._end = end
        self._held = b""

    def line(self) -> bytes:
        while b"\n" not in self._held:
            self._read()
        line, _, self._held = self._held.partition(b"\n")
        return line

    def take(self, length: int) -> bytes:
        while len(self._held) < length:
            self._read()
        taken, self._held = self._held[:length], self._held[length:]
        return taken

    def _read(self) -> None:
        """Raises: `TimeoutError`; `EOFError` where the JVM has ended."""
        if not select.select([self._stream], [], [], max(0.0, self._end - time.monotonic()))[0]:
            raise TimeoutError
        piece = self._stream.read(65536)
        if not piece:
            raise EOFError("the JVM has ended")
        self._held += piece


@cache
def one_jvm() -> OneJvm:
    """Return the one of this test run; `conftest` ends it."""
    return OneJvm()
