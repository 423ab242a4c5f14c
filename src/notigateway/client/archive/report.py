"""The report of a day: one HTML file for people, without scripts or anything from elsewhere.

What hurts comes first: corrections, failures, lapses. Then what waits, by deadline; what arrived; what was
decided and by whom. Whatever the service or an issuing body said is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from typing import TYPE_CHECKING, Final

from notigateway.client.archive.index import rows
from notigateway.client.archive.style import STYLE
from notigateway.client.archive.words import Words
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID, last_day

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_NOTED: Final = frozenset({"corrections", "failures", "lapsed", "unseen"})
_SOON_DAYS: Final = 2
_PENDING: Final = "state IN ('available', 'receipt_requested')"
_NEWS: Final = "available_at >= :begin AND available_at < :end"
_DECIDED: Final = "decided_at >= :begin AND decided_at < :end"
# A term that ends at midnight ends with the day before.
_LAPSED: Final = "state = 'lapsed' AND decided_at > :begin AND decided_at <= :end"


@dataclass(frozen=True, slots=True)
class _Column:
    key: str
    cell: Callable[[sqlite3.Row], str]
    kind: str = ""


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

    def html(self, title: str) -> str:
        """Return the whole file; `title` names the archive."""
        words = self._words
        sections = [self._corrections(), self._failures(), self._lapsed(), self._pending(), self._arrived()]
        sections += [self._decided(), self._unseen()]
        counted = "".join(
            f'<li class="{kind if count else "calm"}"><a href="#{key}"><b>{count}</b> {words[key]}</a></li>'
            for key, kind, count, _ in sections
        )
        runs = self._rows("SELECT count(*) AS count FROM runs WHERE ended_at >= :begin AND ended_at < :end")
        ended = int(runs[0]["count"])
        warned = f'<p class="warned">{words["no_runs"]}</p>' if not ended else ""
        made = f"{words['made']} {_moment(instant_text(self._now))} · {words['zone']}"
        heading = f"{words['title']} <time datetime='{self._day.isoformat()}'>{_day(self._day)}</time>"
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
                f"<p>{words['archive']}: {escape(title)} · {ended} {words['runs']} · {made}</p>",
                f"{warned}</header>",
                f"<nav><ul>{counted}</ul></nav>",
                f"<main>{''.join(text for *_, text in sections)}</main>",
                "</body></html>",
                "",
            )
        )

    # --- sections: key, kind, count, text -----------------------------------------------------------------

    def _corrections(self) -> tuple[str, str, int, str]:
        found = self._rows(
            "SELECT n.*, v.state AS was_state, v.decided_at AS was_at, v.to_state, v.to_decided_at "
            "FROM versions v JOIN notifications n ON n.id = v.notification_id WHERE v.is_corrected "
            "AND v.replaced_at >= :begin AND v.replaced_at < :end ORDER BY v.replaced_at, n.code"
        )
        said = self._words
        return self._section(
            "corrections",
            "loud",
            found,
            [
                *self._what(),
                _Column("was", lambda row: f"<s>{self._stood(row['was_state'], row['was_at'])}</s>"),
                _Column(
                    "now",
                    lambda row: f"<strong>{self._stood(row['to_state'], row['to_decided_at'])}</strong>",
                ),
                _Column("channel", lambda row: escape(said.of("channel", row["channel"]))),
                _Column("reported", lambda row: _moment(row["reported_at"])),
            ],
        )

    def _failures(self) -> tuple[str, str, int, str]:
        found = self._rows(
            "SELECT f.code, f.reason, f.text, f.deadline, n.addressee, n.addressee_name FROM failures f "
            "LEFT JOIN notifications n ON n.id = f.notification_id WHERE f.run_at = (SELECT max(began_at) "
            "FROM runs WHERE ended_at >= :begin AND ended_at < :end) ORDER BY f.deadline IS NULL, f.deadline"
        )
        return self._section(
            "failures",
            "loud",
            found,
            [
                _Column("code", lambda row: str(row["code"]), "number"),
                _Column("client", _client),
                _Column("last_day", lambda row: _last_day(row["deadline"])),
                _Column("reason", lambda row: f"<b>{escape(row['reason'])}</b> {escape(row['text'])}"),
            ],
        )

    def _lapsed(self) -> tuple[str, str, int, str]:
        found = self._of(_LAPSED, "addressee, code")
        return self._section(
            "lapsed",
            "bad",
            found,
            [*self._what(), _Column("last_day", lambda row: _last_day(row["decided_at"]))],
        )

    def _pending(self) -> tuple[str, str, int, str]:
        found = self._of(f"{_PENDING} AND unseen_since IS NULL", "deadline IS NULL, deadline, code")
        columns = [
            _Column("days", self._days_left, "days"),
            _Column("last_day", lambda row: _last_day(row["deadline"]) or self._words["no_deadline"]),
            *self._what(),
            _Column("available", lambda row: _moment(row["available_at"])),
        ]
        return self._section("pending", "waiting", found, columns)

    def _arrived(self) -> tuple[str, str, int, str]:
        found = self._of(_NEWS, "addressee, code")
        columns = [
            *self._what(),
            _Column("state", lambda row: escape(self._words.of("state", row["state"]))),
            _Column("last_day", lambda row: _last_day(row["deadline"]) or self._words["no_deadline"]),
        ]
        return self._section("arrived", "plain", found, columns)

    def _decided(self) -> tuple[str, str, int, str]:
        found = self._of(f"{_DECIDED} AND state <> 'lapsed'", "decided_at, code")
        columns = [
            *self._what(),
            _Column("state", lambda row: escape(self._words.of("state", row["state"]))),
            _Column("at", lambda row: _moment(row["decided_at"])),
            _Column("by", _by),
            _Column("channel", lambda row: escape(self._words.of("channel", row["channel"]))),
        ]
        return self._section("decided", "plain", found, columns)

    def _unseen(self) -> tuple[str, str, int, str]:
        found = self._of("unseen_since >= :begin AND unseen_since < :end", "addressee, code")
        columns = [*self._what(), _Column("state", lambda row: escape(self._words.of("state", row["state"])))]
        return self._section("unseen", "plain", found, columns)

    def _section(
        self, key: str, kind: str, found: Sequence[sqlite3.Row], columns: Sequence[_Column]
    ) -> tuple[str, str, int, str]:
        words = self._words
        head = (
            f'<section id="{key}" class="{kind if found else "calm"}"><h2>{words[key]} ({len(found)})</h2>\n'
        )
        if not found:
            none = words["none_failures" if key == "failures" else "none"]
            return key, kind, 0, f"{head}<p>{none}</p></section>\n"
        note = (
            f"<p>{words[f'{key}_note']}</p>\n"
            if key in {"corrections", "failures", "lapsed", "unseen"}
            else ""
        )
        titles = "".join(f'<th scope="col" class="{one.kind}">{words[one.key]}</th>' for one in columns)
        body = "\n".join(
            "<tr>" + "".join(f'<td class="{one.kind}">{one.cell(row)}</td>' for one in columns) + "</tr>"
            for row in found
        )
        table = f"<table><thead><tr>{titles}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
        return key, kind, len(found), f"{head}{note}<div>{table}</div></section>\n"

    # --- cells ----------------------------------------------------------------------------------------------

    def _what(self) -> list[_Column]:
        return [
            _Column("code", lambda row: str(row["code"]), "number"),
            _Column("client", _client),
            _Column("account", lambda row: escape(row["ccc"] or row["naf"] or ""), "number"),
            _Column("body", lambda row: escape(row["body"] or "")),
            _Column("subject", lambda row: escape(row["subject"] or ""), "subject"),
        ]

    def _stood(self, state: str, at: str | None) -> str:
        when = _last_day(at) if state == "lapsed" else _moment(at)
        return f"{escape(self._words.of('state', state))} {when}"

    def _days_left(self, row: sqlite3.Row) -> str:
        if row["deadline"] is None:
            return ""
        end = datetime.fromisoformat(row["deadline"])
        left = (last_day(end) - self._day).days
        if left < 0:
            return f'<b class="soon">{self._words["over"]}</b>'
        text = self._words["today"] if left == 0 else str(left)
        return f'<b class="soon">{text}</b>' if left <= _SOON_DAYS else text

    def _of(self, condition: str, order: str) -> list[sqlite3.Row]:
        return self._rows(f"SELECT * FROM notifications WHERE {condition} ORDER BY {order}")  # noqa: S608

    def _rows(self, query: str) -> list[sqlite3.Row]:
        return rows(self._index, query, **self._bounds)


def today(now: datetime) -> date:
    """Return the day in Madrid."""
    return now.astimezone(MADRID).date()


def utc_now() -> datetime:
    """Return the instant."""
    return datetime.now(UTC)


def _client(row: sqlite3.Row) -> str:
    if row["addressee"] is None:
        return ""
    return f"<b>{escape(row['addressee'])}</b> {escape(row['addressee_name'] or '')}"


def _by(row: sqlite3.Row) -> str:
    who = " ".join(filter(None, (row["decided_by"], row["decided_by_name"])))
    if row["person"] and row["person"] != row["decided_by"]:
        who += f" · {row['person']} {row['person_name'] or ''}"
    return escape(who)


def _moment(at: str | None) -> str:
    """Return an instant by the clock of Madrid."""
    if at is None:
        return ""
    return f'<time datetime="{at}">{datetime.fromisoformat(at).astimezone(MADRID):%d/%m/%Y %H:%M}</time>'


def _last_day(at: str | None) -> str:
    return "" if at is None else _day(last_day(datetime.fromisoformat(at)))


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
