"""Receipts of policy 2 name as delegate who signed: they verify, and their form says what it always said.

The files beside this one were sealed under it: by a representative, by an entity that holds a power, by a RED
person and with a seal of the company.
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree
from pypdf import PdfReader

from notigateway.evidence.rendition import render_pdf
from notigateway.evidence.xades import verify_receipt
from notigateway.law.lifecycle import State
from notigateway.published import published_folder

FOLDER = Path(__file__).with_name("policy_2")
SEAL = x509.load_pem_x509_certificate((FOLDER / "seal.cert.pem").read_bytes())
SAID = {
    "own": "Conservas del Norte SL (B12345674), por medio de Luis Pérez Díaz (12345678Z), aceptó",
    "attorney": "Luis Pérez Díaz (12345678Z), como apoderado de Conservas del Norte SL (00000001R), aceptó",
    "red": "Celia Prueba (00000003A), como autorizado RED de Conservas del Norte SL (B12345674), aceptó",
    "seal": "Conservas del Norte SL (B12345674) aceptó",
}


@pytest.mark.parametrize("name", SAID)
def test_a_receipt_of_policy_2_still_verifies(name: str) -> None:
    data = (FOLDER / f"{name}.xml").read_bytes()
    facts = verify_receipt(data, seal_certificates=[SEAL])
    assert facts.state is State.ACCEPTED
    schema = etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd"))
    schema.assertValid(etree.fromstring(data))


@pytest.mark.parametrize(("name", "said"), SAID.items())
def test_the_form_of_a_receipt_of_policy_2_names_who_signed(name: str, said: str) -> None:
    pdf = render_pdf((FOLDER / f"{name}.xml").read_bytes())
    pages = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    text = re.sub(r"[\s\u200b]+", "", pages)
    assert re.sub(r"\s+", "", said) in text
    assert "Firmólapetición" in text
    assert "sellodelaentidad" not in text
