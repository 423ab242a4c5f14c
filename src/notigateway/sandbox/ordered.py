"""Reads the order of a fault: its kind, which requests it is for, and what it does."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, overload

from notigateway.errors import catalogue
from notigateway.law.identifiers import IdentifierError, check_nif
from notigateway.metering.account import OK
from notigateway.sandbox.faults import DELAY_MAX_SECONDS, Kind, Order
from notigateway.sandbox.holders import HOLDERS
from notigateway.sandbox.refusals import InvalidError, near
from notigateway.sandbox.steps import class_of
from notigateway.soap.served import SERVED

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.sandbox.given import Given

# A clock that is wrong is wrong by less.
FAR: Final = timedelta(days=3650)
_CODES: Final = "one of those that /notigateway/errors lists"
_STATUS: Final = (400, 599)


def read_order(wanted: Given) -> Order:
    """Return what is ordered. Raises: `InvalidError`."""
    kind = wanted.text("kind")
    if kind not in set(Kind):
        raise InvalidError(f"kind: one of {', '.join(Kind)}")
    selectors: dict[str, Any] = {
        "operation": operation_of(wanted.text("operation")),
        "caller": caller_of(wanted.text("caller")),
        "nth": wanted.whole("nth", least=1),
        "times": wanted.whole("times", least=1),
        "probability": _between(wanted.take("probability", (int, float)), "probability", 0, 1),
    }
    parameters = {name: value for name, value in _PARAMETERS[Kind(kind)](wanted).items() if value is not None}
    wanted.end()
    return Order(kind=Kind(kind), **selectors, **parameters)


def _status(wanted: Given) -> dict[str, Any]:
    return {
        "status": wanted.whole("status", least=_STATUS[0], most=_STATUS[1]),
        "retry_after": wanted.whole("retry_after", most=86_400),
        "body": wanted.text("body"),
    }


def _code(wanted: Given) -> dict[str, Any]:
    code = wanted.text("code")
    if code is None:
        raise InvalidError(f"code: needed, {_CODES}")
    return {"code": code_of(code)}


def _delay(wanted: Given) -> dict[str, Any]:
    seconds, median = (
        _between(None if one is None else one.total_seconds(), name, 0, DELAY_MAX_SECONDS)
        for name in ("seconds", "median")
        for one in [wanted.duration(name)]
    )
    if (seconds is None) is (median is None):
        raise InvalidError("either seconds, or median and sigma")
    sigma = _between(wanted.take("sigma", (int, float)), "sigma", 0, 3)
    return {"seconds": seconds, "median": median, "sigma": sigma}


def _skew(wanted: Given) -> dict[str, Any]:
    by = wanted.duration("by")
    if by is None or abs(by) > FAR:
        raise InvalidError(f"by: a duration of at most {FAR.days} days expected")
    return {"by": by.total_seconds()}


def _answer(wanted: Given) -> dict[str, Any]:
    answer = wanted.text("answer")
    if answer not in {None, "first", "second"}:
        raise InvalidError("answer: first or second")
    return {"answer": answer}


def _nothing(_: Given) -> dict[str, Any]:
    return {}


_PARAMETERS: Final[dict[Kind, Callable[[Given], dict[str, Any]]]] = dict.fromkeys(Kind, _nothing) | {
    Kind.STATUS: _status,
    Kind.FAULT: _code,
    Kind.DELAY: _delay,
    Kind.TRUNCATE: lambda wanted: {"bytes": wanted.whole("bytes")},
    Kind.CLOCK_SKEW: _skew,
    Kind.DUPLICATE: _answer,
    Kind.DRIBBLE: lambda wanted: {"bytes_per_second": wanted.whole("bytes_per_second", least=1)},
}


@overload
def caller_of(named: str, member: str = ...) -> str: ...


@overload
def caller_of(named: None, member: str = ...) -> None: ...


def caller_of(named: str | None, member: str = "caller") -> str | None:
    """Return a holder's name or a NIF: one that is misspelt would never match. Raises: `InvalidError`."""
    if named is not None and named not in HOLDERS and not _is_nif(named):
        raise InvalidError(f"{member}: a NIF, or one of {', '.join(HOLDERS)}")
    return named


def _is_nif(text: str) -> bool:
    try:
        return check_nif(text) == text
    except IdentifierError:
        return False


def code_of(code: str) -> str:
    """Return a code that the gateway has: one that is misspelt would never come. Raises: `InvalidError`."""
    if class_of(code) is None:
        raise InvalidError(f"code: {_CODES}{near(code, (one.code for one in catalogue()))}")
    return code


def outcome_of(code: str | None) -> str | None:
    """Return what may come of a request: `OK`, or a code of the gateway. Raises: `InvalidError`."""
    return code if code in {None, OK} else code_of(str(code))


def operation_of(name: str | None) -> str | None:
    """Return an operation that some contract has: one that is misspelt would never match."""
    if name is not None and name not in all_operations():
        raise InvalidError(f"operation: no contract has one of that name{near(name, all_operations())}")
    return name


@cache
def all_operations() -> frozenset[str]:
    """Return the operations of all contracts."""
    contracts = (one.contract("http://127.0.0.1/") for one in SERVED.values())
    return frozenset().union(*(one.operations for one in contracts))


def _between(value: float | None, name: str, least: float, most: float) -> float | None:
    if value is not None and not least <= value <= most:
        raise InvalidError(f"{name}: from {least} to {most}")
    return value
