"""Stored receipts get the time-stamp that they waited for: fetched again, compared, proven, then replaced.

Nothing of a receipt changes by it: without the time-stamp the new file is the stored one, byte for byte. A
service that gives another original under the same identifier is told, and both are kept. A receipt that is
not there, or not as it was stored, is told as lost: it is not held against the service.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.errors import NotVerifiedError, PlaceTakenError, ReceiptDiffersError
from notigateway.client.proof import undated, verify
from notigateway.client.pulled import Left, Lost
from notigateway.client.stored import DESCRIPTION, written
from notigateway.client.waiting import is_stamped, settle_waiting, stored_receipts
from notigateway.errors import ReceiptInvalidError
from notigateway.evidence.additions import take_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from notigateway.client.api import NotificationClient
    from notigateway.client.pulled import PullReport
    from notigateway.client.spool import Spool
    from notigateway.contract.v1 import Receipt
    from notigateway.evidence.history import Pin

ASKED_AT_ONCE: Final = 100
# Of a service that gives no time-stamps, or none yet, no more is asked than this many batches in a row; those
# that were asked for come last the next time.
_IN_VAIN: Final = 2


@dataclass(slots=True)
class Dated:
    """What became of a batch: how many receipts of each folder still wait, and what was found."""

    still: dict[str, int] = field(default_factory=dict)
    time_stamped: int = 0
    undated: int = 0
    refused: list[Left] = field(default_factory=list)
    not_verified: list[Left] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A receipt in the folder that has no time-stamp."""

    folder: str
    name: str
    data: bytes
    code: int
    identifier: str


@dataclass(frozen=True, slots=True)
class Dating:
    """Asks, compares, proves and replaces in one folder; safe to share between threads."""

    client: NotificationClient
    spool: Spool
    seals: Sequence[Pin]
    authorities: Sequence[Pin] = ()

    def date(self, folders: Sequence[str]) -> Dated:
        """Give the receipts of a batch of folders the time-stamps that there are by now.

        Raises: `SpoolError`; `ClientError` for the whole batch.
        """
        about = {folder: self.spool.described(folder) for folder in folders}
        readable = [folder for folder in folders if about[folder]]
        done = Dated(still=dict.fromkeys(folders, 0))
        items = self.client.receipts([str(about[folder]["id"]) for folder in readable])
        for folder, item in zip(readable, items, strict=True):
            served = {one.receipt_id.lower(): one for one in item.receipts}
            said = about[folder]
            try:
                done.still[folder] = self._date(folder, said, served, done)
            except PlaceTakenError as error:
                done.still[folder] = len(said["receipts"])
                done.refused.append(Left(int(said["code"]), str(said["id"]), error.code, str(error)))
        return done

    def _date(self, folder: str, about: dict[str, Any], served: Mapping[str, Receipt], done: Dated) -> int:
        """Return how many receipts of a folder still wait."""
        new: dict[str, bytes] = {}
        still, hashes = 0, dict[str, str]()
        for said, stored in stored_receipts(self.spool, folder):
            name, found = said["file"], None
            if stored is None or not _is_as_said(stored, said):
                done.lost.append(_lost(folder, about, name, is_changed=stored is not None))
                still += 1
                continue
            if is_stamped(stored):
                if _hash(stored) != said.get("sha256"):
                    found = stored  # a former pull was killed between the receipt and what is said of it
            else:
                receipt = served.get(str(said.get("receipt_id")).lower())
                known = _Stored(folder, name, stored, int(about["code"]), str(about["id"]))
                found = None if receipt is None else self._newer(known, receipt, done)
                still += found is None
                if found is not None:
                    new[name] = found
            if found is not None:
                hashes[name] = _hash(found)
        done.time_stamped += len(new)
        if hashes:
            for one in about["receipts"]:
                if one["file"] in hashes:
                    one["sha256"] = hashes[one["file"]]
            new[DESCRIPTION] = written(about)
            self.spool.replace_stored(folder, new)
        return still

    def _newer(self, stored: _Stored, receipt: Receipt, done: Dated) -> bytes | None:
        """Return a receipt with its time-stamp, proven to be the stored one; None where it has none."""
        try:
            data = receipt.xml()
            if data == stored.data:
                return None
            self._check_same(stored, data)
            verify(receipt, notification_id=stored.identifier, seals=self.seals)
        except NotVerifiedError as error:
            done.not_verified.append(Left(stored.code, stored.identifier, error.code, str(error)))
            return None
        if not is_stamped(data):
            return None
        at, authorities = datetime.now(UTC), self.authorities
        done.undated += bool(undated(receipt, self.seals, now=at, authorities=authorities))
        return data

    def _check_same(self, stored: _Stored, data: bytes) -> None:
        """Check that both are one receipt, whatever was added to it.

        Raises: `ReceiptDiffersError`, with both kept; `SpoolError`.
        """
        try:
            if take_apart(data).original == stored.data:
                return
        except ReceiptInvalidError:
            pass
        kept = f"differing-{stored.name.removesuffix('.xml')}-{_hash(data)[:16]}.xml"
        if self.spool.read_stored(stored.folder, kept) != data:
            self.spool.replace_stored(stored.folder, {kept: data})
        raise ReceiptDiffersError(f"{stored.folder}/{stored.name}", kept)


def date_waiting(
    spool: Spool,
    waiting: Mapping[str, int],
    report: PullReport,
    *,
    begin: Callable[[Sequence[str]], Future[Dated]],
    result: Callable[[Future[Dated]], Dated],
    at_once: int,
    changing: Callable[[Sequence[str]], AbstractContextManager[None]],
) -> None:
    """Date what waited before this pull, `at_once` batches at a time, and keep what still waits.

    Within `changing` folders are written into: no more of them than are asked for.

    Raises: `SpoolError`; `ClientError`, with the list as it is then.
    """
    names, asked, in_vain = list(waiting), dict[str, int](), 0
    try:
        while names and in_vain < _IN_VAIN:
            size = min(at_once, _IN_VAIN - in_vain) * ASKED_AT_ONCE
            some, names = names[:size], names[size:]
            batches = [some[start : start + ASKED_AT_ONCE] for start in range(0, len(some), ASKED_AT_ONCE)]
            with changing(some):
                for begun in [begin(one) for one in batches]:
                    done = result(begun)
                    asked.update(done.still)
                    in_vain = 0 if done.time_stamped else in_vain + 1
                    report.time_stamped += done.time_stamped
                    report.undated += done.undated
                    report.refused += done.refused
                    report.not_verified += done.not_verified
                    report.lost += done.lost
    finally:
        if asked:
            settle_waiting(spool, asked)


def _is_as_said(stored: bytes, said: Mapping[str, Any]) -> bool:
    """Tell whether a receipt is what was stored, perhaps with a time-stamp that is not said of it yet."""
    if said.get("sha256") in {None, _hash(stored)}:
        return True
    return is_stamped(stored) and _hash(take_apart(stored).original) == said["sha256"]


def _lost(folder: str, about: Mapping[str, Any], name: str, *, is_changed: bool) -> Lost:
    addressee = about["addressee"]["identifier"]
    return Lost(int(about["code"]), str(about["id"]).lower(), addressee, folder, name, is_changed)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
