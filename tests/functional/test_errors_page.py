"""The page of the errors stands where every fault says, and tells of every code what a person needs."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from notigateway.contract.cures import CURES
from notigateway.contract.problem_words import PROBLEMS
from notigateway.contract.problems import TEXTS
from notigateway.errors import catalogue
from notigateway.soap.wscn.codes import numbers_of
from stack import ERRORS_URL, ISSUING_URL, NG, Stack, send

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Answer

PATH = urlsplit(ERRORS_URL).path
SECTION = re.compile(r'<section id="([A-Z_]+)".*?</section>', re.DOTALL)


def look(stack: Stack, **environ: str) -> Answer:
    """Get the page."""
    return send(stack.endpoint, b"", **{"REQUEST_METHOD": "GET", "PATH_INFO": PATH, **environ})


def words_of(html: str) -> str:
    """Return the text of a piece of the page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def explained_at(answer: Answer) -> str | None:
    """Return what a fault says of where its code is explained."""
    return answer.tree.findtext(".//ng:GatewayFault/ng:documentation", namespaces=NG)


def test_the_page_tells_every_code_with_its_cure_in_both_languages(sqlite_stack: Stack) -> None:
    page = look(sqlite_stack)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    sections = {found[1]: words_of(found[0]) for found in SECTION.finditer(page.body.decode())}
    assert list(sections) == sorted(TEXTS)
    for code, text in sections.items():
        cure = CURES[code]
        for said in (TEXTS[code].es, TEXTS[code].en, cure.es.replace("`", ""), cure.en.replace("`", "")):
            assert said in text, code
    for entry in catalogue():
        text = sections[entry.code]
        assert ("Repetir · Retry sí · yes" in text) == entry.retryable
        numbers = ", ".join(str(number) for number in numbers_of(entry))
        assert (f"WSCN {numbers}" in text) == bool(numbers), entry.code
    assert "Fallo · Fault soap:Client, HTTP 413 sin firma · unsigned" in sections["REQUEST_TOO_LARGE"]
    assert "Fallo · Fault wsu:MessageExpired Repetir" not in sections["MESSAGE_EXPIRED"]
    assert "Fallo · Fault wsu:MessageExpired" in sections["MESSAGE_EXPIRED"]
    assert "soap:Server, HTTP 503 sin firma" in sections["TEMPORARILY_UNAVAILABLE"]
    assert "WSCN 135, 136, 138, 139, 141, 142" in sections["ALREADY_DECIDED"]
    # What never comes in a fault shows no code of one.
    assert "Fallo" not in sections["NOTIFICATION_LAPSED"]
    assert "Fallo" not in sections["CONFIGURATION"]
    assert all(f"{word}" in words_of(page.body.decode()) for word in PROBLEMS)


def test_the_page_loads_nothing_runs_nothing_and_may_be_kept(sqlite_stack: Stack) -> None:
    page = look(sqlite_stack)
    html = page.body.decode()
    assert not re.search(r"<script|<img|<link|<form|<iframe|\sstyle=|\son\w+=|src=", html)
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', html))
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'none'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert page.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in page.headers
    again = look(sqlite_stack, HTTP_IF_NONE_MATCH=page.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert look(sqlite_stack).body == page.body
    head = look(sqlite_stack, REQUEST_METHOD="HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(page.body)))
    posted = look(sqlite_stack, REQUEST_METHOD="POST")
    assert (posted.status, posted.body) == (405, b"405\n")
    assert set(posted.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_every_anchor_and_link_leads_somewhere_once(sqlite_stack: Stack) -> None:
    html = look(sqlite_stack).body.decode()
    anchors = re.findall(r'\sid="([^"]+)"', html)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]*)"', html)) <= set(anchors)


def test_faults_of_both_contracts_say_where_their_code_is_explained(sqlite_stack: Stack) -> None:
    """Signed ones and those of before a message is parsed, of either version of SOAP."""
    html = look(sqlite_stack).body.decode()
    issuing = urlsplit(ISSUING_URL).path
    soap12 = "application/soap+xml; charset=utf-8"
    answers = [
        send(sqlite_stack.endpoint, b"<"),
        send(sqlite_stack.endpoint, b"<", PATH_INFO=issuing),
        send(sqlite_stack.endpoint, b"<", CONTENT_TYPE=soap12),
        send(sqlite_stack.endpoint, b"", PATH_INFO="/nowhere"),
        send(sqlite_stack.endpoint, b"", PATH_INFO=issuing, REQUEST_METHOD="PUT"),
        sqlite_stack.send(sqlite_stack.sign("<Nothing></Nothing>")),
    ]
    assert [answer.code for answer in answers] == [
        *["XML_NOT_WELL_FORMED"] * 3,
        "PATH_UNKNOWN",
        "METHOD_NOT_ALLOWED",
        "OPERATION_UNKNOWN",
    ]
    for answer in answers:
        assert explained_at(answer) == f"{ERRORS_URL}#{answer.code}"
        assert f'<section id="{answer.code}"' in html


def test_the_address_is_made_from_the_public_one(sqlite_url: str, tmp_path: Path) -> None:
    stack = Stack(sqlite_url, tmp_path, public_url="https://avisos.example:8443/soap/v1")
    answer = send(stack.endpoint, b"<", PATH_INFO="/soap/v1", HTTP_HOST="elsewhere.example")
    assert explained_at(answer) == "https://avisos.example:8443/soap/errors#XML_NOT_WELL_FORMED"
    assert look(stack, PATH_INFO="/soap/errors").status == 200
    stack.close()
