"""The application for gunicorn; the settings file is named by `NOTIGATEWAY_SETTINGS`."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from pathlib import Path

from gunicorn.errors import AppImportError

from notigateway.app import build_app
from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError
from notigateway.metering.meters import join
from notigateway.private_files import keep_to_owner
from notigateway.settings import load_settings

keep_to_owner()
with suppress(GatewayError):  # it counts for itself where it cannot share: no reason not to serve
    join()
_file = os.environ.get("NOTIGATEWAY_SETTINGS")
try:
    application = build_app(load_settings(Path(_file) if _file else None))
except GatewayError as error:
    # gunicorn prints that as it is and does not try again; anything else it would print with its whole trace.
    raise AppImportError(f"{error.code}: {said_of(error)}") from error
# What there is now stays as long as the process: the collector need not look at half a million objects again.
gc.collect()
gc.freeze()
