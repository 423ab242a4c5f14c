"""Which worlds a sandbox has besides the one at its root."""

from __future__ import annotations

import re
import secrets
import threading
from typing import TYPE_CHECKING, Final

from notigateway.sandbox.refusals import InvalidError, NotHereError, WorldExistsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notigateway.sandbox.world import World

WORLDS_MAX: Final = 64
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def is_name(name: str) -> bool:
    """Tell whether a world may be called so."""
    return bool(_NAME.fullmatch(name)) and name != "default"


class Roll:
    """Those that there are, those that are being made, and those that cannot be served. Safe between threads.

    Nothing here takes long: making a large world keeps nobody from making and taking away others.
    """

    def __init__(self, folder: Path) -> None:
        """Keep those whose folders lie in one."""
        # Another one each time that it changes: whoever reads it has the worlds of one moment.
        self.worlds: Mapping[str, World] = {}
        self._folder = folder
        self._lock = threading.Lock()
        self._being_made: set[str] = set()
        self._unopened: set[str] = set()

    def reserve(self, name: str | None) -> str:
        """Keep a name for a world that is to be made, a free one where none is wanted.

        Raises: `InvalidError`, `WorldExistsError`, `NotHereError`.
        """
        with self._lock:
            taken = self.worlds.keys() | self._being_made
            name = name or f"world-{secrets.token_hex(4)}"
            if not is_name(name):
                raise InvalidError("name: lower-case letters, digits and hyphens, at most 63; not default")
            if name in taken or (self._folder / name).exists():
                raise WorldExistsError("there is a world of that name")
            if len(taken) >= WORLDS_MAX:
                raise NotHereError(f"there are {WORLDS_MAX} worlds already: delete one")
            self._being_made.add(name)
            return name

    def release(self, name: str) -> None:
        """Take note that a world is made, or will not be."""
        with self._lock:
            self._being_made.discard(name)

    def is_being_made(self, name: str) -> bool:
        """Tell whether a name is kept for a world that is not made yet."""
        return name in self._being_made

    def add(self, name: str, world: World) -> None:
        """Have a world found by its name."""
        with self._lock:
            self.worlds = {**self.worlds, name: world}

    def drop(self, name: str) -> World | None:
        """Have nothing found by a name; return what was."""
        with self._lock:
            found = self.worlds.get(name)
            self.worlds = {one: world for one, world in self.worlds.items() if one != name}
            return found

    def add_unopened(self, name: str) -> None:
        """Take note of a world that was there before and cannot be served."""
        with self._lock:
            self._unopened.add(name)

    def drop_unopened(self, name: str) -> bool:
        """Tell whether a world is one of those; it is for one who asks only, who takes it away."""
        with self._lock:
            is_one = name in self._unopened
            self._unopened.discard(name)
            return is_one
