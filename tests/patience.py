"""How long a test waits for what always comes, before it fails instead of hanging."""

from __future__ import annotations

import os
from typing import Final

PATIENCE_SECONDS: Final = 60


def back_seconds() -> float:
    """Return two seconds of a machine that has nothing else to do, as long as they are on this one."""
    return 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
