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
IN_A_MINUTE: Final = Told("TEMPORARILY_UNAVAILABLE", again=True, after=60)
UNKNOWN: Final = Told("REVOCATION_UNKNOWN", again=True, after=5)
_STORE_FAILED: Final = Line("document_store_failed", {"part": "store"})
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
        name="store_unmounted",
        fault="document store away: not mounted, no bucket, refused",
        reads={"documents": ITEM_LATER, "new acts": LATER, "the rest": AS_ASKED},
        log=(_STORE_FAILED,),
        back=_AT_ONCE,
        cure="mount it, or bring back its bucket; nothing was put into what stood there instead",
    ),
    Row(
        name="store_foreign",
        fault="document store with the marker of another gateway",
        reads={"documents that are not there": ITEM_LATER, "new acts": LATER, "the rest": AS_ASKED},
        log=(_STORE_FAILED,),
        back=_AT_ONCE,
        cure="correct `document_store_url`, or what is mounted there; a start is refused",
    ),
    Row(
        name="store_hanging",
        fault="document store hangs",
        reads={"documents, after `request_seconds`": ITEM_LATER, "the rest": AS_ASKED},
        log=(_STORE_FAILED,),
        back=_AT_ONCE,
        cure="look at the disk or the network; lists and decisions go on",
    ),
    Row(
        name="document_damaged",
        fault="a document damaged or missing",
        reads={"its content": NEVER, "others": AS_ASKED},
        log=(Line("document_damaged", {"code": "DOCUMENT_DAMAGED"}),),
        back="when its bytes are back",
        cure="bring back its bytes from the backup, by the SHA-256 in the log, then `notigateway check`",
    ),
    Row(
        name="seal_ended",
        fault="seal certificate not valid (any more)",
        reads={"decisions, new acts": IN_A_MINUTE, "the rest": AS_ASKED},
        log=_away("seal"),
        back="after the reload",
        cure="name a valid one in the settings and reload ([keys](#keys-and-authorised-issuers))",
    ),
    Row(
        name="service_certificate_ended",
        fault="service certificate not valid (any more)",
        reads={"": IN_A_MINUTE},
        log=(Line("request_refused", {"code": "TEMPORARILY_UNAVAILABLE", "part": "service_certificate"}),),
        back="after the reload",
        cure="the same; give the new one to the clients, who pin it",
    ),
    Row(
        name="revocation_out_of_date",
        fault="revocation source away for longer than its list lasts",
        reads={"decisions": UNKNOWN, "reading, for `revocation_grace_seconds`": AS_ASKED},
        log=(Line("request_failed", {"code": "REVOCATION_UNKNOWN"}),),
        back="seconds after `notigateway refresh-trust` has succeeded",
        cure="its message names the place; or put the list into `revocation_folder`",
    ),
    Row(
        name="revocation_unknown",
        fault="the same, after the grace",
        reads={"": UNKNOWN},
        log=(Line("request_failed", {"code": "REVOCATION_UNKNOWN"}),),
        back="seconds after `notigateway refresh-trust` has succeeded",
        cure="the same",
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
