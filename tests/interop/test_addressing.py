"""The policy offers WS-Addressing and asks for none: who reads it goes either way, and may ask again."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interop.clients import RUN_SECONDS, Parties, build_java, build_metro, need, not_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from interop.hostile import Exchange, Hostile
    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.interop
PROGRAMS = Path(__file__).parent / "addressing"
PINGS = 20


def java(jar: Path, program: str, sandbox: Running, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the programs with the classes of a sample."""
    who = Parties.of(sandbox.pki)
    files = map(str, (who.company.p12, who.passphrase, who.service))
    source = str(PROGRAMS / f"{program}.java")
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", str(jar), source, sandbox.url, *files, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)


@pytest.fixture(autouse=True)
def _has_java() -> None:
    need(not_here("java", "mvn"))


@pytest.mark.parametrize("build", [build_metro, build_java])
def test_the_same_request_is_answered_as_often_as_it_is_asked_within_seconds(
    build: Callable[[], Path], sandbox: Running
) -> None:
    """Metro's Timestamps have whole seconds: each MessageID makes a message of its own."""
    done = java(build(), "Pings", sandbox, str(PINGS))
    assert done.stdout.split() == [str(PINGS)], done.stderr[-4000:]


@pytest.mark.parametrize(
    ("addressing", "algorithm"), [("addressed", "named"), ("plain", "named"), ("plain", "unnamed")]
)
def test_cxf_goes_by_the_policy_alone_but_must_be_told_the_algorithm(
    addressing: str, algorithm: str, sandbox: Running, between: Hostile
) -> None:
    """It reads another algorithm out of the suite than Metro does, and no attribute beside it."""
    seen: list[Exchange] = []

    def noted(exchange: Exchange) -> bytes:
        seen.append(exchange)
        return exchange.answer

    with between.falsifying(noted, passing=0):
        done = java(build_java(), "PolicyAlone", sandbox, addressing, algorithm)
    (exchange,) = seen
    is_addressed = addressing == "addressed"
    assert (b"<MessageID" in exchange.request, b"RelatesTo" in exchange.answer) == (
        is_addressed,
        is_addressed,
    )
    if algorithm == "named":
        assert done.returncode == 0, done.stderr[-4000:]
        assert b"PingResponse" in exchange.answer
        assert re.fullmatch(r"[0-9A-Z]{9}", done.stdout.strip())
    else:
        assert b"xmldsig#rsa-sha1" in exchange.request
        assert b"ALGORITHM_UNSUPPORTED" in exchange.answer
        assert done.returncode != 0
