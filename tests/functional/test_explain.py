"""`notigateway explain`, and the same question to a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from typer.testing import CliRunner

from envelopes import Draft, exclusive
from notigateway.cli.main import app
from notigateway.errors import ConfigurationError
from notigateway.sandbox.explain_page import Explaining
from notigateway.sandbox.process import running
from pki import PERSON_NIF, pki, write_issuers
from shapes import CALLERS, NOBODIES, Shape
from stack import send

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Stack

AT = ("--at", "2026-06-01T12:00:00Z")


def explain(*words: str, data: bytes | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["explain", *words], input=data)
    if isinstance(result.exception, ConfigurationError):
        return 2, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.fixture
def issuers(tmp_path: Path) -> str:
    return str(write_issuers(tmp_path / "issuers", pki().anchors))


def test_an_accepted_envelope_is_explained_and_its_octets_are_written(tmp_path: Path, issuers: str) -> None:
    draft = Draft()
    (tmp_path / "request.xml").write_bytes(draft.build())
    octets = tmp_path / "octets"
    words = (str(tmp_path / "request.xml"), "--trust", issuers, *AT, "--octets", str(octets))
    code, text = explain(*words)
    assert (code, "ACCEPTED" in text, "not checked" in text) == (0, True, False)
    assert (octets / "reference-1-Body.xml").read_bytes() == exclusive(draft.tree()[1])
    assert {file.name for file in octets.iterdir()} == {
        "reference-1-Body.xml",
        "reference-2-Timestamp.xml",
        "signed-info.xml",
    }


def test_a_refused_envelope_is_exit_code_1_with_its_cause(issuers: str) -> None:
    data = Draft().build().replace(b"hola", b"ho&#13;la")
    code, text = explain("-", "--trust", issuers, *AT, data=data)
    assert code == 1
    assert "REFUSED: DIGEST_DIFFERS" in text
    assert "carriage returns (&#13;) are in the message" in text


def test_without_trust_it_says_what_was_not_checked(issuers: str) -> None:
    data = Draft(pair=pki().wrong_issuer).build()
    assert explain("-", "--trust", issuers, *AT, data=data)[0] == 1
    code, text = explain("-", *AT, data=data)
    assert (code, "not checked: whether the certificate is admitted" in text) == (0, True)


@pytest.mark.parametrize("shape", NOBODIES, ids=lambda shape: shape.label)
def test_whom_a_certificate_does_not_name_is_explained_to_its_holder(shape: Shape, issuers: str) -> None:
    data = Draft(pair=shape.holder()).build()
    code, text = explain("-", "--trust", issuers, *AT, data=data)
    assert code == 1
    assert f"reason={shape.reason}" in text
    assert "REFUSED: IDENTITY_NOT_READABLE" in text
    assert "likely causes:" in text


def test_an_accepted_envelope_tells_the_family_and_for_whom_it_acts(issuers: str) -> None:
    (shape,) = (one for one in CALLERS if one.label == "membership")
    data = Draft(pair=shape.holder()).build()
    code, text = explain("-", "--trust", issuers, *AT, data=data)
    assert code == 0
    assert f"family membership: party {PERSON_NIF}, signer {PERSON_NIF}" in text
    assert "policies and alternative names 1.3.6.1.4.1.47155.1.1.1, 0.4.0.194112.1.0" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["/nowhere/request.xml"], "cannot read /nowhere/request.xml"),
        (["-", "--at", "yesterday"], "an instant such as"),
        (["-", "--trust", "/nowhere"], "/nowhere"),
        (["-", "--octets", "/dev/null/x"], "cannot write"),
    ],
)
def test_what_cannot_run_is_exit_code_2(words: list[str], says: str) -> None:
    code, text = explain(*words, data=Draft().build())
    assert (code, says in text) == (2, True)


def test_a_sandbox_explains_at_a_path_of_its_own(sqlite_stack: Stack) -> None:
    sandbox = Explaining(sqlite_stack.endpoint, sqlite_stack.settings)
    before = sqlite_stack.contents()
    answer = send(sandbox, Draft().build(), PATH_INFO="/explain")
    assert answer.status == 200
    assert b"REFUSED: MESSAGE_EXPIRED" in answer.body
    assert send(sandbox, b"", PATH_INFO="/explain", REQUEST_METHOD="GET").status == 405
    assert send(sandbox, b"x", PATH_INFO="/explain", CONTENT_LENGTH=None).status == 411
    assert send(sandbox, b"x", PATH_INFO="/explain", CONTENT_LENGTH=str(10**8)).status == 413
    assert sqlite_stack.contents() == before
    assert send(sandbox, sqlite_stack.sign('<Ping xmlns="urn:notigateway:v1"></Ping>')).status == 200


def test_the_gateway_itself_explains_nothing(sqlite_stack: Stack) -> None:
    assert sqlite_stack.send(Draft().build(), PATH_INFO="/explain").code == "PATH_UNKNOWN"
    with pytest.raises(ConfigurationError):
        Explaining(sqlite_stack.endpoint, sqlite_stack.settings.model_copy(update={"mode": "production"}))


def test_a_running_sandbox_explains(tmp_path: Path) -> None:
    with running(tmp_path, "--notifications", "1") as sandbox:
        address = httpx.URL(sandbox.url).copy_with(path="/explain")
        answer = httpx.post(address, content=Draft().build(), timeout=20)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "certificate not from an authorised issuer" in answer.text
