"""`notigateway explain`, and the same question to a sandbox."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest
from typer.testing import CliRunner

from envelopes import Draft, Ref, exclusive
from explained import told_of
from mistake_corpus import MISTAKES
from mistakes import made
from notigateway.errors import ConfigurationError
from notigateway.sandbox.explain_page import Explaining
from notigateway.sandbox.process import running
from notigateway.wss.ns import WSCN
from operating import app
from pki import PERSON_NIF, pki, write_issuers
from shapes import CALLERS, NOBODIES, Shape
from stack import ERRORS_URL, PUBLIC_URL, send

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.pki.keys import KeyPair
    from stack import Stack

pytestmark = pytest.mark.once

AT = ("--at", "2026-06-01T12:00:00Z")
V1 = "urn:notigateway:v1"
PING = f'<n:Ping xmlns:n="{V1}"/>'
WSA = "http://www.w3.org/2005/08/addressing"
LIST = (
    f'<w:consultarListadoNotificaciones xmlns:w="{WSCN}"><rol>1</rol>'
    "<codigoSiguienteNotificacionPropia>-1</codigoSiguienteNotificacionPropia>"
    "<codigoSiguienteNotificacionAutorizadoRED>-1</codigoSiguienteNotificacionAutorizadoRED>"
    "<codigoSiguienteNotificacionApoderado>-1</codigoSiguienteNotificacionApoderado>"
    "</w:consultarListadoNotificaciones>"
)


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
    draft = Draft(content=PING)
    (tmp_path / "request.xml").write_bytes(draft.build())
    octets = tmp_path / "octets"
    words = (str(tmp_path / "request.xml"), "--trust", issuers, *AT, "--octets", str(octets))
    code, text = explain(*words)
    assert (code, "ACCEPTED" in text, "--trust" in text) == (0, True, False)
    assert "replay: whether this very message was received before" in text
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
    assert "See docs/errors.md#digest_differs" in text, (
        "whose address the settings would say, and there are none"
    )
    assert "carriage returns (&#13;) are in the message" in text


def test_with_settings_the_error_is_looked_up_at_that_gateway(issuers: str, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(f'mode = "development"\npublic_url = "{PUBLIC_URL}"\n')
    data = Draft().build().replace(b"hola", b"adios")
    _, text = explain("-", "--trust", issuers, *AT, "--settings", str(settings), data=data)
    assert f"See {ERRORS_URL}#DIGEST_DIFFERS\n" in text


def test_without_trust_it_says_what_was_not_checked(issuers: str) -> None:
    data = Draft(pair=pki().wrong_issuer, content=PING).build()
    assert explain("-", "--trust", issuers, *AT, data=data)[0] == 1
    code, text = explain("-", *AT, data=data)
    assert (code, "  - whether the certificate is admitted" in text) == (0, True)


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
    data = Draft(pair=shape.holder(), content=PING).build()
    code, text = explain("-", "--trust", issuers, *AT, data=data)
    assert code == 0
    assert f"family membership: party {PERSON_NIF}, signer {PERSON_NIF}" in text
    assert "policies and alternative names 1.3.6.1.4.1.47155.1.1.1, 0.4.0.194112.1.0" in text


def test_it_is_printed_as_json_too(issuers: str) -> None:
    data = Draft(content=PING).build().replace(b"<soap:Body ", b'<soap:Body a="b" ')
    code, text = explain("-", "--trust", issuers, *AT, "--json", data=data)
    told = json.loads(text)
    assert (code, told["verdict"], told["contract"]) == (1, "REFUSED", "v1")
    assert told["error"]["code"] == "DIGEST_DIFFERS"
    assert [step["title"] for step in told["steps"]][-2:] == ["operation", "arguments"]
    assert told["causes"][0].keys() == {"name", "certainty", "words", "cure"}
    assert [one["equal"] for one in told["references"]] == [False, True]


# --- the whole way, as the service goes it -----------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A request that verifies, with what the service says of it; the seal's holder signs unless another."""

    code: str | None
    content: str = PING
    header: str = ""
    signed: tuple[str, ...] = ()
    holder: str = "company_seal"
    path: str = "/notigateway/v1"
    contract: str = "v1"
    http: tuple[tuple[str, str], ...] = ()


