"""`python -m fuzz.one TARGET [libFuzzer options]`: fuzzes one target in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
with atheris.instrument_imports(include=["notigateway"]):
    from fuzzing import TARGETS


def main() -> None:
    """Run until the time is over or a finding; libFuzzer ends the process."""
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


main()
