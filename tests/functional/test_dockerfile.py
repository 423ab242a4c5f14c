"""The targets of the Dockerfile: production is what is built, the sandbox what is asked for by its name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from notigateway.sandbox.process import running
from patience import slowed

TEXT = (Path(__file__).parents[2] / "Dockerfile").read_text("utf-8")
STAGE = re.compile(r"(^FROM \S+(?: AS (\w+))?$.*?)(?=^FROM |\Z)", re.MULTILINE | re.DOTALL)
STAGES = {name: text for text, name in STAGE.findall(TEXT)}


def command(stage: str, instruction: str) -> list[str]:
    """Return the words of an instruction of a stage."""
    (found,) = re.findall(rf"^{instruction}.*?(\[.*\])$", STAGES[stage], re.MULTILINE)
    words: list[str] = json.loads(found)
    return words


def test_what_is_built_by_default_is_production() -> None:
    assert list(STAGES) == ["builder", "sandbox", ""]
    assert command("", "CMD")[0] == "gunicorn"
    assert "sandbox" not in " ".join(command("", "CMD") + command("", "HEALTHCHECK"))
    for stage in ("sandbox", ""):
        assert "USER 10001:10001" in STAGES[stage]


def test_the_sandbox_of_an_image_starts_and_is_healthy(tmp_path: Path) -> None:
    program, verb, folder, *options = command("sandbox", "CMD")
    assert (program, verb, folder) == ("notigateway", "sandbox", "/data/sandbox")
    assert options[options.index("--port") + 1] == "8080"
    # here on this machine alone, at a free port
    options[options.index("--port") + 1], options[options.index("--listen") + 1] = "0", "127.0.0.1"
    with running(tmp_path / "sandbox", *options) as sandbox:
        port = sandbox.ready["listens"].rpartition(":")[2]
        python, *words = command("sandbox", "HEALTHCHECK")
        assert python == "python3"
        asking = [sys.executable, *(word.replace(":8080", f":{port}") for word in words)]
        assert subprocess.run(asking, timeout=slowed(30), check=False).returncode == 0
    gone = subprocess.run(asking, capture_output=True, timeout=slowed(30), check=False)
    assert gone.returncode != 0
