"""A sandbox: a process of ours, or one that runs already; it makes worlds and removes them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from pytest_notigateway.calling import Calls, SandboxError
from pytest_notigateway.holders import Certificates
from pytest_notigateway.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A refusal is shown where the test has asked; `--full-trace` shows what lies between.
__tracebackhide__ = True

# How long a world that is to go may be busy with what nobody waits for any more.
REMOVAL_SECONDS: Final = 600.0
_PAUSE_SECONDS: Final = 0.2
_BUSY: Final = "BUSY"


class Sandbox:
    """The sandbox at an address; `default` is the world at its root, which all who use it share."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.base = calls.base
        self.default = World(calls, calls.get("world"), lambda: self.certificates)

    @classmethod
    @contextmanager
    def at(cls, base: str, token: str | None = None) -> Iterator[Self]:
        """Use the sandbox at that address (`http://127.0.0.1:8080`, or its page's), and leave it running.

        Raises: `SandboxError` where there is none, or it wants a token.
        """
        calls = Calls.to(base, token)
        try:
            yield cls(calls)
        finally:
            calls.close()

    @cached_property
    def certificates(self) -> Certificates:
        """The certificates and keys of every world that has no holders of its own."""
        return Certificates.of(self._calls)

    @contextmanager
    def world(self, *, timeout: float | None = None, **wished: Any) -> Iterator[World]:  # noqa: ANN401  (JSON)
        """Make a world and remove it in the end; `timeout` is how many seconds the making may take.

        Wishes: `notifications` (none), `seed` (7), `scenario`, `own_holders`, `freeze` (an instant) and
        `name`, which the sandbox gives otherwise.
        """
        told = self._calls.post("worlds", wished, seconds=timeout)
        try:
            yield World(self._calls.below(told["base"]), told, lambda: self.certificates)
        finally:
            self._remove(told["name"])

    def _remove(self, name: str) -> None:
        """Remove a world, once it is busy no more: a jump of its clock goes on if nobody waits for it."""
        end = time.monotonic() + REMOVAL_SECONDS
        while True:
            try:
                return self._calls.delete(f"worlds/{name}", seconds=None)
            except SandboxError as error:
                if error.code != _BUSY or time.monotonic() > end:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def worlds(self) -> list[Mapping[str, Any]]:
        """Return what the sandbox says of each of its worlds."""
        return list(self._calls.get("worlds")["worlds"])

    def scenarios(self) -> list[Mapping[str, Any]]:
        """Return the library: `name`, `title`, and which rules and codes each `shows`."""
        return list(self._calls.get("scenarios")["scenarios"])
