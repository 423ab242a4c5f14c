"""What pytest finds: options, the marker, the fixtures, and the journal of a test that failed.

Each process of a run starts a sandbox of its own when a test first asks for one: the sandbox is one Python
process, so that many workers would wait for it, and nobody has to know who uses it last. With
`--notigateway-url` all of them use one that runs already, each test in its own world all the same.

pytest loads this file in every run: what the fixtures need is imported when they are asked for.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from notigateway.client import NotificationClient
    from pytest_notigateway.clock import Clock
    from pytest_notigateway.journal import Entry, Journal
    from pytest_notigateway.sandbox import Sandbox
    from pytest_notigateway.world import World

MARKER: Final = "notigateway"
_WISHES: Final = ("notifications", "seed", "scenario", "own_holders", "freeze")
_URL: Final = "NOTIGATEWAY_SANDBOX_URL"
_TOKEN: Final = "NOTIGATEWAY_SANDBOX_TOKEN"  # noqa: S105  (the name of a variable)
_SHOWN: Final = 20
_PASSED: Final = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the address of a sandbox that runs already."""
    group = parser.getgroup("notigateway", "the sandbox of notigateway")
    group.addoption(
        "--notigateway-url",
        metavar="URL",
        default=os.environ.get(_URL),
        help=f"Use the sandbox that runs at this address instead of starting one (or ${_URL}).",
    )
    group.addoption(
        "--notigateway-token",
        metavar="TOKEN",
        default=os.environ.get(_TOKEN),
        help=f"Its token, where it listens elsewhere than on this machine alone (or ${_TOKEN}).",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}({', '.join(f'{name}=…' for name in _WISHES)}): how the world of the test is made",
    )


@pytest.fixture(scope="session")
def notigateway(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Give the sandbox of this process, started when it is first asked for."""
    from notigateway.sandbox.process import running
    from pytest_notigateway.sandbox import Sandbox

    url = pytestconfig.getoption("notigateway_url")
    with ExitStack() as leaving:
        if url:
            token = pytestconfig.getoption("notigateway_token")
            yield leaving.enter_context(Sandbox.at(url, token))
            return
        # Its log stays in this folder, which pytest keeps for some runs.
        folder = tmp_path_factory.mktemp("notigateway")
        started = leaving.enter_context(running(folder, "--notifications", "0"))
        yield leaving.enter_context(Sandbox.at(started.ready["base"], started.ready["token"]))


@pytest.fixture
def notigateway_world(request: pytest.FixtureRequest, notigateway: Sandbox) -> Iterator[World]:
    """Give a new world to this test alone; what the test expected of it is looked at in the end."""
    with notigateway.world(**_wishes(request.node)) as world:
        yield world
        if request.node.stash.get(_PASSED, False):
            world.journal.verify()


@pytest.fixture
def clock(notigateway_world: World) -> Clock:
    """Give the clock of this test's world."""
    return notigateway_world.clock


@pytest.fixture
def journal(notigateway_world: World) -> Journal:
    """Give the journal of this test's world."""
    return notigateway_world.journal


@pytest.fixture
def as_holder(notigateway_world: World) -> Iterator[Callable[..., NotificationClient]]:
    """Give what makes clients that sign as a holder: `as_holder("red", mtom=True)`."""
    with ExitStack() as leaving:

        def make(name: str, **options: Any) -> NotificationClient:  # noqa: ANN401  (the client's)
            __tracebackhide__ = True
            return leaving.enter_context(notigateway_world.as_holder(name, **options))

        yield make


@pytest.fixture
def as_company(as_holder: Callable[..., NotificationClient]) -> NotificationClient:
    """Give a client that signs with the company's seal."""
    return as_holder("company")


@pytest.fixture
def as_representative(as_holder: Callable[..., NotificationClient]) -> NotificationClient:
    """Give a client that signs as the representative of the company."""
    return as_holder("representative")


@pytest.fixture
def as_person(as_holder: Callable[..., NotificationClient]) -> NotificationClient:
    """Give a client that signs as a natural person, for itself."""
    return as_holder("person")


@pytest.fixture
def as_red(as_holder: Callable[..., NotificationClient]) -> NotificationClient:
    """Give a client that signs as who acts for others in the RED system."""
    return as_holder("red")


def _wishes(item: pytest.Item) -> dict[str, Any]:
    """Return how the world is to be made: the nearest marker wins, wish by wish."""
    wished: dict[str, Any] = {}
    for marker in item.iter_markers(MARKER):
        unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in _WISHES)]
        if unknown:
            known = ", ".join(_WISHES)
            raise pytest.UsageError(f"{item.nodeid}: the marker {MARKER} knows {known}, not {unknown[0]}")
        wished = {**marker.kwargs, **wished}
    return wished


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in the report of a test that failed what its world was asked."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    world = getattr(item, "funcargs", {}).get("notigateway_world")
    if report.failed and call.when == "call" and world is not None:
        report.sections.append(("what the sandbox was asked", _told(world)))
    return report


def _told(world: World) -> str:
    from pytest_notigateway.calling import SandboxError

    try:
        entries = world.journal.search()
    except SandboxError as error:  # the sandbox itself may be what failed
        return str(error)
    shown = entries[-_SHOWN:]
    left_out = [f"{len(entries) - len(shown)} before"] if len(entries) > len(shown) else []
    lines = [line for one in shown for line in _lines(world, one)]
    is_any_refused = any(one.is_refused for one in shown)
    kept = ["The world goes with its test: --pdb stops before that."] if is_any_refused else []
    return "\n".join([f"world {world.name}, {len(entries)} exchanges", *left_out, *lines, *kept])


def _lines(world: World, entry: Entry) -> list[str]:
    """Return an exchange in a line, and where to look further if not all of it was done."""
    why = f"   why: journal.explain({entry.number}), {world.journal.page(entry)}"
    return [str(entry), why] if entry.is_refused else [str(entry)]
