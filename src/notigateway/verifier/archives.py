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
from notigateway.evidence.archive import ArchiveStamp, archive_stamps
from notigateway.evidence.seal_stamps import stamps_on_seal
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, check_not_before_seal, read_stamp
from notigateway.instants import instant_text
from notigateway.verifier.report import SkippedError

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    """Return what the archive time-stamps of a receipt say; its seal must be proven.

    1. What it is about is all that stands before it, in exclusive canonical form.
    2. It is by a pinned authority, whose certificate was valid then, and intact.
    3. It is not from before the seal, nor before an earlier time-stamp that it covers.
    """
    found = Archives()
    stamps = archive_stamps(held)
    covered = _on_seal(case, held) if stamps else []
    right: list[tuple[int, Stamp]] = []
    for number, one in enumerate(stamps, 1):
        before = [at for place, at in covered if place < one.place]
        try:
            stamp = _read(case, held, one, before=before)
        except StampInvalidError as error:
            found.wrong.append(f"number {number} counts for nothing: {error.detail}")
        else:
            right.append((one.place, stamp))
            covered.append((one.place, stamp.at))
    chain = case.existence.chain([stamp for _, stamp in right])
    found.proofs = [(place, proof) for (place, _), proof in zip(right, chain, strict=True)]
    return found


def _read(case: Examination, held: Held, one: ArchiveStamp, *, before: Sequence[datetime]) -> Stamp:
    stampers = case.trust.stampers
    if not stampers:
        raise StampInvalidError("the trust folder has no authority in timestamp/")
    token, imprint = one.kept(stampers)  # 1
    stamp = read_stamp(token, imprint=imprint, authorities=stampers)  # 2
    check_not_before_seal(held.original, stamp.at)  # 3
    if any(stamp.at < at - CLOCKS_DIFFER_AT_MOST for at in before):
        raise StampInvalidError("it is from before a time-stamp that it covers")
    return stamp


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
        doubt = case.existence.judgement.doubt(proof)
        said.append(doubt or f"the receipt and what it holds existed on {instant_text(proof.at)}")
    words = "; ".join([*said, *case.archives.wrong])
    if not any(map(case.existence.judgement.counts, case.archives.all)):
        raise SkippedError(words)
    return words
