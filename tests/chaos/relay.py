"""A TCP relay on 127.0.0.1 that passes, refuses, hangs or cuts: what stands behind it goes away at a word.

Nothing behind it is touched, so what comes back afterwards is what was there before.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

Target = tuple[str, int] | str
_PIECE_BYTES: Final = 65_536


class Relay:
    """Listens for one context; `target` is an address, or the path of a Unix socket."""

    def __init__(self, target: Target | Path) -> None:
        """Listen on a free port, which stays ours also while connections are refused."""
        self._target: Target = target if isinstance(target, (tuple, str)) else str(target)
        self._kept = _socket(0)  # bound and never listening: who asks while nobody listens is refused
        self.port: int = self._kept.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._flowing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None

    def __enter__(self) -> Self:
        """Pass everything on."""
        self._thread.start()
        self.passes()
        return self

    def __exit__(self, *_: object) -> None:
        """End every connection, and the thread."""
        self._do(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()
        self._kept.close()

    def passes(self) -> None:
        """Pass everything on: also what waited while it hung."""
        self._do(self._listen())

    def leads_to(self, target: Target) -> Target:
        """Lead new connections somewhere else, cut those that stand, and return where they led before."""
        before, self._target = self._target, target
        self.cuts()
        return before

    def refuses(self) -> None:
        """Cut what stands, and refuse every new connection."""
        self._do(self._refuse())

    def hangs(self) -> None:
        """Take connections and bytes, and pass nothing on."""
        self._do(self._hang())

    def cuts(self) -> None:
        """Reset every connection that stands; new ones pass."""
        self._do(self._cut())

    # --- in the loop's thread

    def _do(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    async def _listen(self) -> None:
        self._flowing.set()
        if self._listener is None:
            self._listener = _socket(self.port)
            self._listener.listen(128)
            self._listener.setblocking(False)
            self._loop.add_reader(self._listener, self._take, self._listener)

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        await self._cut()

    async def _hang(self) -> None:
        await self._listen()
        self._flowing.clear()

    async def _cut(self) -> None:
        ending = set(self._tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _take(self, listener: socket.socket) -> None:
        """Take a connection; whatever happens to it, it is closed with its task, also before that begins."""
        with suppress(BlockingIOError):
            taken, _ = listener.accept()
            task = self._loop.create_task(self._serve(taken))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _: taken.close())

    async def _serve(self, taken: socket.socket) -> None:
        with suppress(OSError):  # its end is what the caller sees
            await self._flowing.wait()
            behind_reader, behind_writer = await self._connect()
            try:
                reader, writer = await asyncio.open_connection(sock=taken)
                try:
                    await asyncio.gather(self._pass(reader, behind_writer), self._pass(behind_reader, writer))
                finally:
                    writer.transport.abort()
            finally:
                behind_writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, str):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(*self._target)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on in one direction until that side ends; then the other direction may still go on."""
        while piece := await reader.read(_PIECE_BYTES):
            await self._flowing.wait()
            writer.write(piece)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()


def _socket(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made