def _addressing(name: str, text: str) -> str:
    return f'<a:{name} xmlns:a="{WSA}" wsu:Id="a-{name}">{text}</a:{name}>'


CASES = {
    "right": Case(None),
    "right-issuing": Case("INVALID_REQUEST", '<i:ListOutcomes xmlns:i="urn:notigateway:issuing:v1"/>',
                          path="/notigateway/issuing/v1", contract="issuing", holder="issuer"),
    "reply-elsewhere": Case("REPLY_ADDRESS_UNSUPPORTED",
                            header=_addressing("ReplyTo", "<a:Address>http://127.0.0.1:9/</a:Address>")),
    "reply-unreadable": Case("ADDRESSING_INVALID", header=_addressing("ReplyTo", "")),
    "action-of-another": Case("ADDRESSING_ACTION_MISMATCH", header=_addressing("Action", "urn:x"),
                              signed=("a-Action",)),
    "to-another": Case("ADDRESSING_INVALID", header=_addressing("To", "urn:x"), signed=("a-To",)),
    "message-id-of-another": Case("ADDRESSING_INVALID", signed=("a-MessageID",),
                                  header=_addressing("MessageID", f"urn:uuid:x#{64 * '0'}")),
    "to-unsigned": Case(None, header=_addressing("To", "urn:x")),
    "nobody": Case("IDENTITY_NOT_READABLE", holder="pseudonym"),
    "operation": Case("OPERATION_UNKNOWN", f'<n:Pong xmlns:n="{V1}"/>'),
    "namespace": Case("OPERATION_UNKNOWN", '<n:Ping xmlns:n="urn:x"/>'),
    "other-contract": Case("OPERATION_UNKNOWN", LIST),
    "soap-action": Case("ACTION_MISMATCH", http=(("HTTP_SOAPACTION", "urn:x"), ("CONTENT_TYPE", "text/xml"))),
    "media-type": Case("UNSUPPORTED_MEDIA_TYPE", http=(("CONTENT_TYPE", "application/json"),)),
    "version": Case("SOAP_VERSION_MISMATCH", http=(("CONTENT_TYPE", "application/soap+xml"),)),
    "schema": Case("INVALID_REQUEST", f'<n:Ping xmlns:n="{V1}"><n:text>x</n:text></n:Ping>'),
    "argument": Case("INVALID_REQUEST", f'<n:RetrieveNotifications xmlns:n="{V1}"><n:id>x</n:id>'
                     "</n:RetrieveNotifications>"),
    "wscn-operation": Case("OPERATION_UNKNOWN", f'<w:otra xmlns:w="{WSCN}"/>', path="/INFRWSCN/WSCNService",
                           contract="wscn"),
}  # fmt: skip


def _holder(name: str) -> KeyPair:
    if name == "pseudonym":
        return next(one for one in NOBODIES if one.reason == name).holder()
    found: KeyPair = getattr(pki(), name)
    return found


@pytest.mark.parametrize("name", CASES)
def test_explain_says_what_the_service_says(
    name: str, sqlite_stack: Stack, issuers: str, tmp_path: Path
) -> None:
    case = CASES[name]
    holder = (
        next(one for one in NOBODIES if one.reason == "pseudonym").holder()
        if case.holder == "pseudonym"
        else (getattr(pki(), case.holder))
    )
    references = (Ref("Body"), Ref("Timestamp"), *map(Ref, case.signed))
    data = Draft(pair=holder, content=case.content, header_after=case.header, references=references).build()
    answer = sqlite_stack.send(data, PATH_INFO=case.path, **dict(case.http))
    said = answer.code or _static_code(answer.body)
    assert said == case.code
    (tmp_path / "settings.toml").write_text(
        f'mode = "development"\npublic_url = "{sqlite_stack.settings.public_url}"\n'
    )
    http = dict(case.http)
    words = ["--content-type", http["CONTENT_TYPE"]] if "CONTENT_TYPE" in http else []
    words += ["--action", http["HTTP_SOAPACTION"]] if "HTTP_SOAPACTION" in http else []
    settings = ("--settings", str(tmp_path / "settings.toml"), "--contract", case.contract)
    code, text = explain("-", "--trust", issuers, *AT, *settings, "--json", *words, data=data)
    told = json.loads(text)
    assert (code, told["error"] and told["error"]["code"]) == (0 if case.code is None else 1, case.code)


