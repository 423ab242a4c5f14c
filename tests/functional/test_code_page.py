"""The public page for the code of a receipt tells its status to who knows the addressee, and nothing else."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.law.deadlines import deadline
from notigateway.law.lifecycle import State
from notigateway.repository.engine import reading
from notigateway.repository.model import Receipt
from pki import COMPANY_NAME, COMPANY_NIF

if TYPE_CHECKING:
    from stack import Stack

PATH = "/notigateway/verify"
PEER = "203.0.113.7"


@dataclass
class Page:
    status: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


def ask(
    stack: Stack, form: dict[str, str] | None = None, *, query: str = "", method: str = "", **environ: str
) -> Page:
    body = urlencode(form or {}).encode()
    page = Page()

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        page.status, page.headers = status, dict(headers)

    given = {
        "REQUEST_METHOD": method or ("GET" if form is None else "POST"),
        "PATH_INFO": PATH,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": PEER,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        **environ,
    }
    page.text = b"".join(stack.endpoint(given, start)).decode()  # type: ignore[arg-type]
    return page


@pytest.fixture
def code(stack: Stack) -> str:
    """Return the code of the receipt of an acceptance."""
    stack.accept(stack.publish())
    with reading(stack.engine) as session:
        codes = session.scalars(select(Receipt.csv_code).where(Receipt.state == "accepted")).all()
    assert codes[0]
    return codes[0]


def test_code_and_addressee_give_the_status_and_no_name(stack: Stack, code: str) -> None:
    page = ask(stack, {"csv": code, "nif": COMPANY_NIF})

    assert page.status == "200 OK"
    assert "Consta un justificante con este código." in page.text
    assert "Justificante de aceptación" in page.text
    assert "Receipt of acceptance" in page.text
    assert "Tesorería General de la Seguridad Social" in page.text
    assert stack.now.strftime("%Y-%m-%dT%H:%M:%S") in page.text
    for secret in (COMPANY_NAME, COMPANY_NIF, "Reclamación"):
        assert secret not in page.text


def test_a_term_that_is_over_at_midnight_ends_with_the_day_before(stack: Stack) -> None:
    stack.publish()
    stack.now = deadline(stack.now) + timedelta(hours=1)
    sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())
    with reading(stack.engine) as session:
        code = session.scalars(select(Receipt.csv_code).where(Receipt.state == State.LAPSED)).one()

    page = ask(stack, {"csv": code or "", "nif": COMPANY_NIF})

    assert "final del 11 de junio de 2026" in page.text
    assert "the end of 11 June 2026" in page.text
    assert "00:00:00" not in page.text
    assert "2026-06-11T22:00:00.000Z" in page.text


def test_a_code_is_read_as_people_type_it(stack: Stack, code: str) -> None:
    typed = " ".join(code.lower()[start : start + 4] for start in range(0, 24, 4))

    assert (
        "Consta un" in ask(stack, {"csv": typed, "nif": f" {COMPANY_NIF[0].lower()}-{COMPANY_NIF[1:]}"}).text
    )


def test_an_unknown_code_and_a_wrong_nif_are_one_answer(stack: Stack, code: str) -> None:
    wrong_nif = ask(stack, {"csv": code, "nif": "00000000T"})
    unknown = ask(stack, {"csv": "A" * 24, "nif": COMPANY_NIF})
    neither = ask(stack, {"csv": "A" * 24, "nif": "00000000T"})

    assert wrong_nif.status == unknown.status == "200 OK"
    assert "No consta ningún justificante" in unknown.text
    assert wrong_nif.headers == unknown.headers
    assert wrong_nif.text.replace(code, "A" * 24) == unknown.text == neither.text


@pytest.mark.parametrize("code", ["", "x", "A" * 24 + "'--", "<script>alert(1)</script>"])
def test_what_is_no_code_is_answered_alike_and_never_repeated(stack: Stack, code: str) -> None:
    page = ask(stack, {"csv": code, "nif": COMPANY_NIF})

    assert "No consta ningún justificante" in page.text
    assert 'value=""' in page.text
    assert "<script" not in page.text


def test_the_nobody_that_stands_in_for_an_unknown_addressee_opens_nothing(stack: Stack) -> None:
    assert "No consta" in ask(stack, {"csv": "A" * 24, "nif": "000000000"}).text


def test_the_qr_code_fills_in_the_code_and_asks_for_the_nif(stack: Stack, code: str) -> None:
    page = ask(stack, query=f"csv={code}")

    assert f'value="{code}"' in page.text
    assert "Consta un" not in page.text
    assert 'value=""' in ask(stack, query="csv=%22%3E%3Cscript%3E").text


def test_an_address_is_limited_over_all_workers_and_others_are_not(stack: Stack, code: str) -> None:
    form = {"csv": code, "nif": COMPANY_NIF}
    for _ in range(stack.settings.code_checks_per_minute):
        assert ask(stack, form).status == "200 OK"
    stack.start()  # another worker

    refused = ask(stack, form)
    assert refused.status.startswith("429")
    assert int(refused.headers["Retry-After"]) <= 60
    assert "Consta un" not in refused.text
    assert ask(stack, form, REMOTE_ADDR="203.0.113.8").status == "200 OK"
    assert ask(stack).status == "200 OK"
    stack.now += timedelta(minutes=1)
    assert ask(stack, form).status == "200 OK"


def test_no_script_no_frame_no_referrer_no_cache(stack: Stack) -> None:
    for page in (ask(stack), ask(stack, {"csv": "", "nif": ""}), ask(stack, method="DELETE")):
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in page.headers
        assert not re.search(r"<script|javascript:|\son\w+=|https?://", page.text)


def test_other_methods_and_large_forms_are_refused_without_a_word_of_them(stack: Stack) -> None:
    other = ask(stack, method="PUT")
    large = ask(stack, {"csv": "A" * 4096, "nif": "x"})

    assert other.status.startswith("405")
    assert "POST" in other.headers["Allow"]
    assert large.status.startswith("413")
    assert "AAAA" not in large.text
