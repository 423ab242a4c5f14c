"""A sandbox in a process of its own, and worlds in it, as a harness uses them: by HTTP."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from notigateway.client import NotificationClient
from notigateway.sandbox.holders import Pki
from notigateway.sandbox.process import running
from patience import PATIENCE_SECONDS, slowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notigateway.sandbox.process import Running

SECONDS = 120.0


@cache
def _http() -> httpx.Client:
    """Return one client for all: each new one would read the authorities of the web anew."""
    return httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


def await_that(is_so: Callable[[], object]) -> None:
    """Wait until something is so; it may be so for a moment only."""
    end = time.monotonic() + slowed(PATIENCE_SECONDS)
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


@dataclass(frozen=True)
class Harness:
    """A world, and where its certificates lie."""

    base: str
    pki: Pki

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401
        """Return what an address of the sandbox's own says."""
        return self.ask("GET", path, params={name: str(value) for name, value in query.items()}).json()

    def post(self, path: str, /, **members: object) -> Any:  # noqa: ANN401
        """Send JSON; it must be taken."""
        answer = self.ask("POST", path, json=members)
        assert answer.is_success, answer.text
        return answer.json()

    def refused(self, path: str, /, **members: object) -> str:
        """Send JSON; return the code of the refusal."""
        answer = self.ask("POST", path, json=members)
        assert answer.is_client_error, answer.text
        assert answer.json()["error"]["detail"]
        return str(answer.json()["error"]["code"])

    def ask(self, method: str, path: str, /, **more: Any) -> httpx.Response:  # noqa: ANN401
        """Send anything."""
        return _http().request(method, f"{self.base}/_sandbox{path}", timeout=slowed(SECONDS), **more)

    def publish(self, **members: object) -> dict[str, Any]:
        """Put something at somebody's disposal: the company's, where nobody is named."""
        made: dict[str, Any] = self.post("/do/publish", **members)
        return made

    def await_strike(self) -> None:
        """Wait until the first fault that was ordered has struck."""
        await_that(lambda: self.get("/faults")["faults"][0]["struck"])

    def state(self, identifier: str) -> str:
        """Return the state of a notification."""
        return str(self.get(f"/notifications/{identifier}")["state"])

    @contextmanager
    def client(
        self,
        holder: str = "company",
        **more: Any,  # noqa: ANN401
    ) -> Iterator[NotificationClient]:
        """Give the client of a holder."""
        files = self.pki.holder(holder)
        with NotificationClient.from_files(
            f"{self.base}/notigateway/v1",
            key=files.key,
            certificate=files.certificate,
            server_certificates=[self.pki.certificate("service")],
            **more,
        ) as client:
            yield client


@dataclass(frozen=True)
class Sandboxed:
    """A running sandbox."""

    running: Running

    @property
    def root(self) -> Harness:
        """Return the world at its root."""
        return Harness(self.running.ready["listens"], self.running.pki)

    def make(self, **members: object) -> Harness:
        """Make a world."""
        made = self.root.post("/worlds", **members)
        folder = self.running.pki.folder.parent / "worlds" / made["name"]
        return Harness(made["base"], Pki(folder / "pki"))

    @contextmanager
    def world(self, **members: object) -> Iterator[Harness]:
        """Give a world for a while."""
        made = self.make(**members)
        try:
            yield made
        finally:
            self.root.ask("DELETE", f"/worlds/{made.base.rpartition('/')[2]}")


@contextmanager
def sandboxed(folder: Path, *options: str) -> Iterator[Sandboxed]:
    """Run a sandbox without notifications."""
    with running(folder, "--notifications", "0", *options) as started:
        yield Sandboxed(started)


@pytest.fixture(scope="session")
def sandboxed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandboxed]:
    """Give one sandbox for all tests of a process, each of which makes worlds of its own."""
    with sandboxed(tmp_path_factory.mktemp("worlds") / "sandbox") as started:
        yield started


@pytest.fixture
def world(sandboxed_once: Sandboxed) -> Iterator[Harness]:
    """Give a new world."""
    with sandboxed_once.world() as made:
        yield made
