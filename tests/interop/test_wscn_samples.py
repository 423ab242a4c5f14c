"""The samples of the Social Security's contract list, sign a receipt, send it back; they read nothing false.

Each accepts one notification and rejects another, in both environments; what the service sealed of both is
valid, and is what the sample was told.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interop.clients import NOTHING_LEFT, Client, need
from interop.falsifiers import FALSIFIERS
from interop.faults import FALSE_CODE
from interop.matrix import VERIFIED, Shown
from interop.wscn_clients import (
    ANOTHERS,
    ENVIRONMENTS,
    FALSIFIED_FAULTS,
    FAULT_CODE,
    GENUINE_FAULT,
    OPERATIONS,
    WSCN_CLIENTS,
    Decided,
    another,
    parties_of,
)
from notigateway.client import Filter, NotificationClient
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome

if TYPE_CHECKING:
    from interop.hostile import Hostile
    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.interop
LISTED = {"solicitarPoderdantes": VERIFIED}


@pytest.fixture(params=WSCN_CLIENTS, ids=lambda one: one.name)
def client(request: pytest.FixtureRequest) -> Client:
    found: Client = request.param
    need(found.missing())
    return found


def test_where_nothing_is_left_to_decide_the_program_says_so(client: Client, used_up: Running) -> None:
    done = client.run(used_up.ready["wscn"], parties_of(used_up.pki))
    assert done.returncode == 1
    assert any(line.endswith(NOTHING_LEFT) for line in done.stderr.splitlines()), done.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_operation_is_answered_and_what_was_decided_is_sealed(
    client: Client, sandbox: Running, environment: str
) -> None:
    done = client.run(sandbox.ready[environment], parties_of(sandbox.pki))
    assert done.returncode == 0, done.stderr[-4000:]
    shown, decided = Decided.split(done.stdout)
    assert Shown.read(shown).cells == dict.fromkeys(OPERATIONS, VERIFIED)
    for state, (code, told) in (("accepted", decided.accepted), ("rejected", decided.rejected)):
        *_, identifier, digest = told.split(";")
        assert _sealed(sandbox, code, state) == (identifier, digest, Outcome.PASSED)


def _sealed(sandbox: Running, code: int, state: str) -> tuple[str, str, Outcome]:
    """Return the decisive receipt of a notification by our own contract, and what the verifier says of it."""
    holder = sandbox.pki.holder("representative")
    with NotificationClient.from_files(
        sandbox.url,
        key=holder.key,
        certificate=holder.certificate,
        server_certificates=[sandbox.pki.certificate("service")],
    ) as ours:
        (row,) = (one for one in ours.list_notifications(Filter(states=(state,))) if one.code == code)
        (found,) = ours.receipts([row.id])
    (receipt,) = (one for one in found.receipts if one.state == state)
    report = verify(receipt.xml(), trust=load_trust(Path(sandbox.ready["trust"])), at=datetime.now(UTC))
    return receipt.receipt_id, receipt.sha256, report.outcome


@pytest.mark.parametrize("kind", FALSIFIERS)
def test_what_the_service_did_not_sign_is_never_read(
    client: Client, sandbox: Running, between: Hostile, kind: str
) -> None:
    """In one environment: an answer is verified before its names are looked at."""
    with between.falsifying(FALSIFIERS[kind](sandbox.pki)):
        done = client.run(sandbox.ready["wscn_test"], parties_of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert set(Shown.read(done.stdout).cells.values()) == {VERIFIED}, done.stdout


@pytest.mark.parametrize(
    ("client", "kind"),
    [(one, kind) for one in WSCN_CLIENTS for kind in ANOTHERS],
    indirect=["client"],
    ids=lambda one: one.name if isinstance(one, Client) else one,
)
def test_the_answer_to_another_request_is_never_read(
    client: Client, sandbox: Running, between: Hostile, kind: str
) -> None:
    """The list is the service's own, signed just now, to something that the client did not ask."""
    with between.falsifying(another(kind)(sandbox.pki)):
        done = client.run(sandbox.ready["wscn"], parties_of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert Shown.read(done.stdout).cells == LISTED, done.stdout


def test_a_fault_about_the_request_is_told(client: Client, sandbox: Running, between: Hostile) -> None:
    """So what the next test does not find in what the sample prints was not believed."""
    with between.falsifying(GENUINE_FAULT(sandbox.pki)):
        done = client.run(sandbox.ready["wscn"], parties_of(sandbox.pki))
    assert done.returncode != 0
    assert FAULT_CODE in done.stdout + done.stderr


@pytest.mark.parametrize("kind", FALSIFIED_FAULTS)
def test_a_fault_that_the_service_did_not_sign_is_never_told(
    client: Client, sandbox: Running, between: Hostile, kind: str
) -> None:
    with between.falsifying(FALSIFIED_FAULTS[kind](sandbox.pki)):
        done = client.run(sandbox.ready["wscn"], parties_of(sandbox.pki))
    assert done.returncode != 0
    assert between.answers >= 2, done.stderr[-4000:]
    assert FALSE_CODE not in done.stdout + done.stderr
