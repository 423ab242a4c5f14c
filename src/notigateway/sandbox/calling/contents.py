"""Between members as JSON and TOML have them, by their names on the wire, and the contracts' elements."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from notigateway.contract import (
    issuing_v1,
    v1,
    v1_contacts,
    v1_decisions,
    v1_following,
    v1_marks,
    v1_push,
    v1_representation,
    v1_users,
    wscn,
)
from notigateway.contract.versions import LATEST
from notigateway.contract.writing import write, write_content
from notigateway.contract.xml import Builtin, ContractError, Part, VersionedRequest, describe
from notigateway.instants import duration_text, instant_text
from notigateway.sandbox.given import duration_of, moment_of
from notigateway.sandbox.refusals import InvalidError
from notigateway.soap.served import SERVED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from notigateway.contract.xml import Description

_OWN: Final = (
    *(v1, v1_contacts, v1_decisions, v1_following),
    *(v1_marks, v1_push, v1_representation, v1_users),
)
_MODULES: Final[dict[str, tuple[ModuleType, ...]]] = {"v1": _OWN, "issuing": (issuing_v1,)}
_INTEGERS: Final = frozenset({Builtin.INT, Builtin.LONG, Builtin.INTEGER})


def contract_of(operation: str) -> str:
    """Return the contract that has an operation; of the Social Security's the one of production.

    Raises: `InvalidError`.
    """
    for name in ("v1", "issuing", "wscn"):
        if operation in SERVED[name].contract("http://127.0.0.1/").operations:
            return name
    raise InvalidError("operation: no contract has one of that name")


def element_of(contract: str, name: str) -> type[Part] | None:
    """Return how an element of a contract is declared, the request or the answer of an operation."""
    if contract in {"wscn", "wscn-test"}:
        answered = wscn.ANSWERS.get(name.removesuffix("Response"))
        return wscn.REQUESTS.get(name) or (answered[1] if answered and name.endswith("Response") else None)
    found = (getattr(module, name, None) for module in _MODULES[contract])
    return next((one for one in found if isinstance(one, type) and issubclass(one, Part)), None)


def request_of(contract: str, operation: str, members: Mapping[str, Any], now: datetime) -> bytes:
    """Return the element of a request in canonical form; it asks for the latest version of its contract.

    An instant may be told by how far it is from now.

    Raises: `InvalidError` naming the member.
    """
    kind = element_of(contract, operation)
    if kind is None:
        raise InvalidError("operation: the contract has none of that name")
    try:
        if not issubclass(kind, VersionedRequest):
            return wscn.write_root(
                SERVED[contract].namespace, operation, write_content(part_of(kind, members, now))
            )
        return write(part_of(kind, {"contractVersion": str(LATEST), **members}, now))
    except ContractError as error:
        raise InvalidError(f"content: {error}") from error


def part_of(kind: type[Part], members: Mapping[str, Any], now: datetime) -> Part:
    """Return an element with these members, each by its name on the wire. Raises: `InvalidError`."""
    known = {one.name: one for one in describe(kind)}
    for name in members:
        if name not in known:
            raise InvalidError(f"{name}: {kind.__name__} has {', '.join(known) or 'no members'}")
    values = {
        one.field: _value(one, members[name], now)
        for name, one in known.items()
        if members.get(name) is not None
    }
    lacking = [one.name for one in known.values() if one.least and one.field not in values]
    if lacking:
        raise InvalidError(f"{lacking[0]}: needed in {kind.__name__}")
    empty = {one.field: () for one in known.values() if one.is_many and one.field not in values}
    nothing = {one.field: None for one in known.values() if one.is_optional and one.field not in values}
    return kind(**values, **empty, **nothing)


def said_of(part: Part) -> dict[str, Any]:
    """Return what an element says, by the names on the wire; what is left out there is left out here."""
    said: dict[str, Any] = {}
    for one in describe(type(part)):
        value = getattr(part, one.field)
        if one.type is Builtin.FACT:
            said[one.name] = dict(value)
        elif value is not None and value != ():
            said[one.name] = [_said(each) for each in value] if one.is_many else _said(value)
    return said


def _value(one: Description, given: Any, now: datetime) -> Any:  # noqa: ANN401
    if one.is_many:
        return tuple(_single(one, each, now) for each in (given if isinstance(given, list) else [given]))
    return _single(one, given, now)


def _single(one: Description, given: Any, now: datetime) -> Any:  # noqa: ANN401, PLR0911
    if not isinstance(one.type, Builtin):
        if not isinstance(given, dict):
            raise InvalidError(f"{one.name}: an object expected")
        return part_of(one.type, given, now)
    if one.type in _INTEGERS:
        return _of(int, one, given)
    if one.type is Builtin.BOOLEAN:
        return _of(bool, one, given)
    text = _of(str, one, given)
    if one.type is Builtin.INSTANT:
        return moment_of(text, one.name, now)
    if one.type is Builtin.DURATION:
        return duration_of(text, one.name)
    if one.type is Builtin.BASE64:
        return _binary(text, one.name)
    return text


def _of(kind: type, one: Description, given: Any) -> Any:  # noqa: ANN401
    if not isinstance(given, kind) or (kind is int and isinstance(given, bool)):
        raise InvalidError(f"{one.name}: {kind.__name__} expected")
    return given


def _binary(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidError(f"{name}: base64 expected") from error


def _said(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Part):
        return said_of(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, UUID | StrEnum):
        return str(value)
    return value
