"""How it stands with what is pushed: the keys that sign it, and the receivers that take nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.health.finding import Finding, State
from notigateway.law.pushing import AWAY_AFTER
from notigateway.push.keys import PushKeys
from notigateway.repository.engine import reading
from notigateway.repository.queues import dead_deliveries
from notigateway.repository.undelivered import count_receivers

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from notigateway.settings import Settings

PUSH_KEYS: Final = "push_keys"
RECEIVERS: Final = "receivers"
_CORRECT: Final = "correct push_key_files"
_SEE_WHICH: Final = "`notigateway push list` says which and why; their parties can be told"


def look_at_push_keys(settings: Settings) -> list[Finding]:
    """Find whether what is pushed can be signed."""
    try:
        count = len(PushKeys.read(settings).keys)
    except ConfigurationError as error:
        return [Finding(PUSH_KEYS, State.FAILED, error.detail, _CORRECT)]
    return [Finding(PUSH_KEYS, State.OK, f"{count} published, the first signs", values={"keys": count})]


def look_at_receivers(engine: Engine) -> list[Finding]:
    """Find the receivers that have taken nothing for hours, and what was given up.

    Raises: `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        standing, away = count_receivers(session, away_after=AWAY_AFTER)
        dead = dead_deliveries(session).waiting
    said = f"{standing} subscribed, {away} take nothing, {dead} deliveries given up"
    values = {"subscribed": standing, "away": away, "dead": dead}
    if away or dead:
        return [Finding(RECEIVERS, State.WARNING, said, _SEE_WHICH, values)]
    return [Finding(RECEIVERS, State.OK, said, values=values)]
