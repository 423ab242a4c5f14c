"""How an operation of a contract is declared to Spyne."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spyne import rpc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def operation(answer: type, *parameters: Any, names: Sequence[str] = ()) -> Callable[..., Any]:  # noqa: ANN401
    """Declare an operation: wrapped parameters in, the element `answer` out."""
    decorate: Callable[..., Any] = rpc(
        *parameters,
        _returns=answer,
        _out_message_name=answer.__name__,
        _body_style="out_bare",
        _args=list(names),
    )
    return decorate
