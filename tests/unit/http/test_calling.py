"""What the application is told of a request, and what is made of its answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from wsgiref.validate import validator

import pytest

from notigateway.http.calling import Answer, call, environ_of, place_of
from notigateway.http.incoming import Bounds, Incoming

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

BOUNDS = Bounds(line_bytes=0, fields=50, field_bytes=0, body_bytes=1000)
PLACE = place_of(("192.0.2.1", 443), ("192.0.2.7", 50000))


def environ(wire: bytes) -> WSGIEnvironment:
    incoming = Incoming(BOUNDS)
    incoming.add(wire)
    assert incoming.is_complete
    return environ_of(incoming, PLACE)


def test_a_request_is_told_as_it_was_asked() -> None:
    told = environ(
        b'POST /a%20b/%C3%A9?q=%20&r HTTP/1.1\r\nHost: h:1\r\nContent-Type: text/xml\r\nSOAPAction: "x"\r\n'
        b"X-Forwarded-For: 1\r\nX-Forwarded-For: 2\r\nContent-Length: 3\r\n\r\nabc"
    )
    assert told["PATH_INFO"] == "/a b/é".encode().decode("latin-1")
    assert told["QUERY_STRING"] == "q=%20&r"
    assert told["HTTP_HOST"] == "h:1"
    assert told["CONTENT_TYPE"] == "text/xml"
    assert told["CONTENT_LENGTH"] == "3"
    assert told["HTTP_SOAPACTION"] == '"x"'
    assert told["HTTP_X_FORWARDED_FOR"] == "1,2"
    assert (told["REMOTE_ADDR"], told["REMOTE_PORT"]) == ("192.0.2.7", "50000")
    assert (told["SERVER_NAME"], told["SERVER_PORT"]) == ("192.0.2.1", "443")
    assert told["wsgi.url_scheme"] == "http"
    assert told["wsgi.input"].read() == b"abc"
    assert "HTTP_CONTENT_TYPE" not in told


def test_a_name_with_an_underscore_is_nobodys() -> None:
    told = environ(b"GET / HTTP/1.1\r\nHost: x\r\nX_Forwarded_For: 1\r\nContent_Length: 5\r\n\r\n")
    assert not {"HTTP_X_FORWARDED_FOR", "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH"} & set(told)


def test_chunks_become_a_length() -> None:
    told = environ(
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    )
    assert told["CONTENT_LENGTH"] == "4"
    assert told["wsgi.input"].read() == b"abcd"
    assert "HTTP_TRANSFER_ENCODING" not in told


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://other/a?b", "/a", "b"),
        (b"*", "*", ""),
        (b"//evil/a?b", "//evil/a", "b"),
        (b"http://[", "http://[", ""),
        (b"/a?b?c", "/a", "b?c"),
    ],
)
def test_a_path_is_a_path_however_it_is_asked_for(target: bytes, path: str, query: str) -> None:
    told = environ(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (told["PATH_INFO"], told["QUERY_STRING"]) == (path, query)


def test_a_unix_socket_has_a_name_all_the_same() -> None:
    incoming = Incoming(BOUNDS)
    incoming.add(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    told = environ_of(incoming, place_of("/run/socket", ""))
    assert (told["SERVER_NAME"], told["SERVER_PORT"], told["REMOTE_ADDR"]) == ("localhost", "80", "")


def test_an_incomplete_request_is_not_told() -> None:
    with pytest.raises(ValueError, match="not complete"):
        environ_of(Incoming(BOUNDS), PLACE)


def greet(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close")])
    return [b"hel", b"lo"]


def test_an_answer_is_whole_and_has_its_length() -> None:
    made = call(greet, environ(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert made == Answer(
        (200, "OK"), [("Content-Type", "text/plain"), ("Content-Length", "5")], [b"hel", b"lo"]
    )


def test_the_environment_is_wsgis() -> None:
    def plain(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    told = environ(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert call(validator(plain), told).body == [b"hello"]


def test_what_is_written_comes_first_and_the_answer_is_closed() -> None:
    ended: list[bool] = []

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            yield b"b"

        def close(self) -> None:
            ended.append(True)

    def old(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        write(b"a")
        return Pieces()

    assert call(old, {}).body == [b"a", b"b"]
    assert ended == [True]


def test_a_second_thought_replaces_the_first_one() -> None:
    def failing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            environ["missing"]
        except KeyError:
            start_response("500 Oh", [], sys.exc_info())
        return [b""]

    assert call(failing, {}).status == (500, "Oh")


def test_an_application_that_breaks_the_rules_is_a_defect() -> None:
    def twice(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        start_response("200 OK", [])
        return [b""]

    with pytest.raises(RuntimeError, match="twice"):
        call(twice, {})
    with pytest.raises(RuntimeError, match="never"):
        call(lambda _environ, _start: [b""], {})
