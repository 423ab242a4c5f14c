"""Reads declared elements from verified XML, by the names of their children.

Their order and what a later minor version appends do not matter; a missing, repeated or malformed value
does. A reader is compiled from the fields of its element once, like its writer.
"""

from __future__ import annotations

import binascii
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from notigateway.contract.xml import Builtin, ContractError, Part, describe, once

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

    from notigateway.contract.xml import Description

P = TypeVar("P", bound=Part)
# Kinds to be made instead of those that are declared: each of them adds behaviour, never a field.
Kinds = tuple[tuple[type[Part], type[Part]], ...]

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_DURATION: Final = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_SPACE: Final = re.compile(r"[ \t\r\n]+")


def read(kind: type[P], element: _Element, *, kinds: Kinds = ()) -> P:
    """Return an element as a value of that kind. Raises: `ContractError` naming the child and its parent."""
    value: P = reader(kind, kinds)(element)
    return value


@once
def reader(kind: type[Part], kinds: Kinds = ()) -> Callable[[_Element], Any]:
    """Return what reads elements of that kind."""
    names: dict[str, Any] = {"kind": dict(kinds).get(kind, kind), "children": _children, "one": _one}
    lines = []
    for number, one in enumerate(describe(kind)):
        names[f"tag_{number}"] = tag = f"{{{kind.xmlns}}}{one.name}" if kind.xmlns else one.name
        names[f"read_{number}"] = _reading(one, kinds)
        lines.append(f"        {one.field}={_read(one, number)},  # {tag}")
    source = "\n".join(
        ["def read(parent):", "    found = children(parent)", "    return kind(", *lines, "    )"]
    )
    exec(source, names)  # noqa: S102  (made of the names of our own classes and of their fields alone)
    made: Callable[[_Element], Any] = names["read"]
    return made


def _read(one: Description, number: int) -> str:
    """Return the expression that reads a child."""
    if one.is_many:
        return f"tuple([read_{number}(child) for child in found.get(tag_{number}, ())])"
    required = f"read_{number}(one(found, tag_{number}, parent))"
    return f"None if tag_{number} not in found else {required}" if one.is_optional else required


def _reading(one: Description, kinds: Kinds) -> Callable[[_Element], Any]:
    return _READERS[one.type] if isinstance(one.type, Builtin) else reader(one.type, kinds)


def _children(parent: _Element) -> dict[Any, list[_Element]]:
    """Return the children by their names."""
    found: dict[Any, list[_Element]] = {}
    for child in parent:
        found.setdefault(child.tag, []).append(child)
    return found


def _one(found: dict[Any, list[_Element]], tag: str, parent: _Element) -> _Element:
    children = found.get(tag, ())
    if len(children) != 1:
        raise _unreadable(tag, parent)
    return children[0]


def _unreadable(tag: str, parent: _Element | None) -> ContractError:
    owner = "" if parent is None else str(parent.tag)
    child, owner = (name.rpartition("}")[2] for name in (tag, owner))
    return ContractError(f"{child} in {owner} is missing, repeated or not of its type")


def _malformed(child: _Element) -> ContractError:
    return _unreadable(str(child.tag), child.getparent())


# --- one value ------------------------------------------------------------------------------------


def _text(child: _Element) -> str:
    """Return a text as it is."""
    return child.text or ""


def _fact(child: _Element) -> tuple[str, str]:
    """Return the name of a fact and its text."""
    return child.get("name", ""), child.text or ""


def _matched(child: _Element, pattern: re.Pattern[str]) -> str:
    text = (child.text or "").strip()
    if pattern.fullmatch(text) is None:
        raise _malformed(child)
    return text


def _uuid(child: _Element) -> str:
    """Return a UUID in text form; nothing else passes, so it is safe in a path."""
    return _matched(child, _UUID)


def _number(child: _Element) -> int:
    return int(_matched(child, _INTEGER))


def _flag(child: _Element) -> bool:
    flag = _FLAGS.get((child.text or "").strip())
    if flag is None:
        raise _malformed(child)
    return flag


def _instant(child: _Element) -> datetime:
    """Return an xs:dateTime that says its zone."""
    try:
        return datetime.fromisoformat(_matched(child, _INSTANT))
    except ContractError:
        raise
    except ValueError as error:
        raise _malformed(child) from error


def _duration(child: _Element) -> timedelta:
    """Return an xs:duration of days, hours, minutes and seconds."""
    found = _DURATION.fullmatch((child.text or "").strip())
    given = {unit: value for unit, value in found.groupdict().items() if value} if found else {}
    sign = -1 if given.pop("sign", "") else 1
    if not given:
        raise _malformed(child)
    try:
        return sign * timedelta(**{unit: float(value) for unit, value in given.items()})
    except OverflowError as error:
        raise _malformed(child) from error


def _binary(child: _Element) -> bytes:
    text = child.text or ""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        pass  # white space is allowed in it, and rare
    try:
        return binascii.a2b_base64(_SPACE.sub("", text), strict_mode=True)
    except ValueError as error:
        raise _malformed(child) from error


_READERS: Final[dict[Builtin, Callable[[_Element], Any]]] = {
    Builtin.TEXT: _text,
    Builtin.WORD: _text,
    Builtin.UUID: _uuid,
    Builtin.PARSED_UUID: lambda child: UUID(_uuid(child)),
    Builtin.INT: _number,
    Builtin.LONG: _number,
    Builtin.INTEGER: _number,
    Builtin.BOOLEAN: _flag,
    Builtin.INSTANT: _instant,
    Builtin.DURATION: _duration,
    Builtin.BASE64: _binary,
    Builtin.FACT: _fact,
}
