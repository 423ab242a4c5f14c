"""`/` of a gateway in production: service, contracts and documents, and nothing of a sandbox."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest
from bench.serving import set_up

from notigateway.app import build_app
from notigateway.sandbox.holders import ensure_pki
from notigateway.settings import load_settings
from patience import PATIENCE_SECONDS
from stack import send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.soap.endpoints import Endpoints
    from stack import Answer

URL: Final = "https://notigateway.example/notigateway/v1"
# What a sandbox answers at its root, and a harness or a stranger may try elsewhere.
OF_A_SANDBOX: Final = (
    *("", "/", "/world", "/worlds", "/clock", "/reset", "/snapshot", "/journal", "/faults", "/certificates"),
    *("/do/publish", "/scenario", "/pages/clock", "/pages/journal", "/pages/operations"),
)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    folder = tmp_path_factory.mktemp("production")
    settings = load_settings(set_up(folder, ensure_pki(folder / "pki", datetime.now(UTC)), URL, {}))
    assert settings.mode == "production"
    app = build_app(settings)
    yield app
    app.gate.office.engine.dispose()


def get(app: Endpoints, url: str, **environ: str) -> Answer:
    parts = urlsplit(url)
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": parts.path, "QUERY_STRING": parts.query, **environ}
    return send(app, b"", **asked)


def test_the_root_leads_to_every_contract_and_document(production: Endpoints) -> None:
    page = get(production, "/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    text = page.body.decode()
    links = re.findall(r'href="([^"]*)"', text)
    assert [one for one in links if not one.startswith("https://notigateway.example/")] == []
    contracts = re.findall(r"<code>([^<]*)</code>", text)
    assert [urlsplit(one).path for one in contracts] == [
        "/notigateway/v1",
        "/notigateway/issuing/v1",
        "/INFRWSCN/WSCNService",
        "/INFRWSCN_Pruebas/WSCNPruebasService",
    ]
    answers = {one: get(production, one) for one in links}
    # the log of a new gateway has no head yet
    assert {one for one, found in answers.items() if found.status != 200} <= {
        "https://notigateway.example/notigateway/log/checkpoint"
    }
    for contract in contracts:
        assert f'location="{contract}"'.encode() in answers[f"{contract}?wsdl"].body


def test_the_page_loads_nothing_runs_nothing_and_may_be_kept(production: Endpoints) -> None:
    page = get(production, "/")
    html = page.body.decode()
    assert not re.search(r"<script|<img|<link|<form|<iframe|\sstyle=|\son\w+=|src=", html)
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'none'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert page.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in page.headers
    again = get(production, "/", HTTP_IF_NONE_MATCH=page.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    head = get(production, "/", REQUEST_METHOD="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_who_sends_something_there_is_told_of_the_path_as_anywhere(production: Endpoints) -> None:
    answer = send(production, b"<x/>", PATH_INFO="/")
    assert answer.status == 404
    assert b"PATH_UNKNOWN" in answer.body


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_production_has_nothing_of_a_sandbox(production: Endpoints, method: str) -> None:
    for base in ("", "/w/one"):
        for path in OF_A_SANDBOX:
            answer = send(
                production,
                b"{}",
                REQUEST_METHOD=method,
                PATH_INFO=f"{base}/_sandbox{path}",
                CONTENT_TYPE="application/json",
            )
            assert answer.status in {404, 405}, path
            assert b"<html" not in answer.body
            assert "Set-Cookie" not in answer.headers


def test_what_production_runs_loads_nothing_of_a_sandbox() -> None:
    said = "import sys, notigateway.app; print([one for one in sys.modules if 'notigateway.sandbox' in one])"
    done = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    assert done.stdout == "[]\n"
