"""Where connections come in: one at a time, and only while there is room for one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from notigateway.http.connection import Connection

if TYPE_CHECKING:
    import socket

    from notigateway.http.front import Front

# How long the next newcomer is left to the system's queue where there is no room, or no descriptor.
_PAUSE_SECONDS: Final = 0.02


class Door:
    """Accepts at one listening socket.

    asyncio's own server accepts whatever comes, up to a hundred at once, and would have to reset those for
    whom there is no room. Here they wait in the system's queue until somebody goes, or a thread comes free.
    """

    def __init__(self, front: Front, listener: socket.socket) -> None:
        self._front = front
        self._listener = listener
        self._is_open = True
        self._entering: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Accept from now on."""
        if self._is_open:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def close(self) -> None:
        """Accept nobody any more."""
        self._is_open = False
        asyncio.get_running_loop().remove_reader(self._listener)

    async def all_in(self) -> None:
        """Wait until whoever was accepted is there."""
        await asyncio.gather(*self._entering, return_exceptions=True)

    def _accept(self) -> None:
        if not self._front.crew.has_room:  # another worker takes them
            asyncio.get_running_loop().remove_reader(self._listener)
            self._front.crew.when_free(self.open)
            return
        if not self._front.has_room():
            self._pause()
            return
        try:
            accepted, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker was quicker, or the caller is gone
        except OSError as error:
            self._front.report(error)
            self._pause()
            return
        accepted.setblocking(False)  # noqa: FBT003  (it has no name)
        connection = Connection(self._front)
        self._front.enter(connection)  # counted from here on
        entering = asyncio.get_running_loop().create_task(self._connect(connection, accepted))
        self._entering.add(entering)
        entering.add_done_callback(self._entering.discard)

    async def _connect(self, connection: Connection, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, accepted)
        except OSError:  # the caller is gone
            self._front.leave(connection)

    def _pause(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        loop.call_later(_PAUSE_SECONDS, self.open)
