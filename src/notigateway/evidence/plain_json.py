"""The one reader of JSON in evidence: small, shallow, and with one meaning, whoever wrote it.

Python's own reader takes more than JSON has (`Infinity`), gives the last of two members of one name, follows
brackets until its stack ends, and turns numbers of any length into integers. Evidence needs none of it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_T = TypeVar("_T")

DEEPEST: Final = 8
# The most digits of a number: everything that evidence counts is below 10^19.
_DIGITS: Final = 19
# What opens or closes, outside of texts. A text that does not end is left for the reader to refuse.
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)|([\[{])|([\]}])', re.DOTALL)


def read_object(text: bytes, *, max_bytes: int) -> dict[str, Any]:
    """Return the one object that a member of a bundle is: of integers, texts, lists and objects.

    Raises: `ValueError`, whatever the bytes are; the text is ours, and holds none of them.
    """
    if len(text) > max_bytes:
        raise ValueError("it is larger than any")
    _check_depth(text)
    try:
        said = json.loads(
            text.decode("ascii"),
            object_pairs_hook=_each_once,
            parse_int=_whole,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
    except UnicodeDecodeError as error:
        raise ValueError("it is not in ASCII") from error
    except json.JSONDecodeError as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(said, dict):
        raise ValueError("it is no object")  # noqa: TRY004  (one kind of refusal for foreign bytes)
    return said


def member(said: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    """Return a member of just that kind (True is no integer). Raises: `ValueError`."""
    return of_kind(said.get(name), kind)


def members(said: Mapping[str, Any], name: str, kind: type[_T]) -> Sequence[_T]:
    """Return the members of a list, all of just that kind. Raises: `ValueError`."""
    return [of_kind(one, kind) for one in member(said, name, list)]


def of_kind(value: object, kind: type[_T]) -> _T:
    """Return a value of just that kind; a text holds whole characters. Raises: `ValueError`."""
    if type(value) is not kind:
        raise ValueError(f"it lacks a member, or one is no {kind.__name__}")
    if isinstance(value, str) and not value.isprintable():  # a lone surrogate is not
        raise ValueError("a text in it holds what is no character")
    return value


def _check_depth(text: bytes) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth > DEEPEST:
            raise ValueError("it is nested deeper than any")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("it names a member twice")
    return said


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("a number in it is larger than any")
    return int(digits)


def _refuse(_: str) -> Any:  # noqa: ANN401  (a callback of the reader's; it never returns)
    raise ValueError("a number in it is no integer")
