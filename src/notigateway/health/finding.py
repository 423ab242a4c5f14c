"""What was seen of one thing: its state, in words and numbers, and what cures it.

`/readyz`, `notigateway doctor` and the gauges read the same findings, so that they never disagree. The
words are ours alone: no NIF, no password, nothing that a caller wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class State(StrEnum):
    """How it stands; `unknown` says that it could not be looked at, which is no comfort."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


# The worst first: as a person wants to read them.
_WORST_FIRST: Final = (State.FAILED, State.UNKNOWN, State.WARNING, State.OK)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `values` are its numbers, each named with its unit.

    `check` is the same word for the same thing wherever it is told. A finding that is not ok has a cure: a
    command or a setting.
    """

    check: str
    state: State
    says: str
    cure: str = ""
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def line(self) -> dict[str, Any]:
        """Return what programs read of it."""
        said: dict[str, Any] = {"check": self.check, "state": self.state.value, "says": self.says}
        if self.cure:
            said["cure"] = self.cure
        return said | ({"values": dict(self.values)} if self.values else {})


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, the worst first; those of one state stay in their order."""
    return sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.state))


def worst(findings: Iterable[Finding]) -> State:
    """Return the worst state among them; ok where there is none."""
    states = {finding.state for finding in findings}
    return next((state for state in _WORST_FIRST if state in states), State.OK)
