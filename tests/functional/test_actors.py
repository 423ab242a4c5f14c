"""Receipts, answers and acuses name the addressee, who held the title and who signed, each by itself."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from pypdf import PdfReader

from notigateway.evidence.acuse import CONTENT
from notigateway.evidence.statement import EvidencePart
from notigateway.evidence.xades import verify_receipt
from notigateway.published import published_folder
from pki import (
    COMPANY_NAME,
    COMPANY_NIF,
    PERSON_NIF,
    REPRESENTATIVE_NIF,
    ec_key,
    pki,
    representative_subject,
)
from stack import ISSUER, NG, Stack, text
from titles import AUTHORISATION, RED_NIF, assign, change, grant, red, register_company, state_power
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair

EV = {"ev": EvidencePart.xmlns}
ASKING = "<contractVersion>1.1</contractVersion>"
SIGNER = "Luis Pérez Díaz"


@pytest.fixture
def power(stack: Stack) -> UUID:
    """Give the company, an entity, a power of a person, accepted by its representative."""
    stack.publish("FIRST", addressee=PERSON_NIF)
    one = grant(stack, by=pki().person, attorney=COMPANY_NIF)
    assert state_power(stack, one).status == 200
    assert change(stack, "AcceptPower", one, by=pki().representative).status == 200
    return one


def accepted(stack: Stack, one: UUID, holder: KeyPair) -> _Element:
    """Accept, asking for contract 1.1, and return the item."""
    (item,) = stack.ask("AcceptNotifications", f"<id>{one}</id>{ASKING}", holder=holder).tree
    assert text(item, "outcome") == "decided"
    return item


def sealed(stack: Stack, one: UUID, holder: KeyPair) -> tuple[_Element, str]:
    """Return the receipt of the decision, verified and valid, and the text of its form."""
    (item,) = stack.ask("RetrieveReceipts", f"<id>{one}</id><format>pdf</format>", holder=holder).tree
    receipt = item.findall("ng:receipt", NG)[-1]
    data = b64decode(receipt.findtext("ng:xml", "", NG))
    verify_receipt(data, seal_certificates=[pki().seal.certificate])
    root = etree.fromstring(data)
    etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd")).assertValid(root)
    pages = PdfReader(io.BytesIO(b64decode(receipt.findtext("ng:file", "", NG)))).pages
    return root, re.sub(r"[\s\u200b]+", "", "".join(page.extract_text() for page in pages))


def details(root: _Element, name: str) -> dict[str, str | None] | None:
    """Return an element of a receipt by the names of its children."""
    found = root.find(f"ev:{name}", EV)
    return None if found is None else {etree.QName(one).localname: one.text for one in found}


def said(element: _Element, path: str) -> list[str | None]:
    """Return the texts below an element of an answer, in order."""
    found = element.find("/".join(f"ng:{step}" for step in path.split("/")), NG)
    return [] if found is None else [one.text for one in found.iter() if not len(one)]


def test_the_representative_of_an_attorney_entity_is_named_beside_it(stack: Stack, power: UUID) -> None:
    one = stack.publish("Q", addressee=PERSON_NIF)
    item = accepted(stack, one, pki().representative)
    assert said(item, "decision/represented") == [PERSON_NIF, COMPANY_NAME]
    assert said(item, "decision/delegate") == ["attorney", COMPANY_NIF, COMPANY_NAME, str(power)]
    assert said(item, "decision/signingPerson") == [REPRESENTATIVE_NIF, SIGNER, "false"]
    assert said(item, "decision/means") + said(item, "decision/level") == ["certificate", "high"]

    root, form = sealed(stack, one, pki().person)
    assert details(root, "RecipientDetails") == {"Identifier": PERSON_NIF, "Name": COMPANY_NAME}
    assert details(root, "DelegateDetails") == {
        "Role": "attorney",
        "Identifier": COMPANY_NIF,
        "Name": COMPANY_NAME,
        "Reference": str(power),
    }
    assert details(root, "SignerDetails") == {"Identifier": REPRESENTATIVE_NIF, "Name": SIGNER}
    proof = details(root, "ActorAuthentication") or {}
    assert (proof["Identifier"], proof["Means"], proof["Level"]) == (
        REPRESENTATIVE_NIF,
        "certificate",
        "high",
    )
    for line in (
        f"{COMPANY_NAME} ({COMPANY_NIF}), como apoderado de {COMPANY_NAME} ({PERSON_NIF}), por medio de",
        f"por medio de {SIGNER} ({REPRESENTATIVE_NIF}), aceptó la notificación",
        f"Actuó Acted {COMPANY_NAME} ({COMPANY_NIF}) como apoderado · as attorney · poder n.º {power}",
        f"Firmó la petición Signed the request {SIGNER} ({REPRESENTATIVE_NIF})",
        "Certificado electrónico, nivel alto",
    ):
        assert re.sub(r"\s+", "", line) in form


def test_the_seal_of_an_attorney_entity_leaves_no_person(stack: Stack, power: UUID) -> None:
    one = stack.publish("Q", addressee=PERSON_NIF)
    item = accepted(stack, one, pki().company_seal)
    assert said(item, "decision/delegate")[1] == COMPANY_NIF
    assert said(item, "decision/signingPerson") == []
    root, form = sealed(stack, one, pki().person)
    assert (details(root, "DelegateDetails") or {})["Reference"] == str(power)
    assert details(root, "SignerDetails") is None
    assert "sellodelaentidad" in form


@pytest.mark.parametrize(("name", "person"), [("representative", True), ("company_seal", False)])
def test_a_company_in_its_own_name_is_its_own_delegate(stack: Stack, name: str, person: bool) -> None:
    holder = getattr(pki(), name)
    one = stack.publish("OWN")
    item = accepted(stack, one, holder)
    assert said(item, "decision/represented") == [COMPANY_NIF, COMPANY_NAME]
    assert said(item, "decision/delegate") == ["own", COMPANY_NIF, COMPANY_NAME]
    assert bool(said(item, "decision/signingPerson")) is person
    root, form = sealed(stack, one, holder)
    assert (details(root, "DelegateDetails") or {})["Identifier"] == COMPANY_NIF
    assert (details(root, "SignerDetails") is not None) is person
    assert ("pormediodeLuisPérezDíaz(12345678Z),aceptó" in form) is person


def test_the_holder_of_a_red_authorisation_is_the_delegate_with_its_number(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    one = stack.publish("RED")
    item = accepted(stack, one, red())
    assert said(item, "decision/delegate") == ["red", RED_NIF, "Celia Prueba", AUTHORISATION]
    assert said(item, "decision/signingPerson") == [RED_NIF, "Celia Prueba", "false"]
    root, _ = sealed(stack, one, red())
    assert details(root, "SignerDetails") == {"Identifier": RED_NIF, "Name": "Celia Prueba"}


def test_who_asks_for_1_0_reads_what_it_always_read(stack: Stack, power: UUID) -> None:
    one = stack.publish("Q", addressee=PERSON_NIF)
    (item,) = stack.accept(one, holder=pki().representative)
    decision = item.find("ng:decision", NG)
    assert decision is not None
    assert [etree.QName(child).localname for child in decision] == [
        "state",
        "at",
        "channel",
        "party",
        "signer",
    ]


def test_the_issuing_body_and_the_history_are_told_the_same(stack: Stack, power: UUID) -> None:
    one = stack.publish("Q", addressee=PERSON_NIF)
    accepted(stack, one, pki().representative)
    delegate = ["attorney", COMPANY_NIF, COMPANY_NAME, str(power)]
    told = stack.ask_issuing("ListOutcomes", ASKING, issuer=ISSUER).tree
    decision = told.findall("{*}outcome/{*}decision")[-1]
    assert [one.text for one in decision.iterfind("{*}delegate//*") if not len(one)] == delegate
    assert decision.findtext("{*}represented/{*}identifier") == PERSON_NIF
    assert decision.findtext("{*}signingPerson/{*}identifier") == REPRESENTATIVE_NIF
    history = stack.ask("GetHistory", f"<id>{one}</id>{ASKING}", holder=pki().person).tree
    event = history.findall("ng:event", NG)[-1]
    assert said(event, "delegate") == delegate
    assert said(event, "signingPerson") == [REPRESENTATIVE_NIF, SIGNER, "false"]


# --- the receipt that is signed in the Social Security's contract ---------------------------------


def test_an_acuse_names_the_attorney_entity_its_power_and_the_person(stack: Stack, power: UUID) -> None:
    stack.publish("Q", addressee=PERSON_NIF)
    client = Wscn(stack, pair=pki().representative)
    code = max(code for bucket in client.listed(rol=3).values() for code in bucket)
    acuse = client.acuse(code, rol=3)
    content = next(etree.fromstring(acuse).iter(CONTENT))
    read = {str(one.tag): one.text for one in content}
    assert (read["DESTINATARIO"], read["NOMBRE_DESTINATARIO"]) == (PERSON_NIF, COMPANY_NAME)
    assert (read["SOLICITANTE"], read["NOMBRE_SOLICITANTE"]) == (COMPANY_NIF, COMPANY_NAME)
    assert read["TITULO"] == str(power)
    assert (read["FIRMANTE"], read["NOMBRE_FIRMANTE"]) == (REPRESENTATIVE_NIF, SIGNER)
    assert number(client.send_acuse(sign(acuse, pki().representative), rol=3)) == 0


def test_an_acuse_for_the_seal_of_an_entity_names_no_person(stack: Stack) -> None:
    stack.publish("Q")
    client = Wscn(stack)
    (code,) = client.listed(rol=1)["notificacionesPropias"]
    content = next(etree.fromstring(client.acuse(code)).iter(CONTENT))
    read = {str(one.tag): one.text for one in content}
    assert read["NOMBRE_SOLICITANTE"] == COMPANY_NAME
    assert read.keys().isdisjoint({"TITULO", "FIRMANTE", "NOMBRE_FIRMANTE"})


def test_an_acuse_that_names_another_person_is_refused(stack: Stack) -> None:
    """Two hold a representative's certificate of one company: what one was handed, the other cannot send."""
    stack.publish("Q")
    other = pki().holder(representative_subject(RED_NIF, COMPANY_NIF), ec_key("other representative"))
    first, second = (Wscn(stack, pair=one) for one in (pki().representative, other))
    (code,) = first.listed(rol=1)["notificacionesPropias"]
    before = stack.decisions()
    answer = second.send_acuse(sign(first.acuse(code), other))
    assert number(answer) != 0
    assert stack.decisions() == before
