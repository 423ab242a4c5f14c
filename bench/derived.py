"""What the gateway keeps beside its notifications so that who asks need not search: filled at publication.

A filling writes notifications past the use cases, so it fills these by the functions that `repository/` has
for it, here and nowhere else. Today nothing is kept beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine


def derive(engine: Engine) -> None:
    """Fill what follows from the rows that are there; it is called whenever some were added."""
    del engine
