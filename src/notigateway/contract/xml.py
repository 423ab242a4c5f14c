"""How an element of a contract is declared: a frozen dataclass, its fields the children in their order.

A field's name becomes the child's by rule (`text_es` is `textEs`); `Child` states an exception, how often
a repeated child may stand, and since which version of the contract there is such a child. Its type is an
annotation: text, numbers, instants, bytes, another element; `X | None` is optional, `tuple[X, ...]` repeated.
`writing` and `reading` compile what they need from the description, and the service's types are derived
from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

from notigateway.contract.versions import EARLIEST, Version, answered_version

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = TypeVar("Kind")
Made = TypeVar("Made", bound="Callable[..., Any]")


class Builtin(Enum):
    """What a text on the wire stands for."""

    TEXT = auto()
    WORD = auto()
    UUID = auto()
    PARSED_UUID = auto()
    INT = auto()
    LONG = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    INSTANT = auto()
    DURATION = auto()
    BASE64 = auto()
    FACT = auto()


Word = Annotated[str, Builtin.WORD]  # of a vocabulary or an alphabet without markup: states, hashes, cursors
Uuid = Annotated[str, Builtin.UUID]
Long = Annotated[int, Builtin.LONG]
Integer = Annotated[int, Builtin.INTEGER]
Fact = Annotated[tuple[str, str], Builtin.FACT]  # a text, and before it what its attribute `name` says
_BUILTINS: Final[dict[Any, Builtin]] = {
    str: Builtin.TEXT,
    UUID: Builtin.PARSED_UUID,
    int: Builtin.INT,
    bool: Builtin.BOOLEAN,
    datetime: Builtin.INSTANT,
    timedelta: Builtin.DURATION,
    bytes: Builtin.BASE64,
}


class ContractError(ValueError):
    """A value that an element of the contract cannot have; the text names the element, never the value."""


class Part:
    """An element of a contract; its children are in the namespace `xmlns`, or in none."""

    __slots__ = ()
    xmlns: ClassVar[str] = ""

    @staticmethod
    def child_name(field_name: str) -> str:
        """Return the name of the child that a field declares: `text_es` is `textEs`."""
        return camel_case(field_name)


@dataclass(frozen=True, slots=True)
class Child:
    """What the rule does not say of a child: its name, or how often it stands where it is repeated.

    A child `since` a later version is optional, stands after those of the versions before, and is written for
    who asked for that version. `is_last` keeps a child behind whatever is added to its element.
    """

    name: str | None = None
    least: int = 0
    most: int | None = None
    since: Version = EARLIEST
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """One child as it is declared; `most` is None where there is no bound."""

    field: str
    name: str
    type: Builtin | type[Part]
    least: int
    most: int | None
    is_many: bool
    since: Version
    is_last: bool

    @property
    def is_optional(self) -> bool:
        """Tell whether it stands once or not at all."""
        return not self.is_many and self.least == 0


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def element(kind: type[Kind]) -> type[Kind]:
    """Declare an element of a contract."""
    return dataclass(frozen=True, slots=True, kw_only=True)(kind)


def once(make: Made) -> Made:
    """Let a function of classes do its work once for each; to mypy a class of ours is not hashable."""
    return cast("Made", cache(make))


@once
def describe(kind: type[Part]) -> tuple[Description, ...]:
    """Return the children of an element in their order: by version, those of its parent class first."""
    hints = get_type_hints(kind, include_extras=True)
    children = [_described(kind, one.name, hints[one.name]) for one in fields(kind)]  # type: ignore[arg-type]
    return tuple(sorted(children, key=lambda child: (child.is_last, child.since)))


def _described(kind: type[Part], name: str, hint: Any) -> Description:  # noqa: ANN401  (an annotation)
    hint, stated = _split(hint)
    options = get_args(hint) if get_origin(hint) in {Union, UnionType} else ()
    if options:  # beside None, what may stand for the bytes of the first one: see `attached`
        hint = next(one for one in options if one is not NoneType)
    is_many = get_origin(hint) is tuple
    if is_many:
        hint = get_args(hint)[0]
    hint, inner = _split(hint)
    child = next((one for one in stated if isinstance(one, Child)), Child())
    builtin = next((one for one in (*stated, *inner) if isinstance(one, Builtin)), _BUILTINS.get(hint))
    return Description(
        field=name,
        name=child.name or kind.child_name(name),
        type=builtin or hint,
        least=child.least if is_many else int(NoneType not in options),
        most=child.most if is_many else 1,
        is_many=is_many,
        since=child.since,
        is_last=child.is_last,
    )


def _split(hint: Any) -> tuple[Any, tuple[Any, ...]]:  # noqa: ANN401
    """Return an annotation and what is stated beside it."""
    if get_origin(hint) is not Annotated:
        return hint, ()
    bare, *stated = get_args(hint)
    return bare, tuple(stated)


@element
class VersionedRequest(Part):
    """A request of a contract that grows: it may say the version in which it wants its answer."""

    contract_version: Annotated[Word | None, Child(is_last=True)] = None

    @property
    def version(self) -> Version:
        """The version of the answer."""
        return answered_version(self.contract_version)


def camel_case(name: str) -> str:
    """Return a name as the contracts write it: `document_id` is `documentId`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
