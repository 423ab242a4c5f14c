"""Where a pull puts what it stores, by the usual template; and what an archive holds, by its own words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from service_simulator import Item


def folder_of(archive: Path, item: Item) -> Path:
    """Return the folder of a notification of the simulator."""
    return archive / "B00000000" / "2026" / str(item.code)


def described(folder: Path) -> dict[str, Any]:
    """Return what is said of a notification in its folder."""
    found: dict[str, Any] = json.loads((folder / "notification.json").read_text("utf-8"))
    return found


def everything(archive: Path) -> dict[str, dict[str, Any]]:
    """Return what is said of each notification, by its identifier; none is there twice."""
    found = [described(file.parent) for file in archive.rglob("notification.json")]
    by_id = {one["id"]: one for one in found}
    assert len(by_id) == len(found)
    return by_id


def readable(archive: Path) -> set[str]:
    """Return the identifiers of what is stored with its documents."""
    return {identifier for identifier, one in everything(archive).items() if one["documents"]}
