"""The journal of a world: what was asked, by whom, how it was answered; and what was expected of a client."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from pytest_notigateway.calling import SECONDS, instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_notigateway.calling import Calls

# A refusal is shown where the test has asked; `--full-trace` shows what lies between.
__tracebackhide__ = True

_AWAITED_SECONDS: Final = 5.0
_OK: Final = "OK"


class FaultNeverStruckWarning(UserWarning):
    """A test has planned a fault, and nothing that was asked met it: it may have tested nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One exchange; `told` has all that the sandbox says of it.

    `status` and `code` are None where no answer was sent; `refused_items` says how many items of a batch were
    refused, by the code, `faults` are the ids of those that struck.
    """

    number: int
    at: datetime
    operation: str | None
    caller: str | None
    holder: str | None
    status: int | None
    code: str | None
    refused_items: Mapping[str, int]
    faults: tuple[int, ...]
    told: Mapping[str, Any]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read what the sandbox says."""
        return cls(
            told["number"],
            instant(told["at"]),
            told["operation"],
            told["caller"],
            told["holder"],
            told["status"],
            told["code"],
            told["refused_items"],
            tuple(told["faults"]),
            told,
        )

    @property
    def is_refused(self) -> bool:
        """Whether all of it, or an item of it, was refused."""
        return self.code not in {None, _OK} or bool(self.refused_items)

    def __str__(self) -> str:
        who = self.holder or self.caller or "somebody"
        struck = f" (fault {', '.join(map(str, self.faults))})" if self.faults else ""
        asked = f"{self.number}: {self.operation or '?'} by {who} at {self.at:%Y-%m-%d %H:%M:%S}"
        items = ", ".join(f"{code} {count}" for code, count in self.refused_items.items())
        refused = f" ({items})" if items else ""
        return f"{asked}: {self.status or 'no answer'} {self.code or ''}{refused}{struck}"


@dataclass(frozen=True, slots=True)
class Expectations:
    """How what was expected stands; `unmet` in words."""

    met: bool
    expectations: tuple[Mapping[str, Any], ...]
    faults_never_struck: tuple[int, ...]

    @property
    def unmet(self) -> list[str]:
        """Say what was expected and did not come to pass."""
        return [_in_words(one) for one in self.expectations if not one["met"]]


def _in_words(one: Mapping[str, Any]) -> str:
    what = " ".join(
        str(one[name]) for name in ("operation", "caller", "code", "status") if one.get(name) is not None
    )
    if one.get("never"):
        wanted = "never"
    else:
        sizes = {"count": "exactly", "at_least": "at least", "at_most": "at most"}
        wanted = " and ".join(
            f"{words} {one[name]}" for name, words in sizes.items() if one.get(name) is not None
        )
    return f"{what}: expected {wanted}, found {one['found']}"


class Journal:
    """Searches what one world was asked.

    Filters are the `operation`, `caller` (a NIF, or the name of a holder), `code` (`OK`, or an error),
    `status`, `after` (the number of an entry) and `limit`.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def search(self, operation: str | None = None, **filters: object) -> list[Entry]:
        """Return the entries, the oldest first."""
        wanted = {"operation": operation, **filters}
        return [Entry.of(one) for one in self._calls.get_all("journal", "entries", wanted, following="after")]

    def count(self, operation: str | None = None, **filters: object) -> int:
        """Return how many there are."""
        return int(self._calls.get("journal/count", {"operation": operation, **filters})["count"])

    def await_(
        self, operation: str, *, count: int = 1, timeout: float = _AWAITED_SECONDS, **filters: object
    ) -> list[Entry]:
        """Wait until an operation was called so often, and return its entries; `timeout` is in seconds.

        Raises: `SandboxError` with code NOT_REACHED when it was not.
        """
        asked = {"operation": operation, "count": count, "timeout": f"{timeout}s", **filters}
        told = self._calls.get("journal/await", asked, seconds=SECONDS + timeout)
        return [Entry.of(one) for one in told["entries"]]

    def request(self, entry: Entry | int) -> bytes:
        """Return a request as it was received."""
        return self._calls.get_raw(f"journal/{_number(entry)}/request")

    def answer(self, entry: Entry | int) -> bytes:
        """Return an answer as it was sent."""
        return self._calls.get_raw(f"journal/{_number(entry)}/answer")

    def explain(self, entry: Entry | int) -> str:
        """Say in words what became of a request, and why."""
        return self._calls.get_raw(f"journal/{_number(entry)}/explain", accept="text/plain").decode()

    def page(self, entry: Entry | int) -> str:
        """Return the address of the page that shows an exchange to people, as long as its world is there."""
        return f"{self._calls.base}/_sandbox/pages/journal/{_number(entry)}"

    def har(self) -> bytes:
        """Return all of it as HAR, which browsers and proxies read."""
        return self._calls.get_raw("journal.har")

    def zip(self) -> bytes:
        """Return all envelopes, as they were received and sent."""
        return self._calls.get_raw("journal.zip")

    def clear(self) -> None:
        """Forget what was asked so far."""
        self._calls.delete("journal")

    # --- expectations -----------------------------------------------------------------------------

    def expect(
        self,
        operation: str,
        *,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        never: bool | None = None,
        **selectors: object,
    ) -> None:
        """Expect that an operation is called so often by the end of the test: `count`, a range, or `never`.

        `caller`, `code` and `status` narrow which calls count. `notigateway_world` looks at the end.
        """
        sizes = {"count": count, "at_least": at_least, "at_most": at_most, "never": never}
        self._calls.post("expectations", {"operation": operation, **selectors, **sizes})

    def expectations(self) -> Expectations:
        """Return how what was expected stands now."""
        told = self._calls.get("expectations")
        return Expectations(told["met"], tuple(told["expectations"]), tuple(told["faults_never_struck"]))

    def verify(self) -> None:
        """Look whether all that was expected came to pass; warn of faults that never struck.

        Raises: `AssertionError` saying what did not.
        """
        found = self.expectations()
        if not found.met:
            raise AssertionError("\n".join(["the sandbox expected something else:", *found.unmet]))
        if found.faults_never_struck:
            never = ", ".join(map(str, found.faults_never_struck))
            warnings.warn(f"never struck: fault {never}", FaultNeverStruckWarning, stacklevel=2)


def _number(entry: Entry | int) -> int:
    return entry if isinstance(entry, int) else entry.number
