"""The addresses for the operator's programs, as WSGI: methods, paths and headers."""

from __future__ import annotations

import json

import pytest

from notigateway.health.instance import Instance
from notigateway.web.operations import ALIVE, Operations, alive_page, json_page
from stack import send

OURS = Operations({ALIVE: alive_page(Instance("https://gateway.example/v1", "abc"))})


def test_a_process_that_answers_is_alive_and_says_which_gateway_it_is() -> None:
    answer = send(OURS, b"", REQUEST_METHOD="GET", PATH_INFO="/healthz")
    assert answer.status == 200
    assert json.loads(answer.body) == {
        "status": "alive",
        "instance": {"public_url": "https://gateway.example/v1", "data": "abc"},
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_head_has_the_headers_and_nothing_behind_them() -> None:
    answer = send(OURS, b"", REQUEST_METHOD="HEAD", PATH_INFO="/healthz")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize("path", ["", "/", "/healthz/", "/notigateway/v1"])
def test_every_other_path_is_unknown(path: str) -> None:
    answer = send(OURS, b"", REQUEST_METHOD="GET", PATH_INFO=path)
    assert (answer.status, answer.body) == (404, b"404\n")


def test_nothing_is_taken() -> None:
    answer = send(OURS, b"x", PATH_INFO="/healthz")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_before_another_application_only_these_paths_are_answered() -> None:
    other = Operations({"/other": json_page(lambda: (503, {"status": "other"}))})
    both = OURS.before(other)
    assert send(both, b"", REQUEST_METHOD="GET", PATH_INFO="/healthz").status == 200
    assert send(both, b"", REQUEST_METHOD="GET", PATH_INFO="/other").status == 503
    assert send(both, b"", REQUEST_METHOD="GET", PATH_INFO="/neither").status == 404
