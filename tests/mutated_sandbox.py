"""A sandbox whose gateway can be made wrong while it runs: `POST /_mutation/NAME`, `none` to mend it.

    python -m mutated_sandbox FOLDER --ready-file FILE

`mutated` starts it and gives what switches it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import httpx
import pytest

from mutants import all_mutations
from notigateway.cli.main import main
from notigateway.sandbox import server
from notigateway.sandbox.worlds import Worlds
from patience import PATIENCE_SECONDS, slowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

PREFIX = "/_mutation/"
RIGHT = "none"


class MutatedWorlds(Worlds):
    """Worlds of a gateway that is wrong in one way, or right."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._wrong = pytest.MonkeyPatch()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(PREFIX):
            return super().__call__(environ, start_response)
        self._wrong.undo()
        name = unquote(path[len(PREFIX) :])
        if name != RIGHT:
            for owner, attribute, value in all_mutations()[name].patches():
                self._wrong.setattr(owner, attribute, value)
        start_response("204 No Content", [("Content-Length", "0")])
        return []


@dataclass(frozen=True)
class Mutated:
    """A running sandbox that can be made wrong."""

    base: str

    @contextmanager
    def wrong(self, name: str) -> Iterator[None]:
        """Make its gateway wrong for a while."""
        self._switch(name)
        try:
            yield
        finally:
            self._switch(RIGHT)

    def _switch(self, name: str) -> None:
        answer = httpx.post(f"{self.base}{PREFIX}{quote(name)}", timeout=slowed(PATIENCE_SECONDS))
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text


@contextmanager
def mutated(folder: Path) -> Iterator[Mutated]:
    """Run such a sandbox, without notifications."""
    folder.mkdir(parents=True, exist_ok=True)
    ready, log = folder / "ready.json", folder / "server.log"
    command = [sys.executable, "-m", "mutated_sandbox", str(folder / "sandbox")]
    with log.open("wb") as target:
        process = subprocess.Popen(
            [*command, "--notifications", "0", "--ready-file", str(ready)],
            cwd=Path(__file__).parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=target,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + slowed(PATIENCE_SECONDS)
        while not ready.is_file():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        yield Mutated(json.loads(ready.read_text())["base"])
    finally:
        process.terminate()
        process.wait(slowed(PATIENCE_SECONDS))


if __name__ == "__main__":
    pytest.MonkeyPatch().setattr(server, "Worlds", MutatedWorlds)
    sys.argv[1:1] = ["sandbox"]
    main()
