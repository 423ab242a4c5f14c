"""The rows of the table of faults: what each is, what is seen of it, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Told:
    """What a caller reads: a code ("" is what was asked for), whether to ask again, after what seconds."""

    code: str = ""
    again: bool = False
    after: int | None = None


@dataclass(frozen=True)
class Line:
    """A line of the log."""

    event: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fault; `name` is the producer's in the test, or `shown` names tests elsewhere that make it."""

    name: str
    fault: str
    reads: Mapping[str, Told]
    log: tuple[Line, ...]
    metrics: tuple[str, ...] = ()
    back: str
    cure: str
    shown: tuple[str, ...] = ()


AS_ASKED: Final = Told()
LATER: Final = Told("TEMPORARILY_UNAVAILABLE", again=True, after=5)
# In an item there is no header: the code says that it may be asked for again.
ITEM_LATER: Final = Told("TEMPORARILY_UNAVAILABLE", again=True)
NEVER: Final = Told("DOCUMENT_DAMAGED")
_AT_ONCE: Final = "with the next request"


def _away(part: str) -> tuple[Line, ...]:
    return (Line("request_failed", {"code": "TEMPORARILY_UNAVAILABLE", "part": part}),)


ROWS: Final = (
    Row(
        name="database_refused",
        fault="database stopped, or refuses connections",
        reads={"": LATER},
        log=_away("database"),
        back=_AT_ONCE,
        cure="start it; nothing of the gateway needs a restart",
    ),
    Row(
        name="database_read_only",
        fault="database read-only: a failover, a standby",
        reads={"": LATER},
        log=_away("database"),
        back=_AT_ONCE,
        cure="promote the standby, or lead `database_url` to the primary",
    ),
    Row(
        name="database_locked",
        fault="SQLite locked by another program",
        reads={"": LATER},
        log=_away("database"),
        back=_AT_ONCE,
        cure="end that program; use PostgreSQL for more than one",
    ),
    Row(
        name="database_full",
        fault="disk of the database full",
        reads={"decisions": LATER},
        log=_away("database"),
        back=_AT_ONCE,
        cure="make room, then `notigateway check`",
    ),
    Row(
        name="document_damaged",
        fault="a document damaged",
        reads={"its content": NEVER, "others": AS_ASKED},
        log=(),
        back="when its bytes are back",
        cure="bring back its bytes from the backup, by the SHA-256 in the log, then `notigateway check`",
    ),
    Row(
        name="authority_away",
        fault="time-stamp authority away",
        reads={"": AS_ASKED},
        log=(),
        back="what waits is asked for again after half a minute to an hour",
        cure="look at the message of `notigateway timestamp`; nothing is lost",
    ),
    Row(
        name="clock_of_the_caller",
        fault="clock of a caller off by more than some minutes",
        reads={"": Told("MESSAGE_EXPIRED")},
        log=(Line("request_failed", {"code": "MESSAGE_EXPIRED"}),),
        back="when that clock is right",
        cure="tell the caller; the fault shows the time of the service",
    ),
    Row(
        name="defect",
        fault="a defect of the gateway",
        reads={"": Told("INTERNAL_ERROR")},
        log=(Line("request_crashed"),),
        back="when it is mended",
        cure="keep the line with its exception and tell us; nothing was changed",
    ),
    Row(
        name="full_log",
        fault="disk of the log full",
        reads={"": AS_ASKED},
        log=(),
        back="lines are lost until there is room",
        cure="make room",
    ),
)
