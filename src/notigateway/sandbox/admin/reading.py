"""Reads what a harness sends to the sandbox's own addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from flask import request

from notigateway.sandbox.given import Given, check_plain
from notigateway.sandbox.refusals import InvalidError, MediaTypeError

if TYPE_CHECKING:
    from notigateway.sandbox.world import World
    from notigateway.sandbox.worlds import Worlds

# What may be asked by a query; nowhere else is one taken.
_WITH_QUERY: Final = frozenset(
    {f"records.{name}" for name in ("tell", "count", "wait", "archive", "envelopes")} | {"data.notifications"}
)


def given() -> Given:
    """Return what was sent as JSON. Raises: `MediaTypeError`, `InvalidError`."""
    if request.mimetype != "application/json":
        raise MediaTypeError("send JSON: Content-Type: application/json")
    try:
        sent = request.get_json(silent=True)
    except RecursionError:
        sent = None
    if not isinstance(sent, dict):
        raise InvalidError("a JSON object expected")
    check_plain(sent)
    return Given(sent)


def asked() -> Given:
    """Return what stands in the query, where each name stands once."""
    return Given(request.args.to_dict())


def check_query() -> None:
    """Refuse what stands in a query where none is taken, or twice. Raises: `InvalidError`."""
    if request.args and request.endpoint not in _WITH_QUERY:
        raise InvalidError(f"{', '.join(sorted(request.args))}: nothing is asked by a query here")
    for name, values in request.args.lists():
        if len(values) > 1:
            raise InvalidError(f"{name}: stands more than once")


def this_world() -> World:
    """Return the world whose address was called."""
    return cast("World", request.environ["notigateway.sandbox.world"])


def all_worlds() -> Worlds:
    """Return all worlds."""
    return cast("Worlds", request.environ["notigateway.sandbox.worlds"])


def number(wanted: Given, name: str, ordinary: Any) -> Any:  # noqa: ANN401
    """Return a whole number of a query, or what it is ordinarily. Raises: `InvalidError`."""
    text = wanted.text(name)
    if text is None:
        return ordinary
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004
        raise InvalidError(f"{name}: a whole number expected")
    return int(text)
