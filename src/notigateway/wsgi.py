"""The application for gunicorn; the settings file is named by `NOTIGATEWAY_SETTINGS`."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gunicorn.errors import AppImportError

from notigateway.app import build_app, open_app
from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError
from notigateway.metering import tracing
from notigateway.metering.meters import join
from notigateway.private_files import keep_to_owner
from notigateway.settings import load_settings
from notigateway.supervision.held import held_provision

if TYPE_CHECKING:
    from notigateway.soap.endpoints import Endpoints


def _build() -> Endpoints:
    """Build of what the master read and tried; where none did, read it here.

    Raises: `AppImportError`, which ends the service, only in the latter case.
    """
    provision = held_provision()
    if provision is not None:
        with suppress(GatewayError):  # the master has looked; what changed since is no reason not to serve
            tracing.begin(os.environ)
        return open_app(provision, is_patient=True)
    file = os.environ.get("NOTIGATEWAY_SETTINGS")
    try:
        tracing.begin(os.environ)
        return build_app(load_settings(Path(file) if file else None))
    except GatewayError as error:
        # gunicorn prints that as it is and does not try again; anything else it would print with its trace.
        raise AppImportError(f"{error.code}: {said_of(error)}") from error


keep_to_owner()
with suppress(GatewayError):  # no reason not to serve; whoever asks for its numbers gets none
    join()
application = _build()
# What there is now stays as long as the process: the collector need not look at half a million objects again.
gc.collect()
gc.freeze()
