"""The code printed on a receipt (CSV): what it tells to whoever holds the page and knows the addressee.

Only that a fact is on record, which, when, and by which body: no name, no content. A code that leads
nowhere and the wrong NIF are one answer, found in the same way.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import RateLimitedError
from notigateway.repository.engine import reading, writing
from notigateway.repository.rates import count_request, forget_counts
from notigateway.repository.receipts import find_by_csv_code

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.law.lifecycle import Nature, State

_PREFIX: Final = "web-"
_MARK_DIGITS: Final = 15  # with the prefix, the width of the column
_NOBODY: Final = "000000000"
_CSV: Final = re.compile("[A-Z2-7]{24}")
_SPACES: Final = re.compile(r"[\s\-.]")


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the public may know of a receipt."""

    state: State
    at: datetime
    issuing_body: str
    nature: Nature | None = None


def normal_code(text: str) -> str | None:
    """Return a code as it is kept: people type spaces, hyphens and lower case. None for what is no code."""
    code = _SPACES.sub("", text[:64]).upper()
    return code if _CSV.fullmatch(code) else None


def look_up(
    engine: Engine, *, code: str, nif: str, peer: str, now: datetime, per_minute: int
) -> OnRecord | None:
    """Return what a code tells, if the NIF is the addressee's; None says no more than that it is not so.

    The asking address is counted first, in the database and so for all workers together; it is kept
    as a hash, for a minute.

    Raises: `RateLimitedError`, `TemporarilyUnavailableError`.
    """
    mark = _PREFIX + hashlib.sha256(peer.encode()).hexdigest()[:_MARK_DIGITS]
    with writing(engine) as session:
        forget_counts(session, prefix=_PREFIX, before=now.replace(second=0, microsecond=0))
        count = count_request(session, mark, now)
    if count > per_minute:
        raise RateLimitedError(f"more than {per_minute} a minute", retry_after_seconds=60 - now.second)
    with reading(engine) as session:
        found = find_by_csv_code(session, normal_code(code) or "")
    # The comparison is made in either case, and tells by its duration nothing of the NIF.
    given = _SPACES.sub("", nif[:64]).upper().encode()
    addressee = _NOBODY if found is None else found.identifier
    is_addressee = hmac.compare_digest(given, addressee.encode())
    if found is None or not is_addressee:
        return None
    return OnRecord(found.state, found.event_time, found.name, found.nature)
