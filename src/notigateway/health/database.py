"""How it stands with the database: reached, taking writes, at this version's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.health.finding import Finding, State
from notigateway.repository.condition import database_file
from notigateway.repository.idle_connections import look_at_all
from notigateway.repository.reach import Reach, reach_of
from notigateway.repository.schema import check_revision, current_revision, head_revision
from notigateway.repository.troubles import Refusal, makes_stale
from notigateway.repository.write_trials import begin_writing, try_writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

DATABASE: Final = "database"
WRITES: Final = "database_writes"
SCHEMA: Final = "schema"
MIGRATE: Final = "run `notigateway migrate`"
START_IT: Final = "start the database, or correct database_url"
CORRECT_IT: Final = (
    "correct database_url, or have the server let this gateway in: its own log says why it does not"
)
END_LOCK: Final = "see what `database` says; where it answers, end what holds a lock there"
_REACH_CURES: Final = {
    Reach.SILENT: START_IT,
    Reach.NAMELESS: "correct the host in database_url, or have its name resolved on this machine",
    Reach.BUSY: "raise max_connections, or lower database_pool_size or the number of workers",
    Reach.MOVING: "wait until it is ready; its own log says how far it is",
    Reach.REFUSED: CORRECT_IT,
}
LET_IT_WRITE: Final = "name the primary in database_url; on SQLite make file, folder and disk writable"
_LET_IT_BE_READ: Final = (
    "let this account read and write file, folder and disk of database_url, or restore it; the log says more"
)
_CURES: Final = {
    Refusal.READ_ONLY: LET_IT_WRITE,
    Refusal.NO_ROOM: "make room on the disk of the database, then run `notigateway check`",
    Refusal.DISK_FAILS: "mend the disk of the database, or restore it; then run `notigateway check`",
}


def look_at_database(engine: Engine, *, in_its_words: bool = False) -> list[Finding]:
    """Find whether the database answers, and which schema it has; one that is away has none to tell of.

    `in_its_words` adds what the server said. It may name host, database and role: for its operator alone.
    """
    file = database_file(engine.url.render_as_string(hide_password=False))
    if file is not None and not file.is_file():
        return [Finding(DATABASE, State.FAILED, "its file is not there", START_IT)]
    look_at_all(engine)
    try:
        current = current_revision(engine)
    except TemporarilyUnavailableError as error:
        if file is not None and isinstance(error.__cause__, Exception) and makes_stale(error.__cause__):
            return [Finding(DATABASE, State.FAILED, "its file cannot be read", _LET_IT_BE_READ)]
        reach = reach_of(error)
        said = f"{reach}: {error.detail.removeprefix('database: ')}" if in_its_words else str(reach)
        return [Finding(DATABASE, State.FAILED, said, _REACH_CURES[reach])]
    return [Finding(DATABASE, State.OK, "answers"), _schema(engine, current)]


def _schema(engine: Engine, current: str | None) -> Finding:
    try:
        check_revision(engine)
    except ConfigurationError:
        said = f"at revision {current or 'none'}, this version needs {head_revision()}"
        return Finding(SCHEMA, State.FAILED, said, MIGRATE)
    if current == head_revision():
        return Finding(SCHEMA, State.OK, f"at revision {current}, this version's")
    return Finding(SCHEMA, State.OK, f"at revision {current}, newer than this version's {head_revision()}")


def look_at_writes(engine: Engine, now: datetime) -> Finding:
    """Find whether a row that is written stays: one is written, and committed."""
    return _writes(lambda: try_writing(engine, now=now), "takes writes")


def look_at_beginning(engine: Engine) -> Finding:
    """Find whether a transaction that writes may begin; nothing is written, so a full disk is not seen."""
    return _writes(lambda: begin_writing(engine), "lets writes begin; whether they stay, /readyz tries")


def _writes(look: Callable[[], Refusal | None], well: str) -> Finding:
    try:
        refusal = look()
    except TemporarilyUnavailableError:
        return Finding(WRITES, State.WARNING, "nothing could be written in time", END_LOCK)
    if refusal is None:
        return Finding(WRITES, State.OK, well)
    return Finding(WRITES, State.FAILED, refusal.value, _CURES[refusal])
