"""docs/sandbox.md is true: its tables are the code's, and each of its calls does what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from patience import slowed
from sandbox_table import DOCUMENT, written

if TYPE_CHECKING:
    from worlds import Sandboxed

pytestmark = pytest.mark.once


def test_the_tables_are_those_of_the_code() -> None:
    assert DOCUMENT.read_text("utf-8") == written()


def test_each_call_of_the_document_is_taken(sandboxed_once: Sandboxed) -> None:
    """In the order in which they stand; what one gives the next ones use."""
    base, known = sandboxed_once.root.base, {"ID": ""}
    blocks = re.findall(r"```console\n(.*?)```", DOCUMENT.read_text("utf-8"), flags=re.DOTALL)
    commands = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ curl")]
    assert len(commands) > 10
    for command in commands:
        words = ["bash", "-c", f"{command} --silent --show-error --fail-with-body"]
        named = {**os.environ, "SANDBOX": base, **known}
        done = subprocess.run(words, capture_output=True, timeout=slowed(60), check=False, env=named)
        assert done.returncode == 0, (command, known, done.stdout, done.stderr)
        if done.stdout.startswith(b"{") and "id" in (said := json.loads(done.stdout)):
            known["ID"] = str(said["id"])
