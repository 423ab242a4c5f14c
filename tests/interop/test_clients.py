"""Every client of `samples/` calls every operation, and believes nothing that the service did not sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.clients import CLIENTS, Client, Parties, must_have_all
from interop.hostile import Hostile, altered, signed_by, stripped, wrapped_in_body, wrapped_in_header
from interop.matrix import VERIFIED, Matrix, Shown, operations
from notigateway.sandbox.process import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.interop
FALSIFIERS = {
    "altered": altered,
    "wrapped in the header": wrapped_in_header,
    "wrapped in the body": wrapped_in_body,
    "stripped": stripped,
    "signed by another": None,
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("interop") / "sandbox"
    with running(folder, "--notifications", "100") as started:
        yield started


@pytest.fixture(params=CLIENTS, ids=lambda one: one.name)
def client(request: pytest.FixtureRequest, matrix: Matrix) -> Client:
    found: Client = request.param
    if missing := found.missing():
        reason = f"not on this machine: {', '.join(missing)}"
        matrix.columns[found.name] = reason
        assert not must_have_all(), reason
        pytest.skip(reason)
    return found


def test_every_operation_is_answered_and_the_answer_verified(
    client: Client, sandbox: Running, matrix: Matrix
) -> None:
    done = client.run(sandbox.url, Parties.of(sandbox.pki))
    shown = Shown.read(done.stdout)
    matrix.columns[client.name] = shown
    assert done.returncode == 0, done.stderr[-4000:]
    assert shown.cells == dict.fromkeys(operations(), VERIFIED)


@pytest.fixture(params=FALSIFIERS)
def hostile(request: pytest.FixtureRequest, sandbox: Running) -> Iterator[Hostile]:
    falsify: Callable[[bytes], bytes] = FALSIFIERS[request.param] or signed_by(sandbox.pki.holder("company"))
    yield from Hostile(sandbox.url, falsify).running()


def test_what_the_service_did_not_sign_is_never_read(
    client: Client, sandbox: Running, hostile: Hostile
) -> None:
    """The first answer is true, the second false: it ends the program, or the client reads the signed part.

    The samples look whether the second answer says what the service said: `ok` would be false.
    """
    done = client.run(hostile.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    assert hostile.answers >= 2, done.stderr[-4000:]
    assert set(Shown.read(done.stdout).cells.values()) == {VERIFIED}, done.stdout
