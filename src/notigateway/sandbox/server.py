"""Starts a sandbox in a folder: certificates, settings, schema, acts, then gunicorn.

    pki/  issuers/              keys and certificates, and whose certificates are admitted
    revocation/                 the list of the revoked ones
    trust/                      what `notigateway-verify --trust` takes: seals, time-stamp authority, issuers
    notigateway.toml            the settings, written anew at each start but for what is said of the log
    notigateway.db  documents/  the data; a folder that has them is served as it is
    seeds.json                  how the data were made
    token.txt                   what who administers it must send, where more than this machine reaches it

Standard output carries one line, `READY {json}`, once requests are answered; logs go to standard error.
"""

from __future__ import annotations

import os
import secrets
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

from gunicorn.app.base import BaseApplication

from notigateway.errors import ConfigurationError
from notigateway.metering import tracing
from notigateway.metering.meters import join, share
from notigateway.sandbox.admin.application import admin_application
from notigateway.sandbox.announcing import describe
from notigateway.sandbox.authority import TimestampAuthority, stamping_by
from notigateway.sandbox.cache import Cache
from notigateway.sandbox.filling import fill
from notigateway.sandbox.folder import Kept, Plan, kept_file, plan_file
from notigateway.sandbox.holders import Pki, ensure_pki
from notigateway.sandbox.holding import Holding
from notigateway.sandbox.jobs import Every
from notigateway.sandbox.listening import LOOPBACK, address_of, listen, token_for
from notigateway.sandbox.place import Site
from notigateway.sandbox.replacing import recover
from notigateway.sandbox.settings_file import write_settings
from notigateway.sandbox.worlds import Worlds

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from wsgiref.types import WSGIApplication

    from notigateway.sandbox.place import Build
    from notigateway.settings import Settings

