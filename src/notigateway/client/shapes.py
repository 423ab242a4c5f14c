"""How values are written as JSON: in notification.json and by `--json`, with the same names.

Names are those of the contract in snake case; instants are UTC text, spans of time seconds; bytes
are left out: documents and receipts stand in files of their own.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from notigateway.instants import instant_text


def as_json(value: object) -> Any:  # noqa: ANN401 - JSON is any of its types
    """Return a value of the client as what `json.dumps` takes.

    Raises: `TypeError` for a value that is not one of the client's.
    """
    match value:
        case None | bool() | int() | float() | str():
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
            items = ((field.name, getattr(value, field.name)) for field in fields(value) if field.repr)
            return {name: as_json(one) for name, one in items}
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form here")
