"""The step about archive time-stamps: whose word on a raised receipt counts, and about how much of it.

Each is about the whole receipt and all that stands before it (EN 319 132-1 §5.5.2), so it is a proof of
existence of the seal, of the time-stamp on it, of the archive time-stamps before it and of embedded
validation data. One that is wrong counts for nothing, which is told, and hinders nothing: anybody may add
one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway.errors import StampInvalidError
from notigateway.evidence.archive import ArchiveStamp, archive_stamps, read_archive_stamp
from notigateway.evidence.seal_stamps import stamps_on_seal
from notigateway.instants import instant_text
from notigateway.verifier.report import SkippedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from notigateway.evidence.additions import Held
    from notigateway.evidence.existence import Proof
    from notigateway.evidence.timestamp import Stamp
    from notigateway.verifier.examination import Examination


@dataclass
class Archives:
    """The archive time-stamps of one receipt: those that are right, with their places, and what is wrong.

    Whether one that is right also counts by now is for the rule of time.
    """

    proofs: list[tuple[int, Proof]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def after(self, place: int) -> list[Proof]:
        """Return the words that are about what stands at a place among the unsigned properties."""
        return [proof for at, proof in self.proofs if at > place]

    @property
    def all(self) -> list[Proof]:
        """The words about the receipt itself."""
        return [proof for _, proof in self.proofs]


def read_archives(case: Examination, held: Held) -> Archives:
    """Return what the archive time-stamps of a receipt by pinned authorities say; its seal must be proven."""
    found = Archives()
    stamps = archive_stamps(held)
    covered = _on_seal(case, held) if stamps else []
    right: list[tuple[int, Stamp]] = []
    for number, one in enumerate(stamps, 1):
        try:
            stamp = _read(case, held, one, covered)
        except StampInvalidError as error:
            found.wrong.append(f"number {number} counts for nothing: {error.detail}")
        else:
            right.append((one.place, stamp))
            covered.append((one.place, stamp.at))
    chain = case.existence.chain([stamp for _, stamp in right])
    found.proofs = [(place, proof) for (place, _), proof in zip(right, chain, strict=True)]
    return found


def _read(case: Examination, held: Held, one: ArchiveStamp, covered: Iterable[tuple[int, datetime]]) -> Stamp:
    if not case.trust.stampers:
        raise StampInvalidError("the trust folder has no authority in timestamp/")
    return read_archive_stamp(held, one, case.trust.stampers, covered=covered)


def _on_seal(case: Examination, held: Held) -> list[tuple[int, datetime]]:
    """Return place and instant of the time-stamps on the seal that are right."""
    with suppress(StampInvalidError):
        return [(place, stamp.at) for place, stamp in stamps_on_seal(held, case.trust.stampers)]
    return []


def check_archives(case: Examination) -> str:
    """Check the archive time-stamps of the receipt; keep since when they prove it, and all before them."""
    case.proven()
    case.archives = read_archives(case, case.held)
    if not (case.archives.proofs or case.archives.wrong):
        raise SkippedError("there is none")
    case.existence.proofs += case.archives.all
    said = []
    for proof in case.archives.all:
        doubt = case.existence.doubt(proof, "archive time-stamp")
        said.append(doubt or f"the receipt and what it holds existed on {instant_text(proof.at)}")
    words = "; ".join([*said, *case.archives.wrong])
    if not any(map(case.existence.judgement.counts, case.archives.all)):
        raise SkippedError(words)
    return words
