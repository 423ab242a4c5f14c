"""The whole cycle of the Social Security's contract, as its known clients write it."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from notigateway.law.lifecycle import Kind
from notigateway.law.submission import SubmittedDocument
from notigateway.repository.engine import writing
from notigateway.soap.wscn.environment import ENVIRONMENTS, PRODUCTION, TEST
from pki import COMPANY_NAME, COMPANY_NIF, PERSON_NIF, pki
from stack import NG, Stack, text
from titles import accept_power, assign, attorney, grant, red, register_company, retrieved
from wscn import BUCKETS, CURSORS, Style, Wscn, axis, number, sign, template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.soap.wscn.environment import Environment

OWN, RED, ATTORNEY = BUCKETS


@pytest.fixture
def paged(sqlite_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway whose pages hold three."""
    one = Stack(sqlite_url, tmp_path, wscn_page_size=3)
    yield one
    one.close()


def receipts(stack: Stack, one: UUID) -> list[tuple[str | None, str | None]]:
    """Return state and hash of every receipt, as our own contract gives them."""
    (item,) = stack.ask("RetrieveReceipts", f"<id>{one}</id>").tree
    return [(text(r, "state"), text(r, "sha256")) for r in item.iterfind("ng:receipt", NG)]


def row(client: Wscn, code: int) -> _Element:
    found = [
        one for page in client.pages() for one in page.iterfind(OWN) if one.findtext("codigo") == str(code)
    ]
    return found[0]


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.service)
@pytest.mark.parametrize("write", [template, axis], ids=["template", "axis"])
def test_the_cycle_of_an_acceptance(
    sqlite_stack: Stack, environment: Environment, write: Callable[..., str]
) -> None:
    stack = sqlite_stack
    one = stack.publish("A", documents=(b"%PDF-1.7 el acto " + bytes(200), b"%PDF-1.7 anexo"))
    client = Wscn(stack, environment, write=write)
    assert row(client, 1).findtext("estado") == "0"

    acuse = client.acuse(1)
    assert row(client, 1).findtext("estado") == "1"
    answer = client.send_acuse(sign(acuse, client.pair))

    assert number(answer) == 0
    assert answer.findtext("codigoNotificacion") == "1"
    assert base64.b64decode(answer.findtext("pdfNotificacion") or "") == b"%PDF-1.7 el acto " + bytes(200)
    assert row(client, 1).findtext("estado") == "2"
    assert row(client, 1).findtext("descripcionEstado") == "Notificada por aceptación"
    # ... and that the content left, once.
    (_, _), (state, sha256), (handed, _) = receipts(stack, one)
    assert handed == "read"
    instant, _, stamped = (answer.findtext("selladoTiempo") or "").split(";")
    assert (state, instant, stamped) == ("accepted", "01-06-2026 14:00:00", sha256)
    assert retrieved(stack, one) == "content"

    again = client.view(1)
    assert [again.findtext(name) for name in ("pdfNotificacion", "selladoTiempo")] == [
        answer.findtext(name) for name in ("pdfNotificacion", "selladoTiempo")
    ]
    assert stack.rows()["request_envelopes"] == 1


