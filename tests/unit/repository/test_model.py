"""State, deadline and event of a notification are written in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import notigateway

SOURCE = Path(notigateway.__file__).parent
WRITTEN = {"state", "deadline", "decided_at"}
# Their events are those of the contracts, which describe ours, or of a thread.
WITH_OTHER_EVENTS = {"client", "push", "sandbox", "soap"}


def written_by(node: ast.AST) -> set[str]:
    """Return which of a notification's fields an assignment writes, and whether an event is made."""
    if isinstance(node, ast.Call) and ast.unparse(node).startswith(("Event(", "make(Event,")):
        return {"event"}
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Store):
        return set()
    return {node.attr} & WRITTEN


def test_one_place_writes_state_deadline_and_event() -> None:
    places = {}
    for file in SOURCE.rglob("*.py"):
        if file.relative_to(SOURCE).parts[0] in WITH_OTHER_EVENTS:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                written = set().union(*map(written_by, ast.walk(node)))
                if written:
                    places[f"{file.relative_to(SOURCE)}::{node.name}"] = written
    assert places == {
        "repository/model.py::happen": {"state", "deadline", "decided_at", "event"},
        # of what has not arrived, when an obligation changes
        "repository/model.py::find_anew": {"deadline"},
    }
