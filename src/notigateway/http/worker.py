"""The gunicorn worker of the gateway: slow callers wait in its loop, threads see whole requests only.

gunicorn's master starts, watches, reloads and stops it, by the interface that it documents for workers of
others (`gunicorn.workers.base.Worker`). The loop is asyncio's, the parser h11: see decision 0044.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn

from gunicorn.errors import AppImportError
from gunicorn.workers.base import Worker

from notigateway.http.crew import STALL_SECONDS, WAIT_SECONDS, Crew
from notigateway.http.door import Door
from notigateway.http.front import Front, Patience
from notigateway.http.incoming import Bounds
from notigateway.http.side_door import SideDoor
from notigateway.logger import Logger
from notigateway.metering import tracing
from notigateway.metering.meters import meters

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from gunicorn.config import Config
    from gunicorn.glogging import Logger as GunicornLogger

_log = Logger("notigateway.http")
# From the first byte of a request to its last: 10 MiB at 1.4 Mbit/s.
MESSAGE_SECONDS: Final = 60.0
# From the first byte of an answer to its last: 22 MB, the largest one, at 0.6 Mbit/s.
ANSWER_SECONDS: Final = 300.0
# What is read of a body where the application does not say how much it looks at.
BODY_MAX_BYTES: Final = 10 * 1024 * 1024
# Requests that are not complete and answers that are not read, all together, in one worker.
HELD_MAX_BYTES: Final = 128 * 1024 * 1024
_HEARTBEAT_SECONDS: Final = 1.0
# A stopping worker keeps a silent connection that long, for the request its caller may be sending already.
_STOP_IDLE_SECONDS: Final = 2.0
# Half of a request gets that long, then 408: what is whole may take all the time that gunicorn gives.
_STOP_MESSAGE_SECONDS: Final = 2.0
_STOP_REFUSED_SECONDS: Final = 2.5
_STOP_STEP_SECONDS: Final = 0.1
# A worker that cannot begin ends with that, neither of the codes at which gunicorn ends the service.
_FAILED: Final = 5
_FAILED_PAUSE_SECONDS: Final = 1.0


class GatheringWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """Gathers requests, has threads answer them, and waits for nobody in a thread.

    Of gunicorn's settings it follows `threads`, `worker_connections`, `keepalive`, `graceful_timeout`,
    `max_requests` (of operations carried out), and the limits of the request's line and fields.
    """

    alive: bool
    # Where `application.operations` is served; the master's, given after the fork.
    operations_listener: socket.socket | None = None
    message_seconds = MESSAGE_SECONDS
    answer_seconds = ANSWER_SECONDS
    held_max_bytes = HELD_MAX_BYTES
    stall_seconds = STALL_SECONDS

    @classmethod
    def check_config(cls, cfg: Config, log: GunicornLogger) -> None:  # noqa: ARG003  (gunicorn's interface)
        """Refuse to speak TLS. Raises: `RuntimeError`, which gunicorn prints.

        asyncio's TLS tells neither of a handshake under way nor of what is unsent beneath it: neither bound
        would hold.
        """
        if cfg.is_ssl:
            raise RuntimeError("certfile and keyfile are not supported: a proxy in front speaks TLS")

    def init_process(self) -> None:
        """Begin; a worker that cannot ends after a pause, and the master tries another one.

        Only an application that cannot be loaded at all ends the service: gunicorn's `AppImportError`. For
        anything else, as a lack of memory, its own codes would end it just so.
        """
        try:
            super().init_process()
        except AppImportError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, a later worker may not meet it)
            self._fail(error)

    def _fail(self, error: BaseException) -> NoReturn:
        """End, in a line and with a pause: else it would be a tight loop of starts.

        At once: what gunicorn does at a worker's end may lack what this one lacked.
        """
        with suppress(Exception):
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            _log.error("worker_failed", detail=reason)
            sys.stderr.flush()
        time.sleep(_FAILED_PAUSE_SECONDS)
        os._exit(_FAILED)

    def run(self) -> None:
        """Serve until the master wants it to end."""
        threads = ThreadPoolExecutor(self.cfg.threads, thread_name_prefix="answering")
        expect_threads = getattr(self.wsgi, "expect_threads", None)
        if expect_threads is not None:
            expect_threads(self.cfg.threads)
        with self._told_at_the_side():
            try:
                asyncio.run(self._serve(threads))
            finally:
                threads.shutdown(wait=False, cancel_futures=True)
                tracing.end()
        if os.getppid() != self.ppid:
            os._exit(0)  # the master, which would end what hangs, is gone: it would hold the sockets for ever

    @contextmanager
    def _told_at_the_side(self) -> Iterator[None]:
        """Answer at the second address meanwhile, where there is one and the application says something."""
        operations, listener = getattr(self.wsgi, "operations", None), self.operations_listener
        if operations is None or listener is None:
            yield
            return
        side = SideDoor(operations, listener, report=self._report)
        side.start()
        try:
            yield
        finally:
            side.stop()

    def _report(self, error: BaseException) -> None:
        self.log.error("A request crashed", exc_info=error)

    async def _serve(self, threads: ThreadPoolExecutor) -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stopping.set)
        front = self._front(threads, stopping)
        doors = [Door(front, listener.sock) for listener in self.sockets]
        for door in doors:
            door.open()
        remind = getattr(self.wsgi, "remind", None)
        while self.alive and not stopping.is_set() and os.getppid() == self.ppid:
            self.notify()
            with suppress(OSError):
                meters().connections.set(len(front.connections))
                meters().held_bytes.set(front.held_bytes)
            if remind is not None:
                remind()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _HEARTBEAT_SECONDS)
        self.alive = False
        for door in doors:
            door.close()
        await self._finish(front)
        # It ends already: told once more while its loop is closed, asyncio would print that it cannot be.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    async def _finish(self, front: Front) -> None:
        """Answer what is whole, within the time that is given for it.

        The master starts a successor only when this worker is gone: half a request is not waited for.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        front.is_stopping = True
        while front.connections and (waited := loop.time() - began) < self.cfg.graceful_timeout:
            self.notify()
            if waited >= min(_STOP_IDLE_SECONDS, self.cfg.keepalive):
                front.drop_idle()
            if waited >= _STOP_REFUSED_SECONDS:
                front.drop_all_but_answers()
            elif waited >= _STOP_MESSAGE_SECONDS:
                front.refuse_unfinished()
            await asyncio.sleep(_STOP_STEP_SECONDS)
        for connection in list(front.connections):
            connection.drop()

    def _front(self, threads: ThreadPoolExecutor, stopping: asyncio.Event) -> Front:
        body_bytes = getattr(self.wsgi, "request_max_bytes", BODY_MAX_BYTES)

        def done() -> None:
            self.nr += 1
            if self.nr >= self.max_requests:
                stopping.set()

        return Front(
            self.wsgi,
            Crew(
                threads,
                self.cfg.threads,
                stall_seconds=self.stall_seconds,
                wait_seconds=getattr(self.wsgi, "request_seconds", WAIT_SECONDS),
            ),
            bounds=Bounds(
                line_bytes=self.cfg.limit_request_line,
                fields=self.cfg.limit_request_fields,
                field_bytes=self.cfg.limit_request_field_size,
                body_bytes=body_bytes,
                body_bytes_at=getattr(self.wsgi, "request_max_bytes_at", None),
            ),
            patience=Patience(
                message_seconds=self.message_seconds,
                answer_seconds=self.answer_seconds,
                idle_seconds=self.cfg.keepalive,
            ),
            connections_max=self.cfg.worker_connections,
            held_max_bytes=max(self.held_max_bytes, 4 * body_bytes, getattr(self.wsgi, "held_max_bytes", 0)),
            done=done,
            report=self._report,
        )