def test_explain_says_what_the_service_says_of_every_known_mistake(sqlite_stack: Stack) -> None:
    differing = {}
    for number, mistake in enumerate(MISTAKES):
        data = made(mistake, shape=mistake.shapes[0])
        # another address each: too many failures of one are refused unread
        peer = f"198.51.{number // 200}.{number % 200}"
        answer = sqlite_stack.send(
            data, REMOTE_ADDR=peer, CONTENT_TYPE=mistake.content_type, HTTP_SOAPACTION=mistake.action
        )
        told = told_of(data, way=mistake.way)
        said = answer.code or _static_code(answer.body)
        if told.error is None or said != told.error.code:
            differing[mistake.cause] = (told.error and told.error.code, said)
    assert differing == {}


def _static_code(body: bytes) -> str | None:
    """Return the code in an answer that is no fault of a contract."""
    return (re.findall(rb"[A-Z]+_[A-Z_]+", body) or [b""])[0].decode() or None


def test_the_contract_is_found_by_the_body(issuers: str) -> None:
    data = Draft(content=LIST, timestamp="", references=(Ref("Body"),)).build()
    code, text = explain("-", "--trust", issuers, *AT, "--json", data=data)
    assert (code, json.loads(text)["contract"]) == (0, "wscn")
    code, text = explain(
        "-", "--trust", issuers, *AT, "--json", data=Draft(content=LIST.replace("-1", "x")).build()
    )
    assert (code, json.loads(text)["error"]["code"]) == (1, "INVALID_REQUEST")
    code, text = explain("-", "--trust", issuers, *AT, "--contract", "v1", data=data)
    assert (code, "TIMESTAMP_INVALID" in text) == (1, True)
    assert "sure: the operation is one of another contract: wscn (operation-of-another-contract)" in text
    other = Draft(content=LIST.replace("<rol>1", "<rol>7"), timestamp="", references=(Ref("Body"),)).build()
    code, text = explain("-", "--trust", issuers, *AT, data=other)
    assert (code, "REFUSED: ROLE_UNKNOWN" in text) == (1, True)
    without = Draft(content=LIST.replace("<rol>1</rol>", ""), timestamp="", references=(Ref("Body"),)).build()
    code, text = explain("-", "--trust", issuers, *AT, data=without)
    words = "seen: the schema refuses an element: it has to be there; rol, required"
    assert (code, words in text) == (1, True)


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
    assert b"it is looked at now; give ?at=" in answer.body
    assert f"See {ERRORS_URL}#MESSAGE_EXPIRED\n".encode() in answer.body
    then = send(sandbox, Draft().build(), PATH_INFO="/explain", QUERY_STRING="at=2026-06-01T12:00:00Z")
    assert b"at 2026-06-01T12:00:00.000Z" in then.body
    assert (b"MESSAGE_EXPIRED" in then.body, b"?at=" in then.body) == (False, False)
    assert send(sandbox, b"x", PATH_INFO="/explain", QUERY_STRING="at=yesterday").status == 400
    as_json = send(sandbox, Draft().build(), PATH_INFO="/explain", HTTP_ACCEPT="application/json")
    assert json.loads(as_json.body)["error"]["code"] == "MESSAGE_EXPIRED"
    chosen = send(sandbox, Draft().build(), PATH_INFO="/explain", QUERY_STRING="contract=wscn-test")
    assert b"contract wscn-test" in chosen.body
    assert send(sandbox, b"", PATH_INFO="/explain", REQUEST_METHOD="GET").status == 405
    assert send(sandbox, b"x", PATH_INFO="/explain", CONTENT_LENGTH=None).status == 411
    assert send(sandbox, b"x", PATH_INFO="/explain", CONTENT_LENGTH=str(10**8)).status == 413
    assert sqlite_stack.contents() == before
    assert send(sandbox, sqlite_stack.sign('<Ping xmlns="urn:notigateway:v1"></Ping>')).status == 200


