"""Our client takes documents in parts: of any size, proven with the answer, and never held."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from listeners import client_of
from notigateway.client import ResponseNotVerifiedError, UnexpectedResponseError, UnreachableError
from notigateway.client.pulling import pull
from pki import pki
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

SMALL = b"%PDF-1.7 small"
LARGE = bytes(range(256)) * (6 * 1024 * 4)  # 6 MiB: more than goes inline


class Silent(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Leave the test's output alone."""


class Served:
    """A stack behind HTTP, whose answers in parts are altered where that is wanted."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.url = ""
        self.alter: Callable[[bytes], bytes] = lambda body: body
        self.alter_type: Callable[[str], str] = lambda said: said
        self.types: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        told: list[Any] = []

        def start(*said: Any) -> None:  # noqa: ANN401
            told.extend(said)

        body = b"".join(self.stack.endpoint(environ, start))  # type: ignore[arg-type]
        headers = dict(told[1])
        self.types.append(headers["Content-Type"].partition(";")[0])
        if headers["Content-Type"].startswith("multipart/"):
            body = self.alter(body)
            headers["Content-Type"] = self.alter_type(headers["Content-Type"])
        start_response(told[0], list(headers.items()))
        return [body]


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    with make_server("127.0.0.1", 0, lambda *_: [], handler_class=Silent) as server:
        url = f"http://127.0.0.1:{server.server_port}/notigateway/v1"
        stack = Stack(sqlite_url, tmp_path, now=datetime.now(UTC), public_url=url)
        one = Served(stack)
        one.url = url
        server.set_app(one)
        with running(server.serve_forever, server.shutdown):
            yield one
        stack.close()


@contextmanager
def running(serve: Callable[[float], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=serve, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()


def test_documents_come_in_parts_of_any_size(served: Served) -> None:
    found = str(served.stack.publish("ACT", documents=(SMALL, LARGE)))
    served.stack.accept(found)
    with client_of(served.url) as client:
        (plain,) = client.retrieve([found])
    assert [one.content() for one in plain.documents] == [SMALL, None]
    with client_of(served.url, mtom=True) as client:
        (item,) = client.retrieve([found])
        assert client.ping().known
    assert [b"".join(one.pieces() or ()) for one in item.documents] == [SMALL, LARGE]
    assert [one.content() for one in item.documents] == [SMALL, LARGE]
    assert served.types == ["text/xml", "multipart/related", "text/xml"]


def test_a_pull_stores_what_came_in_parts(served: Served, tmp_path: Path) -> None:
    for number in range(3):
        served.stack.publish(f"ACT-{number}", documents=(SMALL, LARGE[number:]))
    with client_of(served.url, mtom=True) as client:
        report = pull(
            client, tmp_path / "inbox", seal_certificates=[pki().seal.certificate], accept=True, parallel=2
        )
    assert (report.stored, report.not_verified, report.refused) == (3, [], [])
    stored = sorted(file.read_bytes() for file in (tmp_path / "inbox").rglob("02-*.pdf"))
    assert stored == sorted(LARGE[number:] for number in range(3))
    assert served.types.count("multipart/related") == 3  # a large one travels alone


ALTERED: dict[str, tuple[type[Exception], Callable[[bytes], bytes]]] = {
    "a byte of a part": (ResponseNotVerifiedError, lambda body: body.replace(SMALL, SMALL.upper())),
    "a part shorter": (UnreachableError, lambda body: body.replace(SMALL, SMALL[:-1])),
    "two parts exchanged": (
        ResponseNotVerifiedError,
        lambda body: re.sub(rb"(cid:)([^\"]+)(.*cid:)([^\"]+)", rb"\1\4\3\2", body, count=1, flags=re.DOTALL),
    ),
    "its end missing": (UnreachableError, lambda body: body[:-30]),
    "another name": (
        ResponseNotVerifiedError,
        lambda body: body.replace(b"Content-ID: <0", b"Content-ID: <1", 1),
    ),
    "no last boundary": (UnexpectedResponseError, lambda body: body[:-4] + b"\r\n\r\n"),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_what_was_altered_on_the_way_is_not_believed(served: Served, kind: str) -> None:
    found = str(served.stack.publish("ACT", documents=(SMALL, LARGE)))
    served.stack.accept(found)
    refusal, served.alter = ALTERED[kind]
    with client_of(served.url, mtom=True) as client, pytest.raises(refusal):
        list(client.retrieve([found]))


@pytest.mark.parametrize("odd", ["; a*=x; a*1=y", '; a="' + ";" * 8000])
def test_an_answer_whose_type_has_no_one_meaning_is_unexpected(served: Served, odd: str) -> None:
    found = str(served.stack.publish("ACT", documents=(SMALL, LARGE)))
    served.stack.accept(found)
    served.alter_type = lambda said: said + odd
    with (
        client_of(served.url, mtom=True) as client,
        pytest.raises(UnexpectedResponseError, match="none of MTOM"),
    ):
        list(client.retrieve([found]))
    # The same where a part says so of itself.
    served.alter_type = lambda said: said
    served.alter = lambda body: body.replace(b"xop+xml; charset", f"xop+xml{odd[:2000]}; charset".encode(), 1)
    with client_of(served.url, mtom=True) as client, pytest.raises(UnexpectedResponseError):
        list(client.retrieve([found]))
