"""How values are written as JSON: in notification.json and by `--json`, with the same names.

Names are those of the contract in snake case; instants are UTC text, spans of time seconds; bytes
are left out: documents and receipts stand in files of their own.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from notigateway.instants import instant_text


def compact_text(value: object) -> str:
    """Return JSON on one line, as a program reads it; without indentation its encoder is the fast one."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_json(value: object) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Return a value of the client as what `json.dumps` takes.

    Raises: `TypeError` for a value that is not one of the client's.
    """
    match value:
        case str() | int() | float() | None:
            return value
        case datetime():
            return instant_text(value)
        case timedelta():
            return value.total_seconds()
        case list() | tuple():
            return [as_json(one) for one in value]
        case dict():
            return {str(name): as_json(one) for name, one in value.items()}
        case _ if is_dataclass(value):
            return {name: as_json(getattr(value, name)) for name in _shown(value.__class__)}
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form here")


@cache  # one entry for each class
def _shown(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields that are written."""
    return tuple(field.name for field in fields(kind) if field.repr)
