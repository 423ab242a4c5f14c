"""docs/sandbox.md is true: its tables are the code's, and each of its calls does what it says."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

from patience import slowed
from sandbox_table import DOCUMENT, written

if TYPE_CHECKING:
    from worlds import Sandboxed


def test_the_tables_are_those_of_the_code() -> None:
    assert DOCUMENT.read_text("utf-8") == written()


def test_each_call_of_the_document_is_taken(sandboxed_once: Sandboxed) -> None:
    """In the order in which they stand; what one gives the next ones use."""
    base, known = sandboxed_once.root.base, {"ID": ""}
    blocks = re.findall(r"```console\n(.*?)```", DOCUMENT.read_text("utf-8"), flags=re.DOTALL)
    commands = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ curl")]
    assert len(commands) > 10
    for command in commands:
        filled = command.replace("$SANDBOX", base).replace("$ID", known["ID"])
        words = [*shlex.split(filled), "--silent", "--show-error", "--fail-with-body"]
        done = subprocess.run(words, capture_output=True, timeout=slowed(60), check=False)
        assert done.returncode == 0, (filled, done.stdout, done.stderr)
        if done.stdout.startswith(b"{") and "id" in (said := json.loads(done.stdout)):
            known["ID"] = str(said["id"])
