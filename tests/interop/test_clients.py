"""Every client of `samples/` calls every operation, and believes nothing that the service did not sign."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from interop import faults
from interop.anothers import ANOTHERS, FAULT_CODE
from interop.clients import CLIENTS, IN_PARTS, NOTHING_LEFT, Client, Parties, need
from interop.falsifiers import FALSIFIERS
from interop.matrix import VERIFIED, Matrix, Shown, operations

if TYPE_CHECKING:
    from interop.hostile import Hostile
    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.interop


@pytest.fixture(params=CLIENTS, ids=lambda one: one.name)
def client(request: pytest.FixtureRequest, matrix: Matrix) -> Client:
    found: Client = request.param
    if missing := found.missing():
        matrix.columns[found.name] = f"not on this machine: {', '.join(missing)}"
    need(missing)
    return found


def test_every_operation_is_answered_and_the_answer_verified(
    client: Client, sandbox: Running, matrix: Matrix
) -> None:
    done = client.run(sandbox.url, Parties.of(sandbox.pki))
    shown = Shown.read(done.stdout)
    matrix.columns[client.name] = shown
    assert done.returncode == 0, done.stderr[-4000:]
    assert shown.cells == dict.fromkeys(operations(), VERIFIED)


@pytest.mark.parametrize("client", IN_PARTS, ids=lambda one: one.name)
def test_documents_in_parts_are_verified_with_the_answer(client: Client, sandbox: Running) -> None:
    """The samples look whether the document in its part has its hash; the stack, whether it was signed.

    That of .NET puts the parts back itself.
    """
    need(client.missing())
    done = client.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode == 0, done.stderr[-4000:]
    assert Shown.read(done.stdout).cells == dict.fromkeys(operations(), VERIFIED)


def test_where_nothing_is_left_to_decide_the_program_says_so(client: Client, used_up: Running) -> None:
    done = client.run(used_up.url, Parties.of(used_up.pki))
    assert done.returncode == 1
    assert any(line.endswith(NOTHING_LEFT) for line in done.stderr.splitlines()), done.stderr


@pytest.mark.parametrize("kind", FALSIFIERS)
def test_what_the_service_did_not_sign_is_never_read(
    client: Client, sandbox: Running, between: Hostile, matrix: Matrix, kind: str
) -> None:
    """The first answer is true, the second false: it ends the program, or the client reads the signed part.

    The samples look whether the second answer says what the service said: `ok` would be false.
    """
    with between.falsifying(FALSIFIERS[kind](sandbox.pki)):
        done = client.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert set(Shown.read(done.stdout).cells.values()) == {VERIFIED}, done.stdout
    matrix.refused.setdefault(kind, set()).add(client.name)


@pytest.mark.parametrize("kind", ANOTHERS)
def test_the_answer_to_another_request_is_never_read(
    client: Client, sandbox: Running, between: Hostile, matrix: Matrix, kind: str
) -> None:
    """The second answer is the service's own, signed just now, to something that the client did not ask.

    It ends the program, and of a fault nothing is told: it says nothing about this request.
    """
    with between.falsifying(ANOTHERS[kind](sandbox.pki)):
        done = client.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert Shown.read(done.stdout).cells == {"Ping": VERIFIED}, done.stdout
    assert FAULT_CODE not in done.stdout + done.stderr
    matrix.refused.setdefault(kind, set()).add(client.name)


def test_a_caller_who_is_refused_before_the_proof_is_told_why(client: Client, sandbox: Running) -> None:
    """Such a fault relates to nothing: it says why, and is neither an answer nor a proof."""
    parties = replace(Parties.of(sandbox.pki), company=sandbox.pki.holder("untrusted"))
    done = client.run(sandbox.url, parties)
    assert done.returncode != 0
    assert Shown.read(done.stdout).cells == {}
    assert "ISSUER_NOT_AUTHORISED" in done.stderr


def test_a_fault_about_the_request_is_told(client: Client, sandbox: Running, between: Hostile) -> None:
    """So what the next test does not find in what the client prints was not believed."""
    with between.falsifying(faults.GENUINE(sandbox.pki)):
        done = client.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    assert FAULT_CODE in done.stdout + done.stderr


@pytest.mark.parametrize("kind", faults.FALSIFIED)
def test_a_fault_that_the_service_did_not_sign_is_never_told(
    client: Client, sandbox: Running, between: Hostile, matrix: Matrix, kind: str
) -> None:
    with between.falsifying(faults.FALSIFIED[kind](sandbox.pki)):
        done = client.run(sandbox.url, Parties.of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert faults.FALSE_CODE not in done.stdout + done.stderr
    matrix.refused.setdefault(f"a fault, {kind}", set()).add(client.name)
