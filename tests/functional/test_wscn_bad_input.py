"""What the Social Security's contract refuses: the right number each, and nothing changed."""

from __future__ import annotations

import base64
import itertools
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from envelopes import Ref
from notigateway.errors import ConfigurationError
from notigateway.settings import load_settings
from notigateway.soap.wscn.environment import ENVIRONMENTS, TEST
from pki import COMPANY_NIF, PERSON_NIF, pki
from stack import Stack
from titles import ATTORNEY_NIF, accept_power, assign, attorney, change, grant, red, register_company
from wscn import CURSORS, START, Style, Wscn, number, sign, template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


# What the service keeps for itself: messages that were seen, counts, what it knows of revocations.
REMEMBERED = {"replay_keys", "undated_messages", "undated_periods", "request_counts", "revocation_data"}


def kept(stack: Stack) -> dict[str, list[tuple[object, ...]]]:
    """Return everything that is stored, but for the messages that were seen."""
    return {name: rows for name, rows in stack.contents().items() if name not in REMEMBERED}


@pytest.fixture
def client(sqlite_stack: Stack) -> Wscn:
    sqlite_stack.publish("A")
    return Wscn(sqlite_stack)


# --- capacity -------------------------------------------------------------------------------------


def test_an_unknown_role_is_112(client: Wscn) -> None:
    before = kept(client.stack)
    for rol in (9, 0, -1):
        asked = {"codigoNotificacion": 1, "esDeAceptacion": True}
        assert number(client.view(1, rol=rol)) == 112
        assert number(client.ask("solicitarAcuseNotificacion", rol=rol, **asked)) == 112
        assert number(client.ask("enviarAcuseNotificacion", rol=rol, xmlAcuseFirmado=b"x")) == 112
        assert number(client.page(rol=rol)) == (0 if rol == 0 else 112)
    assert kept(client.stack) == before


def test_what_is_somebody_elses_does_not_exist_in_any_capacity(client: Wscn) -> None:
    client.stack.publish("B", addressee=PERSON_NIF)
    before = kept(client.stack)
    for (rol, code), unknown in itertools.product(((1, 116), (2, 117), (3, 118)), (2, 77, -5, 2**31 - 1)):
        assert number(client.view(unknown, rol=rol)) == code
        asked = {"codigoNotificacion": unknown, "esDeAceptacion": True}
        answer = client.ask("solicitarAcuseNotificacion", rol=rol, **asked)
        assert (number(answer), answer.find("XML")) == (code, None)
    assert kept(client.stack) == before


def test_a_grantor_who_gave_no_power_is_109(client: Wscn) -> None:
    stack = client.stack
    power = grant(stack)
    one = Wscn(stack, pair=attorney())
    before = kept(stack)
    for named in (COMPANY_NIF, PERSON_NIF, "nobody"):
        assert number(one.page(rol=3, identificadorPoderdante=named)) == 109
        assert number(one.page(rol=0, identificadorPoderdante=named)) == 109
        assert number(one.view(1, rol=3, identificadorPoderdante=named)) == 109
    assert kept(stack) == before
    accept_power(stack, power)
    assert number(one.page(rol=3, identificadorPoderdante=COMPANY_NIF)) == 0
    assert number(one.page(rol=3, identificadorPoderdante=PERSON_NIF)) == 109
    change(stack, "RevokePower", power)
    assert number(one.page(rol=3, identificadorPoderdante=COMPANY_NIF)) == 109
    assert number(one.view(1, rol=3)) == 118


# --- already decided ------------------------------------------------------------------------------


