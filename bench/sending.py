"""Sends requests over many connections at once, from a process of its own that costs little.

The requests are signed beforehand and the answers only counted: a connection that is answered sends the next
one. One loop over the sockets takes some hundredths of a millisecond a request; its share is reported.
"""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from multiprocessing.connection import Connection

_READ_BYTES: Final = 1 << 20
_PATIENCE_SECONDS: Final = 60.0
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
_OK: Final = b"HTTP/1.1 200 "


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go: an address on this machine, and a path there."""

    address: tuple[str, int]
    path: str

    def framed(self, envelope: bytes) -> bytes:
        """Return the request over HTTP that carries an envelope."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.address[0]}:{self.address[1]}\r\n"
            'Content-Type: text/xml; charset=utf-8\r\nSOAPAction: ""\r\n'
            f"Content-Length: {len(envelope)}\r\n\r\n"
        )
        return head.encode("ascii") + envelope


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it: answers of success and others, and how long each was waited for, in seconds."""

    answered: int
    refused: int
    seconds: float
    waits: tuple[float, ...]
    sender_cpu_seconds: float

    @property
    def rate(self) -> float:
        """Return how many were answered a second."""
        return self.answered / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """Return how long so many of a hundred waited at most, in milliseconds."""
        if len(self.waits) < 2:
            return 1000 * max(self.waits, default=0.0)
        return 1000 * statistics.quantiles(self.waits, n=100, method="inclusive")[percent - 1]


def send_all(target: Target, envelopes: Iterable[bytes], *, connections: int) -> Sent:
    """Send every one of them from another process, over so many connections at once.

    Raises: `SystemExit` where the sender does not end.
    """
    context = get_context("spawn")  # whoever calls may have threads
    receiver, sender = context.Pipe(duplex=False)
    requests = deque(map(target.framed, envelopes))
    process = context.Process(target=_run, args=(target, requests, connections, sender))
    process.start()
    sender.close()
    most = _PATIENCE_SECONDS + len(requests)
    if not receiver.poll(most):
        process.kill()
        raise SystemExit(f"the sender has not ended in {most:.0f} s")
    sent: Sent = receiver.recv()
    process.join(_PATIENCE_SECONDS)
    return sent


def _run(target: Target, requests: deque[bytes], connections: int, sender: Connection) -> None:
    with selectors.DefaultSelector() as selector:
        callers = [_Caller(target.address) for _ in range(min(connections, len(requests)))]
        for caller in callers:
            selector.register(caller.socket, selectors.EVENT_READ, caller)
        cpu, started = time.process_time(), time.perf_counter()
        for caller in callers:
            caller.send(requests.popleft())
        busy = len(callers)
        while busy:
            ready = selector.select(_PATIENCE_SECONDS)
            if not ready:
                break
            for key, _ in ready:
                caller = key.data
                if not caller.has_answer():
                    continue
                if caller.is_gone or not requests:
                    selector.unregister(caller.socket)
                    busy -= 1
                else:
                    caller.send(requests.popleft())
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        sender.send(_summed(callers, unsent=len(requests), seconds=seconds, cpu=cpu))
        for caller in callers:
            caller.socket.close()


def _summed(callers: Sequence[_Caller], *, unsent: int, seconds: float, cpu: float) -> Sent:
    """Add up what came of each connection; what was not sent or answered counts as refused."""
    waits = tuple(wait for caller in callers for wait in caller.waits)
    answered = sum(caller.answered for caller in callers)
    sent = sum(caller.sent for caller in callers)
    return Sent(answered, sent + unsent - answered, seconds, waits, cpu)


class _Caller:
    """One connection, with one request at a time."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, _PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.waits: list[float] = []
        self.sent = self.answered = 0
        self.is_gone = False
        self._head = self._tail = b""
        # What is still to come of the body; None of one in chunks.
        self._left: int | None = 0
        self._since = 0.0

    def send(self, request: bytes) -> None:
        """Send a request; small enough for the socket's buffer, or it is waited for."""
        self._head, self._tail, self._left = b"", b"", 0
        self.sent += 1
        self._since = time.perf_counter()
        try:
            self.socket.sendall(request)
        except OSError:
            self.is_gone = True

    def has_answer(self) -> bool:
        """Read what is there, and tell whether the answer is whole or will never be."""
        try:
            got = self.socket.recv(_READ_BYTES)
        except OSError:
            got = b""
        if not got:
            self.is_gone = True
            return True
        if not self._is_whole(got):
            return False
        self.waits.append(time.perf_counter() - self._since)
        self.answered += self._head.startswith(_OK)
        self.is_gone = self.is_gone or b"\r\nconnection: close" in self._head[:2_000].lower()
        return True

    def _is_whole(self, got: bytes) -> bool:
        """Tell whether the answer ends with what was read."""
        if self._left == 0:
            self._head += got
            head, end, got = self._head.partition(b"\r\n\r\n")
            if not end:
                return False
            self._left = _length_of(head)
        if self._left is None:
            self._tail = (self._tail + got)[-len(_LAST_CHUNK) :]
            return self._tail == _LAST_CHUNK
        self._left -= len(got)
        return self._left <= 0


def _length_of(head: bytes) -> int | None:
    """Return how long the body is that an answer announces; None for one in chunks."""
    _, _, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.split(b"\r\n", 1)[0]) if after else None
