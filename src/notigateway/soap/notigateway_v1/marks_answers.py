"""From a party's marks to what the contract says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.contract import v1
from notigateway.law.marks import Mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notigateway.law.marks import Said, Set


def marks_of(found: Mapping[Said, Set] | None) -> v1.Marks | None:
    """Return the marks of a notification; None where it has none."""
    if not found:
        return None
    labels = []
    told: dict[Mark, v1.Marked] = {}
    assigned = None
    for (mark, words), one in sorted(found.items()):
        by = v1.Party(identifier=one.by, name=one.by_name)
        if mark is Mark.LABEL:
            labels.append(v1.Label(label=words, by=by, at=one.at))
        elif mark is Mark.ASSIGNED:
            assigned = v1.Assigned(to=words, by=by, at=one.at)
        else:
            told[mark] = v1.Marked(by=by, at=one.at)
    return v1.Marks(
        downloaded=told.get(Mark.DOWNLOADED),
        archived=told.get(Mark.ARCHIVED),
        assigned=assigned,
        labels=tuple(labels),
    )
