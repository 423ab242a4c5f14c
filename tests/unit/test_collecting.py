"""Garbage is looked for at the usual intervals when a program has loaded, and not before."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from patience import PATIENCE_SECONDS

PROGRAM: Final = """
import gc
from notigateway.collecting import collect_late
usual = gc.get_threshold()
collect_late()
looked = gc.get_stats()[0]["collections"]
loaded = [[] for _ in range(100_000)]
print(gc.get_stats()[0]["collections"] - looked, gc.get_threshold()[1:] == usual[1:])
while gc.get_stats()[0]["collections"] == looked:
    loaded.append([])
print(100_000 < len(loaded) < 500_000, gc.get_threshold() == usual, len(gc.callbacks))
"""


def test_garbage_is_looked_for_as_usual_after_a_program_has_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    assert done.stdout.splitlines() == ["0 True", "True True 0"]
