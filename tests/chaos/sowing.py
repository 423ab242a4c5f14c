"""Publishes an installation's notifications, in a process of its own: `python -m chaos.sowing FILE COUNT`.

The object store is named by the environment, and its library starts threads that no test wants to keep.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from notigateway.sandbox.jobs import refresh_once
from notigateway.sandbox.seeds import sow
from notigateway.settings import load_settings

if __name__ == "__main__":
    settings, now = load_settings(Path(sys.argv[1])), datetime.now(UTC)
    sow(settings, notifications=int(sys.argv[2]), seed=7, now=now)
    refresh_once(settings, now)
