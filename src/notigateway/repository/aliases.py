"""A row under another name within a query; made once for each use.

The first use of an alias adapts every column that is named of it, which takes longer than the query
itself: a condition that is built for each request would pay it each time.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy.orm import aliased

if TYPE_CHECKING:
    from notigateway.repository.columns import Row

Kind = TypeVar("Kind", bound="Row")


def alias_of(row: type[Kind], use: str) -> type[Kind]:
    """Return the row under a name of its own; the same one for the same use."""
    return cast("type[Kind]", _made(row, use))


@cache
def _made(row: Any, _use: str) -> Any:  # noqa: ANN401  (to mypy a class of ours is not hashable)
    return aliased(row)
