"""A sealed form is proven by its pinned seal alone, and by every byte of it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto.cms import ContentInfo  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pypdf import PdfReader

from notigateway.errors import RenditionInvalidError, TemporarilyUnavailableError
from notigateway.evidence.pades import PDF_MAX_BYTES, seal_pdf, verify_pdf
from notigateway.evidence.rendition import render_pdf
from notigateway.evidence.sealing import Seal
from pki import rsa_key
from sealing import CarelessSeal

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair

SEALED_AT = datetime.fromisoformat("2026-03-29T10:00:00+00:00")


@pytest.fixture(scope="session")
def form(receipt: bytes) -> bytes:
    return render_pdf(receipt)


@pytest.fixture(scope="session")
def sealed_form(form: bytes, seal: Seal) -> bytes:
    return seal_pdf(form, seal=seal, at=SEALED_AT)


def test_a_sealed_form_verifies_and_gives_the_receipt_back(
    sealed_form: bytes, receipt: bytes, seal_pair: KeyPair
) -> None:
    found = verify_pdf(sealed_form, seal_certificates=[seal_pair.certificate])

    assert found.receipt == receipt
    assert found.certificate == seal_pair.certificate
    assert found.sealed_at == SEALED_AT


def test_a_seal_with_an_rsa_key_verifies_too(form: bytes, certify: Callable[..., KeyPair]) -> None:
    pair = certify("Seal with RSA", rsa_key("seal", 3072))

    sealed = seal_pdf(form, seal=Seal(pair), at=SEALED_AT)

    assert verify_pdf(sealed, seal_certificates=[pair.certificate]).certificate == pair.certificate


def test_the_seal_is_pades_certified_against_changes_and_shows_nothing(sealed_form: bytes) -> None:
    root: Any = PdfReader(BytesIO(sealed_form)).root_object

    (field,) = root["/AcroForm"]["/Fields"]
    signature = field.get_object()["/V"]
    assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
    assert root["/Perms"]["/DocMDP"] == signature
    assert signature["/Reference"][0]["/TransformParams"]["/P"] == 1
    assert [float(number) for number in field.get_object().get("/Rect", [0, 0, 0, 0])] == [0, 0, 0, 0]


def test_one_different_byte_anywhere_is_refused(sealed_form: bytes, seal_pair: KeyPair) -> None:
    dice = random.Random(20260329)  # noqa: S311
    for place in dice.sample(range(len(sealed_form)), 60):
        changed = bytearray(sealed_form)
        changed[place] ^= 1 << dice.randrange(8)
        with pytest.raises(RenditionInvalidError):
            verify_pdf(bytes(changed), seal_certificates=[seal_pair.certificate])


def test_no_bit_of_the_container_may_differ_where_nothing_signs_it(
    sealed_form: bytes, seal_pair: KeyPair
) -> None:
    start = sealed_form.index(b"/Contents <30") + len(b"/Contents <")
    end = sealed_form.index(b">", start)
    padded = bytes.fromhex(sealed_form[start:end].decode())
    container = ContentInfo.load(padded).dump()
    (signer,) = ContentInfo.load(container)["content"]["signer_infos"]
    proven = [signer[name].dump() for name in ("signed_attrs", "signature")]
    proven.append(seal_pair.certificate.public_bytes(Encoding.DER))
    covered = {container.index(part) + place for part in proven for place in range(len(part))}
    dice = random.Random(20261125)  # noqa: S311
    open_places = sorted(set(range(len(container))) - covered)
    assert len(open_places) > 100
    for place in open_places:
        changed = bytearray(padded)
        changed[place] ^= 1 << dice.randrange(8)
        pdf = sealed_form[:start] + changed.hex().upper().encode() + sealed_form[end:]
        with pytest.raises(RenditionInvalidError):
            verify_pdf(pdf, seal_certificates=[seal_pair.certificate])


def test_the_spelling_of_the_seals_container_is_fixed(sealed_form: bytes, seal_pair: KeyPair) -> None:
    start = sealed_form.index(b"/Contents <30") + len(b"/Contents <")
    end = sealed_form.index(b">", start)
    container = sealed_form[start:end]
    respelled = [container.lower(), container[:-2] + b"01", b"".join([container[:-1], b" "])]

    for other in respelled:
        with pytest.raises(RenditionInvalidError):
            verify_pdf(
                sealed_form[:start] + other + sealed_form[end:], seal_certificates=[seal_pair.certificate]
            )


def test_another_holder_of_the_same_authority_cannot_seal(
    form: bytes, certify: Callable[[str], KeyPair], seal_pair: KeyPair
) -> None:
    forged = seal_pdf(form, seal=Seal(certify("Seal of the gateway")), at=SEALED_AT)

    with pytest.raises(RenditionInvalidError, match="pinned"):
        verify_pdf(forged, seal_certificates=[seal_pair.certificate])


def test_what_is_appended_after_the_seal_is_refused(sealed_form: bytes, seal_pair: KeyPair) -> None:
    out: Any = IncrementalPdfFileWriter(BytesIO(sealed_form))
    out.root["/Lang"] = out.root["/Lang"]
    out.update_root()
    appended = BytesIO()
    out.write(appended)

    for changed in (appended.getvalue(), sealed_form + b"\n"):
        with pytest.raises(RenditionInvalidError):
            verify_pdf(changed, seal_certificates=[seal_pair.certificate])


def test_a_form_without_a_seal_is_refused(form: bytes, seal_pair: KeyPair) -> None:
    with pytest.raises(RenditionInvalidError, match="0 signatures"):
        verify_pdf(form, seal_certificates=[seal_pair.certificate])


def test_a_seal_outside_the_certificates_validity_is_refused(
    form: bytes, seal: Seal, seal_pair: KeyPair
) -> None:
    after = SEALED_AT + timedelta(days=30)
    with pytest.raises(TemporarilyUnavailableError, match="ended at"):
        seal_pdf(form, seal=seal, at=after)
    late = seal_pdf(form, seal=CarelessSeal(seal_pair), at=after)

    with pytest.raises(RenditionInvalidError, match="was not valid, or not in use"):
        verify_pdf(late, seal_certificates=[seal_pair.certificate])


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no pdf at all", bytes(PDF_MAX_BYTES + 1)])
def test_what_is_no_pdf_is_refused_in_our_words(data: bytes, seal_pair: KeyPair) -> None:
    with pytest.raises(RenditionInvalidError):
        verify_pdf(data, seal_certificates=[seal_pair.certificate])
