"""A gateway behind real HTTP on 127.0.0.1, for clients that we did not write."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest

from interop.clients import ZEEP_SAMPLE
from interop.hostile import Hostile
from interop.jvm import one_jvm
from interop.matrix import Matrix
from notigateway.sandbox.process import running
from pki import pki, write_pem
from served import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from notigateway.sandbox.process import Running
    from stack import Stack


class Served:
    """A stack that is reached by its `url`; its clock is the real one when a test begins."""

    def __init__(self, stack: Stack, url: str, folder: Path) -> None:
        self.stack = stack
        self.url = url
        self.service_certificate = write_pem(pki().service, folder, "pinned-service")[1]
        self._folder = folder

    def files(self, holder: str) -> tuple[Path, Path]:
        """Return the key and the certificate of a holder as files."""
        return write_pem(getattr(pki(), holder), self._folder, holder)


_MATRIX = pytest.StashKey[Matrix]()


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest) -> Matrix:
    """Collect what the clients show; printed when all have run."""
    return request.config.stash.setdefault(_MATRIX, Matrix())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print client x operation x verified answer."""
    found = config.stash.get(_MATRIX, None)
    if found is not None:
        terminalreporter.section("every answer verified by the client")
        for line in found.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def _java_ends() -> Iterator[None]:
    yield
    one_jvm().close()


@pytest.fixture(scope="session")
def between() -> Iterator[Hostile]:
    """Stand at the public address of the sandbox, before it is started: what clients sign names it."""
    yield from Hostile("/notigateway/v1").running()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory, between: Hostile) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("interop") / "sandbox"
    with running(folder, "--notifications", "100", "--public-url", between.url) as started:
        between.upstream = started.ready["listens"]
        yield started


@pytest.fixture(scope="session")
def used_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a sandbox in which nothing is left to decide."""
    with running(tmp_path_factory.mktemp("used-up") / "sandbox", "--notifications", "0") as started:
        yield started


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    """Serve a gateway; how it is called does not depend on its database."""
    with serving(sqlite_url, tmp_path, inline_document_max_bytes=1000) as stack:
        yield Served(stack, str(stack.settings.public_url), tmp_path)


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """Import the published sample."""
    spec = importlib.util.spec_from_file_location("zeep_client", ZEEP_SAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
