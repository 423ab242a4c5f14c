"""What is to be done about a notification that the archive has, or has not; and how it is put there.

An archive has everything: what may be read with its documents, the rest as metadata and receipts. Where the
service says another thing than the archive, the archive changes, and keeps what it said before. A decision
that is proven gives way to an earlier one that is proven too: that is a correction, and loud. It gives way to
nothing else: then the service has lost something.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from notigateway.client.errors import StateGoneBackError
from notigateway.client.filling import named_documents, receipt_file
from notigateway.client.pulled import Correction, note_correction
from notigateway.client.shapes import as_json
from notigateway.client.stored import (
    Stored,
    described_as,
    mark_of_row,
    outcome_of,
    said_of,
    with_who,
    written,
)
from notigateway.client.values import CONTENT_RELEASED
from notigateway.client.waiting import is_same_receipt
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from notigateway.client.pulled import Lost, PullReport
    from notigateway.client.spool import Spool
    from notigateway.client.values import Change
    from notigateway.contract.v1 import Document, Notification, Receipt


class Work(StrEnum):
    """What there is to fetch: documents with receipts, receipts, or nothing more than the row itself."""

    CONTENT = "content"
    RECEIPTS = "receipts"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A notification to put into the archive: as it was listed, where, and what is there.

    `decided_at` is when a decision was that leaves no receipt, where a change told it; `lost` what of it was
    stored and is not there, or not as it was.
    """

    listed: Notification
    folder: str
    work: Work
    stored: Stored | None = None
    decided_at: datetime | None = None
    lost: tuple[Lost, ...] = ()
    # The former versions that the index knows of, where the folder does not say them any more.
    former: tuple[Mapping[str, Any], ...] = ()


def work_for(
    row: Notification, stored: Stored | None, events: Sequence[Change] = (), *, is_lost: bool = False
) -> Work | None:
    """Return what there is to do; None where the archive says the same, and nothing of it is lost."""
    is_released = row.state in CONTENT_RELEASED
    if is_released and (is_lost or stored is None or not stored.has_content):
        return Work.CONTENT
    if is_lost or stored is None or outcome_of(row.state) != outcome_of(stored.state):
        return Work.RECEIPTS
    if stored.is_unseen or any(_is_news(event, stored) for event in events):
        return Work.RECEIPTS
    return Work.ROW if mark_of_row(row) != stored.mark else None


def _is_news(event: Change, stored: Stored) -> bool:
    """Tell whether the archive may not know of an event: of another channel, or not proven yet."""
    outcome = outcome_of(event.state)
    if outcome is None:
        return False
    is_known = (outcome, instant_text(event.at)) == (outcome_of(stored.state), stored.decided_at)
    if is_known and (stored.is_proven or outcome == "cancelled"):
        return False
    return event.reported_at is not None or not stored.is_proven


def check_not_gone_back(row: Notification, stored: Stored) -> None:
    """Check that what is proven here is decided for the service too. Raises: `StateGoneBackError`."""
    if stored.is_proven and outcome_of(row.state) is None:
        raise StateGoneBackError(row.state)


def put(
    spool: Spool,
    wanted: Wanted,
    row: Notification,
    *,
    receipts: Sequence[Receipt] = (),
    documents: Sequence[tuple[Document, Iterable[bytes]]] = (),
    part: PullReport,
) -> None:
    """Put what is proven into the archive, and count it.

    Raises: `StateGoneBackError`; `SpoolError`; whatever the pieces of documents raise.
    """
    before = {} if wanted.stored is None else spool.described(wanted.folder)
    is_described = bool(before)
    if wanted.stored is None or not before:
        if wanted.stored is not None:  # its description is lost: what it named is written anew
            state, former = wanted.stored.state, list(wanted.former)
            before = {"documents": [], "receipts": [], "state": state, "former": former}
        else:
            kept = spool.store(
                row,
                documents=documents,
                receipts=receipts,
                folder=wanted.folder,
                decided_at=wanted.decided_at,
            )
            _count(part, kept, is_new=True, has_documents=bool(documents))
            return
    files, about = _anew(before, wanted, row, receipts=receipts, documents=documents)
    after = Stored.of(wanted.folder, about)
    if after is None or wanted.stored is None:
        raise AssertionError(wanted)
    correction = _correction(wanted.stored, after, about)
    if correction is not None or (is_described and _is_other(before, about)):
        former, content = about["former"], written(before)
        name = _free_name(spool, wanted.folder, "former-{}.json", content=content, said=former)
        files[name] = [content]
        former.append(_former(before, about, name, is_corrected=correction is not None))
        if correction is not None:
            told = Correction(**correction, former_file=name)
            note_correction(spool, told)
            part.corrections.append(told)
    beside, told_lost = _mending(spool, wanted, files, receipts=receipts, about=about)
    kept = spool.change(wanted.folder, {**beside, **files}, about)
    part.lost += told_lost
    _count(part, kept, is_new=False, has_documents=bool(documents))


