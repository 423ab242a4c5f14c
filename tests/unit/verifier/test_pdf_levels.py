"""Levels of a PDF that comes alone: by its own seal, its security store and its document time-stamps."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from bundles import STAMPED_AT, Proofs
from document_stamps import document_stamp
from notigateway.evidence import bundle
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.pades import verify_pdf
from notigateway.evidence.pdf_validation import add_validation_data
from notigateway.evidence.validation_data import ValidationData
from notigateway.pki.anchors import TrustStore
from notigateway.verifier.pins import Trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import UNFORESEEN, Outcome
from pki import NOW, crl, pki
from tsa import tsa

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair

AT = NOW + timedelta(days=1)
LATER = STAMPED_AT + timedelta(days=300)
NEXT = tsa("of 2029", (datetime(2029, 1, 1, tzinfo=UTC), datetime(2070, 1, 1, tzinfo=UTC)))


def listed(by: KeyPair, *revoked: KeyPair) -> bytes:
    entries = [(one.certificate, NOW) for one in revoked]
    return crl(by, *entries, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(days=30))


CERTIFICATES = [one.certificate.public_bytes(Encoding.DER) for one in (pki().issuing, pki().root)]
DATA = ValidationData(CERTIFICATES, [listed(pki().issuing), listed(pki().root)])


@cache
def trust() -> Trust:
    return Trust(
        seals=[DatedCertificate.of(pki().seal.certificate)],
        authorities=[DatedCertificate.of(one.certificate) for one in (tsa(), NEXT)],
        issuers=TrustStore([pki().root.certificate]),
    )


@cache
def form() -> bytes:
    return Proofs().members()[bundle.FORM]


def lt(data: ValidationData = DATA) -> bytes:
    return add_validation_data(form(), data)


def level(pdf: bytes, wanted: str, at: datetime = AT) -> tuple[Outcome, str]:
    report = verify(pdf, trust=trust(), at=at, required_level=wanted)
    step = next(one for one in report.steps if one.name == "validation data")
    assert UNFORESEEN not in {one.reason for one in report.steps}
    if step.outcome is Outcome.PASSED:
        assert report.outcome is Outcome.PASSED, report
    return step.outcome, step.reason


def test_our_security_store_shows_level_lt() -> None:
    outcome, said = level(lt(), "LT")
    assert outcome is Outcome.PASSED
    assert said.count("was good on 2026-06-01T12:00:40.000Z") == 2
    assert said.endswith("level LT")
    assert level(form(), "LT") == (
        Outcome.FAILED,
        "level LT is required: there is no validation data in the PDF",
    )
    assert level(lt(), "LTA") == (Outcome.FAILED, "level LTA is required: there is no archive time-stamp")


def test_a_document_time_stamp_over_the_store_makes_it_level_lta() -> None:
    """And past the end of the issuer it is what the data need."""
    in_2060 = datetime(2060, 1, 1, tzinfo=UTC)
    assert level(lt(), "LT", in_2060)[0] is Outcome.INDETERMINATE
    kept = document_stamp(lt(), datetime(2040, 1, 1, tzinfo=UTC), NEXT)
    assert level(kept, "LTA", in_2060)[1].endswith("level LTA")
    late = document_stamp(lt(), datetime(2055, 1, 1, tzinfo=UTC), NEXT)
    assert level(late, "LTA", in_2060)[0] is Outcome.INDETERMINATE
    nobodys = document_stamp(lt(), LATER, tsa("nobody's"))
    assert level(nobodys, "LTA") == (Outcome.FAILED, "level LTA is required: there is no archive time-stamp")


@pytest.mark.parametrize("whose", [pki().seal, tsa()], ids=["seal", "authority"])
def test_a_seal_or_an_authority_that_was_revoked_before_is_told(whose: KeyPair) -> None:
    revoked = lt(replace(DATA, revocation_lists=[listed(pki().issuing, whose), listed(pki().root)]))
    outcome, said = level(revoked, "LT")
    assert outcome is Outcome.FAILED
    assert "says that it was revoked before" in said
    assert verify(revoked, trust=trust(), at=AT).outcome is Outcome.INDETERMINATE
    assert verify(lt(), trust=trust(), at=AT).outcome is Outcome.PASSED


def test_values_that_show_nothing_are_told() -> None:
    foreign = ValidationData(
        [pki().other_root.certificate.public_bytes(Encoding.DER), b"garbage"],
        [listed(pki().other_root)],
        [b"x"],
    )
    outcome, said = level(lt(foreign), "LT")
    assert outcome is Outcome.INDETERMINATE
    assert "is not there" in said


def with_store(*streams: StreamObject, key: str = "/Certs") -> bytes:
    """Append a store as others write it."""
    out = IncrementalPdfFileWriter(BytesIO(form()))
    held = ArrayObject([out.add_object(one) for one in streams])
    store = DictionaryObject({pdf_name("/Type"): pdf_name("/DSS"), pdf_name(key): held})  # type: ignore[no-untyped-call]
    out.root[pdf_name("/DSS")] = out.add_object(store)
    out.update_root()  # type: ignore[no-untyped-call]
    written = BytesIO()
    out.write(written)  # type: ignore[no-untyped-call]
    return written.getvalue()


def compressed(data: bytes, **entries: str) -> StreamObject:
    given = {pdf_name(f"/{name}"): pdf_name(f"/{value}") for name, value in entries.items()}
    return StreamObject(given, encoded_data=data)


def test_a_store_is_read_plain_and_compressed_but_not_without_end() -> None:
    one, other = CERTIFICATES
    flate = {"Filter": "FlateDecode"}
    strange = (
        compressed(zlib.compress(bytes(500_000_000), 1), **flate),
        compressed(b"no zlib", **flate),
        compressed(zlib.compress(other)[:-9], **flate),
        compressed(other, Filter="LZWDecode"),
    )
    pdf = with_store(*strange, StreamObject(stream_data=one), compressed(zlib.compress(other), **flate))
    found = verify_pdf(pdf, seal_certificates=[pki().seal.certificate]).data
    assert found.certificates == (one, other)
