"""What an archive says of each notification: `notification.json`, the truth of its folder.

It names every file that belongs to it and is replaced in one step, once they are there. `decision` says what
stands, since when, and by whom, as far as the sealed receipt tells; `former` names what it said before.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.file_names import notification_of
from notigateway.client.shapes import as_json, compact_text
from notigateway.evidence.statement import parse_receipt
from notigateway.instants import instant_text
from notigateway.law.lifecycle import MOVING_NOTHING, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lxml.etree import _Element

    from notigateway.contract.v1 import Notification, Receipt

DESCRIPTION: Final = "notification.json"
FORMAT: Final = 1
# What a state comes to: who has read was given the content, as who has accepted.
_OUTCOMES: Final = {
    State.ACCEPTED: "accepted",
    State.READ: "accepted",
    State.REJECTED: "rejected",
    State.LAPSED: "lapsed",
    State.CANCELLED: "cancelled",
}
# Not of the notification itself, or other at every look.
_BESIDE: Final = frozenset(
    {"format", "documents", "receipts", "decision", "former", "stored_at", "kept_since"}
    | {"unseen_since", "time_left", "changed"}
)
_MARK_CHARS: Final = 16


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a stored notification without a look at its folder; `decided_at` is UTC text.

    `is_proven`: a receipt attests its decision. `mark` changes with its metadata.
    """

    folder: str
    code: int
    id: str
    state: str
    decided_at: str | None
    is_proven: bool
    has_content: bool
    mark: str
    # Whoever pulls does not see it any more: a title has ended.
    is_unseen: bool = False

    @classmethod
    def of(cls, folder: str, about: Mapping[str, Any]) -> Stored | None:
        """Return what a description says; None where it is damaged."""
        try:
            decision = about["decision"] if "decision" in about else decision_of(about)
            return cls(
                folder=folder,
                code=int(about["code"]),
                id=str(about["id"]).lower(),
                state=str(about["state"]),
                decided_at=None if decision is None else decision.get("at"),
                is_proven=decision is not None and bool(decision.get("receipt_id")),
                has_content=bool(about["documents"]),
                mark=mark_of(about),
                is_unseen=about.get("unseen_since") is not None,
            )
        except (LookupError, TypeError, ValueError, AttributeError):
            return None

    @classmethod
    def named(cls, folder: str) -> Stored | None:
        """Return what the name of a folder says whose description is lost: it is there, and accepted."""
        found = notification_of(folder)
        return None if found is None else cls(folder, *found, "accepted", None, True, True, "")  # noqa: FBT003


def readable(found: object) -> dict[str, Any]:
    """Return a description, where it has the shape of one; nothing where somebody made it another thing."""
    if not isinstance(found, dict):
        return {}
    files = (found.get("documents"), found.get("receipts"))
    others = (found.get("former") or [], found.get("changed") or [])
    is_shaped = all(_are_files(one) for one in (*files, *others)) and isinstance(
        found.get("decision"), (dict, NoneType)
    )
    return found if is_shaped else {}


def _are_files(said: object) -> bool:
    """Tell whether each says its file, which is one of the folder's own."""
    return isinstance(said, list) and all(
        isinstance(one, dict) and isinstance(name := one.get("file"), str) and name and "/" not in name
        for one in said
    )


def outcome_of(state: str) -> str | None:
    """Return what a state comes to; None while nothing has decided."""
    return _OUTCOMES.get(state)  # type: ignore[call-overload,no-any-return]


def mark_of(about: Mapping[str, Any]) -> str:
    """Return what changes with the metadata, and with nothing else."""
    said = {name: value for name, value in about.items() if name not in _BESIDE and not _is_nothing(value)}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_CHARS]


def mark_of_row(row: Notification) -> str:
    """Return the same of what the service says."""
    return mark_of(as_json(row))


def described_as(
    row: Notification,
    *,
    documents: Sequence[Mapping[str, Any]],
    receipts: Sequence[Mapping[str, Any]],
    former: Sequence[Mapping[str, Any]] = (),
    decided_at: datetime | None = None,
    kept_since: str | None = None,
) -> dict[str, Any]:
    """Return what is to be said of a notification; `decided_at` is when that was which leaves no receipt."""
    now = instant_text(datetime.now(UTC))
    about = {
        "format": FORMAT,
        **as_json(row),
        "documents": list(documents),
        "receipts": list(receipts),
        "kept_since": kept_since or now,
        "stored_at": now,
    }
    about["decision"] = decision_of(about, decided_at)
    about["former"] = list(former)
    return about


def written(about: Mapping[str, Any]) -> bytes:
    """Return a description as it stands in its file."""
    return f"{compact_text(about)}\n".encode()


def decision_of(about: Mapping[str, Any], decided_at: datetime | None = None) -> dict[str, Any] | None:
    """Return what decided, by the receipts; None while nothing has.

    The earliest event wins, whoever told of it first. A lapse is at the deadline, and has its receipt later.
    """
    outcome = outcome_of(about["state"])
    if outcome is None:
        return None
    told = [
        one
        for one in about["receipts"]
        if outcome_of(one["state"]) == outcome and one.get("nature") not in MOVING_NOTHING
    ]
    if told:
        first = min(told, key=lambda one: str(one["event_time"]))
        return {
            "state": first["state"],
            "at": first["event_time"],
            "nature": first.get("nature"),
            "receipt_id": first["receipt_id"],
        }
    at = None if decided_at is None else instant_text(decided_at)
    return {"state": about["state"], "at": about.get("deadline") if outcome == "lapsed" else at}


def with_who(decision: dict[str, Any] | None, receipts: Iterable[tuple[str, bytes]]) -> None:
    """Add to a decision who took it and where, as its proven receipt says."""
    wanted = None if decision is None else str(decision.get("receipt_id")).lower()
    for identifier, data in receipts:
        if decision is not None and identifier.lower() == wanted:
            decision.update(_who(parse_receipt(data)))


def said_of(receipt: Receipt, file: str) -> dict[str, Any]:
    """Return what is said of a receipt."""
    return {"file": file, **as_json(receipt)}


def _who(evidence: _Element) -> dict[str, Any]:
    """Return who decided where, of those elements that a receipt has."""
    by = {
        name: {"identifier": _text(evidence, f"{part}/Identifier"), "name": _text(evidence, f"{part}/Name")}
        for name, part in (("delegate", "DelegateDetails"), ("person", "SignerDetails"), ("party", "Report"))
    }
    return {
        "channel": _text(evidence, "Channel"),
        "role": _text(evidence, "DelegateDetails/Role"),
        "reported_at": _text(evidence, "Report/ReportedAt"),
        "reference": _text(evidence, "Report/Reference"),
        **{name: one if one["identifier"] else None for name, one in by.items()},
    }


def _text(evidence: _Element, path: str) -> str | None:
    return evidence.findtext("/".join(f"{{*}}{step}" for step in path.split("/")))


def _is_nothing(value: object) -> bool:
    return value is None or value in ([], {})
