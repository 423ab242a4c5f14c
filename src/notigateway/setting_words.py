"""What is wrong with a setting, in plain words: pydantic tells it in those of its own parts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from pydantic_core import ErrorDetails

# Read by the entry points themselves, before there are settings.
_OTHER_VARIABLES: Final = frozenset(
    {
        "NOTIGATEWAY_SETTINGS",
        "NOTIGATEWAY_HEALTH_URL",
        "NOTIGATEWAY_OPERATIONS_FD",
        "NOTIGATEWAY_TRACE",
    }
)
_PREFIX: Final = "notigateway_"
# What the client reads, and the libraries by which tests use a sandbox.
_OTHER_PREFIXES: Final = ("client_", "sandbox_")
# How tomllib says that a key is there twice; its place is the end of the second value.
_TWICE: Final = re.compile(r"Cannot overwrite a value \(at (?:line (\d+), column \d+|end of document)\)")
_KEY: Final = re.compile(r"""\s*["']?([A-Za-z0-9_.-]+)["']?\s*=""")


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


def no_toml(said: str, text: str) -> str:
    """Say why a text is no TOML; of a setting that is there twice, which one and in which line."""
    twice = _TWICE.fullmatch(said)
    if twice is None:
        return f"is not TOML: {said}"
    lines = text.splitlines()
    number = int(twice[1] or len(lines))
    named = _KEY.match(lines[number - 1])
    which = f"{named[1]} is" if named else "the value that ends there is of a setting that is"
    return f"is not TOML: line {number}: {which} there a second time"


def wrong_name(names: Iterable[str], settings: Container[str]) -> str | None:
    """Say which key of a file is a setting's only in another case.

    pydantic-settings takes it, and of one that is there in both cases either; what looks at keys by their
    names, such as who may read a file with a password in it, would not see it.
    """
    for name in names:
        if name not in settings and name.lower() in settings:
            return f"{name}: settings are written in lower case: {name.lower()}"
    return None


def wrong_variable(names: Iterable[str], settings: Container[str]) -> str | None:
    """Say which variable of the environment looks like a setting and is none, or which two name the same one.

    A typing error must not go unnoticed; and since either case is read, one of two would win unseen.
    """
    found: dict[str, str] = {}
    for name in sorted(names):
        setting = name.lower().removeprefix(_PREFIX)
        if setting == name.lower() or name in _OTHER_VARIABLES or setting.startswith(_OTHER_PREFIXES):
            continue
        if setting not in settings:
            return f"the environment variable {name} names no setting"
        earlier = found.setdefault(setting, name)
        if earlier != name:
            return f"the environment variables {earlier} and {name} name the same setting"
    return None
