"""What others lawfully add to a receipt hinders nothing and proves nothing; nothing is hidden in it."""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from asn1crypto import cms, core  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from bundles import NOTIFICATION, STAMPED_AT, Proofs, put_at_disposal, sealed, stamped, statement, write_trust
from notigateway.errors import ReceiptInvalidError
from notigateway.evidence import bundle
from notigateway.evidence.additions import WITH_ADDITIONS_MAX_BYTES, take_apart
from notigateway.evidence.sealing import Seal
from notigateway.evidence.template import XADES
from notigateway.evidence.timestamp import signature_imprint, take_out
from notigateway.evidence.xades import verify_receipt
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome, Report
from notigateway.wss.ns import DS, EVIDENCE_1, EXC_C14N
from pki import NOW, pki
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.evidence.statement import ReceiptFacts
    from notigateway.verifier.pins import Trust

AT = NOW + timedelta(days=1)
XADES_141 = "http://uri.etsi.org/01903/v1.4.1#"
CERTIFICATE = base64.b64encode(pki().seal.certificate.public_bytes(Encoding.DER)).decode()
SPACES = f'xmlns:x="{XADES}" xmlns:y="{XADES_141}" xmlns:d="{DS}"'
METHOD = f'<d:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
VALUES = (
    f'<x:CertificateValues Id="added-1"><x:EncapsulatedX509Certificate>\n  {CERTIFICATE}\n'
    "</x:EncapsulatedX509Certificate></x:CertificateValues>\n"
    "<x:RevocationValues><x:CRLValues><x:EncapsulatedCRLValue>MIIB</x:EncapsulatedCRLValue></x:CRLValues>"
    "</x:RevocationValues><x:AttrAuthoritiesCertValues/><x:AttributeRevocationValues/>"
    "<y:TimeStampValidationData/>"
    f'<y:ArchiveTimeStamp Id="added-2">{METHOD}<x:EncapsulatedTimeStamp>MIIB</x:EncapsulatedTimeStamp>'
    "</y:ArchiveTimeStamp>"
)


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return load_trust(write_trust(tmp_path_factory.mktemp("trust")))


@pytest.fixture(scope="module")
def receipt() -> bytes:
    return put_at_disposal()


def stamp(token: bytes, method: str = METHOD) -> str:
    """Return a time-stamp on the seal as others write it: their prefixes, lines of 64 characters."""
    lines = base64.encodebytes(token).decode()
    return (
        f'<x:SignatureTimeStamp Id="T">{method}<x:EncapsulatedTimeStamp>\n{lines}</x:EncapsulatedTimeStamp>'
        "</x:SignatureTimeStamp>"
    )


def part(added: str) -> str:
    return (
        f"<x:UnsignedProperties {SPACES}>\n <x:UnsignedSignatureProperties>{added}\n"
        "</x:UnsignedSignatureProperties></x:UnsignedProperties>"
    )


def with_part(receipt: bytes, text: str, place: str = "xades:QualifyingProperties") -> bytes:
    """Return an original with an unsigned part put at the end of an element, written as Java's writers do."""
    root = etree.fromstring(receipt)
    (parent,) = root.findall(f".//{place}", {"xades": XADES, "ds": DS, "ev": EVIDENCE_1})
    parent.append(etree.fromstring(text))
    return etree.tostring(root, encoding="UTF-8", standalone=False)


def raised(receipt: bytes, added: str) -> bytes:
    """Return an original as a tool of others raises it."""
    return with_part(receipt, part(added))


def own(receipt: bytes) -> str:
    """Return our own time-stamp as others write it."""
    token = take_out(stamped(receipt))[1]
    assert token is not None
    return stamp(token)


def facts_of(data: bytes) -> ReceiptFacts:
    return verify_receipt(
        data, seal_certificates=[pki().seal.certificate], timestamp_certificates=[tsa().certificate]
    )


def reasons(report: Report) -> dict[str, str]:
    return {step.name: step.reason for step in report.steps}


# --- what is lawful -------------------------------------------------------------------------------


