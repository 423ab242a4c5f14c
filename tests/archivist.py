"""Who keeps an archive of what the service shows, is killed meanwhile, and goes on; what must come of it.

`differences` compares an archive whole with the service's record: folders, every file, index.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from archived import described
from killed import Done, Pulling, work
from notigateway.instants import instant_text
from notigateway.law.lifecycle import CONTENT_RELEASED
from pki import pki, write_pem
from service_record import Recorded, record

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

    from notigateway.law.caller import Caller
    from notigateway.pki.keys import KeyPair
    from stack import Stack

# What a run of nothing new has of moments, about; before one has told how many.
_MOMENTS: Final = 40
_FOR_EACH: Final = 20


@dataclass
class Archivist:
    """Somebody with an archive; `corrections` are those that its runs told."""

    name: str
    stack: Stack
    caller: Caller
    holder: KeyPair
    every_days: int
    corrections: set[tuple[str, str | None]] = field(default_factory=set)
    kills: int = 0
    runs: int = 0
    walks: int = 0

    def __post_init__(self) -> None:
        folder = self.stack.folder / self.name
        folder.mkdir()
        self.archive = folder / "archive"
        self._files = (*write_pem(self.holder, folder, "own"), write_pem(pki().service, folder, "service")[1])
        self._moments = _MOMENTS

    def pull(self, chance: random.Random, *, kills: int, new: int, accept: bool = False) -> int:
        """Pull, killed so often first where there is time for it; return how often it was.

        `new` is how many notifications may have changed: the moments are among those that they make.
        """
        killed = 0
        for _ in range(kills):
            moment = 1 + int((self._moments + _FOR_EACH * new) * chance.random() ** 2)
            done = self._pull(moment, accept=accept)
            if done is not None:
                break
            killed += 1
        else:
            done = self._pull(0, accept=accept)
            assert done is not None
        self.kills += killed
        self.runs += 1
        self.walks += done.told["walked_list"]
        assert (done.told["refused"], done.told["not_verified"]) == ([], [])
        self.corrections |= {(one["id"], one["at"]) for one in done.told["corrections"]}
        return killed

    def _pull(self, moment: int, *, accept: bool) -> Done | None:
        url, (key, certificate, service) = self.stack.settings.public_url, self._files
        seal = self.stack.settings.seal_certificate_file
        job = Pulling(str(url), key, certificate, service, seal, self.archive, self.stack.now, accept=accept)
        return work(job, dies_at=moment)

    # --- what must come of it

    def differences(self) -> list[object]:
        """Return what the archive says otherwise than the service, or otherwise in two places."""
        recorded = record(self.stack, self.caller)
        folders = dict(self._folders())
        shown = {one: about for one, about in folders.items() if not about.get("unseen_since")}
        found: list[object] = [("missing", one) for one in recorded.keys() - shown.keys()]
        found += [("seen no more", one) for one in shown.keys() - recorded.keys()]
        for identifier in recorded.keys() & shown.keys():
            wanted, kept = _of_record(recorded[identifier]), _of_folder(shown[identifier])
            if wanted != kept:
                found.append((identifier, [(a, b) for a, b in zip(wanted, kept, strict=True) if a != b]))
        indexed = dict(self._indexed())
        found += [("not in the index", one) for one in folders.keys() ^ indexed.keys()]
        for identifier in folders.keys() & indexed.keys():
            if (kept := _in_index(folders[identifier])) != indexed[identifier]:
                found.append(("index", identifier, kept, indexed[identifier]))
        return found

    def corrected(self) -> set[tuple[str, str | None]]:
        """Return what the archive says that it had to take back, and what it came to."""
        found = set()
        for identifier, about in self._folders():
            former = about["former"]
            later = [one["decided_at"] for one in former[1:]] + [(about["decision"] or {}).get("at")]
            found |= {(identifier, at) for one, at in zip(former, later, strict=False) if one["is_corrected"]}
        return found

    def line(self) -> str:
        """Say what the archive came to, and what it takes of the disk."""
        taken = [one.lstat().st_blocks * 512 for one in self.archive.rglob("*")]
        used = f"{len(taken):,} files and folders, {sum(taken) / 1e6:,.0f} MB"
        return f"{self.name}: {self.runs} runs, {self.kills} kills, {used}\n"

    def _folders(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what each folder says, having looked at its files; none is there twice."""
        ids = set()
        for file in self.archive.rglob("notification.json"):
            about = described(file.parent)
            identifier = about["id"].lower()
            assert identifier not in ids, file
            ids.add(identifier)
            said = [*about["documents"], *about["receipts"]]
            for one in said:
                data = (file.parent / one["file"]).read_bytes()
                assert hashlib.sha256(data).hexdigest() == one["sha256"].lower(), (file, one)
            names = {file.name, *(one["file"] for one in (*said, *about["former"]))}
            assert {one.name for one in file.parent.iterdir()} == names
            about["folder"] = file.parent.relative_to(self.archive).as_posix()
            yield identifier, about

    def _indexed(self) -> Iterator[tuple[str, tuple[object, ...]]]:
        with closing(sqlite3.connect(self.archive / "archive.db")) as index:
            details = {
                table: list(
                    index.execute(f"SELECT notification_id, {columns} FROM {table} ORDER BY rowid")  # noqa: S608
                )
                for table, columns in (
                    ("documents", "sha256"),
                    ("receipts", "sha256"),
                    ("versions", "is_corrected"),
                )
            }
            of: dict[str, dict[str, list[object]]] = {}
            for table, rows in details.items():
                for identifier, value in rows:
                    of.setdefault(identifier, {}).setdefault(table, []).append(value)
            for identifier, *values in index.execute(f"SELECT id, {', '.join(_INDEXED)} FROM notifications"):  # noqa: S608
                yield identifier, (*values, *(of.get(identifier, {}).get(table, []) for table in details))


_INDEXED: Final = ("folder", "state", "decided_at", "deadline", "role", "addressee", "unseen_since")


def _in_index(about: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what the index must say of a folder."""
    return (
        about["folder"],
        about["state"],
        (about["decision"] or {}).get("at"),
        about.get("deadline"),
        about["role"],
        about["addressee"]["identifier"],
        about.get("unseen_since"),
        [one["sha256"] for one in about["documents"]],
        [one["sha256"] for one in about["receipts"]],
        [int(one["is_corrected"]) for one in about["former"]],
    )


def _of_record(one: Recorded) -> tuple[object, ...]:
    return (
        one.reference,
        one.addressee,
        one.role,
        one.state,
        instant_text(one.available_at),
        None if one.deadline is None else instant_text(one.deadline),
        None if one.decided_at is None else instant_text(one.decided_at),
        sorted(one.receipts),
        sorted(one.documents) if one.state in CONTENT_RELEASED else [],
    )


def _of_folder(about: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        about["reference"],
        about["addressee"]["identifier"],
        about["role"],
        about["state"],
        about["available_at"],
        about.get("deadline"),
        (about["decision"] or {}).get("at"),
        sorted((one["receipt_id"].lower(), one["sha256"].lower()) for one in about["receipts"]),
        sorted((one["document_id"].lower(), one["sha256"].lower()) for one in about["documents"]),
    )
