"""What a verification found: one line for each step, in order, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError
from notigateway.evidence.unpinned import NO_PINNED_SEAL, NOT_PINNED

if TYPE_CHECKING:
    from collections.abc import Callable


class Outcome(StrEnum):
    """What a step, or all of them together, came to."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    # There was nothing to check: the receipt or the file has no such thing, and need not have it.
    SKIPPED = "skipped"


UNFORESEEN: Final = "it holds something that cannot be read"
# A reason is a line for a person, however long the names are that somebody put into a file.
_REASON_CHARACTERS: Final = 500
_OTHER_SEAL: Final = (
    ". The gateway may have changed its seal: get the certificate from who runs it, by another way than this "
    "file, and put it into seals/. Is it none of theirs, this is no evidence"
)
EXIT_CODES: Final = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.INDETERMINATE: 2}


class FailedError(Exception):
    """A step found that something is wrong; the text says what."""


class UndeterminedError(Exception):
    """A step can say neither yes nor no; the text says what it lacks."""


class SkippedError(Exception):
    """A step has nothing to check; the text says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, what it came to, and the reason in plain words."""

    name: str
    outcome: Outcome
    reason: str


@dataclass
class Report:
    """The steps taken, in order, and what they come to in words.

    `says` is for who reads no steps: what is proven of which fact, or why it is not. Where the file itself is
    the reason (it is no evidence at all, or is rewritten), `is_told_at_once`: the steps add nothing to it.
    """

    steps: list[Step] = field(default_factory=list)
    says: str = ""
    is_told_at_once: bool = False

    def take(self, name: str, check: Callable[[], str]) -> bool:
        """Take a step and write down what it came to; return whether it passed.

        Every reader names what it refuses. What none of them has foreseen in a stranger's bytes is a verdict
        all the same, in words that hold none of them.
        """
        try:
            outcome, reason = Outcome.PASSED, check()
        except SkippedError as nothing:
            outcome, reason = Outcome.SKIPPED, str(nothing)
        except UndeterminedError as lack:
            outcome, reason = Outcome.INDETERMINATE, str(lack)
        except FailedError as failure:
            outcome, reason = Outcome.FAILED, str(failure)
        except GatewayError as failure:
            outcome, reason = Outcome.FAILED, said_of(failure)
        except MemoryError:
            outcome, reason = Outcome.INDETERMINATE, "this machine has not the memory to check it"
        except Exception:  # noqa: BLE001
            outcome, reason = Outcome.FAILED, UNFORESEEN
        reason = self._with_cure(reason) if outcome is not Outcome.PASSED else reason
        self.steps.append(Step(name, outcome, reason[:_REASON_CHARACTERS]))
        return outcome is Outcome.PASSED

    def _with_cure(self, reason: str) -> str:
        """Return a reason with what may be behind a seal that is not pinned; once is enough in a report."""
        told = [step.reason for step in self.steps if step.reason.endswith(_OTHER_SEAL)]
        if not any(one in reason for one in (NOT_PINNED, NO_PINNED_SEAL)):
            return reason
        return reason if told and f"{reason}{_OTHER_SEAL}" not in told else f"{reason}{_OTHER_SEAL}"

    @property
    def outcome(self) -> Outcome:
        """Return what all steps come to: one failure decides, then one doubt."""
        outcomes = {step.outcome for step in self.steps}
        for decisive in (Outcome.FAILED, Outcome.INDETERMINATE):
            if decisive in outcomes:
                return decisive
        return Outcome.PASSED
