"""A cause of a refusal as it is told, and a known mistake as a row of a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

H = TypeVar("H")


class Certainty(Enum):
    """How well a cause is known.

    `SURE`: the mistake was made again, or undone, and then the digest, the signature or the check holds.
    `SEEN`: it stands in the message for everybody to see. `LIKELY`: a guess from what clients do.
    """

    SURE = "sure"
    SEEN = "seen"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True)
class Cause:
    """What led to a refusal, in words that may quote the message: its reader has it in hand."""

    name: str
    certainty: Certainty
    words: str
    cure: str


@dataclass(frozen=True, slots=True)
class Known(Generic[H]):
    """A mistake that clients make: `how` makes it again, undoes it or finds it, as its table says."""

    name: str
    words: str
    cure: str
    how: H

    def cause(self, certainty: Certainty, detail: str = "", *, at: str = "") -> Cause:
        """Return it as a cause of this message: `at` names the part, `detail` what is there."""
        words = f"{at}: {self.words}" if at else self.words
        return Cause(self.name, certainty, f"{words}: {detail}" if detail else words, self.cure)


@dataclass(frozen=True)
class Explained:
    """What explains a value: mistakes that together give it, each with what there is to say of it."""

    mistakes: tuple[tuple[Known[Any], str], ...]


def told(found: Iterable[Explained], *, at: str = "") -> Iterator[Cause]:
    """Tell explanations: the simplest ones, and what is common to them for sure."""
    kinds = {tuple(known.name for known, _ in one.mistakes): one for one in reversed(list(found))}
    fewest = min(map(len, kinds))
    simplest = [one for names, one in kinds.items() if len(names) == fewest][::-1]
    shared = set.intersection(*({known.name for known, _ in one.mistakes} for one in simplest))
    said: set[str] = set()
    for one in simplest:
        for known, detail in one.mistakes:
            if known.name not in said:
                said.add(known.name)
                is_sure = known.name in shared
                more = detail if is_sure else "or another of these, which give the same octets"
                yield known.cause(Certainty.SURE if is_sure else Certainty.LIKELY, more, at=at)
