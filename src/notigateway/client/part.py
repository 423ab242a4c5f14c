"""One element of the contract, read by the names of its children.

Its order and what a later minor version appends do not matter; a missing or malformed value does.
"""

from __future__ import annotations

import binascii
import re
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from notigateway.client.errors import UnexpectedResponseError
from notigateway.wss.ns import NOTIGATEWAY_V1

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


def qualified(name: str) -> str:
    """Return an element name of the contract in Clark notation."""
    return f"{{{NOTIGATEWAY_V1}}}{name}"


class Part:
    """An element of the contract, read by the names of its children.

    Raises (every reading method): `UnexpectedResponseError` when a value is missing or not of its type.
    """

    __slots__ = ("_children", "_name")

    def __init__(self, element: etree._Element) -> None:
        self._name = etree.QName(element).localname
        self._children: dict[str, list[etree._Element]] = {}
        for child in element:
            self._children.setdefault(str(child.tag), []).append(child)

    @staticmethod
    def tag(name: str) -> str:
        """Return the name of a child in Clark notation."""
        return qualified(name)

    def parts(self, name: str) -> list[Part]:
        """Return all children of that name."""
        return [type(self)(child) for child in self._children.get(self.tag(name), ())]

    def part(self, name: str) -> Part:
        """Return the one child of that name."""
        return type(self)(self._one(name))

    def optional(self, name: str) -> Part | None:
        """Return the child of that name, if there is one."""
        return self.part(name) if self.has(name) else None

    def has(self, name: str) -> bool:
        """Tell whether there is a child of that name."""
        return self.tag(name) in self._children

    def text(self, name: str) -> str:
        """Return the text of the one child of that name, as it is."""
        return self._one(name).text or ""

    def uuid(self, name: str) -> str:
        """Return a UUID in text form; nothing else passes, so it is safe in a path."""
        return self._matched(name, _UUID)

    def number(self, name: str) -> int:
        """Return an integer."""
        return int(self._matched(name, _INTEGER))

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return every integer of that name, in order."""
        texts = [_SPACE.sub("", child.text or "") for child in self._children.get(self.tag(name), ())]
        if not all(_INTEGER.fullmatch(text) for text in texts):
            raise self._unexpected(name)
        return tuple(map(int, texts))

    def flag(self, name: str) -> bool:
        """Return an xs:boolean."""
        flag = _FLAGS.get(self.text(name).strip())
        if flag is None:
            raise self._unexpected(name)
        return flag

    def instant(self, name: str) -> datetime:
        """Return an xs:dateTime that says its zone."""
        try:
            return datetime.fromisoformat(self._matched(name, _INSTANT))
        except ValueError as error:
            raise self._unexpected(name) from error

    def duration(self, name: str) -> timedelta:
        """Return an xs:duration of days, hours, minutes and seconds."""
        found = _DURATION.fullmatch(self.text(name).strip())
        given = {unit: value for unit, value in found.groupdict().items() if value} if found else {}
        sign = -1 if given.pop("sign", "") else 1
        if not given:
            raise self._unexpected(name)
        return sign * timedelta(**{unit: float(value) for unit, value in given.items()})

    def binary(self, name: str) -> bytes:
        """Return the bytes of an xs:base64Binary."""
        text = self.text(name)
        try:
            return binascii.a2b_base64(text, strict_mode=True)
        except ValueError:
            pass  # white space is allowed in it, and rare
        try:
            return binascii.a2b_base64(_SPACE.sub("", text), strict_mode=True)
        except ValueError as error:
            raise self._unexpected(name) from error

    def _one(self, name: str) -> etree._Element:
        found = self._children.get(self.tag(name), ())
        if len(found) != 1:
            raise self._unexpected(name)
        return found[0]

    def _matched(self, name: str, pattern: re.Pattern[str]) -> str:
        text = self.text(name).strip()
        if pattern.fullmatch(text) is None:
            raise self._unexpected(name)
        return text

    def _unexpected(self, name: str) -> UnexpectedResponseError:
        return UnexpectedResponseError(f"{name} in {self._name} is missing, repeated or not of its type")
