"""A sandbox lets a registration be tried by the environment, as docs/integration.md tells."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from notigateway.sandbox.folder import Plan
from notigateway.sandbox.server import prepare
from processes import processes

if TYPE_CHECKING:
    from notigateway.settings import ClientRegistration


def registered(folder: Path, environment: dict[str, str]) -> tuple[ClientRegistration, ...]:
    """Return who is registered in a sandbox, prepared by a process that has asked no store before.

    Its data are made in a fork: one of a process whose object store has threads would wait for them for ever.
    """
    with ProcessPoolExecutor(1, mp_context=processes()) as pool:
        return pool.submit(_prepared, folder, environment).result()


def _prepared(folder: Path, environment: dict[str, str]) -> tuple[ClientRegistration, ...]:
    os.environ |= environment
    sandbox = prepare(folder, plan=Plan(notifications=0, seed=7), port=0, now=datetime.now(UTC))
    return tuple(sandbox.settings.clients)


def test_a_registration_of_the_environment_wins_over_those_of_the_sandbox(tmp_path: Path) -> None:
    told = (Path(__file__).parents[2] / "docs/integration.md").read_text(encoding="utf-8")
    (value,) = re.findall(r"NOTIGATEWAY_CLIENTS='(.+?)'", told)
    first = registered(tmp_path, {})
    assert not any(one.signature_confirmation for one in first)
    (company,) = registered(tmp_path, {"NOTIGATEWAY_CLIENTS": value.replace("DIR", str(tmp_path))})
    assert company.signature_confirmation
    assert company.certificate_file in {one.certificate_file for one in first}
    assert company.certificate_file == tmp_path / "pki" / "holders" / "company.cert.pem"
    assert json.loads(value)[0].keys() == {"certificate_file", "signature_confirmation"}
