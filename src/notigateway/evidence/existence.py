"""The one rule of time: whether a signature counts at an instant (ETSI EN 319 102-1 §5.2.9, §5.6).

A key that is no longer in use may be in the hands of anybody, and who holds it states whatever instant they
like. So a signature by a pinned certificate counts while the certificate's period lasts and its algorithms
hold; afterwards only with a proof of existence from before that end: somebody else's word, by their own
clock, that the signature existed then. Such a word is a signature too, with a period and algorithms of its
own, and falls under the same rule: it may need a later word about itself.

Where the end has passed and no such word is there, nothing is known to be wrong: it cannot be told. Pure: no
clock, no files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from notigateway.evidence.algorithms import Algorithms


class Pinned(Protocol):
    """Who is believed, and for which time: a dated certificate, or somebody else's key."""

    @property
    def until(self) -> datetime:
        """The end of its time."""

    def covers(self, instant: datetime) -> bool:
        """Tell whether a signature of that instant can be by it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The word of somebody who is pinned that something existed at an instant, for as long as it counts.

    `algorithms` are the names of what it relies on; `later` are words about this one.
    """

    at: datetime
    pin: Pinned
    algorithms: frozenset[str]
    later: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """As of which instant it is judged, by which table of algorithms.

    What is from after `known_until` is no proof: nobody had it then. None where that is not asked.
    """

    at: datetime
    algorithms: Algorithms
    known_until: datetime | None = None

    def end(self, pin: Pinned, algorithms: Iterable[str]) -> tuple[datetime, str]:
        """Return when signatures of a pinned certificate stop counting by themselves, and why then."""
        sunset = self.algorithms.end_of(algorithms)
        if sunset is not None and sunset[0] < pin.until:
            return sunset[0], f"{sunset[1]} is relied on until {instant_text(sunset[0])}"
        return pin.until, f"its certificate was in use until {instant_text(pin.until)}"

    def counts(self, proof: Proof) -> bool:
        """Tell whether a proof may be relied on: by itself, or by a later one."""
        return self.doubt(proof) is None

    def doubt(self, proof: Proof) -> str | None:
        """Return why a proof may not be relied on; None where it may."""
        return self._doubt(proof, {})

    def _doubt(self, proof: Proof, known: dict[int, str | None]) -> str | None:
        """Return the same; each word about words is judged once, however many are about each other."""
        if id(proof) in known:
            return known[id(proof)]
        end, why = self.end(proof.pin, proof.algorithms)
        lack: str | None = None
        if self.known_until is not None and proof.at > self.known_until:
            lack = (
                f"it is of {instant_text(proof.at)}, after {instant_text(self.at)}, as of which is verified"
            )
        elif not proof.pin.covers(proof.at) or proof.at > end:
            lack = f"it is of {instant_text(proof.at)}, and {why}"
        elif self.at > end and not any(
            later.at <= end and self._doubt(later, known) is None for later in proof.later
        ):
            lack = f"{why}, and nothing newer that counts covers it"
        known[id(proof)] = lack
        return lack

    def earliest(self, proofs: Iterable[Proof]) -> datetime | None:
        """Return since when something is proven to exist; None where nothing that counts says so."""
        return min((proof.at for proof in proofs if self.counts(proof)), default=None)

    def lack(self, pin: Pinned, algorithms: Iterable[str], proofs: Iterable[Proof]) -> str | None:
        """Return why a signature that was made in its period does not count by now; None where it does."""
        end, why = self.end(pin, algorithms)
        if self.at <= end:
            return None
        proven = self.earliest(proofs)
        if proven is None:
            return f"{why}, and nothing proves that this is older"
        if proven > end:
            return f"{why}, and it is proven to exist since {instant_text(proven)} only"
        return None
