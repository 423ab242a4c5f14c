"""What the pages of a sandbox give to copy runs as it is: curl, zeep and Apache CXF ask and are answered."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from interop.clients import RUN_SECONDS, SAMPLES, build_java, need, not_here
from leafing import Reader
from worlds import sandboxed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from leafing import Seen
    from worlds import Harness

pytestmark = pytest.mark.once

OPERATIONS = [
    ("v1", "ListNotifications"),
    ("issuing", "PublishActs"),
    ("wscn", "consultarListadoNotificaciones"),
    ("wscn-test", "solicitarPoderdantes"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with sandboxed(tmp_path_factory.mktemp("copied") / "sandbox") as started:
        yield started.make()


def page_of(world: Harness, contract: str, operation: str) -> Seen:
    return Reader(world.base).open(f"/pages/operations/{contract}/{operation}")


def copied(page: Seen, name: str) -> str:
    """Return what stands to be copied under a name."""
    (found,) = [
        area.text for area in page.tree.iter("textarea")
        if page.tree.xpath(f"//label[@for='{area.get('id')}']/text()") == [name]
    ]  # fmt: skip
    return str(found)


def run(folder: Path, *command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fetch(folder: Path, program: str, mark: str) -> None:
    """Run what a program says, in its first lines, is to be fetched."""
    commands = [line[len(mark) :] for line in program.splitlines() if line.startswith(f"{mark}curl ")]
    assert commands
    run(folder, "bash", "-euc", "\n".join(commands))


def last(world: Harness) -> dict[str, object]:
    """Return what the journal has of the last request of a client."""
    entry: dict[str, object] = world.get("/journal")["entries"][-1]
    return entry


@pytest.mark.parametrize(("contract", "operation"), OPERATIONS)
def test_curl_sends_what_was_signed(world: Harness, tmp_path: Path, contract: str, operation: str) -> None:
    need(not_here("curl", "bash"))
    answer = run(tmp_path, "bash", "-euc", copied(page_of(world, contract, operation), "curl"))
    assert f"{operation}Response" in answer
    assert last(world)["operation"] == operation


@pytest.mark.parametrize(("contract", "operation"), OPERATIONS)
def test_zeep_signs_and_verifies(world: Harness, tmp_path: Path, contract: str, operation: str) -> None:
    need(not_here("curl", "bash"))
    program = copied(page_of(world, contract, operation), "zeep")
    fetch(tmp_path, program, "# ")
    (tmp_path / "call.py").write_text(program, "utf-8")
    run(tmp_path, sys.executable, "call.py", PYTHONPATH=str(SAMPLES / "python"))
    assert (last(world)["operation"], last(world)["code"]) == (operation, "OK")


@pytest.mark.parametrize(("contract", "operation"), OPERATIONS[1:3])
def test_cxf_signs_and_verifies(world: Harness, tmp_path: Path, contract: str, operation: str) -> None:
    need(not_here("curl", "bash", "java", "mvn"))
    program = copied(page_of(world, contract, operation), "CXF")
    fetch(tmp_path, program, "// ")
    (tmp_path / "Call.java").write_text(program, "utf-8")
    answer = run(tmp_path, "java", "-cp", str(build_java()), "Call.java")
    assert f"{operation}Response" in answer
    assert (last(world)["operation"], last(world)["code"]) == (operation, "OK")


def test_a_request_of_the_journal_is_asked_again_by_a_program(world: Harness, tmp_path: Path) -> None:
    need(not_here("curl", "bash"))
    with world.client("representative") as client:
        client.summary(by_addressee=True)
    entry = Reader(world.base).open(f"/pages/journal/{last(world)['number']}")
    again = run(tmp_path, "bash", "-euc", copied(entry, "curl"))
    assert "MESSAGE_REPLAYED" in again
    program = copied(entry, "zeep")
    assert "countAddressees=True" in program
    fetch(tmp_path, program, "# ")
    (tmp_path / "call.py").write_text(program, "utf-8")
    run(tmp_path, sys.executable, "call.py", PYTHONPATH=str(SAMPLES / "python"))
    assert (last(world)["holder"], last(world)["code"]) == ("representative", "OK")
