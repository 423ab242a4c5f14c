"""Where a running gateway is asked that keeps on serving while its settings file cannot be used.

A typing error or a wrong mode is no matter for what runs: it read its settings when it began. Whoever took
it for dead would replace a gateway that serves by one that cannot start.
"""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING, Final

from notigateway.addresses import check_address
from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file
from notigateway.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

_NAME: Final = "operations_address"
_VARIABLE: Final = "NOTIGATEWAY_OPERATIONS_ADDRESS"
_LINE: Final = re.compile(rf"""^\s*{_NAME}\s*=\s*["']([^"'\r\n]+)["']""", re.MULTILINE)
_DEFAULT: Final[str] = Settings.model_fields[_NAME].default


def find_named_address(file: Path | None) -> str:
    """Return the operations address as far as the environment and a file tell it, whatever else they say.

    Of a text that is no TOML its line is believed; where nothing names one that can be asked, the default is
    what a gateway listens at.
    """
    for variable in (_VARIABLE, _VARIABLE.lower()):
        if _is_address(os.environ.get(variable)):
            return os.environ[variable]
    try:
        text = "" if file is None else read_file(file).decode(errors="replace")
    except ConfigurationError:
        return _DEFAULT
    try:
        named = tomllib.loads(text).get(_NAME)
    except (tomllib.TOMLDecodeError, RecursionError):
        line = _LINE.search(text)
        named = line[1] if line else None
    return named if isinstance(named, str) and _is_address(named) else _DEFAULT


def _is_address(text: str | None) -> bool:
    """Tell whether somebody can be asked there."""
    try:
        return bool(text and check_address(text))
    except ValueError:
        return False