@pytest.mark.parametrize(
    ("header", "value", "name"),
    [
        ("CONTENT_TYPE", "application/x-www-form-urlencoded", "media-type"),
        ("CONTENT_TYPE", "text/xml; charset=utf-16", "media-type"),
        ("CONTENT_TYPE", None, "media-type"),
        ("HTTP_CONTENT_ENCODING", "gzip", "content-encoding"),
        ("CONTENT_TYPE", "application/soap+xml", "version-of-media-type"),
        ("HTTP_SOAPACTION", "urn:x", "action-of-another-operation"),
    ],
)
def test_a_sandbox_explains_the_headers_that_were_sent(
    header: str, value: str | None, name: str, sqlite_stack: Stack
) -> None:
    sandbox = Explaining(sqlite_stack.endpoint, sqlite_stack.settings)
    sent = {header: value}
    code = sqlite_stack.send(Draft(content=PING).build(), **sent).code
    answer = send(
        sandbox,
        Draft(content=PING).build(),
        PATH_INFO="/explain",
        QUERY_STRING="at=2026-06-01T12:00:00Z",
        HTTP_ACCEPT="application/json",
        **sent,
    )
    told = json.loads(answer.body)
    assert code is not None
    assert told["error"]["code"] == code
    assert name in [cause["name"] for cause in told["causes"]]
    assert [step["title"] for step in told["steps"] if step["error"]] != []
    assert not any("--" in one for one in told["notChecked"])


def test_a_packed_body_is_told_with_its_header(sqlite_stack: Stack) -> None:
    sandbox = Explaining(sqlite_stack.endpoint, sqlite_stack.settings)
    data = gzip.compress(Draft(content=PING).build())
    answer = send(sandbox, data, PATH_INFO="/explain", HTTP_CONTENT_ENCODING="gzip")
    assert b"REFUSED: UNSUPPORTED_MEDIA_TYPE" in answer.body
    assert b"(content-encoding)" in answer.body
    assert b"(packed)" in answer.body


def test_an_accepted_message_whose_answer_is_not_bound_has_a_remark(issuers: str) -> None:
    code, text = explain("-", "--trust", issuers, *AT, data=Draft(content=PING).build())
    assert (code, "ACCEPTED" in text, "likely causes" in text) == (0, True, False)
    assert "remarks, no reason to refuse it:" in text
    assert "seen: no MessageID: the answer cannot be told from another one (no-message-id)." in text
    code, text = explain("-", "--trust", issuers, *AT, "--json", data=Draft(content=PING).build())
    assert [one["name"] for one in json.loads(text)["remarks"]] == ["no-message-id"]


def test_without_an_instant_it_says_so(issuers: str) -> None:
    data = Draft(content=PING).build()
    assert "it is looked at now; give --at" in explain("-", "--trust", issuers, data=data)[1]
    assert "--at" not in explain("-", "--trust", issuers, *AT, data=data)[1]


def test_the_gateway_itself_explains_nothing(sqlite_stack: Stack) -> None:
    assert sqlite_stack.send(Draft().build(), PATH_INFO="/explain").code == "PATH_UNKNOWN"
    with pytest.raises(ConfigurationError):
        Explaining(sqlite_stack.endpoint, sqlite_stack.settings.model_copy(update={"mode": "production"}))


def test_a_running_sandbox_explains(tmp_path: Path) -> None:
    with running(tmp_path, "--notifications", "1") as sandbox:
        address = sandbox.ready["explain"]
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        answer = httpx.post(address, content=Draft().build(), headers=headers, timeout=20)
    assert address == str(httpx.URL(sandbox.url).copy_with(path="/explain"))
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "certificate not from an authorised issuer" in answer.text
