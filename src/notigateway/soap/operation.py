"""How an operation of a contract is declared to Spyne."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from spyne import rpc

from notigateway.contract.writing import write
from notigateway.contract.xml import describe
from notigateway.soap.spyne_types import from_spyne, spyne_members, spyne_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.contract.xml import Part, VersionedRequest


@dataclass(frozen=True, slots=True)
class Declared:
    """An operation: the element that it is asked with, and what answers that."""

    asked: type[VersionedRequest]
    answer: Callable[[Any, Any], bytes]


_declared: Final[dict[Callable[..., Any], Declared]] = {}


def declared_in(service: Any) -> dict[str, Declared]:  # noqa: ANN401  (Spyne's classes are untyped)
    """Return the operations of a service class by the names of their elements."""
    return {
        f"{{{declared.asked.xmlns}}}{name}": declared
        for name, method in service.public_methods.items()
        if (declared := _declared.get(method.function)) is not None
    }


def operation(asked: type[VersionedRequest], answer: type[Part]) -> Callable[[Callable[..., Any]], Any]:
    """Declare an operation: it is called with its request and the element `asked`, and returns `answer`.

    The answer is written in the version that was asked for. One that a page writes itself comes as bytes.
    """
    names = [one.name for one in describe(asked)]

    def declare(function: Callable[..., Any]) -> Any:  # noqa: ANN401  (what Spyne makes of it)
        def answered(request: Any, given: VersionedRequest) -> bytes:  # noqa: ANN401
            answered = function(request, given)
            return answered if isinstance(answered, bytes) else write(answered, given.version)

        @wraps(function)
        def call(ctx: Any, *values: Any) -> bytes:  # noqa: ANN401
            return answered(ctx.udc, from_spyne(asked, dict(zip(names, values, strict=True))))

        _declared[call] = Declared(asked, answered)
        return rpc(
            *(model for _, model in spyne_members(asked)),
            _returns=spyne_type(answer),
            _out_message_name=answer.__name__,
            _body_style="out_bare",
            _args=names,
        )(call)

    return declare
