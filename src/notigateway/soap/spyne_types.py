"""Spyne's types, derived from the contracts' elements, and the way from what Spyne has read to those.

Spyne names what it serves and reads what the published schema has let through; nothing of it leaves
this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from spyne import Boolean, ByteArray, ComplexModel, DateTime, Duration, Integer, Integer32, Integer64, Unicode

from notigateway.contract.xml import Builtin, describe, once

if TYPE_CHECKING:
    from notigateway.contract.xml import Description, Part

P = TypeVar("P", bound="Part")
_SPACE: Final = " \t\r\n"

_BUILTINS: Final[dict[Builtin, Any]] = {
    Builtin.TEXT: Unicode,
    Builtin.WORD: Unicode,
    Builtin.UUID: Unicode,
    Builtin.INT: Integer32,
    Builtin.LONG: Integer64,
    Builtin.INTEGER: Integer,
    Builtin.BOOLEAN: Boolean,
    Builtin.INSTANT: DateTime,
    Builtin.DURATION: Duration,
    Builtin.BASE64: ByteArray(encoding="base64"),
}


@once
def spyne_type(kind: type[Part]) -> Any:  # noqa: ANN401  (Spyne's models are untyped)
    """Return an element as a Spyne model."""
    members = {"__namespace__": kind.xmlns, "__doc__": kind.__doc__, "_type_info": spyne_members(kind)}
    return type(ComplexModel)(kind.__name__, (ComplexModel,), members)


def spyne_members(kind: type[Part]) -> list[tuple[str, Any]]:
    """Return the children of an element: names and models, in their order."""
    return [(one.name, _occurring(one)) for one in describe(kind)]


def _occurring(one: Description) -> Any:  # noqa: ANN401
    model = _BUILTINS[one.type] if isinstance(one.type, Builtin) else spyne_type(one.type)
    most = "unbounded" if one.most is None else one.most
    return model.customize(min_occurs=one.least, max_occurs=most, nillable=False)


def from_spyne(kind: type[P], given: dict[str, Any]) -> P:
    """Return an element of which Spyne has read the children `given`, by their names."""
    return kind(**{one.field: _child(one, given[one.name]) for one in describe(kind)})


def _child(one: Description, value: Any) -> Any:  # noqa: ANN401
    if one.is_many:
        return tuple(_value(one, each) for each in value or ())
    if value is None and one.is_optional:
        return None
    return _value(one, value)


def _value(one: Description, value: Any) -> Any:  # noqa: ANN401
    if not isinstance(one.type, Builtin):
        return from_spyne(one.type, {part.name: getattr(value, part.name) for part in describe(one.type)})
    if one.type is Builtin.BASE64:  # Spyne makes pieces of it
        return value if isinstance(value, bytes) else b"".join(value or ())
    if one.type in {Builtin.WORD, Builtin.UUID}:
        return (value or "").strip(_SPACE)  # as the schema of requests has read it
    if one.type is Builtin.TEXT:
        return value or ""
    return value
