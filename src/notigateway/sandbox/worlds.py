"""All worlds of a sandbox: made, found by their paths and certificates, reset, taken away."""

from __future__ import annotations

import io
import json
import secrets
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from notigateway.logger import Logger
from notigateway.sandbox import bodies, replacing
from notigateway.sandbox.bodies import ADMIN
from notigateway.sandbox.clock import Setting, machine_time
from notigateway.sandbox.exchange import holders_of
from notigateway.sandbox.filling import bring_up, fill, make_trust
from notigateway.sandbox.folder import Kept, Plan, kept_file, plan_file
from notigateway.sandbox.holders import ensure_pki
from notigateway.sandbox.occupancy import OccupiedError
from notigateway.sandbox.peeking import peek
from notigateway.sandbox.place import Place, origin_of
from notigateway.sandbox.refusals import BusyError, NotHereError, UnknownError, WorldExistsError
from notigateway.sandbox.roll import Roll, is_name
from notigateway.sandbox.settings_file import write_settings
from notigateway.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from notigateway.sandbox.authority import Stamper
    from notigateway.sandbox.holders import Pki
    from notigateway.sandbox.place import Site
    from notigateway.settings import Settings

_log = Logger("notigateway.sandbox")
_PREFIX: Final = "/w/"
# In the folder of a world until what is to happen in it first has happened.
_UNENDED: Final = ".unended"
_BUSY: Final = b"the world is being made anew: try again in a moment\n"


