"""The hooks that gunicorn calls in its master; `conf/gunicorn.conf.py` imports them by gunicorn's names.

An error in one would end the master, and with it the service. Only at the first start it may, with one line.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError
from notigateway.metering import meters
from notigateway.settings import load_settings
from notigateway.supervision.operations import OperationsListener

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter

    from notigateway.http.worker import GatheringWorker
    from notigateway.settings import Settings

# gunicorn's own code for an application that cannot be loaded: it is not tried again.
_APP_LOAD_ERROR: Final = 4

_operations: Final = OperationsListener()


def on_starting(server: Arbiter) -> None:
    """Read what the service stands on; what cannot be used ends the start with one line."""
    _operations.receive()
    try:
        meters.share((server.cfg.uid, server.cfg.gid))
        _operations.take(_settings().operations_address)
    except GatewayError as error:
        _give_up(server, error)


def post_fork(_server: Arbiter, worker: GatheringWorker) -> None:
    """Give a new worker what the master holds for it."""
    worker.operations_listener = _operations.listener


def pre_exec(server: Arbiter) -> None:
    """Hand the second address on to the next master (USR2); called in the process that becomes it."""
    _operations.hand_on(server.cfg.env_orig)
    meters.hand_on(server.cfg.env_orig)


def _settings() -> Settings:
    file = os.environ.get("NOTIGATEWAY_SETTINGS")
    return load_settings(Path(file) if file else None)


def _give_up(server: Arbiter, error: GatewayError) -> NoReturn:
    """End the start with a line; gunicorn would print anything else with its whole trace."""
    if server.pidfile is not None:
        server.pidfile.unlink()
    sys.stderr.write(f"{error.code}: {said_of(error)}\n")
    sys.stderr.flush()
    sys.exit(_APP_LOAD_ERROR)
