"""A seal that the folder of retired seals puts out of use ceases to seal, though its gateway runs on."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from structlog.testing import capture_logs

from notigateway.app import open_app
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.errors import TemporarilyUnavailableError
from notigateway.evidence.history import PERIODS, load_seals
from notigateway.evidence.xades import verify_receipt
from notigateway.health.looking import KEPT_SECONDS
from notigateway.instants import instant_text
from notigateway.log.growing import advance
from notigateway.provision import Provision
from notigateway.repository.engine import reading
from notigateway.repository.model import Receipt
from pki import NOW, pki
from refusals import assert_refusal
from stack import Stack, send, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

UNTIL = NOW + timedelta(minutes=1)
_FILE = "seal-2026.cert.pem"


@pytest.fixture
def running(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway that knows a folder of retired seals, which is not there yet."""
    stack = Stack(database_url, tmp_path, retired_seals_folder=tmp_path / "retired")
    yield stack
    stack.close()


def retire(stack: Stack, until: datetime) -> Path:
    """Do the second step of a change of the seal, and no other."""
    folder = stack.folder / "retired"
    folder.mkdir(exist_ok=True)
    (folder / _FILE).write_bytes(pki().seal.certificate.public_bytes(Encoding.PEM))
    (folder / PERIODS).write_text(f'["{_FILE}"]\nuntil = {instant_text(until)}\n')
    return folder


def readiness(stack: Stack) -> tuple[int, dict[str, Any]]:
    """Ask as a probe does; return the status, and what is found of the seal."""
    assert stack.endpoint.operations is not None
    answer = send(stack.endpoint.operations, b"", REQUEST_METHOD="GET", PATH_INFO="/readyz")
    (found,) = [one for one in json.loads(answer.body)["findings"] if one["check"] == "seal_certificate"]
    return answer.status, found


def outcomes(stack: Stack, *ids: object) -> list[str | None]:
    return [text(one, "outcome") for one in stack.accept(*ids)]


def refused(stack: Stack, wanted: object) -> str:
    """Accept, see that it is refused and changes nothing, and return what the log says."""
    before = stack.contents()
    with capture_logs() as lines:
        answer = stack.ask("AcceptNotifications", f"<id>{wanted}</id>")
    assert_refusal(stack, answer, "TEMPORARILY_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "60"
    assert stack.contents() == before
    (line,) = [one for one in lines if one["event"] == "request_failed"]
    assert line["part"] == "seal"
    return str(line["detail"])


def test_after_the_end_of_its_period_nothing_is_decided_until_that_is_corrected(running: Stack) -> None:
    stack = running
    first, second, third = (stack.publish(f"A-{number}") for number in range(3))
    assert outcomes(stack, first) == ["decided"]
    folder = retire(stack, UNTIL)
    stack.now = UNTIL
    assert outcomes(stack, second) == ["decided"]  # the last instant
    status, found = readiness(stack)
    assert (status, found["state"]) == (200, "warning")
    assert found["says"] == "its use ends at 2026-06-01T12:01:00.000Z, by retired_seals_folder"

    # The reload that was to bring the next seal was refused, and nobody has seen it.
    stack.pass_time(seconds=2)
    said = "was put out of use at 2026-06-01T12:01:00.000Z, by retired_seals_folder"
    assert refused(stack, third) == f"the seal's certificate {said}"
    assert stack.ask("ListNotifications").status == 200
    seal, origin = stack.office.seal, stack.settings.log_origin
    with pytest.raises(TemporarilyUnavailableError, match="put out of use"):
        advance(stack.engine, seal=seal, origin=origin, now=stack.now)
    with pytest.raises(TemporarilyUnavailableError, match="put out of use"):
        sweep(stack.engine, seal=seal, now=NOW + timedelta(days=30), sweeping=Sweeping())
    time.sleep(KEPT_SECONDS)
    status, found = readiness(stack)
    assert (status, found["state"], found["says"]) == (503, "failed", said)
    assert "name the next seal in the settings and reload" in found["cure"]

    retire(stack, stack.now + timedelta(days=1))
    stack.pass_time(seconds=2)
    assert outcomes(stack, third) == ["decided"]
    with reading(stack.engine) as session:
        for receipt in session.query(Receipt):
            verify_receipt(receipt.xml, seal_certificates=load_seals(folder))


def test_what_cannot_be_read_leaves_what_is_known_and_is_told(running: Stack) -> None:
    stack = running
    ids = [stack.publish(f"A-{number}") for number in range(2)]
    folder = retire(stack, UNTIL)
    whole = (folder / PERIODS).read_text()
    (folder / PERIODS).write_text("[half")
    stack.pass_time(seconds=2)
    with capture_logs() as lines:
        assert outcomes(stack, ids[0]) == ["decided"]
    (line,) = [one for one in lines if one["event"] == "retired_seals_unreadable"]
    assert f"cannot read {folder / PERIODS}" in line["detail"]
    status, found = readiness(stack)
    assert (status, found["state"]) == (200, "warning")
    assert "retired_seals_folder cannot be read" in found["says"]
    assert str(folder) not in json.dumps(found)

    (folder / PERIODS).write_text(whole)
    stack.pass_time(minutes=2)
    assert "put out of use" in refused(stack, ids[1])
    # A volume that is away brings no seal back into use.
    folder.rename(stack.folder / "elsewhere")
    stack.pass_time(minutes=2)
    assert "put out of use" in refused(stack, ids[1])
    folder.mkdir()
    stack.pass_time(minutes=2)
    assert "put out of use" in refused(stack, ids[1])


def test_a_worker_that_begins_later_knows_it_too(sqlite_url: str, tmp_path: Path) -> None:
    """It is made of what its master read before, and takes the place of another one."""
    stack = Stack(sqlite_url, tmp_path, retired_seals_folder=tmp_path / "retired")
    wanted = stack.publish()
    provision = Provision.read(stack.settings, now=stack.now)
    retire(stack, UNTIL)
    stack.pass_time(minutes=2)
    worker = open_app(provision, lambda: stack.now)
    first, stack.endpoint = stack.endpoint, worker
    assert "put out of use" in refused(stack, wanted)
    assert readiness(stack)[0] == 503
    worker.gate.office.engine.dispose()
    stack.endpoint = first
    stack.close()
