"""Answers at an address of its own: the second one of a worker, whatever keeps its other threads busy.

A loop of its own, in a thread of its own, with bounds of its own: who is slow or hostile there disturbs
nobody at the public door, and a gateway all of whose threads hang still tells how it is.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import TYPE_CHECKING, Final

from notigateway.http.crew import Crew
from notigateway.http.door import Door
from notigateway.http.front import Front, Patience
from notigateway.http.incoming import Bounds

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

# A question has no body, and fits in a line.
_BOUNDS: Final = Bounds(line_bytes=2048, fields=50, field_bytes=4096, body_bytes=0)
_PATIENCE: Final = Patience(message_seconds=5.0, answer_seconds=30.0, idle_seconds=15.0)
_CONNECTIONS: Final = 32
_HELD_MAX_BYTES: Final = 8 * 1024 * 1024
# Whether the process lives is told while another answer waits for the database.
_THREADS: Final = 4
# What is under way when the process is to end: longer than an answer waits for a database that hangs.
_STOP_SECONDS: Final = 3.0
# Whoever has come in sends its question at once.
_SILENT_SECONDS: Final = 0.2
_STEP_SECONDS: Final = 0.02


class SideDoor:
    """Serves an application at a listening socket, from `start` to `stop`."""

    def __init__(
        self,
        application: WSGIApplication,
        listener: socket.socket,
        *,
        report: Callable[[BaseException], None],
        bounds: Bounds = _BOUNDS,
        connections_max: int = _CONNECTIONS,
    ) -> None:
        """Serve the application; `report` hears of each defect."""
        self._bounds = bounds
        self._connections_max = connections_max
        self._application = application
        self._listener = listener
        self._report = report
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = Thread(target=self._run, name="operations", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Let nobody in any more, and answer those who are in, within some seconds."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(2 * _STOP_SECONDS)

    def _run(self) -> None:
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="operations")
        try:
            self._loop.run_until_complete(self._serve(threads))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            self._loop.close()

    async def _serve(self, threads: ThreadPoolExecutor) -> None:
        front = Front(
            self._application,
            Crew(threads, _THREADS),
            bounds=self._bounds,
            patience=_PATIENCE,
            connections_max=self._connections_max,
            held_max_bytes=_HELD_MAX_BYTES,
            done=lambda: None,
            report=self._report,
        )
        door = Door(front, self._listener)
        door.open()
        await self._stopping.wait()
        door.close()
        await door.all_in()
        await self._finish(front)

    async def _finish(self, front: Front) -> None:
        front.is_stopping = True
        began = self._loop.time()
        while front.connections and (waited := self._loop.time() - began) < _STOP_SECONDS:
            if waited >= _SILENT_SECONDS:
                front.drop_all_but_answers()
            await asyncio.sleep(_STEP_SECONDS)
        for connection in list(front.connections):
            connection.drop()
        await asyncio.sleep(0)  # they end in the next turn