def test_a_receipt_that_others_have_raised_proves_what_it_did(receipt: bytes, trust: Trust) -> None:
    for made, added in ((receipt, VALUES), (stamped(receipt), own(receipt) + VALUES)):
        data = raised(receipt, added)
        assert facts_of(data) == facts_of(made)
        report = verify(data, trust=trust, at=AT)
        assert report.outcome is Outcome.PASSED
        assert "to it were added" in reasons(report)["seal"]
        assert "CertificateValues" in reasons(report)["seal"]
        assert take_apart(data).original == receipt


def test_our_time_stamp_counts_as_it_did_for_level_t(receipt: bytes, trust: Trust) -> None:
    data = raised(receipt, own(receipt) + VALUES)
    assert verify(data, trust=trust, at=AT, required_level="T").outcome is Outcome.PASSED
    without = raised(receipt, VALUES)
    assert verify(without, trust=trust, at=AT, required_level="T").outcome is Outcome.FAILED


def test_a_canonical_file_with_more_than_our_time_stamp_is_taken_apart_too(receipt: bytes) -> None:
    for added in (own(receipt) + VALUES, own(receipt) + own(receipt).replace('"T"', '"U"')):
        data = etree.tostring(etree.fromstring(raised(receipt, added)), method="c14n", exclusive=True)
        assert facts_of(data).timestamped_at == STAMPED_AT


