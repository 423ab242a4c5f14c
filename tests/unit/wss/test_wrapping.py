"""Signature wrapping at the verifier; the whole gateway meets all of it in `attacks/test_wrapping.py`."""

from __future__ import annotations

from itertools import product

import pytest
from lxml import etree

from client_shapes import certificate_text, x509_data
from envelopes import ENVELOPED, PING, SIGN_BODY_AND_TIMESTAMP, Draft, Parts, Ref
from notigateway.errors import DuplicateIdError, SecurityError
from oracles import signxml_accepts, xmlsec_accepts
from pki import pki
from verifying import refused, verify
from wrapping import DOUBLED, ID, NAMES, NOT_MOVED_AWAY, ORDERS, PLACES, Wrapping, arrangements

HOLA = PING
EVIL = PING.replace("hola", "evil")


@pytest.mark.parametrize(("part", "place"), sorted(NOT_MOVED_AWAY))
def test_what_is_added_beside_a_signed_part_is_not_read(part: str, place: str) -> None:
    for naming, order in product(("no id", "another id"), ORDERS):
        verified = verify(Wrapping(part, place, naming, order).build(HOLA))
        assert verified.certificate == pki().company_seal.certificate
        assert etree.QName(verified.operation).localname == "Ping"
    for naming in sorted(DOUBLED):
        refused(Wrapping(part, place, naming, ORDERS[0]).build(HOLA), DuplicateIdError)


def test_the_attacks_would_deceive_a_verifier_that_searches() -> None:
    """The generator is no paper tiger: other libraries accept what it makes."""
    certificate = pki().company_seal.certificate
    deceived = {"xmlsec": 0, "signxml": 0}
    for place, naming in product(PLACES, NAMES):
        data = Wrapping("Body", place, naming, "evil first").build(EVIL)
        deceived["xmlsec"] += xmlsec_accepts(data, certificate)
        deceived["signxml"] += signxml_accepts(data, certificate)
    assert deceived["xmlsec"] > 20
    assert deceived["signxml"] > 20


def test_no_arrangement_of_certificates_makes_an_attackers_key_the_victims() -> None:
    """Whoever is at the end of the path must have signed: of all orders of five, with every key."""
    read = 0
    for signer in (pki().company_seal, pki().person):
        for holders in arrangements():
            texts = [certificate_text(getattr(pki(), one).certificate) for one in holders]
            try:
                verified = verify(x509_data(signer, *texts).build())
            except SecurityError:
                continue
            read += 1
            assert verified.certificate == signer.certificate, holders
            assert {"company_seal", "person", "stranger"} & set(holders) == {
                "company_seal" if signer is pki().company_seal else "person"
            }
    assert read == 2 * (1 + 2 + 6)  # alone, with its issuer, with the whole path, in every order


@pytest.mark.parametrize("target", ["security", "header", "root", "signature"])
def test_an_enveloped_transform_on_what_contains_the_signature_is_refused(target: str) -> None:
    def name(parts: Parts) -> None:
        getattr(parts, target).set(ID, "whole")

    draft = Draft(prepare=name, references=(*SIGN_BODY_AND_TIMESTAMP, Ref("whole", transforms=(ENVELOPED,))))
    with pytest.raises(SecurityError):
        verify(draft.build())


def test_an_unsigned_header_never_becomes_an_argument() -> None:
    header = '<a id="x" xmlns="urn:h">evil</a>'
    content = '<n:Ping xmlns:n="urn:notigateway:v1"><n:text href="#x"/></n:Ping>'
    verified = verify(Draft(header_before=header, content=content).build())
    assert verified.operation[0].text is None
