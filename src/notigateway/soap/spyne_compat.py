"""Lets Spyne 2.14 be imported on Python 3.12 and later.

Spyne carries an old copy of six whose import hook speaks only the protocol that Python 3.12 removed
(`find_module`), so `spyne.util.six.moves` and everything below it cannot be imported there. The finder
below answers for exactly those names with the modules of the separate `six` package. On Python 3.11 it
does the same, so that one path is used and tested everywhere.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from operator import attrgetter
from typing import TYPE_CHECKING

import six

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_VENDORED = "spyne.util.six"
_MOVES = f"{_VENDORED}.moves"


class SpyneMovesFinder(MetaPathFinder, Loader):
    """Answers for `spyne.util.six.moves` and its submodules, and for nothing else."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  (signature given by importlib)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Claim Spyne's `moves`; leave every other name to the finders that follow."""
        if fullname != _MOVES and not fullname.startswith(f"{_MOVES}."):
            return None
        _drop_vendored_hook()
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module of the `six` package that has the same name.

        It is often a module of the standard library (`moves.http_cookies` is `http.cookies`), and the
        import system writes our spec over its own: the own one is kept aside until it is over.

        Raises: `ModuleNotFoundError` for a name that six does not have either.
        """
        try:
            module: ModuleType = attrgetter(spec.name.removeprefix(f"{_VENDORED}."))(six)
        except AttributeError as error:
            raise ModuleNotFoundError(f"No module named {spec.name!r}", name=spec.name) from error
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module, which was executed long ago, its own spec back."""
        module.__spec__ = getattr(module.__spec__, "loader_state", None)


def _drop_vendored_hook() -> None:
    """Remove the hook of Spyne's old copy, which on 3.11 warns at every import that finds nothing."""
    sys.meta_path[:] = [hook for hook in sys.meta_path if type(hook).__module__ != _VENDORED]


def install() -> None:
    """Put the finder in place; calling it again changes nothing."""
    if not any(isinstance(hook, SpyneMovesFinder) for hook in sys.meta_path):
        sys.meta_path.insert(0, SpyneMovesFinder())
