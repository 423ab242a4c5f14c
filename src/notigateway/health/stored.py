"""How it stands with what only the database tells: its clock and connections, and what waits in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
from notigateway.health.finding import Finding, State
from notigateway.health.jobs import SET_CLOCKS
from notigateway.health.surroundings import judge_clock
from notigateway.log.heads import name_of
from notigateway.repository.condition import read_condition
from notigateway.repository.engine import reading
from notigateway.repository.log import count_unplaced, find_last_checkpoint
from notigateway.repository.timestamps import count_undone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.settings import Settings

CONNECTIONS: Final = "database_connections"
CHECKPOINT: Final = "log_checkpoint"
STAMPS: Final = "timestamps"
_LATE_SECONDS: Final = 600
_MANY: Final = 1000
_WORKERS: Final = 2


def look_at_condition(engine: Engine, settings: Settings, clock: Callable[[], datetime]) -> list[Finding]:
    """Find how the database's clock and connections are; of SQLite there is nothing to tell.

    Raises: `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        said = read_condition(session)
        now = clock()
    if said.now is None or said.connections_max is None or said.connections_left is None:
        return []
    off = (now - said.now).total_seconds()
    found = [judge_clock(off, of="the database's clock", most_seconds=settings.timestamp_skew_seconds)]
    wanted = settings.database_pool_size * _WORKERS
    values = {"max": said.connections_max, "left": said.connections_left}
    text = f"{said.connections_left} of {said.connections_max} are left; two workers want {wanted}"
    cure = "raise max_connections, or lower database_pool_size or WEB_CONCURRENCY"
    if wanted >= said.connections_max:
        return [*found, Finding(CONNECTIONS, State.FAILED, text, cure, values)]
    if said.connections_left < settings.database_pool_size:
        return [*found, Finding(CONNECTIONS, State.WARNING, text, cure, values)]
    return [*found, Finding(CONNECTIONS, State.OK, text, values=values)]


def look_at_waiting(engine: Engine, settings: Settings, now: datetime) -> list[Finding]:
    """Find what waits for a job: leaves for a checkpoint, receipts for a time-stamp.

    Raises: `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        last, unplaced = find_last_checkpoint(session), count_unplaced(session)
        undone = count_undone(session) if settings.timestamp_authority_url else 0
    name, wanted = name_of(last), settings.log_origin
    if name is not None and name != wanted:
        said = f'the log is signed as "{name}", and log_origin says "{wanted}": nothing more is signed'
        cure = f'set log_origin = "{name}", or correct database_url; restored: `notigateway log resume`'
        found = [Finding(CHECKPOINT, State.FAILED, said, cure)]
    else:
        found = [_checkpoint(None if last is None else (now - last.at).total_seconds(), unplaced)]
    if settings.timestamp_authority_url:
        state = State.WARNING if undone > _MANY else State.OK
        cure = "keep `notigateway jobs` running, and read its line `job_failed`" if undone > _MANY else ""
        found.append(Finding(STAMPS, state, f"{undone} receipts wait for one", cure, {"waiting": undone}))
    return found


def _checkpoint(age: float | None, unplaced: int) -> Finding:
    cure = "keep `notigateway jobs` running, or run `notigateway checkpoint` by a timer"
    if age is None:
        said = f"none yet, {unplaced} records wait for it"
        state = State.WARNING if unplaced else State.OK
        return Finding(CHECKPOINT, state, said, cure if unplaced else "", {"waiting": unplaced})
    values = {"age_seconds": round(age, 3), "waiting": unplaced}
    if age < -CLOCKS_DIFFER_AT_MOST.total_seconds():
        said = f"the last one is of {-age / 60:.0f} minutes ahead of this clock: none is signed until then"
        return Finding(CHECKPOINT, State.WARNING, said, SET_CLOCKS, values)
    said = f"{age / 60:.0f} minutes old, {unplaced} records wait for the next"
    if unplaced and age > _LATE_SECONDS:
        return Finding(CHECKPOINT, State.WARNING, said, cure, values)
    return Finding(CHECKPOINT, State.OK, said, values=values)
