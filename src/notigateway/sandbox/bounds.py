"""How many notifications a world begins with at most, and which seeds there are; the command line says so."""

from __future__ import annotations

from typing import Final

NOTIFICATIONS_MAX: Final = 1_000_000
# Nobody means more, and a text of it stays short.
SEED_MAX: Final = 2**63 - 1
