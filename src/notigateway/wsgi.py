"""The application for gunicorn; the settings file is named by `NOTIGATEWAY_SETTINGS`."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from notigateway.app import build_app
from notigateway.private_files import keep_to_owner
from notigateway.settings import load_settings

keep_to_owner()
_file = os.environ.get("NOTIGATEWAY_SETTINGS")
application = build_app(load_settings(Path(_file) if _file else None))
# What there is now stays as long as the process: the collector need not look at half a million objects again.
gc.collect()
gc.freeze()
