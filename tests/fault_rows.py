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
    # As Prometheus is asked: a counter that grows, or a gauge and what it is compared with.
    metrics: tuple[str, ...]
    back: str
    cure: str
    shown: tuple[str, ...] = ()


AS_ASKED: Final = Told()
LATER: Final = Told("TEMPORARILY_UNAVAILABLE", again=True, after=5)
# In an item there is no header: the code says that it may be asked for again.
ITEM_LATER: Final = Told("TEMPORARILY_UNAVAILABLE", again=True)
NEVER: Final = Told("DOCUMENT_DAMAGED")
IN_A_MINUTE: Final = Told("TEMPORARILY_UNAVAILABLE", again=True, after=60)
# Before a request is read there is no fault; a proxy and a client read the status.
BUSY: Final = Told("HTTP 503", again=True, after=5)
UNKNOWN: Final = Told("REVOCATION_UNKNOWN", again=True, after=5)
_STORE_FAILED: Final = Line("document_store_failed", {"part": "store"})
_AT_ONCE: Final = "with the next request"


def _away(part: str) -> tuple[Line, ...]:
    return (Line("request_failed", {"code": "TEMPORARILY_UNAVAILABLE", "part": part}),)


def _lines_of(event: str, part: str = "") -> str:
    of_part = f',part="{part}"' if part else ""
    return f'notigateway_log_lines_total{{event="{event}"{of_part}}}'


def _answers(code: str) -> str:
    return f'notigateway_requests_total{{code="{code}"}}'


def _ended(certificate: str) -> str:
    return f'notigateway_certificate_end_timestamp_seconds{{certificate="{certificate}"}} < time()'


_DATABASE_AWAY: Final = (_lines_of("request_failed", "database"), "notigateway_database_up == 0")
_DATABASE_FAILED: Final = (_lines_of("request_failed", "database"),)
_STORE_AWAY: Final = (_lines_of("document_store_failed", "store"),)
_OUT_OF_DATE: Final = (
    _answers("REVOCATION_UNKNOWN"),
    'notigateway_revocation_left_seconds{which="first"} < 0',
)

