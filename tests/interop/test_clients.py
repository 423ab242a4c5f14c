"""Every client of `samples/` calls every operation, and believes nothing that the service did not sign."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from interop.clients import CLIENTS, Client, Parties, must_have_all
from interop.hostile import Hostile, altered, signed_by, stripped, wrapped
from interop.matrix import VERIFIED, Matrix, Shown, operations
from notigateway.sandbox.process import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.interop
FALSIFIERS = {"altered": altered, "wrapped": wrapped, "stripped": stripped, "signed by another": None}


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


def test_an_answer_that_the_service_did_not_sign_is_not_believed(
    client: Client, sandbox: Running, hostile: Hostile
) -> None:
    """The first answer passes untouched and is believed; the second is false and ends the program."""
    done = client.run(hostile.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    _versions, *believed = [json.loads(line) for line in done.stdout.splitlines()]
    assert believed == [{"operation": "Ping", "ok": True, "verified": True}], done.stderr[-4000:]
