"""`/_sandbox/journal`: what came and went, searched, counted, waited for, explained and taken away."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, jsonify, request

from notigateway.explaining.explain_text import explanation_json, explanation_text
from notigateway.explaining.way import Way
from notigateway.sandbox.admin.har import har_entry
from notigateway.sandbox.admin.reading import asked, number, this_world
from notigateway.sandbox.given import Given, duration_of
from notigateway.sandbox.journal import Search
from notigateway.sandbox.ordered import caller_of, operation_of, outcome_of
from notigateway.sandbox.refusals import BusyError, InvalidError, NotReachedError, UnknownError
from notigateway.soap.served import errors_url_beside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.explaining.explanation import Explanation
    from notigateway.sandbox.exchange import Exchange
    from notigateway.sandbox.world import World

blueprint = Blueprint("records", __name__)
_LIMIT: Final = 1_000
_WAIT_MAX_SECONDS: Final = 60.0
_WAIT: Final = "5s"
# A quarter of the threads of a sandbox: who waits must not keep out what is waited for.
WAITS_MAX: Final = 32
_waiting: Final = threading.BoundedSemaphore(WAITS_MAX)
_CREATOR: Final = {"name": "notigateway sandbox", "version": "1"}


@blueprint.get("/journal")
def tell() -> dict[str, Any]:
    """Tell what is in the journal."""
    wanted = asked()
    limit = number(wanted, "limit", _LIMIT)
    search = _search(wanted)
    journal = this_world().journal
    found = journal.search(search)
    shown, more = found[:limit], found[limit:]
    last = shown[-1].number if more and shown else None
    return {"entries": [one.line() for one in shown], "next": last, "dropped": journal.dropped}


@blueprint.get("/journal/count")
def count() -> dict[str, Any]:
    """Count."""
    return {"count": len(this_world().journal.search(_search(asked())))}


@blueprint.get("/journal/await")
def wait() -> dict[str, Any]:
    """Wait until there are so many. Raises: `NotReachedError`."""
    wanted = asked()
    many = number(wanted, "count", 1)
    seconds = duration_of(wanted.text("timeout") or _WAIT, "timeout").total_seconds()
    if not 0 <= seconds <= _WAIT_MAX_SECONDS:
        raise InvalidError(f"timeout: at most {_WAIT_MAX_SECONDS:.0f} s")
    search = _search(wanted)
    if not _waiting.acquire(blocking=False):
        raise BusyError(f"{WAITS_MAX} wait already: what they wait for needs threads, too")
    try:
        tally, found = this_world().journal.wait(search, count=many, seconds=seconds)
    finally:
        _waiting.release()
    if tally.found < many:
        lost = "" if tally.since is None else f"; what came before entry {tally.since} was dropped"
        raise NotReachedError(f"{tally.found} of {many} came in {seconds:g} s{lost}")
    return {"count": tally.found, "entries": [one.line() for one in found[:_LIMIT]]}


@blueprint.delete("/journal")
def clear() -> tuple[str, int]:
    """Forget what is kept."""
    this_world().journal.clear()
    return "", 204


@blueprint.get("/journal/<int:number>")
def tell_one(number: int) -> dict[str, Any]:
    """Tell of one exchange."""
    return find(this_world(), number).line()


@blueprint.get("/journal/<int:number>/request")
def received(number: int) -> Response:
    """Give what was received, as it was."""
    exchange = find(this_world(), number)
    return _as_it_was(exchange.request, f"{number}-request")


@blueprint.get("/journal/<int:number>/answer")
def sent(number: int) -> Response:
    """Give what was sent, as it was."""
    exchange = find(this_world(), number)
    return _as_it_was(exchange.answer, f"{number}-answer")


@blueprint.get("/journal/<int:number>/explain")
def explain(number: int) -> Response:
    """Explain what the gateway saw in a request, when it came."""
    world = this_world()
    explanation = explained(world, find(world, number))
    if request.accept_mimetypes.best_match(["text/plain", "application/json"]) == "application/json":
        return Response(explanation_json(explanation), mimetype="application/json")
    text = explanation_text(explanation, errors_url=errors_url_beside(str(world.settings.public_url)))
    return Response(text, mimetype="text/plain")


@blueprint.get("/journal.har")
def archive() -> Response:
    """Give the journal in the form of an HTTP archive (HAR 1.2)."""
    world = this_world()
    return archive_of(world, world.journal.search(_search(asked())), "journal.har")


@blueprint.get("/journal.zip")
def envelopes() -> Response:
    """Give every request and answer as a file of its own."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in this_world().journal.search(_search(asked())):
            packed.writestr(f"{one.number:06d}-request.bin", one.request)
            packed.writestr(f"{one.number:06d}-answer.bin", one.answer)
    headers = {"Content-Disposition": 'attachment; filename="journal.zip"'}
    return Response(target.getvalue(), mimetype="application/zip", headers=headers)


def archive_of(world: World, exchanges: Sequence[Exchange], name: str) -> Response:
    """Return exchanges of a world as an HTTP archive, a file of that name."""
    entries = [har_entry(one, origin=world.place.origin) for one in exchanges]
    log = {"version": "1.2", "creator": _CREATOR, "entries": entries}
    answer = jsonify({"log": log})
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def find(world: World, number: int) -> Exchange:
    """Return one exchange. Raises: `UnknownError`."""
    found = world.journal.find(number)
    if found is None:
        raise UnknownError("there is no entry of that number in the journal, or it was dropped")
    return found


def explained(world: World, exchange: Exchange) -> Explanation:
    """Return the explanation of a request at the instant by which it was judged.

    Raises: `UnknownError` where it is not kept whole.
    """
    if not exchange.is_request_whole:
        kept, size = len(exchange.request), exchange.request_bytes
        raise UnknownError(f"of this request {kept} of {size} bytes are kept: send it to /explain")
    headers = exchange.request_headers
    way = Way(
        public_url=str(world.settings.public_url),
        content_type=headers.get("Content-Type", ""),
        content_encoding=headers.get("Content-Encoding"),
        action=headers.get("Soapaction"),
    )
    return world.explaining.explanation(exchange.request, way, at=exchange.dated or exchange.at)


def _search(wanted: Given) -> Search:
    search = Search(
        operation=operation_of(wanted.text("operation")),
        caller=caller_of(wanted.text("caller")),
        code=outcome_of(wanted.text("code")),
        status=number(wanted, "status", None),
        after=number(wanted, "after", 0),
        all=wanted.text("all") == "true",
    )
    wanted.end()
    return search


def _as_it_was(data: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.bin"'}
    return Response(data, mimetype="application/octet-stream", headers=headers)
