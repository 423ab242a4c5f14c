"""What a database says of itself: where it is, and whether it takes what is written; nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import exc, make_url

# In the query of a PostgreSQL URL these name a place; the rest are ways to get there, passwords among them.
_PLACES: Final = frozenset({"host", "port", "dbname"})


def database_place(url: str) -> str:
    """Return where a database is, the same for every user of it: no name, no password.

    A relative file counts from the folder of this process. What cannot be read is no place: "".
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        return ""
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return f"sqlite:///{Path(parsed.database or '').resolve()}"
    named = {name: value for name, value in parsed.query.items() if name in _PLACES}
    return (
        f"{backend}://{parsed.host or ''}:{parsed.port or ''}/{parsed.database or ''} {sorted(named.items())}"
    )
