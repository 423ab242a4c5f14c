"""A sandbox lets a registration be tried by the environment, as docs/integration.md tells."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from notigateway.sandbox.server import Seeds, prepare

if TYPE_CHECKING:
    import pytest

    from notigateway.sandbox.server import Sandbox


def closed(sandbox: Sandbox) -> None:
    sandbox.listener.close()
    sandbox.holding.release()
    if sandbox.authority_listener is not None:
        sandbox.authority_listener.close()


def test_a_registration_of_the_environment_wins_over_those_of_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = (Path(__file__).parents[2] / "docs/integration.md").read_text(encoding="utf-8")
    (value,) = re.findall(r"NOTIGATEWAY_CLIENTS='(.+?)'", told)
    seeds = Seeds(notifications=0, seed=7)
    first = prepare(tmp_path, seeds=seeds, port=0, now=datetime.now(UTC))
    closed(first)
    assert not any(one.signature_confirmation for one in first.settings.clients)
    monkeypatch.setenv("NOTIGATEWAY_CLIENTS", value.replace("DIR", str(tmp_path)))
    again = prepare(tmp_path, seeds=seeds, port=0, now=datetime.now(UTC))
    closed(again)
    (company,) = again.settings.clients
    assert company.signature_confirmation
    assert company.certificate_file == first.pki.holders()["company"].certificate
    assert json.loads(value)[0].keys() == {"certificate_file", "signature_confirmation"}
