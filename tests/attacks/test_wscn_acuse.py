"""Signature wrapping on the receipt inside the message: by place, by identity, only what was signed."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from notigateway.errors import AcuseError
from notigateway.evidence.acuse import AcuseDetails, AcuseTerms, issue_acuse
from notigateway.evidence.acuse_check import check_acuse
from notigateway.law.lifecycle import Decision
from notigateway.law.representation import Role
from notigateway.pki.keys import fingerprint
from notigateway.wss.sign import Signer
from pki import COMPANY_NAME, COMPANY_NIF, NOW, pki
from wscn import sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element


def ours() -> Signer:
    return Signer(pki().service.key, pki().service.certificate)


def issued(code: int = 1, decision: Decision = Decision.REJECT) -> bytes:
    terms = AcuseTerms(
        code=code, decision=decision, role=Role.OWN, party=COMPANY_NIF, person=None, expires_at=NOW
    )
    details = AcuseDetails(
        addressee=COMPANY_NIF,
        addressee_name=COMPANY_NAME,
        party_name=COMPANY_NAME,
        title=None,
        person_name=None,
        issuing_body="Tesorería",
        procedure="203546",
        subject="Reclamación <de> deuda & más",
        available_at=NOW,
    )
    return issue_acuse(terms, details, signer=ours(), now=NOW)


def check(data: bytes) -> AcuseTerms:
    return check_acuse(
        data,
        ours=ours(),
        caller_fingerprint=fingerprint(pki().company_seal.certificate),
        unsafe_accept_sha1=False,
    )


def test_the_honest_one_says_what_was_issued() -> None:
    terms = check(sign(issued(7), pki().company_seal))
    assert (terms.code, terms.decision, terms.party, terms.role) == (
        7, Decision.REJECT, COMPANY_NIF, Role.OWN,
    )  # fmt: skip


def _forged(root: _Element, identifier: str | None) -> _Element:
    """Return data that say something else than what was signed."""
    forged = copy.deepcopy(root[0])
    forged.tail = None
    content = forged[0]
    content.find("COD_NOTIFICACION").text = "2"  # type: ignore[union-attr]
    content.find("TIPO_ACUSE").text = "ACEPTACION"  # type: ignore[union-attr]
    if identifier is None:
        del forged.attrib["Id"]
    else:
        forged.set("Id", identifier)
    return forged


def _wrap(root: _Element, forged: _Element, data: _Element) -> None:
    root.replace(data, forged)
    etree.SubElement(root, "Wrapper").append(data)


def _nest(root: _Element, forged: _Element, data: _Element) -> None:
    root.replace(data, forged)
    forged.append(data)


def _swap(root: _Element, forged: _Element, data: _Element, place: _Element) -> None:
    root.replace(data, forged)
    place.append(data)


def _object(root: _Element, forged: _Element, data: _Element) -> None:
    root.replace(data, forged)
    etree.SubElement(root[2], "{http://www.w3.org/2000/09/xmldsig#}Object").append(data)


PLACES: dict[str, Callable[[_Element, _Element, _Element], None]] = {
    "forged first": lambda root, forged, _: root.insert(0, forged),
    "forged last": lambda root, forged, _: root.append(forged),
    "forged between": lambda root, forged, _: root.insert(1, forged),
    "original in a wrapper": _wrap,
    "original inside the forged": _nest,
    "original in the party's KeyInfo": lambda root, forged, data: _swap(root, forged, data, root[2][2]),
    "original in our signature": lambda root, forged, data: _swap(root, forged, data, root[1]),
    "original in the party's SignedInfo": lambda root, forged, data: _swap(root, forged, data, root[2][0]),
    "original in ds:Object": _object,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("identifier", ["ProsaData", "Other", None])
@pytest.mark.parametrize("reparsed", [False, True])
def test_no_arrangement_makes_unsigned_data_decide(
    place: str, identifier: str | None, *, reparsed: bool
) -> None:
    root = etree.fromstring(sign(issued(), pki().company_seal))
    PLACES[place](root, _forged(root, identifier), root[0])
    data = etree.tostring(root)
    if reparsed:
        data = etree.tostring(etree.fromstring(data), pretty_print=True)
    with pytest.raises(AcuseError):
        check(data)


@pytest.mark.parametrize(
    "uri", ["", "#", "#ELEMENTOAFIRMAR", "#ACUSE_FIRMA", "#xpointer(/)", "file:///etc/passwd"]
)
def test_a_reference_to_anything_else_than_the_data_is_refused(uri: str) -> None:
    signed = sign(issued(), pki().company_seal)
    ours_ends = signed.index(b"</ds:Signature>")
    tampered = signed[:ours_ends] + signed[ours_ends:].replace(b"#ProsaData", uri.encode())
    with pytest.raises(AcuseError):
        check(tampered)


def test_two_documents_cannot_be_mixed() -> None:
    """Data and our signature of one, the party's signature of another."""
    one, other = (etree.fromstring(sign(issued(code), pki().company_seal)) for code in (1, 2))
    one.replace(one[2], other[2])
    with pytest.raises(AcuseError) as caught:
        check(etree.tostring(one))
    assert caught.value.code == "ACUSE_SIGNATURE_WRONG"


@pytest.mark.parametrize(
    "bomb",
    [
        b"<x>" * 400 + b"</x>" * 400,
        b"<x/>" * 500,
        b"<x %s/>" % b" ".join(b'xmlns:p%d="urn:%d"' % (n, n) for n in range(100)),
        b"<x>" + b"a" * 300_000 + b"</x>",
    ],
    ids=["deep", "many", "declarations", "large"],
)
def test_limits_come_before_any_canonical_form(bomb: bytes) -> None:
    signed = sign(issued(), pki().company_seal)
    with pytest.raises(AcuseError) as caught:
        check(signed.replace(b"</ProsaSignature>", bomb + b"</ProsaSignature>"))
    assert caught.value.code in {"ACUSE_INVALID", "ACUSE_ENCODING"}


def test_attributes_that_the_inclusive_form_would_inherit_are_refused() -> None:
    signed = sign(issued(), pki().company_seal).replace(
        b"<ProsaSignature ", b'<ProsaSignature xml:lang="es" ', 1
    )
    with pytest.raises(AcuseError) as caught:
        check(signed)
    assert caught.value.code == "ACUSE_INVALID"
