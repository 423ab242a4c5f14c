"""Answers at the second address of a worker, whatever keeps its other threads busy.

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
_STOP_SECONDS: Final = 1.0


class SideDoor:
    """Serves an application at a listening socket, from `start` to `stop`."""

    def __init__(
        self,
        application: WSGIApplication,
        listener: socket.socket,
        *,
        report: Callable[[BaseException], None],
    ) -> None:
        """Serve the application; `report` hears of each defect."""
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
        """Answer nobody any more; what is under way is not waited for."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_SECONDS)

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
            bounds=_BOUNDS,
            patience=_PATIENCE,
            connections_max=_CONNECTIONS,
            held_max_bytes=_HELD_MAX_BYTES,
            done=lambda: None,
            report=self._report,
        )
        door = Door(front, self._listener)
        door.open()
        await self._stopping.wait()
        door.close()
        for connection in list(front.connections):
            connection.drop()