def test_the_signed_receipt_is_kept_as_evidence(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    client = Wscn(sqlite_stack)
    signed = sign(client.acuse(1), client.pair)
    assert number(client.send_acuse(signed)) == 0
    (kept,) = sqlite_stack.contents()["request_envelopes"]
    envelope, certificate = [value for value in kept if isinstance(value, bytes)]
    assert certificate == client.pair.certificate.public_bytes(Encoding.DER)
    assert base64.b64decode(etree.fromstring(envelope).findtext(".//{*}xmlAcuseFirmado") or "") == signed


def test_a_rejection_gives_no_content(sqlite_stack: Stack) -> None:
    one = sqlite_stack.publish()
    client = Wscn(sqlite_stack)
    answer = client.decide(1, accepts=False)
    assert (number(answer), answer.find("pdfNotificacion")) == (0, None)
    assert row(client, 1).findtext("estado") == "3"
    assert [state for state, _ in receipts(sqlite_stack, one)] == ["available", "rejected"]
    assert number(client.view(1)) == 27


STYLES = {
    "no transforms": Style(),
    "inclusive": Style(transform="inclusive"),
    "exclusive": Style(transform="exclusive", c14n="exclusive"),
    "enveloped": Style(transform="enveloped", key_info_signed=False),
    "without KeyInfo": Style(key_info_signed=False),
    "sha512": Style(hash_name="sha512"),
}


def test_every_way_of_signing_that_clients_have_is_read(sqlite_stack: Stack) -> None:
    sqlite_stack.publish_many(len(STYLES))
    client = Wscn(sqlite_stack)
    for code, (name, style) in enumerate(STYLES.items(), 1):
        assert number(client.send_acuse(sign(client.acuse(code), client.pair, style))) == 0, name


def test_namespaces_that_a_tool_declares_on_the_root_do_no_harm(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    client = Wscn(sqlite_stack)
    acuse = client.acuse(1).replace(
        b'<ProsaSignature id="ELEMENTOAFIRMAR">',
        b'<ProsaSignature id="ELEMENTOAFIRMAR" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n  ',
    )
    assert number(client.send_acuse(sign(acuse, client.pair))) == 0


def test_an_elliptic_curve_key_signs_too(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    assert number(Wscn(sqlite_stack, pair=pki().ec_company).decide(1)) == 0


def test_a_timestamp_is_verified_where_there_is_one(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    client = Wscn(sqlite_stack, has_timestamp=True)
    assert number(client.page()) == 0
    stale = client.envelope(template(TEST, "solicitarPoderdantes"), created="2026-06-01T10:00:00Z")
    answer = client.send(stale)
    assert (answer.status, answer.fault_code) == (500, "wsu:MessageExpired")


def test_a_message_without_timestamp_is_remembered_for_a_day(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    client = Wscn(sqlite_stack)
    message = client.envelope(template(TEST, "solicitarPoderdantes"))
    assert client.send(message).status == 200
    sqlite_stack.pass_time(hours=23)
    answer = client.send(message)
    assert (answer.status, answer.fault_code) == (500, "wsse:FailedCheck")
    # Our own contract requires one as before.
    assert (
        sqlite_stack.send(client.envelope('<Ping xmlns="urn:notigateway:v1"/>')).code == "TIMESTAMP_INVALID"
    )


# --- lists ----------------------------------------------------------------------------------------


def test_three_pages_in_all_roles(paged: Stack) -> None:
    """Somebody who is company, attorney of one and RED person of another sees each in its bucket."""
    stack = paged
    register_company(stack)
    assign(stack)
    stack.publish_many(8)
    red_client = Wscn(stack, pair=red())
    assert [len(list(red_client.pages(rol=2))), len(list(red_client.pages(rol=0)))] == [4, 4]
    assert red_client.listed(rol=0) == {OWN: [], RED: list(range(1, 9)), ATTORNEY: []}
    power = grant(stack)
    accept_power(stack, power)
    client = Wscn(stack, pair=attorney())
    assert client.listed(rol=3) == {OWN: [], RED: [], ATTORNEY: list(range(1, 9))}
    assert client.listed(rol=3, identificadorPoderdante=COMPANY_NIF)[ATTORNEY] == list(range(1, 9))
    company = Wscn(stack)
    assert company.listed(rol=1) == company.listed(rol=0) == {OWN: list(range(1, 9)), RED: [], ATTORNEY: []}
    pages = list(company.pages())
    assert [len(page.findall(OWN)) for page in pages] == [3, 3, 3, 2]
    assert [page.findtext("hayMas") for page in pages] == ["true", "true", "true", "false"]


def test_a_code_that_was_kept_gives_its_notification_again_and_what_is_new(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.publish_many(2)
    client = Wscn(stack)
    page = client.page()
    kept = tuple(int(page.findtext(name) or "") for name in CURSORS)
    assert kept == (2, -1, -1)
    assert [one.findtext("codigo") for one in client.page(kept).iterfind(OWN)] == ["2"]
    stack.publish("NEW")
    assert [one.findtext("codigo") for one in client.page(kept).iterfind(OWN)] == ["2", "3"]
    assert [client.page((9, 9, 9)).findtext(name) for name in CURSORS] == ["9", "9", "9"]


def test_a_row_says_what_it_is_about(sqlite_stack: Stack) -> None:
    sqlite_stack.publish(subject="Reclamación & más")
    shown = {child.tag: child.text for child in row(Wscn(sqlite_stack), 1)}
    assert shown == {
        "codigo": "1",
        "descripcionEstado": "Sin acuse",
        "descripcionTipoDestinatario": "Número de identificación fiscal",
        "destinatario": COMPANY_NIF,
        "estado": "0",
        "fechaFinDisponibilidad": "12-06-2026 00:00:00",
        "fechaPuestaDisposicion": "01-06-2026 14:00:00",
        "nombreAppRazonSocial": COMPANY_NAME,
        "procedimiento": "203546 Reclamación & más",
        "tipoDestinatario": "NIF",
    }


def test_a_lapse_is_a_state_and_communications_are_not_listed(sqlite_stack: Stack) -> None:
    sqlite_stack.publish("A")
    sqlite_stack.publish("B", kind=Kind.COMMUNICATION)
    client = Wscn(sqlite_stack)
    client.acuse(1)
    sqlite_stack.pass_time(days=11)
    assert client.listed()[OWN] == [1]
    assert row(client, 1).findtext("estado") == "4"
    assert number(client.view(2)) == 116


def test_grantors_are_those_with_a_power_in_force(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.publish()
    client = Wscn(stack, pair=attorney())
    power = grant(stack)
    assert client.ask("solicitarPoderdantes").findtext("tienePoderdantes") == "false"
    accept_power(stack, power)
    answer = client.ask("solicitarPoderdantes")
    assert (number(answer), answer.findtext("tienePoderdantes")) == (0, "true")
    (one,) = answer.iterfind("poderdantes")
    assert [child.text for child in one] == [COMPANY_NAME, COMPANY_NIF]
    stack.pass_time(days=301)
    assert client.ask("solicitarPoderdantes").findall("poderdantes") == []


@pytest.mark.parametrize(("rol", "role"), [(2, "red"), (3, "attorney")])
def test_representatives_decide_in_their_capacity(stack: Stack, rol: int, role: str) -> None:
    register_company(stack)
    if rol == 2:
        assign(stack)
        pair = red()
    else:
        accept_power(stack, grant(stack))
        pair = attorney()
    one = stack.publish()
    client = Wscn(stack, pair=pair)
    assert number(client.view(1, rol=rol)) == {2: 145, 3: 146}[rol]
    assert number(client.decide(1, rol=rol)) == 0
    assert number(client.view(1, rol=rol)) == 0
    (item,) = stack.ask("RetrieveReceipts", f"<id>{one}</id>").tree
    (xml,) = [
        base64.b64decode(text(found, "xml") or "")
        for found in item.iterfind("ng:receipt", NG)
        if text(found, "state") == "accepted"
    ]
    assert f">{role}<".encode() in xml


# --- both contracts -------------------------------------------------------------------------------


def test_both_contracts_see_one_decision_with_one_receipt(stack: Stack) -> None:
    first, second = stack.publish("A"), stack.publish("B")
    client = Wscn(stack)
    answer = client.decide(1)
    (item,) = stack.accept(first)
    assert text(item, "outcome") == "already_decided_by_you"
    assert text(item, "receipt/sha256") == (answer.findtext("selladoTiempo") or "").split(";")[2]

    acuse = client.acuse(2)
    (item,) = stack.accept(second)
    assert text(item, "outcome") == "decided"
    assert number(client.send_acuse(sign(acuse, client.pair))) == 135
    seen = client.view(2)
    assert text(item, "receipt/sha256") == (seen.findtext("selladoTiempo") or "").split(";")[2]
    assert (
        number(client.ask("solicitarAcuseNotificacion", rol=1, codigoNotificacion=2, esDeAceptacion=True))
        == 135
    )


def test_asking_for_a_receipt_is_told_in_the_history_and_is_no_outcome(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    one = stack.publish()
    client = Wscn(stack)
    client.acuse(1)
    before = stack.rows()
    client.acuse(1, accepts=False)
    after = stack.rows()
    told = ("events", "changes", "receipts", "request_envelopes")
    assert [after[name] for name in told] == [before[name] for name in told]
    history = stack.ask("GetHistory", f"<id>{one}</id>").tree
    assert [text(event, "state") for event in history.iterfind("ng:event", NG)] == [
        "available",
        "receipt_requested",
    ]
    outcomes = stack.ask_issuing("ListOutcomes", "<pageSize>10</pageSize>").tree
    assert b"receipt_requested" not in etree.tostring(outcomes)
    assert number(client.send_acuse(sign(client.acuse(1, accepts=False), client.pair))) == 0


def test_what_has_no_pdf_is_accepted_and_fetched_elsewhere(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    document = SubmittedDocument("acto.xml", "application/xml", b"<acto/>")
    submission = replace(stack.deposit("A").submission, documents=(document,))
    deposit = stack.office.publishing.deposit(submission)
    with writing(stack.engine) as session:
        code = stack.office.publishing.publish(session, deposit, now=stack.now).notification.code
    answer = Wscn(stack).decide(code)
    assert (number(answer), answer.find("pdfNotificacion")) == (0, None)
    assert "urn:notigateway:v1" in (answer.findtext("error/descripcion") or "")


# --- publication ----------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.service)
def test_the_contract_is_served_with_our_address(sqlite_stack: Stack, environment: Environment) -> None:
    def get(query: str) -> bytes:
        answer = sqlite_stack.send(
            b"",
            REQUEST_METHOD="GET",
            PATH_INFO=environment.path,
            QUERY_STRING=query,
        )
        assert answer.status == 200
        return answer.body

    wsdl = get("wsdl").decode()
    address = f"http://127.0.0.1:8080{environment.path}"
    assert f'location="{address}"' in wsdl
    name = f"{environment.contract}.xsd"
    assert f'schemaLocation="{address}?xsd={name}"' in wsdl
    etree.XMLSchema(etree.fromstring(get(f"xsd={name}")))


def test_somebody_else_sees_nothing(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    sqlite_stack.publish("B", addressee=PERSON_NIF)
    client = Wscn(sqlite_stack, PRODUCTION, pair=pki().person)
    assert client.listed(rol=0)[OWN] == [2]
