"""All worlds of a sandbox: made, found by their paths and certificates, reset, taken away."""

from __future__ import annotations

import io
import random
import re
import secrets
import shutil
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from notigateway.drawing import unsafe_drawn_from
from notigateway.sandbox.clock import Setting, machine_time
from notigateway.sandbox.folder import DATA, Kept, Plan, kept_file, plan_file, remove
from notigateway.sandbox.holders import Pki, ensure_pki, renew_holders
from notigateway.sandbox.jobs import refresh_once
from notigateway.sandbox.occupancy import OccupiedError
from notigateway.sandbox.peeking import peek
from notigateway.sandbox.refusals import (
    BusyError,
    InvalidError,
    NotHereError,
    UnknownError,
    WorldExistsError,
)
from notigateway.sandbox.seeds import sow
from notigateway.sandbox.settings_file import write_settings
from notigateway.sandbox.world import Place, World, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from notigateway.sandbox.authority import Stamper
    from notigateway.sandbox.jobs import Every
    from notigateway.sandbox.world import Build
    from notigateway.settings import Settings

WORLDS_MAX: Final = 64
SNAPSHOT_MAX_BYTES: Final = 256 * 1024 * 1024
# What a form has around the archive that it sends.
_FORM_BYTES: Final = 64 * 1024
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PREFIX: Final = "/w/"
_ADMIN: Final = "/_sandbox"
_BUSY: Final = b"the world is being made anew: try again in a moment\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the worlds of a sandbox share: where they lie and stand, and who may administer them.

    `is_alone` says that one process serves them; where several do, the one at the root is all there is.
    """

    directory: Path
    listens: str
    authority_url: str
    build: Build
    every: Every
    is_alone: bool = True
    token: str | None = None
    # What the pages mark their forms with: the same in every process that answers.
    secret: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)


class Worlds:
    """A WSGI application of all worlds; the one at the root was prepared before. Safe between threads."""

    def __init__(self, site: Site, settings: Settings, admin: Callable[[Worlds], WSGIApplication]) -> None:
        """Find the worlds that there are; `admin` makes the application of the sandbox's own addresses."""
        self.site = site
        self.origin = origin_of(str(settings.public_url))
        self._lock = threading.RLock()
        place = Place(name="", path="", served_at="", origin=self.origin)
        plan = Plan.kept(plan_file(site.directory), Plan(notifications=0, seed=0))
        self.default = World(place, site.directory, settings, plan=plan, build=site.build, every=site.every)
        self._named: dict[str, World] = {}
        self._admin = admin(self)

    # --- what the server asks an application

    @property
    def request_max_bytes(self) -> int:
        """Return what is read of a body: a snapshot may be larger than any request."""
        return max(self.default.app.request_max_bytes, SNAPSHOT_MAX_BYTES + _FORM_BYTES)

    @property
    def request_seconds(self) -> float:
        """Return how long a request may wait for a thread."""
        return self.default.app.request_seconds

    def expect_threads(self, count: int) -> None:
        """Take note of how many threads there are."""
        self.default.app.expect_threads(count)

    def remind(self) -> None:
        """Do what the worker's loop does all the time."""
        self.default.app.remind()

    def open(self, *, is_first: bool) -> None:
        """Begin to serve. Raises: `ConfigurationError`."""
        self.default.open(is_first=is_first)
        folder = self.site.directory / "worlds"
        if self.site.is_alone and folder.is_dir():
            for one in sorted(folder.iterdir()):
                if _NAME.fullmatch(one.name) and plan_file(one).is_file():
                    self._named[one.name] = self._prepared(one.name, Plan.kept(plan_file(one), _NOTHING))
                    self._named[one.name].open()

    def close(self) -> None:
        """End what goes on by itself."""
        for world in self.all():
            world.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = str(environ.get("PATH_INFO", ""))
        world, within = self._at(path)
        if world is None:
            start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
            return []
        if within == _ADMIN or within.startswith(f"{_ADMIN}/"):
            environ["notigateway.sandbox.world"] = world
            own = {"SCRIPT_NAME": world.place.path + _ADMIN, "PATH_INFO": within[len(_ADMIN) :]}
            return self._admin({**environ, **own}, start_response)
        if within in {"", "/"} and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            target = f"{world.place.path}{_ADMIN}/"
            start_response("303 See Other", [("Location", target), ("Content-Length", "0")])
            return []
        if world is self.default:
            world = self._by_certificate(environ)
        if world.place.path and not world.place.served_at:
            environ["PATH_INFO"] = within
        try:
            return world.answer(environ, start_response)
        except OccupiedError:
            headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(_BUSY)))]
            start_response("503 Service Unavailable", [*headers, ("Retry-After", "1")])
            return [_BUSY]

    def _at(self, path: str) -> tuple[World | None, str]:
        """Return the world at a path and what follows its own."""
        if not path.startswith(_PREFIX):
            return self.default, path
        name, slash, rest = path[len(_PREFIX) :].partition("/")
        return self._named.get(name), slash + rest

    def _by_certificate(self, environ: WSGIEnvironment) -> World:
        """Return the world that knows the certificate of a message to the root's addresses."""
        known = [one for one in self._named.values() if one.plan.own_holders]
        if not known or environ["REQUEST_METHOD"] != "POST":
            return self.default
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        certificate = peek(body).certificate
        return next((one for one in known if certificate and one.knows(certificate)), self.default)

    def stamper(self, path: str) -> Stamper | None:
        """Return whose time-stamps are asked for at a path of the authority's."""
        name = path.strip("/")
        world = self._named.get(name) if name else self.default
        return None if world is None else world.stamper

    # --- administered

    def all(self) -> list[World]:
        """Return all worlds, the one at the root first."""
        return [self.default, *self._named.values()]

    def find(self, name: str) -> World:
        """Return the world of that name. Raises: `UnknownError`."""
        found = next((one for one in self.all() if one.name == name), None)
        if found is None:
            raise UnknownError("there is no world of that name")
        return found

    def make(self, name: str | None, plan: Plan, *, frozen_at: datetime | None = None) -> World:
        """Make a world, and serve it.

        Raises: `InvalidError`, `WorldExistsError`, `NotHereError`, `ConfigurationError`.
        """
        self.check_alone()
        with self._lock:
            name = name or self._free_name()
            if not _NAME.fullmatch(name) or name == "default":
                raise InvalidError("name: lower-case letters, digits and hyphens, at most 63; not default")
            if name in self._named:
                raise WorldExistsError("there is a world of that name")
            if len(self._named) >= WORLDS_MAX:
                raise NotHereError(f"there are {WORLDS_MAX} worlds already: delete one")
            folder = self._folder(name)
            shutil.rmtree(folder, ignore_errors=True)
            with ExitStack() as undoing:
                undoing.callback(shutil.rmtree, folder, ignore_errors=True)
                folder.mkdir(mode=0o700, parents=True)
                if frozen_at is not None:
                    Kept(setting=Setting(frozen_at=frozen_at)).keep(kept_file(folder))
                world = self._prepared(name, plan)
                world.open()
                undoing.pop_all()
            self._named[name] = world
            return world

    def delete(self, name: str) -> None:
        """Take a world away. Raises: `UnknownError`, `BusyError`; `NotHereError` for the one at the root."""
        world = self.find(name)
        if world is self.default:
            raise NotHereError("the world at the root stays: reset it")
        with self._lock, alone(world):
            world.close()
            self._named.pop(name, None)
            shutil.rmtree(world.folder, ignore_errors=True)

    def reset(self, world: World, plan: Plan, *, setting: Setting | None = None) -> None:
        """Make what is in a world anew; the clock stays as it is set, or goes by another setting.

        Raises: `BusyError`, `NotHereError`, `ConfigurationError`.
        """
        self.check_alone()
        if world.is_of_a_server:
            raise NotHereError("the data of this world lie in a database of their own server")
        with alone(world), world.turn:
            world.close()
            remove(world.folder, DATA)
            Kept(setting=setting or world.clock.setting).keep(kept_file(world.folder))
            plan = replace(plan, own_holders=world.plan.own_holders)
            plan.keep(plan_file(world.folder))
            self.refill(world, plan)

    def refill(self, world: World, plan: Plan) -> None:
        """Complete what lies in the folder of a world that is closed, and serve that."""
        clock = Kept.read(kept_file(world.folder)).setting
        settings = self._settings(world.place, world.folder)
        fill(settings, plan, now=clock.at(machine_time()))
        world.reopen(settings, plan)

    def check_alone(self) -> None:
        """Check that one process serves all. Raises: `NotHereError`."""
        if not self.site.is_alone:
            raise NotHereError("with several workers there is one world, as it is: start with --workers 1")

    def _free_name(self) -> str:
        while True:
            name = f"world-{secrets.token_hex(4)}"
            if name not in self._named:
                return name

    def _folder(self, name: str) -> Path:
        return self.site.directory / "worlds" / name

    def _place(self, name: str, plan: Plan) -> Place:
        path = _PREFIX + name
        return Place(name=name, path=path, served_at="" if plan.own_holders else path, origin=self.origin)

    def _prepared(self, name: str, plan: Plan) -> World:
        """Return a world whose folder has all that it needs; it is not open yet."""
        folder = self._folder(name)
        place = self._place(name, plan)
        if not (folder / "pki").is_dir():
            make_trust(folder, self.site.directory, plan)
        settings = self._settings(place, folder)
        plan = Plan.kept(plan_file(folder), plan)
        clock = Kept.read(kept_file(folder)).setting
        fill(settings, plan, now=clock.at(machine_time()))
        return World(place, folder, settings, plan=plan, build=self.site.build, every=self.site.every)

    def _settings(self, place: Place, folder: Path) -> Settings:
        pki = ensure_pki(folder / "pki", machine_time())
        if not place.name:
            return self.default.written
        urls = (
            f"{place.origin}{place.served_at}/notigateway/v1",
            self.site.authority_url and f"{self.site.authority_url}{place.name}",
        )
        return write_settings(folder, pki, urls, listens=self.site.listens, database_url=None)


_NOTHING: Final = Plan(notifications=0, seed=7)


def make_trust(folder: Path, origin: Path, plan: Plan) -> None:
    """Give a world the certificates of the sandbox; with holders of its own, others of the same names."""
    making = folder / ".pki-making"
    shutil.copytree(origin / "pki", making)
    if plan.own_holders:
        renew_holders(Pki(making), machine_time())
    making.rename(folder / "pki")


def fill(settings: Settings, plan: Plan, *, now: datetime) -> None:
    """Make the data of a world where they are not there yet, and take in who is revoked.

    Raises: `ConfigurationError`.
    """
    with unsafe_drawn_from(random.Random(f"{plan.seed}:sown")):  # noqa: S311  (reproducible on purpose)
        sow(settings, notifications=plan.notifications, seed=plan.seed, now=now)
    refresh_once(settings, now)


def alone(world: World) -> ExitStack:
    """Have a world for oneself. Raises: `BusyError`."""
    stack = ExitStack()
    try:
        stack.enter_context(world.occupancy.alone())
    except OccupiedError as error:
        raise BusyError(str(error)) from error
    return stack
