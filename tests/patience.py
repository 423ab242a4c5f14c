"""How long a test waits for what always comes, before it fails instead of hanging."""

from __future__ import annotations

import os
from typing import Final

PATIENCE_SECONDS: Final = 60


def slowed(seconds: float) -> float:
    """Return how long what takes so many seconds of an idle machine may take on this one."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
