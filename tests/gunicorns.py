"""gunicorn with our worker and an application that a test writes, on 127.0.0.1, for one context."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONF: Final = """
from notigateway.http.worker import GatheringWorker

bind = "fd://{descriptor}"
worker_class = "notigateway.http.worker.GatheringWorker"
graceful_timeout = 5
control_socket_disable = True
{more}
"""


@contextmanager
def running(folder: Path, application: str, more: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run it with the source of `application` and `more` of gunicorn's settings; give its port.

    What it says is in the folder's `log`. It must end as it should.
    """
    (folder / "answering.py").write_text(application)
    with socket.create_server(("127.0.0.1", 0)) as listener, (folder / "log").open("wb") as log:
        conf = folder / "conf.py"
        conf.write_text(_CONF.format(descriptor=listener.fileno(), more=more))
        command = [sys.executable, "-m", "gunicorn", "-c", str(conf), "--chdir", str(folder)]
        process = subprocess.Popen(
            [*command, "answering:application"], pass_fds=[listener.fileno()], stderr=log
        )
        try:
            yield listener.getsockname()[1], process
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)