def _mending(
    spool: Spool,
    wanted: Wanted,
    files: Mapping[str, Iterable[bytes]],
    *,
    receipts: Sequence[Receipt],
    about: dict[str, Any],
) -> tuple[dict[str, list[bytes]], list[Lost]]:
    """Return under which names stays what was found changed, and what is to be told of what was lost."""
    beside: dict[str, list[bytes]] = {}
    told = []
    for one in wanted.lost:
        told.append(replace(one, is_mended=one.file is None or one.file in files))
        if one.file is None:  # what is in the folder yet may be another thing than what belongs there
            changed = _changed(spool, wanted.folder, receipts, about)
            told += [replace(told[-1], file=file, is_changed=True) for file in changed]
    for place, one in enumerate(told):
        is_kept = one.file and one.is_changed and one.is_mended
        found = spool.read_stored(one.folder, one.file) if one.file and is_kept else None
        if found is not None:
            said = about.setdefault("changed", [])
            kept = _free_name(spool, wanted.folder, f"changed-{{}}-{one.file}", content=found, said=said)
            beside[kept] = [found]
            digest = hashlib.sha256(found).hexdigest()
            said.append({"file": kept, "of": one.file, "sha256": digest, "replaced_at": about["stored_at"]})
            told[place] = replace(one, kept=kept)
    return beside, told


def _changed(spool: Spool, folder: str, receipts: Sequence[Receipt], about: Mapping[str, Any]) -> list[str]:
    """Return which files stand there that are not what will be said of them."""
    by_file = {receipt_file(one): one.xml() for one in receipts}
    found = []
    for said in (*about["documents"], *about["receipts"]):
        data = spool.read_stored(folder, said["file"])
        if data is None or hashlib.sha256(data).hexdigest() == said["sha256"]:
            continue
        receipt = by_file.get(said["file"])
        if receipt is None or not is_same_receipt(receipt, data):
            found.append(said["file"])
    return found


def _free_name(
    spool: Spool, folder: str, pattern: str, *, content: bytes, said: Sequence[Mapping[str, Any]]
) -> str:
    """Return a name with a number that nothing has, but what a run that died wrote with that content."""
    named = {one["file"] for one in said}
    stem, _, end = pattern.partition("{}")
    for name in (f"{stem}{number}{end}" for number in itertools.count(1)):
        if name not in named and spool.read_stored(folder, name) in {None, content}:
            return name
    raise AssertionError(pattern)


def _count(part: PullReport, kept: Stored, *, is_new: bool, has_documents: bool) -> None:
    part.put.append(kept)
    part.stored += has_documents
    part.noted += is_new and not has_documents
    part.updated += not is_new and not has_documents


def _anew(
    before: Mapping[str, Any],
    wanted: Wanted,
    row: Notification,
    *,
    receipts: Sequence[Receipt],
    documents: Sequence[tuple[Document, Iterable[bytes]]],
) -> tuple[dict[str, Iterable[bytes]], dict[str, Any]]:
    """Return the files to add and what is to be said with them. What is there stays."""
    files: dict[str, Iterable[bytes]] = {}
    lost = {one.file for one in wanted.lost}
    delivered = {receipt_file(one) for one in receipts}
    said_receipts = [one for one in before["receipts"] if one["file"] not in lost & delivered]
    known = {str(one.get("receipt_id")).lower() for one in said_receipts}
    for receipt in receipts:
        if receipt.receipt_id.lower() not in known:
            file = receipt_file(receipt)
            files[file] = [receipt.xml()]
            said_receipts.append(said_of(receipt, file))
    said_documents = list(before.get("documents", []))
    if documents:
        said_documents = []
        for name, document, pieces in named_documents(documents):
            files[name] = pieces
            said_documents.append({"file": name, **as_json(document)})
    about = described_as(
        row,
        documents=said_documents,
        receipts=said_receipts,
        former=before.get("former", ()),
        decided_at=wanted.decided_at,
        kept_since=before.get("kept_since") or before.get("stored_at"),
    )
    if before.get("changed"):
        about["changed"] = list(before["changed"])
    decision, old = about["decision"], before.get("decision")
    if decision and old and decision["state"] == old["state"] and decision["at"] in {None, old["at"]}:
        about["decision"] = {**old, **decision, "at": old["at"]}
    with_who(about["decision"], ((one.receipt_id, one.xml()) for one in receipts))
    return files, about


def _correction(old: Stored, new: Stored, about: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what is to be told of a decision that gives way to another; None where none does.

    Raises: `StateGoneBackError` where a proven one would give way to one that is no earlier, or not proven.
    """
    was, now = (outcome_of(old.state), old.decided_at), (outcome_of(new.state), new.decided_at)
    is_known = old.is_proven and new.is_proven and old.decided_at is not None
    if was[0] is None or was == now or (was[0] == now[0] and not is_known):
        return None
    if old.is_proven and not (new.is_proven and str(new.decided_at) < str(old.decided_at)):
        raise StateGoneBackError(new.state)
    decision = about["decision"] or {}
    return {
        "code": new.code,
        "id": new.id,
        "addressee": about["addressee"]["identifier"],
        "folder": new.folder,
        "former_state": old.state,
        "former_at": old.decided_at,
        "state": new.state,
        "at": new.decided_at,
        "channel": decision.get("channel"),
        "reported_at": decision.get("reported_at"),
    }


def _is_other(before: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
    """Tell whether what is said now is another thing, and not only more of the same."""
    return _essence(before) != _essence(about)


def _essence(about: Mapping[str, Any]) -> tuple[object, ...]:
    decision = about.get("decision") or {}
    return about.get("state"), decision.get("at"), about.get("deadline")


def _former(
    before: Mapping[str, Any], about: Mapping[str, Any], name: str, *, is_corrected: bool
) -> dict[str, Any]:
    decision = before.get("decision") or {}
    return {
        "file": name,
        "state": before.get("state"),
        "decided_at": decision.get("at"),
        "deadline": before.get("deadline"),
        "stored_at": before.get("stored_at"),
        "replaced_at": about["stored_at"],
        "is_corrected": is_corrected,
    }