class Worlds:
    """A WSGI application of all worlds; the one at the root was prepared before. Safe between threads."""

    def __init__(self, site: Site, settings: Settings, admin: Callable[[Worlds], WSGIApplication]) -> None:
        """Find the worlds that there are; `admin` makes the application of the sandbox's own addresses."""
        self.site = site
        self.origin = origin_of(str(settings.public_url))
        self._threads: int | None = None
        place = Place(name="", path="", served_at="", origin=self.origin)
        plan = Plan.kept(plan_file(site.directory), Plan(notifications=0, seed=0))
        self.default = World(place, site.directory, settings, plan=plan, build=site.build, every=site.every)
        self._roll = Roll(site.directory / "worlds")
        self._admin = admin(self)

    # --- what the server asks an application

    held_max_bytes = bodies.HELD_MAX_BYTES

    @property
    def request_max_bytes(self) -> int:
        """Return what is read of a body, but for what is read at its path."""
        return self.default.app.request_max_bytes

    def request_max_bytes_at(self, path: str) -> int:
        """Return what is read of a body at a path."""
        world, within = self._at(path)
        return bodies.most_at(within, self._at_root() if world is self.default else [world])

    @property
    def request_seconds(self) -> float:
        """Return how long a request may wait for a thread."""
        return self.default.app.request_seconds

    def expect_threads(self, count: int) -> None:
        """Take note of how many threads there are."""
        self._threads = count
        for world in self.all():
            world.expect_threads(count)

    def remind(self) -> None:
        """Do what the worker's loop does all the time."""
        self.default.remind()

    def open(self, *, is_first: bool) -> None:
        """Begin to serve. Raises: `ConfigurationError`."""
        self.default.open(is_first=is_first)
        folder = self.site.directory / "worlds"
        if self.site.is_alone and folder.is_dir():
            for one in sorted(folder.iterdir()):
                if one.name.startswith("."):  # half made, or half taken away
                    shutil.rmtree(one, ignore_errors=True)
                elif (one / _UNENDED).is_file():  # what was to happen in it first has not
                    self._remove(one.name)
                elif is_name(one.name):
                    self._open_again(one)

    def _open_again(self, folder: Path) -> None:
        """Serve a world of before; one that cannot be served hinders no other, and can be taken away."""
        try:
            replacing.recover(folder)
            self._serve(folder.name)
        except Exception as error:  # noqa: BLE001  (whatever it is, the others are served)
            self._forget(folder.name)
            self._roll.add_unopened(folder.name)
            _log.error("world_not_opened", world=folder.name, exc_info=error)

    def _serve(self, name: str) -> World:
        """Serve the world whose folder is there. Raises: `ConfigurationError`."""
        world = self._found(name)
        if self._threads is not None:
            world.expect_threads(self._threads)
        self._roll.add(name, world)
        world.open()
        return world

    def _forget(self, name: str) -> None:
        """Serve it no more."""
        world = self._roll.drop(name)
        if world is not None:
            world.close()

    def close(self) -> None:
        """End what goes on by itself."""
        for world in self.all():
            world.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = str(environ.get("PATH_INFO", ""))
        world, within = self._at(path)
        if world is None:
            return _unknown(start_response)
        if within == ADMIN or within.startswith(f"{ADMIN}/"):
            environ["notigateway.sandbox.world"] = world
            own = {"SCRIPT_NAME": world.place.path + ADMIN, "PATH_INFO": within[len(ADMIN) :]}
            return self._admin({**environ, **own}, start_response)
        if within in {"", "/"} and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            target = f"{world.place.path}{ADMIN}/"
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
        return self._roll.worlds.get(name), slash + rest

    def check_told_apart(self, world: World, pki: Pki) -> None:
        """Check that a world with holders of its own is still found by these. Raises: `WorldExistsError`."""
        at_root = self._at_root()
        if world not in at_root:
            return
        for other in at_root:
            if other is not world and any(other.knows(certificate) for certificate in holders_of(pki)):
                raise WorldExistsError(
                    f"{other.name}: a world whose messages come with these certificates; restore it there"
                )

    def _at_root(self) -> list[World]:
        """Return the worlds to which the addresses of the root lead, that of the root first."""
        return [self.default, *(one for one in self._roll.worlds.values() if one.plan.own_holders)]

    def _by_certificate(self, environ: WSGIEnvironment) -> World:
        """Return the world that knows the certificate of a message to the root's addresses."""
        _, *known = self._at_root()
        if not known or environ["REQUEST_METHOD"] != "POST":
            return self.default
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        certificate = peek(body).certificate
        return next((one for one in known if certificate and one.knows(certificate)), self.default)

    def stamper(self, path: str) -> Stamper | None:
        """Return whose time-stamps are asked for at a path of the authority's."""
        name = path.strip("/")
        world = self._roll.worlds.get(name) if name else self.default
        return None if world is None else world.stamper

    # --- administered

    def all(self) -> list[World]:
        """Return all worlds, the one at the root first."""
        return [self.default, *self._roll.worlds.values()]

    def find(self, name: str) -> World:
        """Return the world of that name. Raises: `UnknownError`."""
        found = next((one for one in self.all() if one.name == name), None)
        if found is None:
            raise UnknownError("there is no world of that name")
        return found

    def make(
        self,
        name: str | None,
        plan: Plan,
        *,
        frozen_at: datetime | None = None,
        then: Callable[[World], object] = lambda _: None,
    ) -> World:
        """Make a world, and serve it; `then` is what happens in it first. Where that cannot be there is none.

        Raises: `InvalidError`, `WorldExistsError`, `NotHereError`, `ConfigurationError`; what `then` raises.
        """
        self.check_alone()
        name = self._roll.reserve(name)
        try:
            self._make_folder(name, plan, frozen_at)
            world = self._serve(name)
            then(world)
            (world.folder / _UNENDED).unlink()
        except BaseException:
            self._remove(name)
            raise
        finally:
            self._roll.release(name)
        return world

    def _make_folder(self, name: str, plan: Plan, frozen_at: datetime | None) -> None:
        """Make the folder of a world beside its place: a sandbox that is killed has a whole one, or none."""
        making = self._folder(f".{name}-making")
        try:
            making.mkdir(mode=0o700, parents=True)
            if frozen_at is not None:
                Kept(setting=Setting(frozen_at=frozen_at)).keep(kept_file(making))
            make_trust(making, self.site.directory, plan)
            plan.keep(plan_file(making))
            self.fill(self._place(name, plan), making, plan)
            (making / _UNENDED).touch()
            making.rename(self._folder(name))
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def delete(self, name: str) -> None:
        """Take a world away. Raises: `UnknownError`, `BusyError`; `NotHereError` for the one at the root."""
        if self._roll.drop_unopened(name):
            self._remove(name)
            return
        world = self.find(name)
        if world is self.default:
            raise NotHereError("the world at the root stays: reset it")
        if self._roll.is_being_made(name):
            raise BusyError("it is being made")
        with world.alone(though_closed=True):
            if self._roll.worlds.get(name) is not world:  # somebody else has, and perhaps made another one
                raise UnknownError("there is no world of that name any more")
            self._remove(name)

    def _remove(self, name: str) -> None:
        """Take a world away: its folder leaves its place at once, and then goes what is in it."""
        self._forget(name)
        gone = self._folder(f".{name}-gone-{secrets.token_hex(4)}")
        with suppress(FileNotFoundError):
            self._folder(name).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def check_own_database(self, world: World) -> None:
        """Check that a world can be made anew. Raises: `NotHereError`."""
        self.check_alone()
        if world.is_of_a_server:
            raise NotHereError("the data of this world lie in a database of their own server")

    def check_alone(self) -> None:
        """Check that one process serves all. Raises: `NotHereError`."""
        if not self.site.is_alone:
            raise NotHereError("with several workers there is one world, as it is: start with --workers 1")

    def _folder(self, name: str) -> Path:
        return self.site.directory / "worlds" / name

    def _place(self, name: str, plan: Plan) -> Place:
        path = _PREFIX + name
        return Place(name=name, path=path, served_at="" if plan.own_holders else path, origin=self.origin)

    def _found(self, name: str) -> World:
        """Return the world whose folder is there; it is not open yet. Raises: `ConfigurationError`."""
        folder = self._folder(name)
        plan = Plan.kept(plan_file(folder), _NOTHING)
        place = self._place(name, plan)
        settings = self.settings_of(place, folder)
        bring_up(settings, now=Kept.read(kept_file(folder)).setting.at(machine_time()))
        return World(place, folder, settings, plan=plan, build=self.site.build, every=self.site.every)

    def fill(self, place: Place, folder: Path, plan: Plan) -> None:
        """Make the data of a world in a folder. Raises: `ConfigurationError`."""
        at = Kept.read(kept_file(folder)).setting.at(machine_time())
        fill(self.settings_in(place, folder), plan, now=at)

    def settings_of(self, place: Place, folder: Path) -> Settings:
        """Return the settings of a world that is served."""
        if not place.name:
            ensure_pki(folder / "pki", machine_time())
            return self.default.written
        return self.settings_in(place, folder)

    def settings_in(self, place: Place, folder: Path) -> Settings:
        """Return the settings of a world, by which the data are those in that folder."""
        written = self.default.written
        urls = (
            f"{place.origin}{place.served_at}/notigateway/v1" if place.name else str(written.public_url),
            self.site.authority_url and f"{self.site.authority_url}{place.name}",
        )
        pki = ensure_pki(folder / "pki", machine_time())
        return write_settings(folder, pki, urls, listens=self.site.listens, database_url=None)


def _unknown(start_response: StartResponse) -> Iterable[bytes]:
    """Answer what is for a world that is not there."""
    error = UnknownError("there is no world of that name: see /_sandbox/worlds, or the page at /_sandbox/")
    said = {"code": error.code, "detail": error.detail, "correlation_id": str(uuid4())}
    body = json.dumps({"error": said}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("404 Not Found", headers)
    return [body]


_NOTHING: Final = Plan(notifications=0, seed=7)
