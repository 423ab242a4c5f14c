"""The tables of `archive.db`, for anybody's programs; docs/archive.md says what each column is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notigateway.client.pulled import Lost
from notigateway.client.shapes import compact_text
from notigateway.client.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Of another number the index is made anew from the folders.
VERSION: Final = 2
DATABASE: Final = "archive.db"

NOTIFICATIONS: Final[Mapping[str, str]] = {
    "id": "TEXT PRIMARY KEY",
    "code": "INTEGER NOT NULL",
    "folder": "TEXT NOT NULL",
    "kind": "TEXT",
    "subject": "TEXT",
    "reference": "TEXT",
    "body_id": "TEXT",
    "body": "TEXT",
    "procedure": "TEXT",
    "matter": "TEXT",
    "addressee": "TEXT",
    "addressee_name": "TEXT",
    "ccc": "TEXT",
    "naf": "TEXT",
    "metadata": "TEXT",
    "role": "TEXT",
    "state": "TEXT NOT NULL",
    "available_at": "TEXT",
    "deadline": "TEXT",
    "decided_at": "TEXT",
    "channel": "TEXT",
    "decided_by": "TEXT",
    "decided_by_name": "TEXT",
    "person": "TEXT",
    "person_name": "TEXT",
    "reported_at": "TEXT",
    "evidence": "TEXT",
    "is_proven": "INTEGER NOT NULL",
    "document_count": "INTEGER",
    "has_content": "INTEGER NOT NULL",
    "special_category": "INTEGER",
    "kept_since": "TEXT",
    "stored_at": "TEXT",
    "unseen_since": "TEXT",
    "lost_since": "TEXT",
    "mark": "TEXT NOT NULL",
}
DOCUMENTS: Final = ("notification_id", "file", "name", "media_type", "size", "sha256", "document_id")
RECEIPTS: Final = ("notification_id", "file", "receipt_id", "state", "event_time", "nature", "sha256")
VERSIONS: Final = (
    "notification_id", "file", "state", "decided_at", "deadline", "replaced_at", "is_corrected",
    "to_state", "to_decided_at",
)  # fmt: skip
RUNS: Final = (
    "began_at", "ended_at", "accept", "walked_list", "changes", "listed", "accepted", "stored", "noted",
    "updated", "corrections", "refused", "not_verified", "unseen",
)  # fmt: skip
FAILURES: Final = ("run_at", "code", "notification_id", "reason", "text", "deadline")
_INTEGERS_END: Final = 2**63
OF_EACH: Final = {"documents": DOCUMENTS, "receipts": RECEIPTS, "versions": VERSIONS}


def statements() -> Iterable[str]:
    """Yield what makes the tables."""
    columns_of = ", ".join(f"{name} {kind}" for name, kind in NOTIFICATIONS.items())
    yield f"CREATE TABLE notifications ({columns_of})"
    for table, columns in (*OF_EACH.items(), ("runs", RUNS), ("failures", FAILURES)):
        yield f"CREATE TABLE {table} ({', '.join(columns)})"
    for table in OF_EACH:
        yield f"CREATE INDEX {table}_of ON {table} (notification_id)"
    for column in ("addressee", "code", "deadline", "decided_at", "available_at", "kept_since"):
        yield f"CREATE INDEX notifications_{column} ON notifications ({column})"


def columns() -> Mapping[str, list[str]]:
    """Return the columns of each table."""
    found = {"notifications": NOTIFICATIONS, **OF_EACH, "runs": RUNS, "failures": FAILURES}
    return {table: list(names) for table, names in found.items()}


def insertion(table: str, columns: Iterable[str]) -> str:
    """Return what puts a row into a table, in the place of one of the same key."""
    names = list(columns)
    places = ", ".join("?" * len(names))
    return f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608


def row_of(stored: Stored, about: Mapping[str, Any]) -> tuple[object, ...]:
    """Return the row of a notification, of what its folder says."""
    decision = about.get("decision") or {}
    by = decision.get("delegate") or decision.get("party") or {}
    person, body, addressee = decision.get("person") or {}, about["issuing_body"], about["addressee"]
    values: dict[str, object] = {name: about.get(name) for name in NOTIFICATIONS}
    values |= {
        "id": stored.id,
        "folder": stored.folder,
        "body_id": body["issuer_id"],
        "body": body["acronym"],
        "addressee": addressee["identifier"],
        "addressee_name": addressee["name"],
        "metadata": compact_text(about["metadata"]) if about.get("metadata") else None,
        "decided_at": stored.decided_at,
        "channel": decision.get("channel"),
        "decided_by": by.get("identifier"),
        "decided_by_name": by.get("name"),
        "person": person.get("identifier"),
        "person_name": person.get("name"),
        "reported_at": decision.get("reported_at"),
        "evidence": decision.get("reference"),
        "is_proven": stored.is_proven,
        "has_content": stored.has_content,
        "kept_since": about.get("kept_since") or about.get("stored_at") or about.get("available_at"),
        "mark": stored.mark,
    }
    return tuple(values[name] for name in NOTIFICATIONS)


def details_of(stored: Stored, about: Mapping[str, Any]) -> Iterable[tuple[str, list[tuple[object, ...]]]]:
    """Yield what an insertion of each other table takes."""
    decision = about.get("decision") or {}
    former = list(about.get("former", ()))
    ends = [
        {"to_state": one.get("state"), "to_decided_at": one.get("decided_at")}
        for one in [*former[1:], {"state": about["state"], "decided_at": decision.get("at")}]
    ]
    said: dict[str, list[Mapping[str, Any]]] = {
        "documents": about["documents"],
        "receipts": about["receipts"],
        "versions": [{**one, **end} for one, end in zip(former, ends, strict=False)],
    }
    for table, columns in OF_EACH.items():
        yield (
            insertion(table, columns),
            [(stored.id, *(one.get(name) for name in columns[1:])) for one in said[table]],
        )


def emptying(identifier: str) -> Iterable[tuple[str, tuple[str]]]:
    """Yield what takes a notification out of the other tables."""
    return ((f"DELETE FROM {table} WHERE notification_id = ?", (identifier,)) for table in OF_EACH)  # noqa: S608


def stored_of(row: Mapping[str, Any]) -> Stored:
    """Return what a row says is stored."""
    return Stored(
        folder=row["folder"],
        code=row["code"],
        id=row["id"],
        state=row["state"],
        decided_at=row["decided_at"],
        is_proven=bool(row["is_proven"]),
        has_content=bool(row["has_content"]),
        mark=row["mark"],
        is_unseen=row["unseen_since"] is not None,
    )


def lost_of(row: Mapping[str, Any]) -> Lost:
    """Return what a row says of what has its folder nowhere any more."""
    return Lost(row["code"], row["id"], row["addressee"], row["folder"])


def is_plain(row: Iterable[object]) -> bool:
    """Tell whether a row can stand in a table."""
    try:
        return all(
            value is None
            or isinstance(value, float)
            or (isinstance(value, int) and abs(value) < _INTEGERS_END)
            or (isinstance(value, str) and value.encode() is not None)
            for value in row
        )
    except UnicodeEncodeError:  # half a letter
        return False