def test_the_outcome_of_what_was_decided_depends_on_the_capacity(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    register_company(stack)
    assign(stack)
    accept_power(stack, grant(stack))
    stack.publish_many(3)
    company, red_person, proxy = (Wscn(stack, pair=pair) for pair in (pki().company_seal, red(), attorney()))
    acuses = {
        rol: [one.acuse(code, rol=rol) for code in (1, 2, 3)]
        for rol, one in ((1, company), (2, red_person), (3, proxy))
    }
    assert number(company.decide(1)) == 0
    assert number(company.decide(2, accepts=False)) == 0
    stack.pass_time(days=11)
    before = kept(stack)
    for rol, one, expected in (
        (1, company, (135, 136, 137)),
        (2, red_person, (138, 139, 140)),
        (3, proxy, (141, 142, 143)),
    ):
        sent = [number(one.send_acuse(sign(acuse, one.pair), rol=rol)) for acuse in acuses[rol]]
        asked = [
            number(
                one.ask("solicitarAcuseNotificacion", rol=rol, codigoNotificacion=code, esDeAceptacion=False)
            )
            for code in (1, 2, 3)
        ]
        assert tuple(sent) == tuple(asked) == expected
        assert [number(one.view(code, rol=rol)) for code in (2, 3)] == [27, expected[2]]
    assert kept(stack) == before


def test_what_nobody_decided_has_nothing_to_view(client: Wscn) -> None:
    assert number(client.view(1)) == 144
    client.acuse(1)
    assert number(client.view(1)) == 144


def test_a_receipt_sent_twice_decides_once(client: Wscn) -> None:
    signed = sign(client.acuse(1), client.pair)
    assert number(client.send_acuse(signed)) == 0
    before = kept(client.stack)
    assert number(client.send_acuse(signed)) == 135
    assert kept(client.stack) == before


# --- the signed receipt ---------------------------------------------------------------------------

DAMAGES: dict[str, tuple[int, Callable[[bytes, Wscn], bytes]]] = {
    "another certificate": (24, lambda xml, _: sign(xml, pki().representative)),
    "another certificate of the same party": (24, lambda xml, _: sign(xml, pki().ec_company)),
    "a second signature": (15, lambda xml, c: sign(sign(xml, c.pair), c.pair)),
    "the data changed": (14, lambda xml, c: sign(xml.replace(b"ACEPTACION", b"RECHAZO"), c.pair)),
    "the data changed afterwards": (14, lambda xml, c: sign(xml, c.pair).replace(b">1<", b">2<")),
    "re-indented": (14, lambda xml, c: indented(sign(xml, c.pair))),
    "re-indented before signing": (14, lambda xml, c: sign(indented(xml), c.pair)),
    "UTF-16": (16, lambda xml, c: etree.tostring(etree.fromstring(sign(xml, c.pair)), encoding="UTF-16")),
    "Latin-1": (
        16,
        lambda xml, c: etree.tostring(etree.fromstring(sign(xml, c.pair)), encoding="ISO-8859-1"),
    ),
    "cut off": (16, lambda xml, c: sign(xml, c.pair)[:-10]),
    "no XML": (16, lambda _, __: b"%PDF-1.7"),
    "our signature removed": (13, lambda xml, c: without_signature(sign(xml, c.pair), 0)),
    "our signature replaced": (
        13,
        lambda xml, c: sign(without_signature(sign(xml, pki().person), 0), c.pair),
    ),
    "not signed": (20, lambda xml, _: xml),
    "no signature at all": (13, lambda xml, _: without_signature(xml, 0)),
    "SHA-1": (11, lambda xml, c: sign(xml, c.pair, Style(hash_name="sha1"))),
    "C14N with comments": (11, lambda xml, c: sign(xml, c.pair, Style(c14n="comments"))),
    "C14N 1.1 as transform": (11, lambda xml, c: sign(xml, c.pair, Style(transform="c14n11"))),
    "signature value changed": (22, lambda xml, c: flipped(sign(xml, c.pair))),
    "something beside": (
        119,
        lambda xml, c: sign(xml, c.pair).replace(b"</ProsaSignature>", b"<x/></ProsaSignature>"),
    ),
    "another root": (
        119,
        lambda xml, c: (
            sign(xml, c.pair)
            .replace(b"ProsaSignature ", b"Prosa ", 1)
            .replace(b"</ProsaSignature>", b"</Prosa>")
        ),
    ),
    "a document type": (
        119,
        lambda xml, c: sign(xml, c.pair).replace(b"<ProsaSignature ", b"<!DOCTYPE x><ProsaSignature ", 1),
    ),
}


def indented(xml: bytes) -> bytes:
    root = etree.fromstring(xml)
    etree.indent(root)
    return etree.tostring(root)


def without_signature(xml: bytes, place: int) -> bytes:
    root = etree.fromstring(xml)
    root.remove(root.findall("{*}Signature")[place])
    return etree.tostring(root)


def flipped(xml: bytes) -> bytes:
    root = etree.fromstring(xml)
    value = root.findall("{*}Signature/{*}SignatureValue")[1]
    octets = bytearray(base64.b64decode(value.text or ""))
    octets[-1] ^= 1
    value.text = base64.b64encode(octets).decode()
    return etree.tostring(root)


def test_a_receipt_that_is_not_ours_signed_by_the_caller_is_refused(client: Wscn) -> None:
    client.stack.publish("B")
    xml = client.acuse(1)
    client.acuse(2)
    before = kept(client.stack)
    for name, (code, damage) in DAMAGES.items():
        answer = client.send_acuse(damage(xml, client))
        told = (number(answer), answer.find("pdfNotificacion"), answer.find("selladoTiempo"))
        assert told == (code, None, None), name
        assert kept(client.stack) == before, name
    assert number(client.send_acuse(sign(xml, client.pair))) == 0  # the honest one still decides


def test_what_is_not_base64_is_16_and_nothing_is_133(client: Wscn) -> None:
    assert number(client.ask("enviarAcuseNotificacion", rol=1, xmlAcuseFirmado="no base64!")) == 16
    assert number(client.ask("enviarAcuseNotificacion", rol=1)) == 133


def test_a_receipt_of_another_partys_notification_does_not_exist(client: Wscn) -> None:
    stack = client.stack
    stack.publish("B", addressee=PERSON_NIF)
    person = Wscn(stack, pair=pki().person)
    xml = person.acuse(2)
    before = kept(stack)
    assert number(client.send_acuse(sign(xml, client.pair))) == 116
    assert kept(stack) == before


def test_a_receipt_issued_in_another_capacity_or_to_another_party_is_119(client: Wscn) -> None:
    """An attorney sees the same notification; the receipt of the company is none of its own."""
    stack = client.stack
    accept_power(stack, grant(stack))
    proxy = Wscn(stack, pair=attorney())
    of_company, of_proxy = client.acuse(1), proxy.acuse(1, rol=3)
    before = kept(stack)
    assert number(proxy.send_acuse(sign(of_company, proxy.pair), rol=3)) == 119
    assert number(client.send_acuse(sign(of_proxy, client.pair))) == 119
    assert number(proxy.send_acuse(sign(of_proxy, proxy.pair), rol=1)) == 116
    assert kept(stack) == before
    assert ATTORNEY_NIF.encode() in of_proxy


def test_a_receipt_expires_and_the_state_stays(client: Wscn) -> None:
    xml = client.acuse(1)
    client.stack.pass_time(seconds=3600)
    before = kept(client.stack)
    answer = client.send_acuse(sign(xml, client.pair))
    assert number(answer) == 119
    assert "[ACUSE_EXPIRED]" in (answer.findtext("error/descripcion") or "")
    assert kept(client.stack) == before
    assert number(client.decide(1)) == 0


# --- SHA-1, only where the operator says so ---------------------------------------------------------


@pytest.fixture
def lax(sqlite_url: str, tmp_path: Path) -> Iterator[Stack]:
    one = Stack(sqlite_url, tmp_path, wscn_unsafe_accept_sha1_acuse=True)
    yield one
    one.close()


def test_sha1_is_read_where_the_unsafe_setting_says_so(lax: Stack) -> None:
    lax.publish()
    client = Wscn(lax)
    xml = client.acuse(1)
    signed = sign(xml, client.pair, Style(hash_name="sha1"))
    assert number(client.send_acuse(flipped(signed))) == 22
    assert number(client.send_acuse(sign(xml, pki().ec_company, Style(hash_name="sha1")))) == 11
    assert number(client.send_acuse(signed)) == 0


def test_a_message_signed_with_sha1_is_read_of_a_registered_client_only(
    sqlite_url: str, tmp_path: Path
) -> None:
    options = {"nif": COMPANY_NIF, "unsafe_allow_sha1_until": "2027-01-01"}
    stack = Stack(sqlite_url, tmp_path, clients=[options])
    stack.publish()
    sha1 = {
        "signature_method": "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "references": (Ref("Body", digest_method="http://www.w3.org/2000/09/xmldsig#sha1"),),
    }
    client = Wscn(stack)
    message = client.envelope(template(TEST, "solicitarPoderdantes"), **sha1)
    assert number(client.send(message).tree[0]) == 0
    other = client.envelope(template(TEST, "solicitarPoderdantes"), **sha1, pair=pki().person)
    assert client.send(other).fault_code == "wsse:UnsupportedAlgorithm"
    stack.close()


def test_the_unsafe_setting_is_refused_in_production() -> None:
    with pytest.raises(ConfigurationError, match="wscn_unsafe_accept_sha1_acuse"):
        load_settings(None, overrides={"wscn_unsafe_accept_sha1_acuse": True})


# --- parameters -----------------------------------------------------------------------------------

NS = TEST.namespace
BAD: dict[str, str] = {
    "no rol": "<codigoNotificacion>1</codigoNotificacion>",
    "twice": "<rol>1</rol><rol>1</rol><codigoNotificacion>1</codigoNotificacion>",
    "twice, once qualified": "<rol>1</rol><w:rol>2</w:rol><codigoNotificacion>1</codigoNotificacion>",
    "unknown": "<rol>1</rol><codigoNotificacion>1</codigoNotificacion><otro/>",
    "of another namespace": '<rol>1</rol><codigoNotificacion xmlns="urn:x">1</codigoNotificacion>',
    "no int": "<rol>1</rol><codigoNotificacion>uno</codigoNotificacion>",
    "too large": "<rol>1</rol><codigoNotificacion>2147483648</codigoNotificacion>",
    "other digits": "<rol>１</rol><codigoNotificacion>1</codigoNotificacion>",
    "underscore": "<rol>1</rol><codigoNotificacion>1_0</codigoNotificacion>",
    "nil": '<rol>1</rol><codigoNotificacion i:nil="true"/>',
    "nil with a value": '<rol>1</rol><codigoNotificacion i:nil="true">1</codigoNotificacion>',
    "another type": '<rol i:type="x:string">1</rol><codigoNotificacion>1</codigoNotificacion>',
    "a type of nowhere": '<rol i:type="w:int">1</rol><codigoNotificacion>1</codigoNotificacion>',
    "href": '<rol>1</rol><codigoNotificacion href="#a"/>',
    "id": '<rol id="a">1</rol><codigoNotificacion>1</codigoNotificacion>',
    "nested": "<rol>1</rol><codigoNotificacion><b>1</b></codigoNotificacion>",
    "text between": "<rol>1</rol>x<codigoNotificacion>1</codigoNotificacion>",
    "empty": "",
}


def test_parameters_that_are_not_correct_are_133(client: Wscn) -> None:
    before = kept(client.stack)
    for name, inner in BAD.items():
        content = (
            f'<w:verNotificacionAceptada xmlns:w="{NS}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
            f'xmlns:x="http://www.w3.org/2001/XMLSchema">{inner}</w:verNotificacionAceptada>'
        )
        answer = client.send(client.envelope(content))
        assert (answer.status, number(answer.tree[0])) == (200, 133), name
    assert kept(client.stack) == before


@pytest.mark.parametrize("nil", ["true", "1", " true "])
def test_an_operation_with_arguments_is_not_nil(client: Wscn, nil: str) -> None:
    before = kept(client.stack)
    content = (
        f'<w:solicitarPoderdantes xmlns:w="{NS}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'i:nil="{}">{}</w:solicitarPoderdantes>'
    )
    for inner in ("<otro/>", " "):
        answer = client.send(client.envelope(content.format(nil, inner)))
        assert (answer.status, number(answer.tree[0])) == (200, 133)
    right = "<rol>1</rol>" + "".join(f"<{name}>-1</{name}>" for name in CURSORS)
    listing = content.replace("solicitarPoderdantes", "consultarListadoNotificaciones")
    assert number(client.send(client.envelope(listing.format("false", right))).tree[0]) == 0
    assert number(client.send(client.envelope(listing.format(nil, right))).tree[0]) == 133
    assert kept(client.stack) == before


def test_a_list_that_is_refused_gives_the_cursors_back(client: Wscn) -> None:
    page = client.page((4, 5, 6), rol=7)
    assert [page.findtext(name) for name in CURSORS] == ["4", "5", "6"]
    assert page.findtext("hayMas") == "false"
    assert number(client.ask("consultarListadoNotificaciones", rol=1)) == 133
    assert number(client.page(START)) == 0


# --- what is not proven: a fault ------------------------------------------------------------------

FAULTS: dict[str, tuple[int, str, dict[str, object]]] = {
    "no certificate": (1, "TOKEN_INVALID", {"token_text": "AAAA"}),
    "another kind of token": (1, "TOKEN_TYPE_UNSUPPORTED", {"token_attributes": 'ValueType="urn:x"'}),
    "only the token signed": (2, "PART_NOT_SIGNED", {"references": (Ref("Token"),)}),
    "nothing known of the party": (102, "CALLER_UNKNOWN", {"pair": "stranger"}),
    "digest differs": (100, "DIGEST_DIFFERS", {"references": (Ref("Body", digest_value="A" * 43 + "="),)}),
    "issuer not authorised": (100, "ISSUER_NOT_AUTHORISED", {"pair": "wrong_issuer"}),
    "expired": (100, "CERTIFICATE_NOT_VALID_NOW", {"pair": "expired"}),
}


def test_what_is_not_proven_is_a_fault_of_the_environment(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    before = kept(sqlite_stack)
    for environment, (name, (wanted, code, changes)) in itertools.product(ENVIRONMENTS, FAULTS.items()):
        holder = changes.get("pair")
        named = {**changes, "pair": getattr(pki(), holder)} if isinstance(holder, str) else changes
        client = Wscn(sqlite_stack, environment)
        answer = client.send(client.envelope(template(environment, "solicitarPoderdantes"), **named))
        assert answer.status == 500, name
        (detail,) = answer.tree.iterfind("detail")
        assert detail[0].tag == f"{{{environment.namespace}}}{environment.fault}"
        assert number(detail[0]) == wanted, name
        assert (detail[0].findtext("message") or "").startswith(f"[{code}]")
    assert kept(sqlite_stack) == before


def test_a_message_without_signature_is_2(client: Wscn) -> None:
    data = (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<w:solicitarPoderdantes xmlns:w="{NS}"/></s:Body></s:Envelope>'
    ).encode()
    answer = client.send(data)
    assert number(answer.tree.find("detail")[0]) == 2  # type: ignore[index]


def test_an_operation_of_the_other_environment_is_a_fault(client: Wscn) -> None:
    other = ENVIRONMENTS[0]
    answer = client.send(client.envelope(template(other, "solicitarPoderdantes")))
    assert (answer.status, answer.fault_code) == (500, "soap:Client")
    answer = client.send(client.envelope(template(TEST, "solicitarPoderdantes")), "verNotificacionAceptada")
    assert (answer.status, answer.fault_code) == (500, "soap:Client")


def test_a_store_that_fails_does_not_undo_the_acceptance(client: Wscn) -> None:
    xml = client.acuse(1)
    documents = client.stack.folder / "documents"
    files = [file for file in documents.rglob("*") if file.is_file()]
    contents = [file.read_bytes() for file in files]
    for file in files:
        file.write_bytes(b"damaged")
    answer = client.send_acuse(sign(xml, client.pair))
    assert (number(answer), answer.find("pdfNotificacion")) == (100, None)
    assert answer.findtext("selladoTiempo")
    for file, data in zip(files, contents, strict=True):
        file.write_bytes(data)
    assert number(client.view(1)) == 0
