"""Reads what was typed into a form as the members that a harness would send."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from flask import request

from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID
from notigateway.sandbox.pages.shell import typed
from notigateway.sandbox.refusals import InvalidError

_DIGITS_MAX: Final = 9
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")


def number_typed(name: str) -> int | None:
    """Return a whole number. Raises: `InvalidError`."""
    text = typed(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise InvalidError(f"{name}: a whole number expected")
    return int(text)


def fraction_typed(name: str) -> float | None:
    """Return a number with or without decimals; a comma will do. Raises: `InvalidError`."""
    text = typed(name)
    try:
        return None if text is None else float(text.replace(",", "."))
    except ValueError as error:
        raise InvalidError(f"{name}: a number expected") from error


def instant_typed(name: str) -> str | None:
    """Return an instant as a harness writes it: by the clocks of Madrid, unless it says its zone.

    Raises: `InvalidError`.
    """
    text = typed(name)
    if text is None or not _LOCAL.fullmatch(text):
        return text
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=MADRID)
    except ValueError as error:
        raise InvalidError(f"{name}: there is no such day or time") from error
    return instant_text(local.astimezone(UTC))


def asked_page() -> int:
    """Return which page of a list is asked for, counted from 0. Raises: `InvalidError`."""
    text = request.args.get("page", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise InvalidError("page: a whole number expected")
    return int(text)
