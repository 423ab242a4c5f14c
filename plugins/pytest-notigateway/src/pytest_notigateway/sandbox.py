"""A sandbox: a process of ours, or one that runs already; it makes worlds and removes them."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pytest_notigateway.calling import Calls
from pytest_notigateway.holders import Certificates
from pytest_notigateway.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Sandbox:
    """The sandbox at an address; `default` is the world at its root, which all who use it share."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.base = calls.base
        self.default = World(calls, calls.get("world"), lambda: self.certificates)

    @classmethod
    @contextmanager
    def at(cls, base: str, token: str | None = None) -> Iterator[Self]:
        """Use the sandbox at that address (`http://127.0.0.1:8080`), and leave it running.

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
    def world(self, **wished: Any) -> Iterator[World]:  # noqa: ANN401  (JSON)
        """Make a world and remove it in the end.

        Wishes: `notifications` (none), `seed` (7), `scenario`, `own_holders`, `freeze` (an instant) and
        `name`, which the sandbox gives otherwise.
        """
        told = self._calls.post("worlds", wished)
        try:
            yield World(self._calls.below(told["base"]), told, lambda: self.certificates)
        finally:
            self._calls.delete(f"worlds/{told['name']}")

    def worlds(self) -> list[Mapping[str, Any]]:
        """Return what the sandbox says of each of its worlds."""
        return list(self._calls.get("worlds")["worlds"])

    def scenarios(self) -> list[Mapping[str, Any]]:
        """Return the library: `name`, `title`, and which rules and codes each `shows`."""
        return list(self._calls.get("scenarios")["scenarios"])