def with_more(token: bytes) -> bytes:
    """Return a token as others keep it: other certificates in it, and an unsigned attribute."""
    content = cms.ContentInfo.load(token)
    signed = content["content"]
    signed["certificates"].append(asn1.Certificate.load(pki().issuing.certificate.public_bytes(Encoding.DER)))
    attribute = cms.CMSAttribute(
        {"type": "1.2.840.113549.1.9.16.2.99", "values": [core.Any(core.Integer(7))]}
    )
    signed["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([attribute])
    dumped: bytes = content.dump(force=True)
    return dumped


def test_certificates_and_attributes_that_others_put_into_a_token_are_left_out(receipt: bytes) -> None:
    token = take_out(stamped(receipt))[1] or b""
    more = with_more(token)
    assert len(more) > len(token)
    assert facts_of(raised(receipt, stamp(more))).timestamped_at == STAMPED_AT


def test_a_time_stamp_over_a_sha_512_of_the_seal_counts(receipt: bytes) -> None:
    token = token_of(signature_imprint(receipt, "sha512"), at=STAMPED_AT)
    assert facts_of(raised(receipt, stamp(token))).timestamped_at == STAMPED_AT


def test_a_time_stamp_of_nobody_pinned_hinders_nothing(receipt: bytes) -> None:
    theirs = stamp(token_of(signature_imprint(receipt), at=STAMPED_AT, pair=tsa("theirs")))
    inclusive = own(receipt).replace(EXC_C14N, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
    for added in (theirs, stamp(b"garbage"), stamp(b""), inclusive):
        assert facts_of(raised(receipt, added)).timestamped_at is None
        both = raised(receipt, added.replace('"T"', '"V"') + own(receipt))
        assert facts_of(both).timestamped_at == STAMPED_AT


def test_additions_to_both_receipts_of_a_bundle_leave_it_whole(trust: Trust) -> None:
    files = Proofs().members()
    whole = bundle.write_bundle(files, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    held = dict(bundle.read_container(whole))
    for name in (bundle.RECEIPT, bundle.PREVIOUS):
        original = take_out(held[name])[0]
        held[name] = raised(original, own_of(held[name]) + VALUES)
    report = verify(bundle.write(held), trust=trust, at=AT)
    assert report.outcome is Outcome.PASSED
    assert "to it were added" in reasons(report)["seal"]
    assert "to it were added" in reasons(report)["chain"]


def own_of(made: bytes) -> str:
    return stamp(take_out(made)[1] or b"")


# --- what is not ----------------------------------------------------------------------------------


def signature_of(receipt: bytes) -> str:
    root = etree.fromstring(receipt)
    return etree.tostring(root[-1]).decode()


def signed_id(receipt: bytes) -> str:
    found = etree.fromstring(receipt).find(f".//{{{XADES}}}SignedProperties")
    assert found is not None
    return str(found.get("Id"))


def in_values(inner: str) -> str:
    return f"<x:CertificateValues>{inner}</x:CertificateValues>"


HIDDEN: dict[str, Callable[[bytes], str]] = {
    "a second signature": lambda one: in_values(signature_of(one)),
    "a counter-signature": lambda one: f"<x:CounterSignature>{signature_of(one)}</x:CounterSignature>",
    "a signature without its parts": lambda _: in_values("<d:Signature/>"),
    "the original": lambda one: in_values(one.decode()),
    "an element of ours": lambda _: in_values(f'<Evidence xmlns="{EVIDENCE_1}"/>'),
    "our facts": lambda _: in_values(f'<EventTime xmlns="{EVIDENCE_1}">2020-01-01T00:00:00Z</EventTime>'),
    "other signed properties": lambda _: in_values("<x:SignedProperties/>"),
    "other qualifying properties": lambda _: in_values("<x:QualifyingProperties/>"),
    "unsigned properties in others": lambda _: in_values(part("")),
    "an identifier of the signed part": lambda one: f'<x:CertificateValues Id="{signed_id(one)}"/>',
    "an identifier by xml:id": lambda one: f'<x:CertificateValues xml:id="{signed_id(one)}"/>',
    "an identifier in small letters": lambda one: f'<x:CertificateValues id="{signed_id(one)}"/>',
    "an identifier twice": lambda _: '<x:CertificateValues Id="a"/><x:RevocationValues Id="a"/>',
    "a property that nobody knows": lambda _: "<x:Whatever/>",
    "another vocabulary": lambda _: in_values('<p xmlns="http://www.w3.org/1999/xhtml"/>'),
    "deep": lambda _: in_values("<x:Cert>" * 100 + "</x:Cert>" * 100),
    "too deep for a parser": lambda _: in_values("<x:Cert>" * 5000 + "</x:Cert>" * 5000),
    "many": lambda _: in_values("<x:Cert/>" * 5000),
    "many time-stamps": lambda _: "<x:SignatureTimeStamp/>" * 100,
    "many attributes": lambda _: "<x:CertificateValues" + "".join(f' a{n}=""' for n in range(6000)) + "/>",
    "huge": lambda _: in_values("M" * WITH_ADDITIONS_MAX_BYTES),
    "a comment": lambda _: in_values("<!-- -->"),
    "an instruction": lambda _: in_values("<?x y?>"),
    "text in CDATA": lambda _: in_values("<![CDATA[x]]>"),
}  # fmt: skip


@pytest.mark.parametrize("what", HIDDEN)
def test_nothing_is_hidden_in_additions(what: str, receipt: bytes, trust: Trust) -> None:
    before, end = part("|").split("|")
    text = before + HIDDEN[what](receipt) + end
    root = b"</xades:QualifyingProperties>"
    data = receipt.replace(root, text.encode() + root)
    started = time.process_time()
    with pytest.raises(ReceiptInvalidError):
        facts_of(data)
    assert verify(data, trust=trust, at=AT).outcome is Outcome.FAILED
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "place",
    [
        "ds:Signature",
        "ds:Object",
        "ds:KeyInfo",
        "xades:SignedProperties",
        "ds:SignedInfo",
        "ev:EventTime",
    ],
)
def test_an_unsigned_part_at_another_place_is_refused(place: str, receipt: bytes) -> None:
    with pytest.raises(ReceiptInvalidError):
        facts_of(with_part(receipt, part(VALUES), place))


OUTSIDE: dict[str, Callable[[bytes], bytes]] = {
    "DTD": lambda data: data.replace(b"?>\n", b"?>\n<!DOCTYPE Evidence>"),
    "entity": lambda data: data.replace(b"?>\n", b'?>\n<!DOCTYPE Evidence [<!ENTITY a "b">]>'),
    "comment": lambda data: data + b"<!-- -->",
    "comment in a text": lambda data: data.replace(b"<EventTime>", b"<EventTime><!---->"),
    "instruction": lambda data: data.replace(b"?>\n", b"?>\n<?a b?>"),
    "other encoding": lambda data: data.replace(b"UTF-8", b"UTF-7"),
    "UTF-16": lambda data: data.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "a mark before it": lambda data: b"\xef\xbb\xbf" + data,
    "not UTF-8": lambda data: data.replace(b"MIIB", b"\xff\xfe"),
    "white space in the signed part": lambda data: data.replace(b"<EventTime>", b" <EventTime>"),
    "white space behind it": lambda data: data.replace(
        b"</xades:UnsignedProperties>", b"</xades:UnsignedProperties> "
    ),
    "another fact": lambda data: data.replace(b"Tesorer", b"tesorer"),
    "another prefix of the signed part": lambda data: data.replace(b"xades:", b"z:").replace(
        b"xmlns:xades", b"xmlns:z"
    ),
    "a second unsigned part": lambda data: data.replace(
        b"</xades:QualifyingProperties>", part(VALUES).encode() + b"</xades:QualifyingProperties>"
    ),
    "data object properties": lambda data: data.replace(
        b"</xades:UnsignedProperties>", b"<xades:UnsignedDataObjectProperties/></xades:UnsignedProperties>"
    ),
    "cut short": lambda data: data[:-20],
}  # fmt: skip


@pytest.mark.parametrize("change", OUTSIDE.values(), ids=OUTSIDE)
def test_additions_excuse_nothing_else(
    change: Callable[[bytes], bytes], receipt: bytes, trust: Trust
) -> None:
    data = raised(receipt, VALUES)
    assert change(data) != data
    with pytest.raises(ReceiptInvalidError):
        facts_of(change(data))
    assert verify(change(data), trust=trust, at=AT).outcome is Outcome.FAILED


def test_the_time_stamp_of_another_receipt_is_refused_in_additions_too(receipt: bytes, trust: Trust) -> None:
    data = raised(receipt, own(sealed(statement(b""))) + VALUES)
    with pytest.raises(ReceiptInvalidError, match="wrong imprint"):
        facts_of(data)
    assert verify(data, trust=trust, at=AT).outcome is Outcome.FAILED


def test_the_token_in_additions_is_verified_like_ours(receipt: bytes, trust: Trust) -> None:
    token = bytearray(take_out(stamped(receipt))[1] or b"")
    token[-1] ^= 1
    assert verify(raised(receipt, stamp(bytes(token))), trust=trust, at=AT).outcome is Outcome.FAILED
    early = token_of(signature_imprint(receipt), at=NOW - timedelta(days=30))
    with pytest.raises(ReceiptInvalidError, match="before the seal"):
        facts_of(raised(receipt, stamp(early)))


@pytest.mark.parametrize("name", [bundle.RECEIPT, bundle.PREVIOUS])
def test_in_a_bundle_only_the_receipt_that_the_manifest_names_may_have_additions(
    name: str, trust: Trust
) -> None:
    files = Proofs().members()
    whole = bundle.write_bundle(files, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    held = dict(bundle.read_container(whole))
    original, other = take_out(held[name])[0], sealed(statement(b"other"))
    later = token_of(signature_imprint(original), at=STAMPED_AT + timedelta(hours=1))
    for wrong in (
        raised(original, VALUES),  # the time-stamp that the manifest names was taken away
        raised(original, stamp(later)),  # or exchanged
        raised(other, own(other) + VALUES),
        raised(original, own_of(held[name]) + in_values("<d:Signature/>")),
    ):
        report = verify(bundle.write({**held, name: wrong}), trust=trust, at=AT)
        assert report.outcome is Outcome.FAILED
        assert {step.name for step in report.steps if step.outcome is Outcome.FAILED} >= {"manifest"}


def test_no_addition_takes_long_to_be_refused_or_read(receipt: bytes) -> None:
    most = in_values("<x:EncapsulatedX509Certificate>" + "M" * 4_000_000 + "</x:EncapsulatedX509Certificate>")
    started = time.process_time()
    facts_of(raised(receipt, most))
    assert time.process_time() - started < 1


def test_the_original_stays_the_one_that_the_log_names(receipt: bytes) -> None:
    assert facts_of(raised(receipt, VALUES)).sha256 == hashlib.sha256(receipt).hexdigest()
