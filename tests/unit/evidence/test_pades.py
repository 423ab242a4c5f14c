"""A sealed form is proven by its pinned seal alone, and by every byte of it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto.cms import ContentInfo  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.generic import pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pypdf import PdfReader

from notigateway.errors import RenditionInvalidError, TemporarilyUnavailableError
from notigateway.evidence.pades import PDF_MAX_BYTES, seal_pdf, verify_pdf
from notigateway.evidence.pdf_seal import add_stamp, stamp_imprint
from notigateway.evidence.rendition import render_pdf
from notigateway.evidence.sealing import Seal
from pki import rsa_key
from sealing import CarelessSeal
from tsa import token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair

STAMPED_AT = datetime.fromisoformat("2026-03-29T10:00:40+00:00")
SEALED_AT = datetime.fromisoformat("2026-03-29T10:00:00+00:00")


@pytest.fixture(scope="session")
def form(receipt: bytes) -> bytes:
    return render_pdf(receipt)


@pytest.fixture(scope="session")
def sealed_form(form: bytes, seal: Seal) -> bytes:
    return seal_pdf(form, seal=seal, at=SEALED_AT)


@pytest.fixture(scope="session")
def stamped_form(sealed_form: bytes) -> bytes:
    return add_stamp(sealed_form, token_of(stamp_imprint(sealed_form), at=STAMPED_AT))


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


def test_a_time_stamp_put_in_later_says_since_when_and_touches_no_sealed_byte(
    stamped_form: bytes, sealed_form: bytes, receipt: bytes, seal_pair: KeyPair
) -> None:
    pins = [seal_pair.certificate]
    found = verify_pdf(stamped_form, seal_certificates=pins, timestamp_certificates=[tsa().certificate])

    assert (found.receipt, found.sealed_at, found.timestamped_at) == (receipt, SEALED_AT, STAMPED_AT)
    assert verify_pdf(stamped_form, seal_certificates=pins).timestamped_at is None
    start = sealed_form.index(b"/Contents <30")
    end = sealed_form.index(b">", start)
    assert (stamped_form[:start], stamped_form[end:]) == (sealed_form[:start], sealed_form[end:])


def test_a_time_stamp_of_another_seal_or_of_nobody_pinned_is_refused(
    sealed_form: bytes, seal_pair: KeyPair
) -> None:
    of_another = add_stamp(sealed_form, token_of(bytes(32), at=STAMPED_AT))
    by_another = add_stamp(
        sealed_form, token_of(stamp_imprint(sealed_form), at=STAMPED_AT, pair=tsa("another"))
    )
    too_early = add_stamp(
        sealed_form, token_of(stamp_imprint(sealed_form), at=SEALED_AT - timedelta(minutes=6))
    )

    for changed, why in (
        (of_another, "wrong imprint"),
        (by_another, "pinned authority"),
        (too_early, "before the seal"),
    ):
        with pytest.raises(RenditionInvalidError, match=why):
            verify_pdf(
                changed,
                seal_certificates=[seal_pair.certificate],
                timestamp_certificates=[tsa().certificate],
            )
    with pytest.raises(RenditionInvalidError, match="wrong imprint"):
        verify_pdf(of_another, seal_certificates=[seal_pair.certificate])


def test_no_different_byte_of_a_time_stamped_container_is_admitted(
    stamped_form: bytes, seal_pair: KeyPair
) -> None:
    start = stamped_form.index(b"/Contents <30") + len(b"/Contents <")
    padded = bytes.fromhex(stamped_form[start : stamped_form.index(b">", start)].decode())
    dice = random.Random(20261126)  # noqa: S311
    for place in dice.sample(range(len(ContentInfo.load(padded).dump())), 150):
        changed = bytearray(padded)
        changed[place] ^= 1 << dice.randrange(8)
        pdf = stamped_form[:start] + changed.hex().upper().encode() + stamped_form[start + 2 * len(padded) :]
        with pytest.raises(RenditionInvalidError):
            verify_pdf(
                pdf,
                seal_certificates=[seal_pair.certificate],
                timestamp_certificates=[tsa().certificate],
            )


def test_what_is_larger_than_the_room_is_not_put_in(sealed_form: bytes) -> None:
    with pytest.raises(RenditionInvalidError, match="room"):
        add_stamp(sealed_form, bytes(9 * 1024))


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
    out.root["/Lang"] = pdf_string("de-DE")
    out.update_root()
    appended = BytesIO()
    out.write(appended)

    for changed in (appended.getvalue(), sealed_form + b"\n"):
        with pytest.raises(RenditionInvalidError):
            verify_pdf(changed, seal_certificates=[seal_pair.certificate])


def test_a_form_without_a_seal_is_refused(form: bytes, seal_pair: KeyPair) -> None:
    with pytest.raises(RenditionInvalidError, match="no seal"):
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
