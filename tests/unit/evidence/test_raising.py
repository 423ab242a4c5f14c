"""Receipts raised for the decades by ourselves: what is put in, what an archive time-stamp is about."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from bundles import put_at_disposal, stamped
from notigateway.errors import ReceiptInvalidError, StampInvalidError
from notigateway.evidence.additions import WITH_ADDITIONS_MAX_BYTES, take_apart
from notigateway.evidence.archive import ARCHIVE_STAMPS_AT_MOST, archive_stamps
from notigateway.evidence.raising import add_archive_timestamp, archive_imprint, raise_to_lt
from notigateway.evidence.template import XADES
from notigateway.evidence.timestamp import add_token, check_token
from notigateway.evidence.validation_data import ValidationData
from notigateway.evidence.xades import verify_receipt
from notigateway.wss.ns import DS, EXC_C14N
from pki import NOW, crl, pki
from tsa import token_of, tsa

YEAR = timedelta(days=365)
CERTIFICATES = [
    pair.certificate.public_bytes(Encoding.DER) for pair in (pki().issuing, pki().root, pki().seal, tsa())
]
LISTS = [
    crl(by, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(days=30))
    for by in (pki().issuing, pki().root)
]
DATA = ValidationData(CERTIFICATES, LISTS, [b"an answer"])
SPACES = {"xades": XADES, "xades141": "http://uri.etsi.org/01903/v1.4.1#", "ds": DS}


@pytest.fixture(scope="module")
def receipt() -> bytes:
    return stamped(put_at_disposal())


@pytest.fixture(scope="module")
def lt(receipt: bytes) -> bytes:
    return raise_to_lt(receipt, DATA)


def archived(
    receipt: bytes, years: int, algorithm: str = "sha256", data: ValidationData | None = None
) -> bytes:
    imprint = archive_imprint(receipt, algorithm, earlier=data)
    return add_archive_timestamp(receipt, token_of(imprint, at=NOW + years * YEAR), earlier=data)


def values(raised: bytes, path: str) -> list[bytes]:
    found = etree.fromstring(raised).iterfind(f".//xades:UnsignedSignatureProperties/{path}", SPACES)
    return [base64.b64decode(one.text or "") for one in found]


def test_level_lt_holds_each_value_once_and_none_that_is_there_already(receipt: bytes, lt: bytes) -> None:
    twice = ValidationData([*CERTIFICATES, *CERTIFICATES], [*LISTS, *LISTS], [b"an answer", b"an answer"])
    assert raise_to_lt(receipt, twice) == lt == raise_to_lt(receipt, DATA)
    # The seal's certificate stands in the signature, the authority's in its token.
    assert values(lt, "xades:CertificateValues/xades:EncapsulatedX509Certificate") == CERTIFICATES[:2]
    assert values(lt, "xades:RevocationValues/xades:CRLValues/xades:EncapsulatedCRLValue") == LISTS
    answers = "xades:RevocationValues/xades:OCSPValues/xades:EncapsulatedOCSPValue"
    assert values(lt, answers) == [b"an answer"]
    assert etree.tostring(etree.fromstring(lt), method="c14n", exclusive=True) == lt


def test_no_element_is_empty(receipt: bytes) -> None:
    assert b"RevocationValues" not in raise_to_lt(receipt, ValidationData(CERTIFICATES))
    assert b"CertificateValues" not in raise_to_lt(receipt, ValidationData(CERTIFICATES[2:], LISTS))
    assert b"OCSPValues" not in raise_to_lt(receipt, ValidationData([], LISTS))
    with pytest.raises(ReceiptInvalidError, match="no validation data"):
        raise_to_lt(receipt, ValidationData(CERTIFICATES[2:]))


def test_whatever_is_put_in_the_original_and_its_time_stamp_can_be_taken_out_again(
    receipt: bytes, lt: bytes
) -> None:
    raised = lt
    for years in range(ARCHIVE_STAMPS_AT_MOST):
        raised = archived(raised, years, "sha512" if years % 2 else "sha256", DATA if years else None)
        held = take_apart(raised)
        assert held.original == put_at_disposal()
        assert next(held.as_made()) == receipt
        facts = verify_receipt(
            raised, seal_certificates=[pki().seal.certificate], timestamp_certificates=[tsa().certificate]
        )
        assert facts.sha256 == hashlib.sha256(put_at_disposal()).hexdigest()
    with pytest.raises(ReceiptInvalidError):
        archived(raised, 20)


def parts(root: etree._Element, *paths: str) -> bytes:
    found = [root.find(f".//{path}", SPACES) for path in paths]
    return b"".join(etree.tostring(one, method="c14n", exclusive=True) for one in found if one is not None)


def test_an_archive_time_stamp_is_about_all_that_stands_before_it(lt: bytes) -> None:
    """As EN 319 132-1 §5.5.2.2 has it, put together here once more by hand."""
    root = etree.fromstring(lt)
    sealed = parts(
        root, "xades:SignedProperties", "ds:KeyInfo", "ds:SignedInfo", "ds:SignatureValue", "ds:KeyInfo"
    )
    sealed += parts(root, "xades:SignatureTimeStamp", "xades:CertificateValues", "xades:RevocationValues")
    root.remove(root[-1])
    wanted = etree.tostring(root, method="c14n", exclusive=True) + sealed
    assert archive_imprint(lt) == hashlib.sha256(wanted).digest()
    assert archive_imprint(lt, "sha512") == hashlib.sha512(wanted).digest()
    first = archived(lt, 1)
    wanted += parts(etree.fromstring(first), "xades141:ArchiveTimeStamp")
    assert archive_imprint(first) == hashlib.sha256(wanted).digest()
    method = etree.fromstring(first).find(".//xades141:ArchiveTimeStamp/ds:CanonicalizationMethod", SPACES)
    assert method is not None
    assert method.get("Algorithm") == EXC_C14N


def test_each_later_one_covers_the_ones_before_and_their_validation_data(lt: bytes) -> None:
    first = archived(lt, 1)
    second = archived(first, 2, "sha512", DATA)
    assert second != archived(first, 2, "sha512")
    one, two = archive_stamps(take_apart(second))
    assert (one.place, two.place) == (3, 5)
    for found in (one, two):
        token, imprint = found.kept([tsa().certificate])
        assert check_token(token, imprint=imprint, authorities=[tsa().certificate]) > NOW
    assert one.imprints["sha256"] == archive_imprint(lt)
    assert two.imprints["sha512"] == archive_imprint(first, "sha512", earlier=DATA)


def test_only_what_is_of_the_level_before_is_raised(receipt: bytes, lt: bytes) -> None:
    for wrong in (put_at_disposal(), lt, archived(lt, 1), b"<Evidence/>", b""):
        with pytest.raises((ReceiptInvalidError, ValueError)):
            raise_to_lt(wrong, DATA)
    for wrong in (put_at_disposal(), receipt, etree.tostring(etree.fromstring(lt), xml_declaration=True)):
        with pytest.raises(ReceiptInvalidError):
            add_archive_timestamp(wrong, b"token")
    with pytest.raises(ReceiptInvalidError):
        archive_imprint(receipt)
    with pytest.raises(ReceiptInvalidError):  # validation data of an archive time-stamp that is not there
        archive_imprint(lt, earlier=DATA)
    with pytest.raises(ValueError, match="sha256"):
        archive_imprint(lt, "sha1")


def test_nothing_is_made_that_a_verifier_would_not_read(receipt: bytes, lt: bytes) -> None:
    huge = ValidationData([], [b"\0" * WITH_ADDITIONS_MAX_BYTES])
    with pytest.raises(ReceiptInvalidError):
        raise_to_lt(receipt, huge)
    with pytest.raises(ReceiptInvalidError):
        add_archive_timestamp(lt, b"\0" * WITH_ADDITIONS_MAX_BYTES)
    with pytest.raises(ReceiptInvalidError):
        raise_to_lt(receipt, ValidationData([number.to_bytes(2, "big") for number in range(3000)]))


def test_an_archive_time_stamp_that_names_other_parts_or_forms_cannot_be_judged(lt: bytes) -> None:
    raised = archived(lt, 1)
    before, _, stamp = raised.partition(b"<xades141:ArchiveTimeStamp")
    method = b'<ds:CanonicalizationMethod Algorithm="' + EXC_C14N.encode() + b'"></ds:CanonicalizationMethod>'
    for change in (
        (EXC_C14N.encode(), b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        (method, b""),
        (method, b'<xades:Include URI="#x"></xades:Include>' + method),
    ):
        (found,) = archive_stamps(
            take_apart(before + b"<xades141:ArchiveTimeStamp" + stamp.replace(*change, 1))
        )
        with pytest.raises(StampInvalidError):
            found.kept([tsa().certificate])


def test_a_receipt_raised_anew_from_the_same_parts_is_the_same(receipt: bytes, lt: bytes) -> None:
    held = take_apart(lt)
    assert raise_to_lt(add_token(held.original, held.foreign[0]), DATA) == lt
