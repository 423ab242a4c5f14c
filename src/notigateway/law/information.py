"""Reading for information: what lapsed or was rejected may be read afterwards, without any effect; pure.

Nobody can appeal against what he cannot read. A party has a right to the documents of its procedures at any
time (Ley 39/2015 art. 53.1.a), and the service's own history shows what was deemed notified for two years.
So the content is not *delivered*, which would be access (art. 43.1), but may be read: state and terms
stay as they are, whoever reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.errors import InformationEndedError, LapseNotFinalError
from notigateway.law.lifecycle import Cause, Nature, State, effective_state, next_state
from notigateway.law.representation import years_after
from notigateway.law.transitions import Transition

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.law.lifecycle import Standing

# As the history of the Social Security's own service shows them; a policy, see the settings.
INFORMATION_YEARS: Final = 2
HELD_BACK: Final = frozenset({State.LAPSED, State.REJECTED})


def information_until(
    standing: Standing, now: datetime, *, years: int = INFORMATION_YEARS
) -> datetime | None:
    """Return until when it may be read for information: years after it lapsed or was rejected.

    None for what is not held back: its content is released, or nothing has decided yet.
    """
    if effective_state(standing, now) not in HELD_BACK:
        return None
    ended = standing.decided_at or standing.deadline
    return None if ended is None else years_after(ended, years)


def inform(standing: Standing, now: datetime, *, years: int = INFORMATION_YEARS) -> Transition:
    """Read what lapsed or was rejected, for information, at `now`: on record, without any effect.

    A lapse that is only computed may still be taken back by an outage, and then the content would be with
    who never accepted it: it must be written down before. A request that waited may have come before the
    decision that it then found; nothing was read then.

    Raises: `NotAcceptedError` for what nothing has decided, `CancelledError`, `LapseNotFinalError`,
    `InformationEndedError`.
    """
    cause = Cause.INFORM
    next_state(standing, cause, now)
    until = information_until(standing, now, years=years)
    if until is not None and standing.decided_at is None:
        raise LapseNotFinalError
    if until is not None and now >= until:
        raise InformationEndedError
    at = now if standing.decided_at is None else max(now, standing.decided_at)
    return Transition(cause=cause, state=State.READ, at=at, nature=Nature.INFORMATION)
