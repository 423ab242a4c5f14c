"""What a test asks of a row as it is listed."""

from __future__ import annotations

import re
from typing import Any, Final

_ID: Final = re.compile(rb"<id>([^<]*)</id>")


def id_of(row: Any) -> str:  # noqa: ANN401  (a row of many columns)
    """Return the identifier that a row's text says."""
    found = _ID.search(row.text)
    assert found is not None
    return found[1].decode()
