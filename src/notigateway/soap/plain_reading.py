"""Reads the arguments of an operation that are written as nearly everybody writes them, without Spyne.

Words, numbers and flags in elements without attributes. Whatever else a request holds (instants, bytes,
`xsi:type`, an empty element) is left to Spyne, and its faults with it: so there is one way to read what is
unusual, and no second opinion of it. Tests compare both ways.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from notigateway.contract.xml import Builtin, describe, once

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

    from notigateway.contract.xml import Description, Part

P = TypeVar("P", bound="Part")
_SPACE: Final = " \t\r\n"
_INTEGER: Final = re.compile(r"[0-9]{1,9}").fullmatch
_FLAGS: Final = {"true": True, "false": False}


class _UnusualError(ValueError):
    """What is not read here."""


def read_plainly(kind: type[P], element: _Element) -> P | None:
    """Return an element that the published schema has let through; None for what is to be read by Spyne."""
    try:
        return _read(kind, element)
    except _UnusualError:
        return None


def _read(kind: type[P], element: _Element) -> P:
    if element.attrib:
        raise _UnusualError
    found: dict[str, Any] = {}
    table = _table(kind)
    for child in element:
        row = table.get(child.tag)
        if row is None:
            raise _UnusualError
        field, convert, is_many = row
        value = convert(child)
        if is_many:
            found.setdefault(field, []).append(value)
        elif field in found:
            raise _UnusualError
        else:
            found[field] = value
    return kind(**{name: _given(found.get(name), is_many=is_many) for name, is_many in _fields(kind)})


def _given(value: Any, *, is_many: bool) -> Any:  # noqa: ANN401
    return tuple(value or ()) if is_many else value


@once
def _fields(kind: type[Part]) -> tuple[tuple[str, bool], ...]:
    """Return the fields of an element, and whether each is repeated."""
    return tuple((one.field, one.is_many) for one in describe(kind))


@once
def _table(kind: type[Part]) -> dict[Any, tuple[str, Callable[[_Element], Any], bool]]:
    """Return for the name of each child its field, what reads it and whether it is repeated."""
    return {f"{{{kind.xmlns}}}{one.name}": (one.field, _reading(one), one.is_many) for one in describe(kind)}


def _reading(one: Description) -> Callable[[_Element], Any]:
    if not isinstance(one.type, Builtin):
        kind = one.type
        return lambda child: _read(kind, child)
    return _READERS.get(one.type, _unusual)


def _unusual(_child: _Element) -> object:
    raise _UnusualError


def _text(child: _Element) -> str:
    text = child.text
    if not text or child.attrib or len(child):
        raise _UnusualError
    return text


def _word(child: _Element) -> str:
    word = _text(child).strip(_SPACE)
    if not word:
        raise _UnusualError
    return word


def _number(child: _Element) -> int:
    text = _text(child)
    if _INTEGER(text) is None:
        raise _UnusualError
    return int(text)


def _flag(child: _Element) -> bool:
    flag = _FLAGS.get(_text(child))
    if flag is None:
        raise _UnusualError
    return flag


_READERS: Final[dict[Builtin, Callable[[_Element], Any]]] = {
    Builtin.TEXT: _text,
    Builtin.WORD: _word,
    Builtin.UUID: _word,
    Builtin.INT: _number,
    Builtin.LONG: _number,
    Builtin.INTEGER: _number,
    Builtin.BOOLEAN: _flag,
}