_PATH: Final = "/notigateway/v1"
_GRACEFUL_SECONDS: Final = 20
_TIMEOUT_SECONDS: Final = 60
_KEEPALIVE_SECONDS: Final = 15
_THREADS: Final = 4
# One process serves all worlds: half of them may be delayed by faults, a quarter wait for the journal.
_THREADS_ALONE: Final = 128
_ENDING: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A folder that is ready to be served."""

    directory: Path
    pki: Pki
    settings: Settings
    listener: socket.socket
    authority_listener: socket.socket
    listens: str
    holding: Holding
    # What who administers it must send, where it listens beyond this machine.
    token: str | None = None

    @property
    def url(self) -> str:
        """Return the address of the service."""
        return str(self.settings.public_url)


def prepare(
    directory: Path,
    *,
    plan: Plan,
    port: int,
    now: datetime,
    address: str = LOOPBACK,
    database_url: str | None = None,
    public_url: str | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Sandbox:
    """Make what the folder lacks and take the port (0: a free one); nothing is served yet.

    `public_url` is where clients find it when something stands before it; it is its own address otherwise.
    Whoever administers it from elsewhere than this machine sends its token. `meanwhile` is done while the
    data are made.

    Raises: `ConfigurationError` when the port is taken, the folder cannot be used or another sandbox serves
    it, or the environment would lead the sandbox away from its own data.
    """
    directory = directory.absolute()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        holding = Holding.of(directory)
        with ExitStack() as undoing:
            undoing.callback(holding.release)
            recover(directory)
            pki = ensure_pki(directory / "pki", now, Cache.of(os.environ))
            listener, stamping = listen(address, port), listen(LOOPBACK, 0)
            listens = address_of(listener)
            token = token_for(directory, address)
            urls = public_url or listens + _PATH, address_of(stamping) + "/"
            settings = write_settings(directory, pki, urls, listens=listens, database_url=database_url)
            plan = Plan.kept(plan_file(directory), plan)
            at = Kept.read(kept_file(directory)).setting.at(now)
            with _filling_apart(settings, plan, at):
                if meanwhile is not None:
                    meanwhile()
            holding.tell(listens)
            undoing.pop_all()
    except OSError as error:
        raise ConfigurationError(f"cannot use {error.filename or directory}: {error.strerror}") from error
    return Sandbox(directory, pki, settings, listener, stamping, listens, holding, token)


def serve(
    sandbox: Sandbox,
    *,
    build: Build,
    announce: Callable[[dict[str, Any]], None],
    workers: int = 1,
    every: Every | None = None,
) -> None:
    """Serve until SIGTERM (finish what has begun, then exit 0) or SIGINT.

    `build` runs in each worker after it was forked: locks, pools and threads are never inherited.
    `announce` gets what there is to say, in the first worker that answers. Each worker does what
    is due, `every` so many seconds.
    """
    share()
    tracing.check(os.environ)
    _Server(sandbox, build=build, announce=announce, workers=workers, every=every or Every()).run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured here and nowhere else: no file, no environment, no arguments."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        build: Build,
        announce: Callable[[dict[str, Any]], None],
        workers: int,
        every: Every,
    ) -> None:
        self._sandbox = sandbox
        self._build = build
        self._announce = announce
        self._workers = workers
        self._every = every
        self._bind = f"fd://{sandbox.listener.detach()}"  # once: SIGHUP has the settings set again
        self._ends: list[Callable[[], None]] = []
        self._secret = secrets.token_bytes(32)  # before workers are forked: they share it
        # One byte in a pipe: whichever worker takes it announces, its successors find it empty.
        self._turn, give = os.pipe()
        os.set_blocking(self._turn, False)
        os.write(give, b"!")
        os.close(give)
        super().__init__()

    def load_config(self) -> None:
        """Set what is ours; the rest are gunicorn's defaults."""
        options: dict[str, Any] = {
            "bind": self._bind,
            "worker_class": "notigateway.http.worker.GatheringWorker",
            "workers": self._workers,
            "threads": _THREADS if self._workers > 1 else _THREADS_ALONE,
            "timeout": _TIMEOUT_SECONDS,
            "graceful_timeout": _GRACEFUL_SECONDS,
            "keepalive": _KEEPALIVE_SECONDS,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._answering,
            "worker_exit": self._ending,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Build the application, in the worker; beside it what only a sandbox answers."""
        sandbox = self._sandbox
        with suppress(ConfigurationError):  # it counts for itself then
            join()
        tracing.begin(os.environ)
        if self._workers == 1:
            # One before may have been killed in the middle of it; several replace nothing.
            self._serving = Holding.awaited(sandbox.directory)
            recover(sandbox.directory)
        site = Site(
            directory=sandbox.directory,
            listens=sandbox.listens,
            authority_url=f"{address_of(sandbox.authority_listener)}/",
            build=self._build,
            every=self._every,
            is_alone=self._workers == 1,
            token=sandbox.token,
            secret=self._secret,
        )
        worlds = Worlds(site, sandbox.settings, admin_application)
        authority = TimestampAuthority(sandbox.authority_listener, stamping_by(worlds.stamper))
        authority.start()
        self._is_first = self._takes_turn()
        # who comes after the only one that has died pushes too
        worlds.open(is_first=self._is_first or self._workers == 1)
        self._ends += [authority.stop, worlds.close]
        return worlds

    def _takes_turn(self) -> bool:
        try:
            return bool(os.read(self._turn, 1))
        except BlockingIOError:
            return False

    def _answering(self, _worker: object) -> None:
        if self._is_first:
            self._announce(describe(self._sandbox, os.getppid()))

    def _ending(self, _server: object, _worker: object) -> None:
        # The last one first: who asks for time-stamps ends before who gives them.
        for end in reversed(self._ends):
            end()


@contextmanager
def _filling_apart(settings: Settings, plan: Plan, now: datetime) -> Iterator[None]:
    """Make the data, and learn who is revoked, in a process of its own; at the end that is done.

    obstore starts threads in the first process that stores a document; workers that are forked from
    it afterwards would wait for threads that they do not have.
    """
    with ExitStack() as ending:
        with _undisturbed():
            pool = ProcessPoolExecutor(1, get_context("fork"), initializer=_let_end)
            ending.enter_context(pool)
            filled = pool.submit(fill, settings, plan, now=now)
        yield
        filled.result()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Have nobody end this process before this has ended.

    While Python forks, what the handler of a signal raises is lost, or a child is waited for in vain.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _let_end() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
