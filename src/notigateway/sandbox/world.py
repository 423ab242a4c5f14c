"""A world: notifications, clock, journal and faults of its own, answered at its own addresses."""

from __future__ import annotations

import random
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from notigateway.drawing import unsafe_drawn_from
from notigateway.errors import ConfigurationError
from notigateway.http.streamed import Streamed
from notigateway.pki.keys import load_key_pair
from notigateway.repository.engine import create_database
from notigateway.sandbox.arriving import Arriving, Callers
from notigateway.sandbox.authority import Stamper
from notigateway.sandbox.clock import WorldClock
from notigateway.sandbox.exchange import Holder, holders_of
from notigateway.sandbox.expectations import Expectations
from notigateway.sandbox.explain_page import PATH as EXPLAINING_PATH
from notigateway.sandbox.explain_page import Explaining
from notigateway.sandbox.faults import Faults, Kind
from notigateway.sandbox.folder import Kept, Plan, kept_file
from notigateway.sandbox.holders import Pki
from notigateway.sandbox.jobs import Works, jobs_of
from notigateway.sandbox.journal import Journal
from notigateway.sandbox.occupancy import Occupancy, OccupiedError
from notigateway.sandbox.recording import Recording
from notigateway.sandbox.refusals import BusyError
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from sqlalchemy import Engine

    from notigateway.office import Office
    from notigateway.sandbox.clock import Setting
    from notigateway.sandbox.jobs import Every, Job
    from notigateway.sandbox.place import Build, Place
    from notigateway.settings import Settings
    from notigateway.soap.endpoints import Endpoints

_JOBS_CONNECTIONS: Final = 2
# How long whoever wants a world for himself waits for what is due in it, and how often he looks.
_TURN_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.1
# What signs instead of the service, where a fault wants it.
_SIGNERS: Final = {
    Kind.FOREIGN_CERTIFICATE: "service-foreign",
    Kind.EXPIRED_CERTIFICATE: "service-expired",
}


@dataclass(slots=True)
class _Opened:
    """What is open while a world is served."""

    app: Endpoints
    answer: WSGIApplication
    explaining: Explaining
    engine: Engine
    works: Works
    jobs: list[Job]
    stamper: Stamper


