"""What is wrong with a setting, in plain words: pydantic tells it in those of its own parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails


def refusal(problem: ErrorDetails) -> str:
    """Return where a setting is wrong and why; our own sentences stand as we wrote them."""
    where = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"{where}: there is no such setting"
    said = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def no_json(text: str, settings: Iterable[str]) -> str:
    """Say which variable of the environment holds no JSON: the text names its setting in quotation marks."""
    names = " or ".join(f"NOTIGATEWAY_{name.upper()}" for name in settings if f'"{name}"' in text)
    return f"the environment variable {names} is not JSON, as this setting needs it"
