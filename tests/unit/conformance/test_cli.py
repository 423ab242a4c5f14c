"""The command as it is called: what is missing is one line, and exit code 2."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from notigateway.conformance.cli import main
from pki import pki, write_pem

if TYPE_CHECKING:
    from pathlib import Path


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["notigateway-conformance", *arguments])
    before = os.umask(0o077)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        os.umask(before)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the address of the service is missing"),
        (["https://example.test/"], "the caller is missing"),
        (["https://example.test/", "--key", "x"], "--key and --cert belong together"),
        (["--sandbox", "http://127.0.0.1:9"], "does not answer"),
        (["--sandbox", "127.0.0.1:9"], "does not answer"),
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


def test_where_nobody_answers_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key, certificate = write_pem(pki().company_seal, tmp_path, "me")
    _, service = write_pem(pki().service, tmp_path, "service")
    options = ["--key", str(key), "--cert", str(certificate), "--server-cert", str(service)]
    assert called(monkeypatch, "http://127.0.0.1:9/notigateway/v1", *options) == 2
    assert "cannot be reached" in capsys.readouterr().err


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