ROWS: Final = (
    Row(
        name="database_refused",
        fault="database stopped, or refuses connections",
        reads={"": LATER},
        log=_away("database"),
        metrics=_DATABASE_AWAY,
        back=_AT_ONCE,
        cure="start it; nothing of the gateway needs a restart",
    ),
    Row(
        name="database_hanging",
        fault="database hangs",
        reads={"after `request_seconds`": LATER},
        log=_away("database"),
        metrics=_DATABASE_AWAY,
        back=_AT_ONCE,
        cure="look at its disk or the network",
    ),
    Row(
        name="database_read_only",
        fault="database read-only: a failover, a standby, a read-only disk",
        reads={"": LATER},
        log=_away("database"),
        metrics=(*_DATABASE_FAILED, 'notigateway_check{check="database_writes",state="failed"} == 1'),
        back=_AT_ONCE,
        cure="promote the standby, or lead `database_url` to the primary; make the disk writable",
    ),
    Row(
        name="database_locked",
        fault="SQLite locked by another program",
        reads={"": LATER},
        log=_away("database"),
        metrics=_DATABASE_FAILED,
        back=_AT_ONCE,
        cure="end that program; use PostgreSQL for more than one",
    ),
    Row(
        name="database_full",
        fault="disk of the database full",
        reads={"": LATER},
        log=_away("database"),
        metrics=(*_DATABASE_FAILED, 'notigateway_check{check="database_writes",state="failed"} == 1'),
        back=_AT_ONCE,
        cure="make room, then `notigateway check`",
    ),
    Row(
        name="store_unmounted",
        fault="document store away: not mounted, no bucket, refused",
        reads={"documents": ITEM_LATER, "new acts": LATER, "the rest": AS_ASKED},
        log=(_STORE_FAILED,),
        metrics=_STORE_AWAY,
        back=_AT_ONCE,
        cure="mount it, or bring back its bucket; nothing was put into what stood there instead",
    ),
    Row(
        name="store_foreign",
        fault="document store with the marker of another gateway",
        reads={"documents that are not there": ITEM_LATER, "new acts": LATER, "the rest": AS_ASKED},
        log=(_STORE_FAILED,),
        metrics=_STORE_AWAY,
        back=_AT_ONCE,
        cure="correct `document_store_url`, or what is mounted there; a start is refused",
    ),
    Row(
        name="store_hanging",
        fault="document store hangs",
        reads={"documents, after `request_seconds`": ITEM_LATER, "the rest": AS_ASKED},
        log=(_STORE_FAILED,),
        metrics=_STORE_AWAY,
        back=_AT_ONCE,
        cure="look at the disk or the network; lists and decisions go on",
    ),
    Row(
        name="document_damaged",
        fault="a document damaged or missing",
        reads={"its content": NEVER, "others": AS_ASKED},
        log=(Line("document_damaged", {"code": "DOCUMENT_DAMAGED"}),),
        metrics=(_lines_of("document_damaged"),),
        back="when its bytes are back",
        cure="bring back its bytes from the backup, by the SHA-256 in the log, then `notigateway check`",
    ),
    Row(
        name="seal_ended",
        fault="seal certificate not valid (any more)",
        reads={"decisions, new acts": IN_A_MINUTE, "the rest": AS_ASKED},
        log=_away("seal"),
        metrics=(_lines_of("request_failed", "seal"), _ended("seal")),
        back="after the reload",
        cure="name a valid one in the settings and reload ([keys](#keys-and-authorised-issuers))",
    ),
    Row(
        name="seal_put_out_of_use",
        fault="seal past its `until` in `retired_seals_folder`: the reload was refused, or forgotten",
        reads={"decisions, new acts": IN_A_MINUTE, "the rest": AS_ASKED},
        log=_away("seal"),
        metrics=(
            _lines_of("request_failed", "seal"),
            'notigateway_check{check="seal_certificate",state="failed"} == 1',
        ),
        back="after the reload, or a second after `until` is corrected",
        cure="see `reload_refused`, and reload with the next seal; or correct `until` in `periods.toml`",
    ),
    Row(
        name="service_certificate_ended",
        fault="service certificate not valid (any more)",
        reads={"": IN_A_MINUTE},
        log=(Line("request_refused", {"code": "TEMPORARILY_UNAVAILABLE", "part": "service_certificate"}),),
        metrics=(_lines_of("request_refused", "service_certificate"), _ended("service")),
        back="after the reload",
        cure="the same; give the new one to the clients, who pin it",
    ),
    Row(
        name="issuer_ended",
        fault="certificate of an authorised issuer not valid (any more)",
        reads={"who has a certificate of it": IN_A_MINUTE, "others": AS_ASKED},
        log=_away("issuer"),
        metrics=(
            _lines_of("request_failed", "issuer"),
            _ended("issuer"),
            'notigateway_check{check="authorised_issuers",state="warning"} == 1',
        ),
        back="after the reload",
        cure="put its next certificate beside it, and reload; where there is none take it out: then "
        "they read `ISSUER_NOT_AUTHORISED`",
    ),
    Row(
        name="trusted_list_due",
        fault="next update of the trusted list due",
        reads={"who has a certificate of its issuers": IN_A_MINUTE, "others": AS_ASKED},
        log=_away("trusted_list"),
        metrics=(
            _lines_of("request_failed", "trusted_list"),
            'notigateway_check{check="trusted_list",state="warning"} == 1',
        ),
        back="after the reload",
        cure="download the present one, and reload",
    ),
    Row(
        name="revocation_out_of_date",
        fault="revocation source away for longer than its list lasts",
        reads={"decisions": UNKNOWN, "reading, for `revocation_grace_seconds`": AS_ASKED},
        log=(Line("request_failed", {"code": "REVOCATION_UNKNOWN"}),),
        metrics=_OUT_OF_DATE,
        back="seconds after `notigateway refresh-trust` has succeeded",
        cure="its message names the place; or put the list into `revocation_folder`",
    ),
    Row(
        name="revocation_unknown",
        fault="the same, after the grace",
        reads={"": UNKNOWN},
        log=(Line("request_failed", {"code": "REVOCATION_UNKNOWN"}),),
        metrics=_OUT_OF_DATE,
        back="seconds after `notigateway refresh-trust` has succeeded",
        cure="the same",
    ),
    Row(
        name="authority_away",
        fault="time-stamp authority away",
        reads={"": AS_ASKED},
        log=(Line("job_failed", {"code": "INCOMPLETE", "job": "timestamp"}),),
        metrics=(
            'notigateway_queue_length{queue="timestamps"} > 0',
            'notigateway_check{check="job_timestamp",state="warning"} == 1',
        ),
        back="what waits is asked for again after half a minute to an hour",
        cure="`detail` of that line says what the authority answered; nothing is lost",
    ),
    Row(
        name="clock_of_the_caller",
        fault="clock of a caller off by more than some minutes",
        reads={"": Told("MESSAGE_EXPIRED")},
        log=(Line("request_failed", {"code": "MESSAGE_EXPIRED"}),),
        metrics=(_answers("MESSAGE_EXPIRED"),),
        back="when that clock is right",
        cure="tell the caller; the fault shows the time of the service",
    ),
    Row(
        name="clock_of_ours",
        fault="our own clock off: behind by more than some minutes",
        reads={"": Told("MESSAGE_EXPIRED")},
        log=(Line("request_failed", {"code": "MESSAGE_EXPIRED"}),),
        metrics=(_answers("MESSAGE_EXPIRED"),),
        back="when the clock is right",
        cure="all callers at once are told so: set it right and keep it so; `notigateway doctor` compares it",
    ),
    Row(
        name="worker_killed",
        fault="a worker killed, or replaced at its `max_requests`",
        reads={"": AS_ASKED},
        log=(Line("was sent SIGKILL"),),
        metrics=("notigateway_worker_starts_total",),
        back="the others go on; the next starts by itself, also while the database is away",
        cure="nothing; again and again: [NotigatewayRestarts](runbooks/NotigatewayRestarts.md)",
        shown=(
            "tests/functional/test_supervised.py::test_a_reload_that_cannot_be_used_leaves_in_force_what_is",
        ),
    ),
    Row(
        name="threads_busy",
        fault="all threads busy: something hangs, or too many call",
        reads={"newcomers, until a thread is free": AS_ASKED, "kept connections, after 10 s": BUSY},
        log=(Line("request_refused", {"code": "TEMPORARILY_UNAVAILABLE", "part": "threads"}),),
        metrics=(_lines_of("request_refused", "threads"), 'notigateway_http_refusals_total{status="503"}'),
        back="when a thread is free",
        cure="mend what hangs; else more `threads` or workers, or fewer callers at once",
        shown=(
            "tests/functional/test_busy_worker.py::test_alone_a_worker_leaves_newcomers_and_tells_kept_connections",
        ),
    ),
    Row(
        name="memory_lacking",
        fault="no memory for a new worker",
        reads={"": AS_ASKED},
        log=(Line("worker_failed", {"level": "error"}),),
        metrics=(_lines_of("worker_failed"),),
        back="a second after there is some",
        cure="free some, or begin fewer workers; with none left nobody is answered until then",
        shown=(
            "tests/functional/test_supervised.py::test_workers_that_lack_memory_are_tried_until_there_is_some",
        ),
    ),
    Row(
        name="reload_refused",
        fault="a reload with a typing error, a key that is not there, a schema of before",
        reads={"": AS_ASKED},
        log=(Line("reload_refused", {"code": "CONFIGURATION", "level": "error"}),),
        metrics=(_lines_of("reload_refused"),),
        back="never away: what was in force stays",
        cure="correct what the line names, or `notigateway migrate`; then reload again",
        shown=(
            "tests/functional/test_supervised.py::test_a_reload_that_cannot_be_used_leaves_in_force_what_is",
        ),
    ),
    Row(
        name="defect",
        fault="a defect of the gateway",
        reads={"": Told("INTERNAL_ERROR")},
        log=(Line("request_crashed"),),
        metrics=(_answers("INTERNAL_ERROR"),),
        back="when it is mended",
        cure="keep the line with its exception and tell us; nothing was changed",
    ),
    Row(
        name="full_log",
        fault="disk of the log full",
        reads={"": AS_ASKED},
        log=(),
        metrics=(),
        back="lines are lost until there is room",
        cure="make room",
    ),
)


def row_named(name: str) -> Row:
    """Return the row of that name."""
    (row,) = (one for one in ROWS if one.name == name)
    return row
