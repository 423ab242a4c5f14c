"""The report of a day: one HTML file for people, without scripts or anything from elsewhere.

It says what stood at the end of that day, by the instants that the archive has: what was decided afterwards
still waited. What hurts comes first: corrections, failures, lapses. Then each client's counts, what waits, by
deadline, and what was decided and by whom. Each notification stands in the first table that it belongs
to, and there alone; one that arrived that day is marked. Whatever anybody said is escaped.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from typing import TYPE_CHECKING, Final

from notigateway.client.archive.cells import Column, by, client, day_text, last_day_of, moment, table, what
from notigateway.client.archive.reading import rows
from notigateway.client.archive.style import STYLE
from notigateway.client.archive.words import Words
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID, last_day

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from notigateway.client.archive.cells import Row

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_NOTED: Final = frozenset({"corrections", "failures", "lapsed", "unseen"})
_SOON_DAYS: Final = 2
_THEN: Final = "available_at < :end"
_NEWS: Final = "available_at >= :begin AND available_at < :end"
_UNDECIDED: Final = "state IN ('available', 'receipt_requested')"
# A term that ends at midnight ends with the day before.
_LATER: Final = "(decided_at > :end OR (decided_at = :end AND state <> 'lapsed'))"
_PENDING: Final = f"{_THEN} AND ({_UNDECIDED} OR {_LATER}) AND (unseen_since IS NULL OR unseen_since >= :end)"
_DECIDED: Final = "decided_at >= :begin AND decided_at < :end AND state <> 'lapsed'"
_LAPSED: Final = "state = 'lapsed' AND decided_at > :begin AND decided_at <= :end"
_UNSEEN: Final = "unseen_since >= :begin AND unseen_since < :end"
_COUNTED: Final = ("pending", "arrived", "decided", "lapsed", "corrections")


@dataclass(slots=True)
class _Section:
    key: str
    kind: str
    found: list[sqlite3.Row]
    columns: Sequence[Column] = ()
    # How many there are, where not each has a row of its own here.
    count: int = -1
    note: str = ""

    def __post_init__(self) -> None:
        if self.count < 0:
            self.count = len(self.found)


@dataclass(slots=True)
class _Client:
    """What there is of one client that day."""

    row: sqlite3.Row
    counts: Counter[str] = field(default_factory=Counter)
    deadline: str | None = None


class Report:
    """The report of one day of an archive, of what its index says at an instant."""

    def __init__(self, index: sqlite3.Connection, day: date, *, now: datetime, language: str = "es") -> None:
        self._index = index
        self._day = day
        self._now = now
        self._words = Words(language)
        begin = datetime.combine(day, time.min, MADRID)
        end = datetime.combine(day + timedelta(days=1), time.min, MADRID)
        self._bounds = {"begin": instant_text(begin), "end": instant_text(end)}
        self._what = what(self._is_new, self._words)
        # Where each one stands that stands somewhere.
        self._placed: dict[str, str] = {}
        self._clients: dict[str, _Client] = {}

    def html(self, title: str) -> str:
        """Return the whole file; `title` names the archive."""
        words = self._words
        loud = [self._corrections(), self._failures(), self._lapsed()]
        plain = [self._pending(), self._decided(), self._unseen()]
        plain.insert(1, self._arrived())
        counted = "".join(
            f'<li class="{one.kind if one.count else "calm"}"><a href="#{one.key}"><b>{one.count}</b> '
            f"{words[one.key]}</a></li>"
            for one in [*loud, *plain]
        )
        if self._clients:
            counted += f'<li><a href="#clients"><b>{len(self._clients)}</b> {words["clients"]}</a></li>'
        runs = self._rows("SELECT count(*) AS count FROM runs WHERE ended_at >= :begin AND ended_at < :end")
        ended = int(runs[0]["count"])
        warned = f'<p class="warned">{words["no_runs"]}</p>' if not ended else ""
        made = f"{words['made']} {moment(instant_text(self._now))} · {words['zone']}"
        as_of = f"{words['as_of']} · " if self._day < today(self._now) else ""
        tables = [*map(self._text, loud), self._totals(), *map(self._text, plain)]
        heading = f"{words['title']} {day_text(self._day)}"
        return "\n".join(
            (
                "<!DOCTYPE html>",
                f'<html lang="{words.language}">',
                '<head><meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
                f"<title>{words['title']}: {self._day.isoformat()}</title>",
                f"<style>{STYLE}</style></head>",
                f"<body><header><h1>{heading}</h1>",
                f"<p>{words['archive']}: {escape(title)} · {words['runs']}: {ended} · {as_of}{made}</p>",
                f"{warned}</header>",
                f"<nav><ul>{counted}</ul></nav>",
                f"<main>{''.join(tables)}</main>",
                "</body></html>",
                "",
            )
        )

    # --- sections -----------------------------------------------------------------------------------------

    def _corrections(self) -> _Section:
        found = self._rows(
            "SELECT n.*, v.state AS was_state, v.decided_at AS was_at, v.to_state, v.to_decided_at "
            "FROM versions v JOIN notifications n ON n.id = v.notification_id WHERE v.is_corrected "
            "AND v.replaced_at >= :begin AND v.replaced_at < :end ORDER BY v.replaced_at, n.code"
        )
        self._place("corrections", found)
        columns = [
            *self._what,
            Column("was", lambda row: f"<s>{self._stood(row['was_state'], row['was_at'])}</s>"),
            Column(
                "now", lambda row: f"<strong>{self._stood(row['to_state'], row['to_decided_at'])}</strong>"
            ),
            Column("channel", self._channel),
            Column("reported", lambda row: moment(row["reported_at"])),
        ]
        return _Section("corrections", "loud", found, columns)

    def _failures(self) -> _Section:
        found = self._rows(
            "SELECT f.code, f.reason, f.text, f.deadline, n.addressee, n.addressee_name FROM failures f "
            "LEFT JOIN notifications n ON n.id = f.notification_id WHERE f.run_at = (SELECT max(began_at) "
            "FROM runs WHERE ended_at >= :begin AND ended_at < :end) ORDER BY f.deadline IS NULL, f.deadline"
        )
        columns = [
            Column("code", lambda row: str(row["code"]), "number"),
            Column("client", client, "name"),
            Column("last_day", lambda row: last_day_of(row["deadline"])),
            Column("reason", lambda row: f"<b>{escape(row['reason'])}</b> {escape(row['text'])}", "subject"),
        ]
        return _Section("failures", "loud", found, columns)

    def _lapsed(self) -> _Section:
        columns = [*self._what, Column("last_day", lambda row: last_day_of(row["decided_at"]))]
        return _Section("lapsed", "bad", self._of("lapsed", _LAPSED, "addressee, code"), columns)

    def _pending(self) -> _Section:
        columns = [
            Column("days", self._days_left, "days"),
            Column("last_day", lambda row: last_day_of(row["deadline"]) or self._words["no_deadline"]),
            *self._what,
            Column("available", lambda row: moment(row["available_at"])),
        ]
        found = self._of("pending", _PENDING, "deadline IS NULL, deadline, code")
        return _Section("pending", "waiting", found, columns)

    def _arrived(self) -> _Section:
        """Count what arrived; a row has what stands in no other table."""
        found = self._rows(f"SELECT * FROM notifications WHERE {_NEWS} ORDER BY addressee, code")  # noqa: S608
        where = Counter(self._placed[one["id"]] for one in found if one["id"] in self._placed)
        rest = [one for one in found if one["id"] not in self._placed]
        self._count("arrived", found)
        note = ", ".join(f"{self._words[key].lower()}: {count}" for key, count in where.items())
        said = f"{self._words['arrived_note']} {note}." if note else ""
        return _Section("arrived", "plain", rest, [*self._what, self._state()], len(found), said)

    def _decided(self) -> _Section:
        columns = [
            *self._what,
            self._state(),
            Column("at", lambda row: moment(row["decided_at"])),
            Column("by", by, "name"),
            Column("channel", self._channel),
        ]
        return _Section("decided", "plain", self._of("decided", _DECIDED, "decided_at, code"), columns)

    def _unseen(self) -> _Section:
        found = self._of("unseen", _UNSEEN, "addressee, code")
        return _Section("unseen", "plain", found, [*self._what, self._state()])

    def _text(self, section: _Section) -> str:
        words, key = self._words, section.key
        kind = section.kind if section.count else "calm"
        head = f'<section id="{key}" class="{kind}"><h2>{words[key]} ({section.count})</h2>\n'
        if not section.count:
            return f"{head}<p>{words['none_failures' if key == 'failures' else 'none']}</p></section>\n"
        note = section.note or (words[f"{key}_note"] if key in _NOTED else "")
        said = f"<p>{note}</p>\n" if note else ""
        shown = table(section.found, section.columns, words) if section.found else ""
        return f"{head}{said}{shown}</section>\n"

    def _totals(self) -> str:
        """Return the counts of each client of whom there is something, the most urgent first."""
        if not self._clients:
            return ""
        words = self._words
        found = sorted(
            self._clients.items(), key=lambda one: (one[1].deadline is None, one[1].deadline or "", one[0])
        )
        shown = [
            {
                **dict(one.row),
                "deadline": one.deadline,
                **{f"count_{key}": one.counts[key] or "" for key in _COUNTED},
            }
            for _, one in found
        ]

        def counted(key: str) -> Callable[[Row], str]:
            return lambda row: str(row[f"count_{key}"])

        columns = [
            Column("client", client, "name"),
            Column("next_day", lambda row: last_day_of(row["deadline"])),
            *(Column(f"{key}_short", counted(key), "count") for key in _COUNTED),
        ]
        return (
            f'<section id="clients" class="plain"><h2>{words["clients"]} ({len(found)})</h2>\n'
            f"{table(shown, columns, words)}</section>\n"
        )

    # --- cells --------------------------------------------------------------------------------------------

    def _is_new(self, row: Row) -> bool:
        return self._bounds["begin"] <= (row["available_at"] or "") < self._bounds["end"]

    def _channel(self, row: Row) -> str:
        return escape(self._words.of("channel", row["channel"]))

    def _state(self) -> Column:
        return Column("state", lambda row: escape(self._words.of("state", row["state"])))

    def _stood(self, state: str, at: str | None) -> str:
        when = last_day_of(at) if state == "lapsed" else moment(at)
        return f"{escape(self._words.of('state', state))} {when}"

    def _days_left(self, row: Row) -> str:
        if row["deadline"] is None:
            return ""
        left = (last_day(datetime.fromisoformat(row["deadline"])) - self._day).days
        if left < 0:
            return f'<b class="soon">{self._words["over"]}</b>'
        text = self._words["today"] if left == 0 else str(left)
        return f'<b class="soon">{text}</b>' if left <= _SOON_DAYS else text

    # --- rows ---------------------------------------------------------------------------------------------

    def _of(self, key: str, condition: str, order: str) -> list[sqlite3.Row]:
        """Return what stands in no table yet, and place it."""
        found = self._rows(f"SELECT * FROM notifications WHERE {condition} ORDER BY {order}")  # noqa: S608
        found = [one for one in found if one["id"] not in self._placed]
        self._place(key, found)
        return found

    def _place(self, key: str, found: Sequence[sqlite3.Row]) -> None:
        self._placed |= dict.fromkeys((one["id"] for one in found), key)
        self._count(key, found)

    def _count(self, key: str, found: Sequence[sqlite3.Row]) -> None:
        for one in found:
            if one["addressee"] is not None:
                of = self._clients.setdefault(one["addressee"], _Client(one))
                of.counts[key] += 1
                if key == "pending" and one["deadline"] is not None:
                    of.deadline = min(of.deadline or one["deadline"], one["deadline"])

    def _rows(self, query: str) -> list[sqlite3.Row]:
        return rows(self._index, query, **self._bounds)


def today(now: datetime) -> date:
    """Return the day in Madrid."""
    return now.astimezone(MADRID).date()


def utc_now() -> datetime:
    """Return the instant."""
    return datetime.now(UTC)
