"""The catalogue of matters, groups of procedures and procedures that a power may name; pure.

Its shape is that of Annex I of Orden ISM/189/2021; its contents are published elsewhere, and the operator
brings them here (art. 7.1). A whole catalogue is checked at once: what is not in a new one is withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import CatalogueInvalidError
from notigateway.law.powers import VALUE_MAX, Named
from notigateway.law.representation import ItemKind
from notigateway.law.texts import hidden_at, is_a_line

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME_MAX: Final = 255
ENTRIES_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the catalogue: a group and a procedure stand in a matter, a procedure also in a group."""

    kind: ItemKind
    code: str
    name: str
    matter: str | None = None
    group: str | None = None

    @property
    def named(self) -> Named:
        """What a power says to name it."""
        return Named(self.kind, self.code)


def check_catalogue(lines: Iterable[tuple[int, Entry]]) -> list[Entry]:
    """Return the entries of a whole catalogue; each comes with the number of its line.

    Raises: `CatalogueInvalidError` with the facts `line` and `problem`, for the first line that is wrong.
    """
    numbered = list(lines)
    if not numbered:
        raise _invalid(0, "empty")
    if len(numbered) > ENTRIES_MAX:
        raise _invalid(numbered[ENTRIES_MAX][0], "too_many")
    known: dict[Named, Entry] = {}
    for number, entry in numbered:
        _check_form(number, entry)
        if entry.named in known:
            raise _invalid(number, "code_repeated")
        known[entry.named] = entry
    for number, entry in numbered:
        _check_place(number, entry, known)
    return [entry for _, entry in numbered]


def _check_form(number: int, entry: Entry) -> None:
    """Check what one line says by itself."""
    if entry.code != entry.code.strip() or not 0 < len(entry.code) <= VALUE_MAX[entry.kind]:
        raise _invalid(number, "code")
    if not entry.name.strip() or len(entry.name) > _NAME_MAX:
        raise _invalid(number, "name")
    if not is_a_line(entry.code) or hidden_at(entry.name) is not None:
        raise _invalid(number, "character")
    if (entry.kind is ItemKind.MATTER) is (entry.matter is not None):
        raise _invalid(number, "matter")
    if entry.group is not None and entry.kind is not ItemKind.PROCEDURE:
        raise _invalid(number, "group")


def _check_place(number: int, entry: Entry, known: dict[Named, Entry]) -> None:
    """Check that the matter and the group of a line are there, and that the group is of the same matter."""
    if entry.matter is not None and Named(ItemKind.MATTER, entry.matter) not in known:
        raise _invalid(number, "matter_unknown")
    if entry.group is not None:
        group = known.get(Named(ItemKind.GROUP, entry.group))
        if group is None or group.matter != entry.matter:
            raise _invalid(number, "group_unknown")


def _invalid(number: int, problem: str) -> CatalogueInvalidError:
    """Return the error for one line."""
    return CatalogueInvalidError(f"line {number}: {problem}", line=number, problem=problem)
