"""What tests in other languages use the sandbox by: each library is tried by the test beside it.

Each starts a sandbox, gives its tests worlds of their own, and lets a notification lapse in an instant.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from interop.clients import BUILD_SECONDS, SAMPLES, build_java, build_node, need, not_here
from interop.stub_engine import stub_engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.interop
COMMAND = {"NOTIGATEWAY_SANDBOX_COMMAND": str(Path(sys.executable).with_name("notigateway"))}
JAVA = SAMPLES / "java/sandbox"
MAVEN = ("mvn", "--quiet", "--batch-mode")
# Each starts a sandbox or two, which takes longer than all that is asked of it.
SECONDS = 240.0
# What Maven says where a package is not on this machine yet.
OFFLINE = "offline mode"


def run(
    folder: Path,
    *command: str,
    environment: Mapping[str, str],
    seconds: float = SECONDS,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@pytest.fixture(params=["one of its own", "one that runs"])
def environment(request: pytest.FixtureRequest, used_up: Running) -> Mapping[str, str]:
    """Give what says to a library which sandbox to use."""
    # That of its page, which people copy, is as good as its base.
    running = {"NOTIGATEWAY_SANDBOX_URL": used_up.ready["sandbox"]}
    return COMMAND if request.param == "one of its own" else running


def test_node_lets_a_notification_lapse(environment: Mapping[str, str]) -> None:
    need(not_here("node", "npm"))
    build_node()
    done = run(SAMPLES / "node", "node", "--test", "sandbox.test.js", environment=environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "# pass 2" in done.stdout


def test_php_lets_a_notification_lapse(environment: Mapping[str, str]) -> None:
    need(not_here("php", "phpunit"))
    command = ("phpunit", "--do-not-cache-result", "SandboxTest.php")
    done = run(SAMPLES / "php", *command, environment=environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "OK (2 tests" in done.stdout


def test_junit_lets_a_notification_lapse_in_a_process_and_in_a_container(tmp_path: Path) -> None:
    """Testcontainers is the real one; what stands for the engine runs the command of the container here."""
    need(not_here("java", "mvn"))
    build_java()
    with stub_engine(tmp_path) as engine:
        wanted = (*MAVEN, "test")
        environment = {**COMMAND, **engine.environment}
        done = run(JAVA, *wanted, "--offline", environment=environment)
        if OFFLINE in done.stdout:
            done = run(JAVA, *wanted, environment=environment, seconds=BUILD_SECONDS)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert ran("SandboxTest") == 2
    assert ran("ContainerTest") == 2
    assert engine.container.removed


def ran(name: str) -> int:
    """Return how many tests of a class passed, and were not left out."""
    report = etree.parse(JAVA / f"target/surefire-reports/TEST-example.sandbox.{name}.xml").getroot()
    return int(report.get("tests", "0")) - int(report.get("skipped", "0"))
