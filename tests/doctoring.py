"""Asks `notigateway doctor` about the gateway of a test, as a person and as a program."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner, Result

from operating import app
from stack import Stack

if TYPE_CHECKING:
    from pathlib import Path


FREE = "127.0.0.1:1"


def settings_of(stack: Stack, **changes: str) -> Path:
    values = {
        key: str(value) for key, value in stack.overrides.items() if isinstance(value, str | os.PathLike)
    }
    values |= {"operations_address": "", **changes}
    file = stack.folder / "notigateway.toml"
    file.write_text("\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items()))
    file.chmod(0o600)
    return file


def doctor(*arguments: object, columns: int = 100) -> Result:
    return CliRunner().invoke(app, ["doctor", *map(str, arguments)], env={"COLUMNS": str(columns)})


def found(*arguments: object) -> dict[str, dict[str, Any]]:
    """Return the worst finding of each check, as programs read it."""
    result = doctor("--json", *arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    told: dict[str, dict[str, Any]] = {}
    for one in json.loads(result.stdout)["findings"]:
        assert one["state"] == "ok" or one["cure"], one
        told.setdefault(one["check"], one)
    return told


def states(told: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {check: one["state"] for check, one in told.items()}
