"""The command as it is called: what is missing is one line, and exit code 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conforming import called
from not_the_service import stranger
from pki import pki, write_pem

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the address of the service is missing"),
        (["https://example.test/"], "the caller is missing"),
        (["https://example.test/", "--key", "x"], "--key and --cert belong together"),
        (["--sandbox", "http://127.0.0.1:9"], "nothing listens at 127.0.0.1:9: connection refused"),
        (["--sandbox", "127.0.0.1:9"], "'127.0.0.1:9' is not an http or https URL"),
    ],
)
def test_what_is_missing_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert called(monkeypatch, "server", *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_the_word_server_may_be_left_out_before_an_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "https://example.test/") == 2
    assert "the caller is missing" in capsys.readouterr().err


@pytest.fixture
def caller(tmp_path: Path) -> list[str]:
    key, certificate = write_pem(pki().company_seal, tmp_path, "me")
    _, service = write_pem(pki().service, tmp_path, "service")
    return ["--key", str(key), "--cert", str(certificate), "--server-cert", str(service)]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "http://127.0.0.1:9/v1",
            "http://127.0.0.1:9/v1 cannot be reached: nothing listens at 127.0.0.1:9: connection refused",
        ),
        ("127.0.0.1:9", "'127.0.0.1:9' is not an http or https URL"),
        ("ftp://127.0.0.1:9", "'ftp://127.0.0.1:9' is not an http or https URL"),
    ],
)
def test_where_nobody_answers_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caller: list[str],
    url: str,
    said: str,
) -> None:
    assert called(monkeypatch, "server", url, *caller) == 2
    assert capsys.readouterr().err == f"notigateway-conformance: {said}\n"


def test_where_somebody_else_answers_nothing_else_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caller: list[str]
) -> None:
    with stranger("a page") as address:
        assert called(monkeypatch, "server", address, *caller) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith(f"no SOAP service answers at {address}: HTTP 200, text/html\n")


@pytest.mark.parametrize(
    ("name", "said"), [("no page", "HTTP 404 to worlds"), ("a page", "worlds is answered without JSON")]
)
def test_what_is_no_sandbox_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    with stranger(name, "") as base:
        assert called(monkeypatch, "server", "--sandbox", base) == 2
    assert capsys.readouterr().err == (f"notigateway-conformance: no sandbox answers at {base}: {said}\n")


def test_a_check_that_is_none_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "server", "--only", "NONE-1") == 2
    assert "no such check" in capsys.readouterr().err


def test_the_checks_are_listed_with_their_sources(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "checks", "--contract", "wscn") == 0
    printed = capsys.readouterr().out
    assert "ACUSE-01 a receipt whose data were changed" in printed
    assert "DEC-01" not in printed
