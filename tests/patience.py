"""How long a test waits for what always comes, before it fails instead of hanging."""

from __future__ import annotations

from typing import Final

PATIENCE_SECONDS: Final = 60
