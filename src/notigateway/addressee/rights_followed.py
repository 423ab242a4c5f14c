"""What became of a caller's titles since its cursor: told one by one while they are few, else that they did.

A cursor carries what the caller was told: a fingerprint of its titles and, where it asked for their changes,
their sketch. So nothing is kept of anybody, and neither clocks nor the order of commits count: whatever is
other than before is told, also what time alone did, or what was entered for a past that cursors have passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.repository.rights_told import tell_titles
from notigateway.sketches import elements_of, sketch_of, together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notigateway.law.caller import Caller
    from notigateway.repository.reached import Reach
    from notigateway.repository.rights_seen import Titles
    from notigateway.repository.rights_told import RightTold
    from notigateway.repository.session import Session

# Of no titles: those told so far, while others are still to be told.
_BETWEEN: Final = 1 << 48


@dataclass(frozen=True)
class Told:
    """What a caller was told of its titles; without a sketch where it did not ask for their changes."""

    fingerprint: int
    sketch: bytes = b""


@dataclass(frozen=True)
class RightsPage:
    """What is told now, and what the caller has been told with it.

    `has_changed` says that titles are others in a way that is not told one by one.
    """

    told: Told
    has_changed: bool = False
    rows: Sequence[RightTold] = ()
    has_more: bool = False


def compare_titles(titles: Titles, told: Told | None) -> RightsPage:
    """Say whether titles are others than the caller was told."""
    now = Told(titles.fingerprint)
    return RightsPage(now, told is not None and now.fingerprint != told.fingerprint)


def follow_titles(
    session: Session, reach: Reach, titles: Titles, told: Told | None, *, most: int, caller: Caller | None
) -> RightsPage:
    """Return the next of what became of titles, at most so many; where it is too much, that it is.

    What it had in the place of entities, `caller` tells: without one nothing of that is told.
    """
    if told is not None and told.sketch and told.fingerprint == titles.fingerprint:
        return RightsPage(told)
    now = Told(titles.fingerprint, titles.sketch)
    if told is None or not told.sketch:
        return RightsPage(now, told is not None and told.fingerprint != now.fingerprint)
    others = elements_of(together(told.sketch, now.sketch))
    rows = None if others is None else tell_titles(session, reach, titles, sorted(others), caller=caller)
    if rows is None or any(len(some) > most for some in rows.values()):
        return RightsPage(now, has_changed=True)
    some = _first(rows, most)
    shown = tuple(dict.fromkeys(row for element in some for row in rows[element]))
    if len(some) == len(rows):
        return RightsPage(now, rows=shown)
    between = Told(_BETWEEN, together(told.sketch, sketch_of(some)))
    return RightsPage(between, rows=shown, has_more=True)


def _first(rows: Mapping[bytes, Sequence[RightTold]], most: int) -> list[bytes]:
    """Return the first elements of which there are no more rows than that."""
    found: list[bytes] = []
    room = most
    for element, some in rows.items():
        room -= len(some)
        if room < 0:
            break
        found.append(element)
    return found
