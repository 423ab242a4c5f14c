"""The service's certificate ends: whoever asks is told so at once, unsigned, and nothing is read or done."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from ending import END, MOMENT, SINCE, named, service
from notigateway.client import NotificationClient, Retries
from notigateway.repository.columns import Row
from notigateway.repository.engine import reading
from notigateway.settings import load_settings
from notigateway.wss.ns import NOTIGATEWAY_V1
from patience import PATIENCE_SECONDS
from pki import NOW, pki
from stack import PUBLIC_URL, Stack

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from notigateway.client import ClientError

PING = f'<Ping xmlns="{NOTIGATEWAY_V1}"></Ping>'
PATHS = (
    "/notigateway/v1",
    "/notigateway/issuing/v1",
    "/INFRWSCN/WSCNService",
    "/INFRWSCN_Pruebas/WSCNPruebasService",
)


def everything(stack: Stack) -> dict[str, int]:
    """Count the rows of every table, the accounts of requests among them."""
    with reading(stack.engine) as session:
        tables = Row.metadata.sorted_tables
        return {one.name: session.scalar(select(func.count()).select_from(one)) or 0 for one in tables}


@pytest.mark.parametrize("at", [END + MOMENT, SINCE - MOMENT], ids=["ended", "not yet"])
def test_without_a_valid_service_certificate_nothing_is_read_or_done(
    database_url: str, tmp_path: Path, at: datetime
) -> None:
    stack = Stack(database_url, tmp_path, **named(tmp_path / "ending", "service", service()))
    wanted = stack.publish()
    stack.now = END
    assert stack.send(stack.sign(PING)).status == 200
    stack.now = at
    before = everything(stack)
    accept = stack.sign(
        f'<AcceptNotifications xmlns="{NOTIGATEWAY_V1}"><id>{wanted}</id></AcceptNotifications>'
    )
    for path, data in [(PATHS[0], accept), *((path, b"not parsed at all") for path in PATHS)]:
        with capture_logs() as lines:
            answer = stack.send(data, PATH_INFO=path)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
        assert answer.fault_code == "soap:Server"
        assert b"TEMPORARILY_UNAVAILABLE" in answer.body
        assert b"Security" not in answer.body
        lack = "ended at 2026-06-04T12" if at > NOW else "is not valid before 2026-05-02T12"
        assert [(one["event"], one["part"]) for one in lines] == [("request_refused", "service_certificate")]
        assert lines[0]["detail"] == f"the service's certificate {lack}:00:00.000Z"
    twelve = stack.send(accept, CONTENT_TYPE="application/soap+xml; charset=utf-8")
    assert (twelve.status, twelve.subcode) == (503, "ng:TEMPORARILY_UNAVAILABLE")
    assert everything(stack) == before
    for query in ("wsdl", "xsd=notigateway-v1.xsd"):
        assert stack.send(b"", REQUEST_METHOD="GET", QUERY_STRING=query).status == 200
    stack.close()


class Silent(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_our_client_tries_again_until_the_renewal(sqlite_url: str, tmp_path: Path) -> None:
    stack = Stack(sqlite_url, tmp_path, **named(tmp_path / "ending", "service", service()))
    wanted = stack.publish()
    renewed = service(END + timedelta(days=900), since=NOW)
    waited: list[tuple[str, float]] = []

    def told(error: ClientError, seconds: float) -> None:
        waited.append((error.line(), error.retry_after_seconds))
        stack.overrides |= named(tmp_path / "renewed", "service", renewed)
        stack.settings = load_settings(None, overrides=stack.overrides)
        stack.start()
        server.set_app(stack.endpoint)

    stack.now = END + MOMENT
    with make_server("127.0.0.1", 0, stack.endpoint, handler_class=Silent) as server:
        serving = Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            with NotificationClient(
                f"http://127.0.0.1:{server.server_port}/notigateway/v1",
                key=pki().company_seal.key,
                certificate=pki().company_seal.certificate,
                server_certificates=[service().certificate, renewed.certificate],
                retries=Retries(first_wait_seconds=0.01, max_retry_after_seconds=0, told=told),
                clock=lambda: stack.now,
                public_url=PUBLIC_URL,
            ) as client:
                (outcome,) = client.accept([str(wanted)])
        finally:
            server.shutdown()
            serving.join(PATIENCE_SECONDS)
    assert outcome.outcome == "decided"
    ((line, seconds),) = waited
    assert line.startswith("HTTP_REFUSED: ")
    assert "TEMPORARILY_UNAVAILABLE" in line
    assert seconds == 60
    stack.close()
