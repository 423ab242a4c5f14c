"""What hypothesis draws of powers: what one names, each with an end of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from notigateway.law.representation import ItemKind, PowerItem, PowerScope, PowerState

if TYPE_CHECKING:
    from datetime import datetime

MATTERS: Final = ("collection", "contribution")
PROCEDURES: Final = ("203546", "202301")
_VALUES: Final = {ItemKind.MATTER: MATTERS, ItemKind.PROCEDURE: PROCEDURES, ItemKind.GROUP: ("g1", "g2")}
_KINDS: Final = {
    PowerScope.GENERAL: (),
    PowerScope.MATTER: (ItemKind.MATTER,),
    PowerScope.PROCEDURE: (ItemKind.PROCEDURE, ItemKind.GROUP),
}


def items_of(
    scope: PowerScope, instants: st.SearchStrategy[datetime]
) -> st.SearchStrategy[tuple[PowerItem, ...]]:
    """Draw what a power of that type names: at least one thing, none twice."""
    if not _KINDS[scope]:
        return st.just(())
    drawn = st.sampled_from(_KINDS[scope]).flatmap(lambda kind: _item(kind, instants))
    named = st.lists(drawn, min_size=1, max_size=3, unique_by=lambda one: (one.kind, one.value))
    return named.map(tuple)


@st.composite
def _item(draw: st.DrawFn, kind: ItemKind, instants: st.SearchStrategy[datetime]) -> PowerItem:
    ended_at = draw(st.none() | instants)
    is_group = kind is ItemKind.GROUP
    return PowerItem(
        kind=kind,
        value=draw(st.sampled_from(_VALUES[kind])),
        procedures=draw(st.frozensets(st.sampled_from(PROCEDURES))) if is_group else frozenset(),
        ended_at=ended_at,
        end_cause=None if ended_at is None else PowerState.REVOKED,
    )
