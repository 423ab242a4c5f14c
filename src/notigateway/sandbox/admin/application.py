"""The application behind `/_sandbox/`: who may ask, what goes wrong, and the addresses that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from flask import Flask, jsonify, request
from werkzeug.exceptions import HTTPException

from notigateway.contract.problems import said_of
from notigateway.errors import ConfigurationError, GatewayError
from notigateway.logger import Logger
from notigateway.sandbox.admin import clocks, data, ordering, reading, records, stories
from notigateway.sandbox.bodies import BODY_MAX_BYTES
from notigateway.sandbox.occupancy import OccupiedError
from notigateway.sandbox.pages import all_pages, guarding, shell
from notigateway.sandbox.refusals import BusyError, HostError, RefusedError, SandboxError, TokenMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

    from notigateway.sandbox.worlds import Worlds

_log = Logger("notigateway.sandbox")
# What is kept in the memory of the process that answers, told to harnesses and to people.
_OF_ONE_PROCESS: Final = frozenset(
    {"ordering", "records", "pages.faults", "pages.expectations", "pages.journal"}
)
_HARNESSES: Final = tuple(module.blueprint for module in (clocks, data, ordering, records, stories))
_FOR_HARNESSES: Final = frozenset(one.name for one in _HARNESSES)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


def admin_application(worlds: Worlds) -> WSGIApplication:
    """Return the application for the sandbox's own addresses of all worlds."""
    flask = make_flask(worlds)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["notigateway.sandbox.worlds"] = worlds
        return flask(environ, start_response)

    return answer


def make_flask(worlds: Worlds) -> Flask:
    """Return the same as Flask's object."""
    flask = Flask("notigateway.sandbox", static_folder=None)
    flask.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES
    flask.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    hosts = hosts_of(worlds)

    @flask.before_request
    def check() -> None:
        token = worlds.site.token
        # Who has the token knows by which name he asks.
        if token is None and (request.headers.get("Host") or "").lower() not in hosts:
            raise HostError("the sandbox does not answer to that name")
        # A browser says for whom it asks: a picture in a page of a stranger's would take snapshots.
        if request.blueprint in _FOR_HARNESSES and request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise HostError("a page of another address asks: only the sandbox's own and harnesses may")
        if request.endpoint == all_pages.ENTRY:
            return
        if token is not None and not guarding.is_let_in(token):
            raise TokenMissingError(
                "send Authorization: Bearer with the token in token.txt of the sandbox's folder"
            )
        if request.blueprint in _FOR_HARNESSES:
            reading.check_query()
        # Each of several workers would have a half of it.
        if request.method not in {"GET", "HEAD"} or request.blueprint in _OF_ONE_PROCESS:
            worlds.check_alone()

    @flask.after_request
    def protect(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    flask.register_error_handler(SandboxError, _refused)
    flask.register_error_handler(OccupiedError, lambda error: _refused(BusyError(str(error))))
    flask.register_error_handler(GatewayError, _refused_by_gateway)
    flask.register_error_handler(HTTPException, _refused_by_flask)
    flask.register_error_handler(Exception, _crashed)
    for blueprint in _HARNESSES:
        flask.register_blueprint(blueprint)
    flask.register_blueprint(all_pages.blueprint)
    return flask


def hosts_of(worlds: Worlds) -> frozenset[str]:
    """Return the values of Host that are the sandbox's: whoever has a name of his point here is refused."""
    listens = worlds.site.listens.partition("://")[2]
    port = listens.rpartition(":")[2]
    public = worlds.origin.partition("://")[2]
    return frozenset({listens.lower(), public.lower(), *(f"{one}:{port}" for one in _LOOPBACK)})


def _refused(error: SandboxError) -> tuple[Response, int]:
    said: dict[str, Any] = {"code": error.code, "detail": error.detail}
    if isinstance(error, RefusedError):
        said |= {"code": error.gateway_code}
    return jsonify({"error": said | {"correlation_id": str(uuid4())}}), error.status


def _refused_by_gateway(error: GatewayError) -> tuple[Response, int]:
    """Tell what the gateway's own rules refuse, with its code."""
    status = 503 if error.retryable else 422
    if isinstance(error, ConfigurationError):
        status = 409
    refused = RefusedError(error.code, said_of(error))
    answer, _ = _refused(refused)
    return answer, status


def _refused_by_flask(error: HTTPException) -> tuple[Response, int] | AnyResponse:
    if request.path.startswith("/pages/"):  # for people, though there is no such page
        return shell.protect(shell.refuse(error))
    code = (error.name or "refused").upper().replace(" ", "_")
    said = {"code": code, "detail": error.description, "correlation_id": str(uuid4())}
    return jsonify({"error": said}), error.code or 500


def _crashed(error: Exception) -> tuple[Response, int]:
    correlation_id = str(uuid4())
    _log.error("sandbox_request_crashed", exc_info=error, correlation_id=correlation_id)
    said = {"code": "INTERNAL_ERROR", "detail": "see the sandbox's log", "correlation_id": correlation_id}
    return jsonify({"error": said}), 500
