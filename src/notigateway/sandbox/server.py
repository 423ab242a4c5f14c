"""Starts a sandbox in a folder: certificates, settings, schema, acts, then gunicorn on 127.0.0.1.

    pki/  issuers/              keys and certificates, and whose certificates are admitted
    revocation/                 the list of the revoked ones
    trust/                      what `notigateway-verify --trust` takes: seals, time-stamp authority, issuers
    notigateway.toml            the settings, written anew at each start but for what is said of the log
    notigateway.db  documents/  the data; a folder that has them is served as it is
    seeds.json                  how the data were made

Standard output carries one line, `READY {json}`, once requests are answered; logs go to standard error.
"""

from __future__ import annotations

import json
import os
import socket
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from gunicorn.app.base import BaseApplication

from notigateway.errors import ConfigurationError
from notigateway.metering import tracing
from notigateway.metering.meters import join, share
from notigateway.sandbox.admin.application import admin_application
from notigateway.sandbox.authority import TimestampAuthority
from notigateway.sandbox.explain_page import PATH as EXPLAINING_PATH
from notigateway.sandbox.folder import Kept, Plan, kept_file, plan_file
from notigateway.sandbox.holders import Pki, ensure_pki
from notigateway.sandbox.holding import Holding
from notigateway.sandbox.jobs import Every
from notigateway.sandbox.settings_file import settings_file, write_settings
from notigateway.sandbox.worlds import Site, Worlds, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from wsgiref.types import WSGIApplication

    from notigateway.sandbox.world import Build
    from notigateway.settings import Settings

HOST: Final = "127.0.0.1"
_PATH: Final = "/notigateway/v1"
_GRACEFUL_SECONDS: Final = 20
_TIMEOUT_SECONDS: Final = 60
_KEEPALIVE_SECONDS: Final = 15
_THREADS: Final = 4
# One process serves all worlds, and some of who asks it wait for something.
_THREADS_ALONE: Final = 16


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
    database_url: str | None = None,
    public_url: str | None = None,
) -> Sandbox:
    """Make what the folder lacks and take the port (0: a free one); nothing is served yet.

    `public_url` is where clients find it when something stands before it; it is its own address otherwise.

    Raises: `ConfigurationError` when the port is taken, the folder cannot be used or another sandbox serves
    it, or the environment would lead the sandbox away from its own data.
    """
    directory = directory.absolute()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        holding = Holding.of(directory)
        with ExitStack() as undoing:
            undoing.callback(holding.release)
            pki = ensure_pki(directory / "pki", now)
            listener = _listen(port)
            stamping = _listen(0)
            urls = public_url or _address(listener) + _PATH, _address(stamping) + "/"
            settings = write_settings(
                directory, pki, urls, listens=_address(listener), database_url=database_url
            )
            plan = Plan.kept(plan_file(directory), plan)
            _fill_apart(settings, plan, Kept.read(kept_file(directory)).setting.at(now))
            holding.tell(_address(listener))
            undoing.pop_all()
    except OSError as error:
        raise ConfigurationError(f"cannot use {error.filename or directory}: {error.strerror}") from error
    return Sandbox(directory, pki, settings, listener, stamping, _address(listener), holding)


def serve(
    sandbox: Sandbox,
    *,
    build: Build,
    announce: Callable[[str], None],
    workers: int = 1,
    every: Every | None = None,
) -> None:
    """Serve until SIGTERM (finish what has begun, then exit 0) or SIGINT.

    `build` runs in each worker after it was forked: locks, pools and threads are never inherited.
    `announce` gets the READY line, from the first worker that answers. Each worker does what
    is due, `every` so many seconds.
    """
    share()
    tracing.check(os.environ)
    _Server(sandbox, build=build, announce=announce, workers=workers, every=every or Every()).run()


def describe(sandbox: Sandbox, pid: int) -> str:
    """Return the line `READY {json}`: address, certificates with their keys, settings, process."""
    pki = sandbox.pki
    ready = {
        "url": sandbox.url,
        "listens": sandbox.listens,
        "wsdl": f"{sandbox.url}?wsdl",
        "explain": urljoin(sandbox.url, EXPLAINING_PATH),
        "wscn": urljoin(sandbox.url, "/INFRWSCN/WSCNService"),
        "wscn_test": urljoin(sandbox.url, "/INFRWSCN_Pruebas/WSCNPruebasService"),
        "certificates": {
            "service": str(pki.certificate("service")),
            "seal": str(pki.certificate("seal")),
            "root": str(pki.certificate("root")),
            "issuers": str(pki.issuers),
            "passphrase": str(pki.passphrase),
            "holders": {
                name: {part: str(file) for part, file in asdict(holder).items()}
                for name, holder in pki.holders().items()
            },
        },
        "trust": str(pki.trust),
        "settings": str(settings_file(sandbox.directory)),
        "pid": pid,
    }
    return f"READY {json.dumps(ready, ensure_ascii=False)}"


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured here and nowhere else: no file, no environment, no arguments."""

    def __init__(
        self, sandbox: Sandbox, *, build: Build, announce: Callable[[str], None], workers: int, every: Every
    ) -> None:
        self._sandbox = sandbox
        self._build = build
        self._announce = announce
        self._workers = workers
        self._every = every
        self._bind = f"fd://{sandbox.listener.detach()}"  # once: SIGHUP has the settings set again
        self._ends: list[Callable[[], None]] = []
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
        site = Site(
            directory=sandbox.directory,
            listens=sandbox.listens,
            authority_url=f"{_address(sandbox.authority_listener)}/",
            build=self._build,
            every=self._every,
            is_alone=self._workers == 1,
            token=sandbox.token,
        )
        worlds = Worlds(site, sandbox.settings, admin_application)
        authority = TimestampAuthority(sandbox.authority_listener, worlds.stamper)
        authority.start()
        self._is_first = self._takes_turn()
        worlds.open(is_first=self._is_first)
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


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise ConfigurationError(f"cannot take port {port} of {HOST}: {error.strerror}") from error


def _address(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def _fill_apart(settings: Settings, plan: Plan, now: datetime) -> None:
    """Make the data, and learn who is revoked, in a process of its own.

    obstore starts threads in the first process that stores a document; workers that are forked from
    it afterwards would wait for threads that they do not have.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        pool.submit(fill, settings, plan, now=now).result()