class World:
    """One of the worlds of a sandbox; safe between threads. It is served between `open` and `close`."""

    def __init__(
        self, place: Place, folder: Path, settings: Settings, *, plan: Plan, build: Build, every: Every
    ) -> None:
        """Stand in a folder that is prepared."""
        self.place = place
        self.folder = folder
        self.settings = settings
        # As they were written; `changed` are those that somebody has changed since, in this world alone.
        self.written = settings
        self.changed: dict[str, Any] = {}
        self.plan = plan
        self.occupancy = Occupancy()
        # Held by whoever does what is due: a job, or who moves the clock.
        self.turn = threading.Lock()
        self.is_stamping_failing = False
        self.callers = Callers()
        self.journal = Journal()
        self._build = build
        self._every = every
        self._opened: _Opened | None = None
        self._threads: int | None = None
        # As it was opened last: it is known by them while it is made anew.
        self._holders: dict[str, Holder] = {}
        self._start_anew()

    def _start_anew(self) -> None:
        """Begin with nothing remembered: nothing in the journal, nothing ordered, nothing expected."""
        kept = Kept.read(kept_file(self.folder)).opened()
        kept.keep(kept_file(self.folder))
        self._kept = kept
        self.clock = WorldClock(kept.setting, self._keep)
        self.chance = random.Random(f"{self.plan.seed}:{kept.openings}:drawn")  # noqa: S311
        self.journal = Journal()
        self.faults = Faults(f"{self.plan.seed}:faults")
        self.expectations = Expectations(self.journal)
        self.callers = Callers()
        self.is_stamping_failing = False
        self._is_touched = False

    def _keep(self, setting: Setting) -> None:
        self._kept = replace(self._kept, setting=setting)
        self._kept.keep(kept_file(self.folder))

    # --- what it is

    @property
    def name(self) -> str:
        """Return its name; the one at the root is called `default`."""
        return self.place.name or "default"

    @property
    def pki(self) -> Pki:
        """Return where its certificates and keys are."""
        return Pki(self.folder / "pki")

    @property
    def is_of_a_server(self) -> bool:
        """Tell whether its data lie in a database that has a clock of its own."""
        return not self.settings.database_url.startswith("sqlite")

    @property
    def is_fresh(self) -> bool:
        """Tell whether nothing has happened in it since it was made."""
        return self._kept.openings == 1 and not self.journal.last and not self._is_touched

    @property
    def office(self) -> Office:
        """Return the office of its gateway, which must be open."""
        return self._open_one.app.gate.office

    @property
    def app(self) -> Endpoints:
        """Return its gateway, which must be open."""
        return self._open_one.app

    @property
    def works(self) -> Works:
        """Return what is done from time to time; the world must be open."""
        return self._open_one.works

    @property
    def jobs_engine(self) -> Engine:
        """Return the connections of what is done from time to time."""
        return self._open_one.engine

    @property
    def explaining(self) -> Explaining:
        """Return what explains envelopes by its rules."""
        return self._open_one.explaining

    @property
    def stamper(self) -> Stamper | None:
        """Return whose time-stamps it gets; nobody's while it is made anew."""
        opened = self._opened
        return None if opened is None else opened.stamper

    @property
    def _open_one(self) -> _Opened:
        if self._opened is None:
            raise OccupiedError("the world is gone, or made anew")
        return self._opened

    def line(self) -> dict[str, Any]:
        """Return what a harness is told of it."""
        url = str(self.settings.public_url)
        wscn = f"{self.place.origin}{self.place.served_at}"
        return {
            "name": self.name,
            "seed": self.plan.seed,
            "notifications": self.plan.notifications,
            "scenario": self.plan.scenario,
            "own_holders": self.plan.own_holders,
            "base": self.place.base,
            "url": url,
            "wsdl": f"{url}?wsdl",
            "issuing": urljoin(url, "issuing/v1"),
            "wscn": f"{wscn}/INFRWSCN/WSCNService",
            "wscn_test": f"{wscn}/INFRWSCN_Pruebas/WSCNPruebasService",
            "page": f"{self.place.base}/_sandbox/",
            "clock": self.clock.line,
            "journal": {"count": self.journal.count, "dropped": self.journal.dropped},
            "holders": list(self.pki.holders()),
        }

    # --- served

    def open(self, *, is_first: bool = True) -> None:
        """Begin to answer, and to do what is due. Raises: `ConfigurationError`."""
        arriving = Arriving(self.callers, self._signer)
        app = self._build(self.settings, self.clock, arrivals=arriving, beneath=self.place.served_at)
        engine = create_database(
            self.settings.database_url,
            pool_size=_JOBS_CONNECTIONS,
            timeout_seconds=self.settings.database_timeout_seconds,
        )
        if self._threads is not None:
            app.expect_threads(self._threads)
        works, holders = Works.by(self.settings), holders_of(self.pki)
        recording = Recording(
            app,
            clock=self.clock,
            journal=self.journal,
            faults=self.faults,
            holders=holders,
        )
        path = self.place.served_at + EXPLAINING_PATH
        told = recording if app.operations is None else app.operations.before(recording)
        explaining = Explaining(told, self.settings, path=path, clock=self.clock)
        jobs = jobs_of(works, engine, self.clock, every=self._every, turn=self.turn, is_first=is_first)
        stamper = Stamper.from_files(self.pki.key("tsa"), self.pki.certificate("tsa"), self.clock)
        stamper = replace(stamper, is_failing=lambda: self.is_stamping_failing)
        self._holders = holders
        self._opened = _Opened(app, explaining, explaining, engine, works, jobs, stamper)
        for job in jobs:
            job.start()

    def close(self) -> None:
        """End what goes on by itself, and let the database go."""
        opened, self._opened = self._opened, None
        if opened is not None:
            for job in opened.jobs:
                job.stop()
            opened.engine.dispose()
            opened.app.gate.office.engine.dispose()

    def reopen(self, settings: Settings, plan: Plan) -> None:
        """Serve what lies in the folder now, with nothing remembered of what was before."""
        self.settings = self.written = settings
        self.plan, self.changed = plan, {}
        self._start_anew()
        self.open()

    def expect_threads(self, count: int) -> None:
        """Take note of how many threads there are, for each gateway that is opened."""
        self._threads = count
        if self._opened is not None:
            self._opened.app.expect_threads(count)

    def remind(self) -> None:
        """Do what the worker's loop does all the time; it waits for nobody who makes the world anew."""
        with suppress(OccupiedError), self.occupancy.inside(patient=False):
            self.app.remind()

    def retune(self, settings: Settings, changed: dict[str, Any]) -> None:
        """Go on by other settings, with everything remembered; who calls it has the world for itself.

        Raises: `ConfigurationError` for those by which nothing can be served: then it goes on as before.
        """
        before, self.settings = self.settings, settings
        self.close()
        try:
            self.open()
        except ConfigurationError:
            self.settings = before
            self.open()
            raise
        self.changed = changed

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request to its gateway. Raises: `OccupiedError`."""
        with ExitStack() as staying:
            staying.enter_context(self.occupancy.inside())
            with unsafe_drawn_from(self.chance):
                answer = self._open_one.answer(environ, start_response)
            if not isinstance(answer, Streamed):
                return answer
            return Streamed(answer.length, _stayed(answer, staying.pop_all()))

    @contextmanager
    def alone(self, *, though_closed: bool = False) -> Iterator[None]:
        """Have it for oneself, with the turn; delays that were ordered end. Raises: `BusyError`."""
        with ExitStack() as stack:
            try:
                self._await_turn()
                stack.callback(self.turn.release)
                stack.enter_context(self.faults.hurried())
                stack.enter_context(self.occupancy.alone())
                if not though_closed:
                    self._open_one  # noqa: B018  (it raises)
            except OccupiedError as error:
                raise BusyError(str(error)) from error
            yield

    def _await_turn(self) -> None:
        """Wait for what is due to be done, while others use the world. Raises: `OccupiedError`."""
        end = time.monotonic() + _TURN_SECONDS
        self.occupancy.check_not_long()
        while not self.turn.acquire(timeout=_LOOK_SECONDS):
            self.occupancy.check_not_long()
            if time.monotonic() > end:
                raise OccupiedError("what is due in the world is still being done")

    @contextmanager
    def using(self, *, takes_long: bool = False) -> Iterator[Office]:
        """Change something in it outside of a request. Raises: `OccupiedError`."""
        with self.occupancy.inside(takes_long=takes_long), unsafe_drawn_from(self.chance):
            yield self.office
        self._is_touched = True  # what was refused has changed nothing

    @contextmanager
    def looking(self, *, takes_long: bool = False) -> Iterator[Office]:
        """Look at what is in it. Raises: `OccupiedError`."""
        with self.occupancy.inside(takes_long=takes_long):
            yield self.office

    def nif_of(self, name: str) -> str:
        """Return the NIF of the party of a holder, or the NIF itself where it is none's name."""
        named = {one.name: one.party for one in self._holders.values()}
        return named.get(name, name)

    def name_of(self, name: str) -> str:
        """Return how the party of a holder is called; a NIF is called by itself."""
        named = {one.name: one.called for one in self._holders.values()}
        return named.get(name, name)

    def next_reference(self) -> str:
        """Return a reference that no act of this world has."""
        return f"PRUEBA/{self.clock():%Y}/{self.chance.getrandbits(48):012x}"

    def knows(self, certificate: str) -> bool:
        """Tell whether a certificate, by its SHA-256, is one of a holder of this world."""
        return certificate in self._holders

    def _signer(self, kind: Kind) -> Signer:
        stem = _SIGNERS[kind]
        pair = load_key_pair(self.pki.key(stem), self.pki.certificate(stem))
        return Signer(pair.key, pair.certificate)


def _stayed(pieces: Iterable[bytes], staying: ExitStack) -> Iterator[bytes]:
    """Pass an answer on; whoever sends it is in the world until then."""
    with staying:
        yield from pieces
