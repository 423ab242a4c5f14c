"""What a harness or a scenario says, taken member by member: instants, durations, numbers within bounds."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from notigateway.sandbox.refusals import InvalidError
from notigateway.wss.freshness import read_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DURATION: Final = re.compile(
    r"(-)?P(?:(\d{1,7})W)?(?:(\d{1,7})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)
_DURATIONS: Final = (
    "a duration such as P11D, PT5M, 11d, 1h, 5s, 250ms or a number of seconds expected; no months or years"
)
_FROM_NOW: Final = re.compile(r"-?P")
_SHORT: Final = re.compile(r"(-?\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|)", re.ASCII)
_DEPTH_MAX: Final = 32
_UNITS: Final = {
    "": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


class Given:
    """The members of what was sent, taken one by one; what is left over nobody knows."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = dict(members)
        self._known: dict[str, None] = {}

    def take(self, name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:  # noqa: ANN401
        """Return a member of that kind. Raises: `InvalidError`."""
        self._known[name] = None
        value = self._members.pop(name, None)
        if value is None:
            return default
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and not {bool, object} & set(kinds)):
            raise InvalidError(f"{name}: {' or '.join(one.__name__ for one in kinds)} expected")
        return value

    def text(self, name: str) -> str | None:
        """Return a text, None where it is not there."""
        return cast("str | None", self.take(name, str))

    def whole(self, name: str, *, least: int = 0, most: int | None = None) -> int | None:
        """Return a whole number within bounds."""
        value = cast("int | None", self.take(name, int))
        if value is not None and (value < least or (most is not None and value > most)):
            raise InvalidError(f"{name}: at least {least}" + ("" if most is None else f", at most {most}"))
        return value

    def instant(self, name: str) -> datetime | None:
        """Return an instant."""
        value = self.text(name)
        return None if value is None else instant_of(value, name)

    def moment(self, name: str, now: datetime) -> datetime | None:
        """Return an instant, or one that is told by how far it is from now: `-PT1H` is an hour ago."""
        value = self.text(name)
        return None if value is None else moment_of(value, name, now)

    def need(self, name: str) -> str:
        """Return a text that must be there. Raises: `InvalidError`."""
        value = self.text(name)
        if not value:
            raise InvalidError(f"{name}: needed")
        return value

    def uuid(self, name: str) -> UUID | None:
        """Return an identifier, None where it is not there. Raises: `InvalidError`."""
        text = self.text(name)
        return None if text is None else uuid_of(text, name)

    def need_uuid(self, name: str) -> UUID:
        """Return an identifier that must be there. Raises: `InvalidError`."""
        return uuid_of(self.need(name), name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return true or false."""
        return bool(self.take(name, bool, default=default))

    def texts(self, name: str) -> list[str] | None:
        """Return several texts; one may stand alone."""
        value = self.take(name, (list, str))
        if value is None or isinstance(value, str):
            return None if value is None else [value]
        if not all(isinstance(one, str) for one in value):
            raise InvalidError(f"{name}: texts expected")
        return list(value)

    def word(self, name: str, words: Iterable[str], default: str | None = None) -> str | None:
        """Return one of some words. Raises: `InvalidError`."""
        value = self.text(name)
        if value is not None and value not in set(words):
            raise InvalidError(f"{name}: one of {', '.join(words)}")
        return default if value is None else value

    def duration(self, name: str) -> timedelta | None:
        """Return a duration."""
        value = self.take(name, (str, int, float))
        return None if value is None else duration_of(value, name)

    def end(self) -> None:
        """Refuse what is left over. Raises: `InvalidError`."""
        if self._members:
            wrong, known = sorted(map(str, self._members)), ", ".join(self._known) or "nothing"
            raise InvalidError(f"{', '.join(wrong)}: not known here, where there is {known}")

    def rest(self) -> dict[str, Any]:
        """Return what is left over, for who knows it."""
        rest, self._members = self._members, {}
        return rest


def check_plain(value: object, depth: int = 0) -> None:
    """Check what was sent as a whole: not deep, and texts that can be written. Raises: `InvalidError`."""
    if depth > _DEPTH_MAX:
        raise InvalidError(f"members within members, more than {_DEPTH_MAX} deep")
    if isinstance(value, dict):
        for name, one in value.items():
            check_plain(name)
            check_plain(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            check_plain(one, depth + 1)
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidError("a text holds half of a character") from error


def uuid_of(text: str, name: str) -> UUID:
    """Return an identifier. Raises: `InvalidError`."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidError(f"{name}: its id expected") from error


def instant_of(text: str, name: str) -> datetime:
    """Return an instant. Raises: `InvalidError`."""
    try:
        return read_instant(text)
    except ValueError as error:
        raise InvalidError(f"{name}: an instant such as 2026-06-01T12:00:00Z expected") from error


def moment_of(text: str, name: str, now: datetime) -> datetime:
    """Return an instant, or one that is told by how far it is from now. Raises: `InvalidError`."""
    if not _FROM_NOW.match(text):
        return instant_of(text, name)
    try:
        return now + duration_of(text, name)
    except OverflowError as error:
        raise InvalidError(f"{name}: beyond the calendar") from error


def duration_of(value: str | float, name: str) -> timedelta:
    """Return a duration: ISO 8601 in weeks, days and times, `11d`, `5s`, or a number of seconds.

    Raises: `InvalidError`.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return timedelta(seconds=value)
        short = _SHORT.fullmatch(str(value))
        if short is not None:
            return float(short[1]) * _UNITS[short[2]]
        found = _DURATION.fullmatch(str(value))
        if found is None or not any(found.groups()[1:]):
            raise InvalidError(f"{name}: {_DURATIONS}")
        weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups()[1:])
        length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise InvalidError(f"{name}: no such duration") from error
    return -length if found[1] else length
