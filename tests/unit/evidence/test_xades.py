"""A receipt verifies with independent engines, and no other bytes than the sealed ones verify."""

from __future__ import annotations

import base64
import random
import re
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import xmlsec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.xades.xades import (
    XAdESSignatureConfiguration,
    XAdESSignaturePolicy,
    XAdESSigner,
    XAdESVerifier,
)

from notigateway.errors import ConfigurationError, ReceiptInvalidError, TemporarilyUnavailableError
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.element import render
from notigateway.evidence.sealing import Seal
from notigateway.evidence.statement import ReportDetails, Statement
from notigateway.evidence.template import SIGNATURE_POLICY, XADES, Profile, ReceiptSigner
from notigateway.evidence.xades import RECEIPT_MAX_BYTES, verify_receipt
from notigateway.pki.low_form import in_der, is_low
from notigateway.wss.ns import DS, EVIDENCE_1, ds
from sealing import CarelessSeal, sealed_at
from tampering import twin_of_receipt

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair


def canonical(element: _Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def find(root: _Element, path: str) -> _Element:
    (found,) = root.findall(f".//{path}", {"ds": DS, "xades": XADES, "ev": EVIDENCE_1})
    return found


def check_with_signxml(data: bytes, certificate: x509.Certificate, when: datetime) -> None:
    configuration = XAdESSignatureConfiguration(
        location="./",
        signature_methods=frozenset({profile.value for profile in Profile}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=when,
    )
    results = XAdESVerifier().verify(
        data, x509_cert=certificate, expect_signature_policy=SIGNATURE_POLICY, expect_config=configuration
    )
    assert results[0].signed_xml is not None
    assert results[0].signed_xml.tag == f"{{{EVIDENCE_1}}}Evidence"


def check_with_xmlsec(root: _Element, certificate: x509.Certificate) -> None:
    """Verify as somebody would who knows nothing of the profile."""
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(
        certificate.public_bytes(Encoding.PEM), xmlsec.constants.KeyDataFormatCertPem
    )
    for element in root.iter():
        if "Id" in element.attrib:
            context.register_id(element, "Id")
    context.verify(find(root, "ds:Signature"))


# --- what was sealed verifies ---------------------------------------------------------------------


def test_a_receipt_verifies_and_gives_its_facts(
    receipt: bytes, seal_pair: KeyPair, accepted: Statement
) -> None:
    facts = verify_receipt(receipt, seal_certificates=[seal_pair.certificate])
    assert facts.receipt_id == accepted.evidence_id
    assert facts.state == accepted.event
    assert facts.documents == accepted.content.documents


def test_one_of_several_pinned_certificates_is_enough(
    receipt: bytes, seal_pair: KeyPair, certify: Callable[[str], KeyPair]
) -> None:
    retired = certify("Retired seal").certificate
    verify_receipt(receipt, seal_certificates=[retired, seal_pair.certificate])


def test_signxml_verifies_the_receipt_and_its_policy(
    receipt: bytes, seal_pair: KeyPair, accepted: Statement
) -> None:
    check_with_signxml(receipt, seal_pair.certificate, accepted.event_time)


def test_xmlsec_verifies_the_receipt_outside_our_profile(receipt: bytes, seal_pair: KeyPair) -> None:
    check_with_xmlsec(etree.fromstring(receipt), seal_pair.certificate)


def test_the_signature_value_is_plain_ecdsa_over_the_canonical_signed_info(
    receipt: bytes, seal_pair: KeyPair
) -> None:
    root = etree.fromstring(receipt)
    raw = base64.b64decode(find(root, "ds:SignatureValue").text or "")
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = seal_pair.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signed_info = canonical(find(root, "ds:SignedInfo"))
    key.public_key().verify(der, signed_info, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.public_key().verify(der, signed_info + b" ", ec.ECDSA(hashes.SHA256()))


def test_a_receipt_carried_in_a_soap_answer_verifies_once_taken_out(
    receipt: bytes, seal_pair: KeyPair
) -> None:
    answer = etree.fromstring(
        b'<s:Envelope xmlns:s="urn:s" xmlns="urn:x"><xml>'
        + base64.b64encode(receipt)
        + b"</xml></s:Envelope>"
    )
    taken_out = base64.b64decode(answer[0].text or "")
    verify_receipt(taken_out, seal_certificates=[seal_pair.certificate])


def test_a_receipt_embedded_as_xml_verifies_once_cut_out(receipt: bytes, seal_pair: KeyPair) -> None:
    answer = etree.fromstring(
        b'<s:Envelope xmlns:s="urn:s" xmlns="urn:x" xmlns:ds="urn:d" Id="e">' + receipt + b"</s:Envelope>"
    )
    cut_out = canonical(answer[0])
    assert cut_out == receipt
    verify_receipt(cut_out, seal_certificates=[seal_pair.certificate])


def test_the_signing_time_is_the_instant_of_the_event(receipt: bytes) -> None:
    signing_time = find(etree.fromstring(receipt), "xades:SigningTime")
    assert signing_time.text == "2026-03-29T01:59:59.123Z"


def test_two_seals_of_one_statement_differ_and_both_verify(
    seal: Seal, seal_pair: KeyPair, accepted: Statement
) -> None:
    one, other = (sealed_at(seal, render(accepted), accepted.event_time) for _ in range(2))
    assert one != other
    for data in (one, other):
        verify_receipt(data, seal_certificates=[seal_pair.certificate])


# --- nothing else verifies ------------------------------------------------------------------------


def test_no_flipped_byte_survives(receipt: bytes, seal_pair: KeyPair) -> None:
    chance = random.Random(20260329)  # noqa: S311  (reproducible on purpose)
    for _ in range(300):
        position = chance.randrange(len(receipt))
        flipped = bytearray(receipt)
        flipped[position] ^= chance.randrange(1, 256)
        with pytest.raises(ReceiptInvalidError):
            verify_receipt(bytes(flipped), seal_certificates=[seal_pair.certificate])


def test_no_truncated_receipt_survives(receipt: bytes, seal_pair: KeyPair) -> None:
    for length in (0, 1, len(receipt) // 2, len(receipt) - 1):
        with pytest.raises(ReceiptInvalidError):
            verify_receipt(receipt[:length], seal_certificates=[seal_pair.certificate])


def test_no_missing_element_or_attribute_survives(receipt: bytes, seal_pair: KeyPair) -> None:
    count = sum(1 for _ in etree.fromstring(receipt).iter())
    for position in range(1, count):
        root = etree.fromstring(receipt)
        element = list(root.iter())[position]
        if element.attrib:
            del element.attrib[element.keys()[0]]
        else:
            remove_element(element)
        with pytest.raises(ReceiptInvalidError):
            verify_receipt(canonical(root), seal_certificates=[seal_pair.certificate])


def remove_element(element: _Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


RESPELLED: dict[str, Callable[[bytes], bytes]] = {
    "xml declaration": lambda data: b'<?xml version="1.0" encoding="UTF-8"?>' + data,
    "document type": lambda data: b"<!DOCTYPE Evidence>" + data,
    "entity": lambda data: b'<!DOCTYPE Evidence [<!ENTITY a "own">]>' + data.replace(b">own<", b">&a;<"),
    "comment in a text": lambda data: data.replace(b"<Role>own", b"<Role>ow<!-- -->n"),
    "comment at the end": lambda data: data + b"<!-- -->",
    "instruction": lambda data: data.replace(b"<Role>", b"<?x?><Role>"),
    "cdata": lambda data: data.replace(b"<Role>own<", b"<Role><![CDATA[own]]><"),
    "character reference": lambda data: data.replace(b"<Role>own<", b"<Role>&#111;wn<"),
    "trailing newline": lambda data: data + b"\n",
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "other quotes": lambda data: data.replace(b'URI=""', b"URI=''"),
    "space in a tag": lambda data: data.replace(b"<Role>", b"<Role >"),
    "unused namespace": lambda data: data.replace(b"<Evidence ", b'<Evidence xmlns:a="urn:a" '),
    # canonicalisation itself refuses relative namespaces
    "relative namespace": lambda data: data.replace(b'xmlns:ds="http:', b'xmlns:ds="http-'),
    "space in the value": lambda data: data.replace(b"</ds:SignatureValue", b" </ds:SignatureValue"),
    "indented signature": lambda data: data.replace(b"<ds:SignedInfo>", b"\n  <ds:SignedInfo>"),
    "space before the signature": lambda data: data.replace(b"<ds:Signature ", b" <ds:Signature "),
    "space after the signature": lambda data: data.replace(b"</Evidence>", b" </Evidence>"),
}  # fmt: skip


@pytest.mark.parametrize("respell", RESPELLED.values(), ids=RESPELLED)
def test_another_spelling_of_the_receipt_is_refused(
    respell: Callable[[bytes], bytes], receipt: bytes, seal_pair: KeyPair
) -> None:
    respelled = respell(receipt)
    assert respelled != receipt
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(respelled, seal_certificates=[seal_pair.certificate])


def remove(path: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        remove_element(find(root, path))

    return change


def retext(path: str, text: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        find(root, path).text = text

    return change


def reattribute(path: str, name: str, value: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        find(root, path).set(name, value)

    return change


def double(path: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        element = find(root, path)
        element.addnext(etree.fromstring(etree.tostring(element)))

    return change


def nest_the_original(root: _Element) -> None:
    """Wrap: a forged receipt whose signature still finds the original inside."""
    original = etree.fromstring(etree.tostring(root))
    find(root, "ev:NotificationCode").text = "1"
    root.insert(0, original)


def unsign_the_properties(root: _Element) -> None:
    signed_info = find(root, "ds:SignedInfo")
    signed_info.remove(signed_info[3])


def repeat_the_root_reference(root: _Element) -> None:
    signed_info = find(root, "ds:SignedInfo")
    signed_info.replace(signed_info[4], etree.fromstring(etree.tostring(signed_info[2])))


def add_unsigned_properties(root: _Element) -> None:
    etree.SubElement(find(root, "xades:QualifyingProperties"), f"{{{XADES}}}UnsignedProperties")


def add_a_second_object(root: _Element) -> None:
    etree.SubElement(find(root, "ds:Signature"), ds("Object")).text = "anything"


def move_the_signature(root: _Element) -> None:
    root.insert(0, find(root, "ds:Signature"))


def use_inclusive_c14n(root: _Element) -> None:
    find(root, "ds:CanonicalizationMethod").set("Algorithm", "http://www.w3.org/2006/12/xml-c14n11")


def add_a_stylesheet(root: _Element) -> None:
    transforms = find(root, "ds:SignedInfo")[2][0]
    etree.SubElement(transforms, ds("Transform"), Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116")


def weaken_a_digest(root: _Element) -> None:
    find(root, "ds:SignedInfo")[2][1].set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


def weaken_the_certificate_digest(root: _Element) -> None:
    find(root, "xades:CertDigest")[0].set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


def refer_to_a_file(root: _Element) -> None:
    find(root, "ds:SignedInfo")[2].set("URI", "file:///etc/hostname")


def repeat_the_properties_id(root: _Element) -> None:
    identifier = find(root, "xades:SignedProperties").get("Id") or ""
    find(root, "ds:KeyInfo").set("Id", identifier)


def spell_the_signature_value_otherwise(root: _Element) -> None:
    """Set bits that base64 ignores: the same 64 bytes, another text."""
    value = find(root, "ds:SignatureValue")
    text = value.text or ""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    value.text = f"{text[:-3]}{alphabet[alphabet.index(text[-3]) + 1]}=="
    assert base64.b64decode(value.text) == base64.b64decode(text)


HMAC = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
POLICY = "xades:SignaturePolicyIdentifier"
TAMPERED: dict[str, Callable[[_Element], None]] = {
    "content": retext("ev:NotificationCode", "7"),
    "reason added": lambda root: etree.SubElement(root[2], "Reason").set("x", "y"),
    "signing time": retext("xades:SigningTime", "2026-03-29T01:59:58.123Z"),
    "policy removed": remove(POLICY),
    "policy renamed": retext("xades:SigPolicyId/xades:Identifier", "urn:other"),
    "policy hash": retext("xades:SigPolicyHash/ds:DigestValue", base64.b64encode(bytes(32)).decode()),
    "signing certificate removed": remove("xades:SigningCertificateV2"),
    "signed properties removed": remove("xades:SignedProperties"),
    "object removed": remove("ds:Object"),
    "signature removed": remove("ds:Signature"),
    "key info removed": remove("ds:KeyInfo"),
    "properties not signed": unsign_the_properties,
    "properties not referenced": repeat_the_root_reference,
    "nested original": nest_the_original,
    "second signature": double("ds:Signature"),
    "second content": double("ev:UserContentInfo"),
    "second certificate": double("ds:X509Certificate"),
    "second object": add_a_second_object,
    "unsigned properties": add_unsigned_properties,
    "signature moved": move_the_signature,
    "duplicate id": reattribute("ev:UserContentInfo", "Id", "SignXMLCertificate"),
    "duplicate id in the seal": repeat_the_properties_id,
    "properties of another signature": reattribute("xades:QualifyingProperties", "Target", "#other"),
    "attribute on the object": reattribute("ds:Object", "Encoding", "x"),
    "attribute on the value": reattribute("ds:SignatureValue", "Id", "x"),
    "inclusive c14n": use_inclusive_c14n,
    "xslt": add_a_stylesheet,
    "sha-1": weaken_a_digest,
    "external reference": refer_to_a_file,
    "hmac": reattribute("ds:SignatureMethod", "Algorithm", HMAC),
    "signature value in another spelling": spell_the_signature_value_otherwise,
    "certificate digest by sha-1": weaken_the_certificate_digest,
    "signature value not base64": retext("ds:SignatureValue", "?"),
    "signature value of zeros": retext("ds:SignatureValue", base64.b64encode(bytes(64)).decode()),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_a_changed_receipt_is_refused(
    tamper: Callable[[_Element], None], receipt: bytes, seal_pair: KeyPair
) -> None:
    root = etree.fromstring(receipt)
    tamper(root)
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(canonical(root), seal_certificates=[seal_pair.certificate])


def test_another_certificate_of_the_same_authority_is_refused(
    certify: Callable[[str], KeyPair], seal_pair: KeyPair, accepted: Statement
) -> None:
    forged = sealed_at(Seal(certify("Seal of the gateway")), render(accepted), accepted.event_time)
    with pytest.raises(ReceiptInvalidError, match="not sealed with a pinned seal certificate"):
        verify_receipt(forged, seal_certificates=[seal_pair.certificate])


def test_a_swapped_certificate_does_not_lend_its_name(
    certify: Callable[[str], KeyPair], seal_pair: KeyPair, accepted: Statement
) -> None:
    forged = sealed_at(Seal(certify("Forger")), render(accepted), accepted.event_time)
    root = etree.fromstring(forged)
    token = base64.b64encode(seal_pair.certificate.public_bytes(Encoding.DER)).decode()
    find(root, "ds:X509Certificate").text = token
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(canonical(root), seal_certificates=[seal_pair.certificate])


def test_nothing_verifies_when_nothing_is_pinned(receipt: bytes) -> None:
    with pytest.raises(ReceiptInvalidError, match="pinned"):
        verify_receipt(receipt, seal_certificates=[])


def test_a_seal_dated_apart_from_its_event_is_refused(
    seal: Seal, seal_pair: KeyPair, accepted: Statement
) -> None:
    late = sealed_at(seal, render(accepted), accepted.event_time + timedelta(seconds=1))
    with pytest.raises(ReceiptInvalidError, match="not the instant of the event"):
        verify_receipt(late, seal_certificates=[seal_pair.certificate])


def test_an_event_outside_the_validity_of_the_seal_certificate_is_refused(
    seal: Seal, seal_pair: KeyPair, accepted: Statement
) -> None:
    old = replace(accepted, event_time=accepted.event_time - timedelta(days=2))
    with pytest.raises(TemporarilyUnavailableError, match="is not valid before") as refusal:
        sealed_at(seal, render(old), old.event_time)
    assert refusal.value.line["part"] == "seal"
    assert refusal.value.facts == {"retry_after_seconds": 60}
    receipt = sealed_at(CarelessSeal(seal_pair), render(old), old.event_time)
    with pytest.raises(ReceiptInvalidError, match="was not valid, or not in use"):
        verify_receipt(receipt, seal_certificates=[seal_pair.certificate])


@pytest.mark.parametrize("milliseconds", [0, 1])
def test_a_seal_is_made_until_the_last_instant_of_its_certificate(
    seal: Seal, seal_pair: KeyPair, accepted: Statement, milliseconds: int
) -> None:
    now = seal_pair.certificate.not_valid_after_utc + timedelta(milliseconds=milliseconds)
    ended = pytest.raises(TemporarilyUnavailableError, match="ended at")
    with ended if milliseconds else nullcontext():
        receipt = seal.seal(render(accepted), accepted.event_time, now=now)
        verify_receipt(receipt, seal_certificates=[seal_pair.certificate])
    with ended if milliseconds else nullcontext():
        verify_detached(b"a text", seal.sign(b"a text", now=now), seal_pair.certificate)


def test_a_reported_event_older_than_the_seal_is_attested_as_of_its_report(
    seal: Seal, seal_pair: KeyPair, accepted: Statement
) -> None:
    report = ReportDetails(reported_at=accepted.event_time.replace(microsecond=0), reference="SEDE-77")
    old = replace(accepted, event_time=accepted.event_time - timedelta(days=2), report=report)
    receipt = sealed_at(seal, render(old), report.reported_at)
    facts = verify_receipt(receipt, seal_certificates=[seal_pair.certificate])
    assert facts.sealed_at == report.reported_at
    receipt = sealed_at(CarelessSeal(seal_pair), render(old), old.event_time)
    with pytest.raises(ReceiptInvalidError, match="not the instant of the event"):
        verify_receipt(receipt, seal_certificates=[seal_pair.certificate])


def test_a_signature_of_the_seal_key_outside_the_profile_is_refused(
    seal_pair: KeyPair, accepted: Statement
) -> None:
    """As signxml signs by itself: no Transform named, no policy, the clock's time."""
    signer = XAdESSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    plain = signer.sign(etree.fromstring(render(accepted)), key=seal_pair.key, cert=[seal_pair.certificate])
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(canonical(plain), seal_certificates=[seal_pair.certificate])


OTHER_POLICY = replace(SIGNATURE_POLICY, Identifier="urn:other")
OTHER_POLICY_TEXT = replace(SIGNATURE_POLICY, DigestValue=base64.b64encode(bytes(32)).decode())


@pytest.mark.parametrize(
    "policy", [None, OTHER_POLICY, OTHER_POLICY_TEXT], ids=["none", "other", "other text"]
)
def test_a_receipt_sealed_under_another_policy_is_refused(
    policy: XAdESSignaturePolicy | None,
    seal_pair: KeyPair,
    accepted: Statement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where one is expected, signxml's verifier lets a missing one pass; ours does not."""
    monkeypatch.setattr("notigateway.evidence.template.SIGNATURE_POLICY", policy)
    data = sealed_at(Seal(seal_pair), render(accepted), accepted.event_time)
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(data, seal_certificates=[seal_pair.certificate])


def test_the_correction_of_signxml_is_still_needed(seal_pair: KeyPair, accepted: Statement) -> None:
    """When this fails, signxml names its transforms itself and our override can go."""
    signer = XAdESSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    sealed = signer.sign(
        etree.fromstring(render(accepted)),
        key=seal_pair.key,
        cert=[seal_pair.certificate],
        always_add_key_value=False,
    )
    with pytest.raises(xmlsec.Error):
        check_with_xmlsec(etree.fromstring(canonical(sealed)), seal_pair.certificate)


def test_a_document_of_another_kind_sealed_by_us_is_no_receipt(
    seal: Seal, seal_pair: KeyPair, accepted: Statement
) -> None:
    data = sealed_at(seal, b'<Evidence xmlns="urn:other"><a>b</a></Evidence>', accepted.event_time)
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(data, seal_certificates=[seal_pair.certificate])


def test_an_oversized_receipt_is_refused_before_it_is_parsed(seal_pair: KeyPair) -> None:
    data = b"<Evidence " + b" " * RECEIPT_MAX_BYTES
    with pytest.raises(ReceiptInvalidError, match="larger than any"):
        verify_receipt(data, seal_certificates=[seal_pair.certificate])


def test_the_reason_of_a_refusal_is_for_people(receipt: bytes, seal_pair: KeyPair) -> None:
    changed = re.sub(rb"<NotificationCode>\d+", b"<NotificationCode>7", receipt)
    with pytest.raises(ReceiptInvalidError) as caught:
        verify_receipt(changed, seal_certificates=[seal_pair.certificate])
    assert caught.value.code == "RECEIPT_INVALID"
    assert "cannot be read or verified" in str(caught.value)


# --- both profiles, and the template beside signxml -------------------------------------------------


@pytest.fixture(scope="session")
def rsa_pair(certify: Callable[..., KeyPair]) -> KeyPair:
    return certify("RSA seal of the gateway", rsa.generate_private_key(65537, 3072))


@pytest.fixture(params=["ecdsa", "rsa-pss"])
def pair(request: pytest.FixtureRequest) -> KeyPair:
    found: KeyPair = request.getfixturevalue("seal_pair" if request.param == "ecdsa" else "rsa_pair")
    return found


def without_chance(data: bytes) -> bytes:
    """Leave out what signxml invents, and the value that is another one each time."""
    data = re.sub(rb"SignXML(Signature|Reference|Certificate)[0-9A-F]{8}", rb"\1", data)
    data = re.sub(rb"-SignedProperties[0-9A-F]{8}", b"-SignedProperties", data)
    # what is hashed holds such names, so the hashes of it differ too
    parts = rb"(#[^>]*>.*?<ds:DigestValue>)[^<]*"
    data = re.sub(rb"URI=\"" + parts, rb"\1", data, flags=re.DOTALL)
    return re.sub(rb"(<ds:SignatureValue>)[^<]*", rb"\1", data)


def as_we_write_it(receipt: bytes) -> bytes:
    """Return a receipt of another signer in the low form of its signature, if that is ECDSA."""
    value = base64.b64decode(find(etree.fromstring(receipt), "ds:SignatureValue").text or "")
    is_high = len(value) == 64 and not is_low(in_der(value))
    return twin_of_receipt(receipt) if is_high else receipt


def test_the_template_writes_what_signxml_writes(pair: KeyPair, accepted: Statement) -> None:
    profile = Profile.ECDSA if isinstance(pair.key, ec.EllipticCurvePrivateKey) else Profile.RSA_PSS
    signer = ReceiptSigner(accepted.event_time, profile)
    by_signxml = signer.sign(
        etree.fromstring(render(accepted)), always_add_key_value=False, key=pair.key, cert=[pair.certificate]
    )
    ours = sealed_at(Seal(pair), render(accepted), accepted.event_time)
    verify_receipt(as_we_write_it(canonical(by_signxml)), seal_certificates=[pair.certificate])
    assert without_chance(ours) == without_chance(canonical(by_signxml))
    assert ours == canonical(etree.fromstring(ours))


def test_both_kinds_of_seal_verify_with_every_engine(pair: KeyPair, accepted: Statement) -> None:
    receipt = sealed_at(Seal(pair), render(accepted), accepted.event_time)
    verify_receipt(receipt, seal_certificates=[pair.certificate])
    check_with_xmlsec(etree.fromstring(receipt), pair.certificate)
    check_with_signxml(receipt, pair.certificate, accepted.event_time)


def test_a_seal_of_the_other_kind_does_not_pass(
    seal_pair: KeyPair, rsa_pair: KeyPair, accepted: Statement
) -> None:
    root = etree.fromstring(sealed_at(Seal(rsa_pair), render(accepted), accepted.event_time))
    find(root, "ds:SignatureMethod").set("Algorithm", SignatureMethod.ECDSA_SHA256.value)
    with pytest.raises(ReceiptInvalidError, match="not by the algorithm of the pinned key"):
        verify_receipt(canonical(root), seal_certificates=[rsa_pair.certificate, seal_pair.certificate])


def test_a_pinned_key_too_weak_to_seal_verifies_nothing(
    certify: Callable[..., KeyPair], rsa_pair: KeyPair, accepted: Statement
) -> None:
    weak = certify("Weak", rsa.generate_private_key(65537, 1024))  # noqa: S505  (on purpose)
    root = etree.fromstring(sealed_at(Seal(rsa_pair), render(accepted), accepted.event_time))
    token = base64.b64encode(weak.certificate.public_bytes(Encoding.DER)).decode()
    find(root, "ds:X509Certificate").text = token
    digest = base64.b64encode(weak.certificate.fingerprint(hashes.SHA256())).decode()
    find(root, "xades:CertDigest/ds:DigestValue").text = digest
    with pytest.raises(ReceiptInvalidError, match="3072"):
        verify_receipt(canonical(root), seal_certificates=[weak.certificate])


def test_a_seal_needs_a_key_of_the_policy(certify: Callable[..., KeyPair]) -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        with pytest.raises(ConfigurationError, match="P-256"):
            Seal(certify("Unfit", key))
