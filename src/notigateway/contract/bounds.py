"""How often a child may stand at most, which the published schemas leave open.

Generators make a list of what is `unbounded`, and some of them of nothing else: gowsdl keeps one of 500
items and says no word. So the schemas say `unbounded`, their documentation the number, and the service holds
requests to what is declared here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from notigateway.contract import (
    issuing_v1,
    v1,
    v1_contacts,
    v1_decisions,
    v1_following,
    v1_marks,
    v1_push,
    v1_representation,
    v1_users,
)
from notigateway.contract.xml import Part, describe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

_MODULES: Final[tuple[ModuleType, ...]] = (
    v1,
    v1_contacts,
    v1_decisions,
    v1_following,
    v1_marks,
    v1_push,
    v1_representation,
    v1_users,
    issuing_v1,
)


@cache
def bounds(namespace: str) -> Mapping[tuple[str, str], int]:
    """Return the most of each repeated child that has a bound, by the names of its element and of itself."""
    declared = [
        kind
        for module in _MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Part) and "__match_args__" in vars(kind)
    ]
    return {
        (kind.__name__, one.name): one.most
        for kind in declared
        if kind.xmlns == namespace
        for one in describe(kind)
        if one.is_many and one.most is not None
    }
