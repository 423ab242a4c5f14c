"""A row under another name within a query; made once for each use.

The first use of an alias adapts every column that is named of it, which takes longer than the query
itself: a condition that is built for each request would pay it each time.

SQLAlchemy adapts without a lock: of two threads that meet there one may be given the column of the table
itself, and the alias keeps it, so that a condition of rights says something else for as long as the process
lives. So all of it is adapted here, by one thread, before anybody is given the alias.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import inspect
from sqlalchemy.orm import aliased

if TYPE_CHECKING:
    from notigateway.repository.columns import Row

Kind = TypeVar("Kind", bound="Row")


_lock = Lock()
_made: dict[tuple[Any, str], Any] = {}


def alias_of(row: type[Kind], use: str) -> type[Kind]:
    """Return the row under a name of its own; the same one for the same use."""
    made = _made.get((row, use))
    if made is None:
        with _lock:
            made = _made.get((row, use))
            if made is None:
                made = _made[row, use] = _adapted(row)
    return cast("type[Kind]", made)


def _adapted(row: type[Row]) -> Any:  # noqa: ANN401  (an alias has no type of its own)
    """Return a new alias, all of whose attributes have been asked for."""
    made: Any = aliased(row)
    for name in inspect(row).all_orm_descriptors.keys():  # noqa: SIM118  (it is no dictionary)
        attribute = getattr(made, name)
        if hasattr(attribute, "expression"):
            _ = attribute.expression
    return made
