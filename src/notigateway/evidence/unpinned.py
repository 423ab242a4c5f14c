"""How it is said of a seal that nobody pinned it: a verifier tells by it what may be behind that."""

from __future__ import annotations

from typing import Final

NOT_PINNED: Final = "not sealed with a pinned seal certificate"
# Of a head of the log, which names its seal by four bytes.
NO_PINNED_SEAL: Final = "no pinned seal signed it"
