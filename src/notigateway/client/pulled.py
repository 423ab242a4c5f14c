"""What a `pull` tells: each step while it goes on, and what became of everything in the end.

Corrections are told at least once: they stand in `.corrections` before the archive says so, and until who
pulls has told them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.client.spool import Spool
    from notigateway.client.stored import Stored

UNTOLD: Final = ".corrections"


class Step(StrEnum):
    """What `progress` is told of, with a count."""

    LISTED = "listed"
    ALREADY_STORED = "already stored"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    STORED = "stored"
    NOTED = "noted"
    UPDATED = "updated"
    NOT_VERIFIED = "not verified"


@dataclass(frozen=True, slots=True)
class Left:
    """A notification that was not stored, and why."""

    code: int
    id: str
    reason: str
    text: str
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What is decided otherwise than the archive said: as a rule by an earlier event, reported later.

    Terms run from `at`, and not from `former_at` (both UTC text). `former_file` holds what was said before.
    """

    code: int
    id: str
    addressee: str
    folder: str
    former_state: str
    former_at: str | None
    state: str
    at: str | None
    channel: str | None
    reported_at: str | None
    former_file: str


@dataclass(frozen=True, slots=True)
class Lost:
    """What was stored and is not there any more, or is another thing by now.

    `file` is None where it is the folder as a whole. `kept` is where that stands which was found changed.
    `is_mended`: it was fetched again.
    """

    code: int
    id: str
    addressee: str | None
    folder: str
    file: str | None = None
    is_changed: bool = False
    is_mended: bool = False
    kept: str | None = None

    @property
    def text(self) -> str:
        """What happened, in words."""
        what = "is not what was stored" if self.is_changed else "was not there any more"
        where = self.folder if self.file is None else f"{self.folder}/{self.file}"
        after = "it was fetched again" if self.is_mended else "this run could not fetch it"
        kept = "" if self.kept is None else f"; what stood there is kept as {self.folder}/{self.kept}"
        return f"{where} {what}: {after}{kept}"


@dataclass(slots=True)
class PullReport:
    """What one `pull` did; `refused` and `not_verified` name what it left.

    `stored` has its content; `noted` what there is without: metadata and receipts; `updated` is what became
    something else than the archive said, `corrections` what it had to take back. `listed` counts what
    matched, whether it came from the list or from the changes.
    """

    walked_list: bool = False
    changes: int = 0
    listed: int = 0
    already_stored: int = 0
    accepted: int = 0
    stored: int = 0
    noted: int = 0
    updated: int = 0
    # What is stored, and not seen any more by whoever pulls.
    unseen: int = 0
    documents: int = 0
    document_bytes: int = 0
    receipts_verified: int = 0
    # Of those, of a seal out of use without a time-stamp from before, or of an authority that is not pinned.
    undated: int = 0
    # Receipts stored by earlier pulls that have got their time-stamp by now; and those of the folder without.
    time_stamped: int = 0
    waiting: int = 0
    refused: list[Left] = field(default_factory=list)
    not_verified: list[Left] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    # What was stored and is not there, or not as it was.
    lost: list[Lost] = field(default_factory=list)
    # Folders with a description that cannot be read: what they hold is fetched again, beside them.
    damaged: list[str] = field(default_factory=list)
    # How many entries the service's log has, which goes on from the head seen before; None: it shows none.
    log_size: int | None = None
    # Where a new name of the log was accepted by this run: what it goes on from, and why.
    log_follows: str = ""
    # What stands in the archive by this part of a run, for who keeps account of it.
    put: list[Stored] = field(default_factory=list, repr=False)


def note_correction(spool: Spool, correction: Correction) -> None:
    """Note what has to be told, before the archive says so. Raises: `SpoolError`."""
    spool.append_file(UNTOLD, f"\n{json.dumps(asdict(correction))}\n".encode())


def noted_corrections(spool: Spool) -> list[Correction]:
    """Return what no run that ended has told yet. Raises: `SpoolError`."""
    found: dict[Correction, None] = {}
    for line in (spool.read_file(UNTOLD) or b"").splitlines():
        with suppress(ValueError, TypeError):  # of a run that was killed while it wrote
            found[Correction(**json.loads(line))] = None
    return list(found)
