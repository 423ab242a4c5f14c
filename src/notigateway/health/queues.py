"""How it stands with the work of the periodic jobs: how much waits, and for how long already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from notigateway.clock.lapsing import Sweeping
from notigateway.repository.cosignatures import cosignature_queue
from notigateway.repository.engine import reading
from notigateway.repository.queues import (
    Queue,
    dead_deliveries,
    failed_notices,
    lapse_queue,
    log_queue,
    notice_queue,
    push_queue,
    timestamp_queue,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from sqlalchemy import Engine

    from notigateway.settings import Settings

TIMESTAMPS: Final = "timestamps"
LOG: Final = "log"
LAPSES: Final = "lapses"
COSIGNATURES: Final = "cosignatures"
NOTICES: Final = "notices"
UNSENT: Final = "unsent"
PUSHES: Final = "pushes"
UNDELIVERED: Final = "undelivered"


@dataclass(frozen=True, slots=True)
class QueuesWanted:
    """What of the settings decides what waits: nobody waits for who is not named."""

    has_authority: bool
    evidence_delay: timedelta
    witnesses_needed: int = 0
    sends_notices: bool = False
    pushes: bool = False

    @classmethod
    def by(cls, settings: Settings) -> Self:
        """Read it from the settings. Raises: `ConfigurationError`."""
        return cls(
            bool(settings.timestamp_authority_url),
            Sweeping.by(settings).evidence_delay,
            settings.witnesses_needed if settings.witnesses else 0,
            settings.sends_notices,
            settings.pushes,
        )


def look_at_queues(engine: Engine, wanted: QueuesWanted, now: datetime) -> Mapping[str, Queue]:
    """Return each queue. Raises: `TemporarilyUnavailableError`."""
    with reading(engine) as session:
        found = {LOG: log_queue(session), LAPSES: lapse_queue(session, until=now - wanted.evidence_delay)}
        if wanted.has_authority:
            found[TIMESTAMPS] = timestamp_queue(session)
        if wanted.witnesses_needed:
            found[COSIGNATURES] = cosignature_queue(session, needed=wanted.witnesses_needed)
        if wanted.sends_notices:
            found[NOTICES], found[UNSENT] = notice_queue(session, now), failed_notices(session)
        if wanted.pushes:
            found[PUSHES], found[UNDELIVERED] = push_queue(session, now), dead_deliveries(session)
    return found
