"""`notigateway health`, as a container's health check calls it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from typer.testing import CliRunner

from notigateway.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack import Stack


class Silent(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def address(sqlite_stack: Stack) -> Iterator[str]:
    with make_server("127.0.0.1", 0, sqlite_stack.endpoint, handler_class=Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_running_service_is_healthy(address: str) -> None:
    result = CliRunner().invoke(app, ["health", "--url", f"{address}/notigateway/v1"])
    assert (result.exit_code, result.stdout) == (0, "healthy\n")


def test_another_service_at_that_address_is_not_healthy(address: str) -> None:
    result = CliRunner().invoke(app, ["health", "--url", f"{address}/elsewhere"])
    assert result.exit_code == 1
    assert "HTTP 404" in result.stderr


def test_nothing_at_that_address_is_not_healthy() -> None:
    result = CliRunner().invoke(app, ["health", "--url", "http://127.0.0.1:1/notigateway/v1"])
    assert result.exit_code == 1
    assert "not healthy: ConnectError" in result.stderr
