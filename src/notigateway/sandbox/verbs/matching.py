"""What a step of a story is to give, compared with what it gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# An object of one of these is a condition on a value; any other is one whose members are compared.
_CONDITIONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "at_least": lambda found, wanted: found is not None and found >= wanted,
    "at_most": lambda found, wanted: found is not None and found <= wanted,
    "has": lambda found, wanted: found is not None and wanted in found,
    "lacks": lambda found, wanted: found is None or wanted not in found,
    "is_not": lambda found, wanted: found != wanted,
    "is_there": lambda found, wanted: (found is not None) is wanted,
}


def differs(wanted: Mapping[str, Any], found: Mapping[str, Any], path: str = "") -> str | None:
    """Return in what something differs from what is wanted of it; None where all of that is there."""
    for name, value in wanted.items():
        place, said = f"{path}{name}", found.get(name)
        if not isinstance(value, dict):
            if said != value:
                return f"{place}: {value!r} expected, found {said!r}"
        elif value.keys() <= _CONDITIONS.keys():
            if not all(_CONDITIONS[one](said, bound) for one, bound in value.items()):
                return f"{place}: {value!r} expected, found {said!r}"
        else:
            inner = differs(value, said if isinstance(said, dict) else {}, f"{place}.")
            if inner is not None:
                return inner
    return None
