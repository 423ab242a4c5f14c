"""Of the two forms of an ECDSA signature a seal writes one; the other is refused in whatever it sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from asn1crypto import cms  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from bundles import NOTIFICATION, Proofs, write_trust
from notigateway.errors import CheckpointInvalidError, ReceiptInvalidError, RenditionInvalidError
from notigateway.evidence import bundle
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.frames import Frames
from notigateway.evidence.pades import verify_pdf
from notigateway.evidence.sealing import Seal
from notigateway.evidence.timestamp import take_out
from notigateway.evidence.xades import verify_receipt
from notigateway.pki.low_form import P256_ORDER, in_der, is_low, low_form, side_by_side
from notigateway.tlog.note import Note, read_note, verify_note
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from pki import NOW, pki
from tampering import twin, twin_of_pdf, twin_of_receipt

if TYPE_CHECKING:
    from collections.abc import Mapping

PINS = [pki().seal.certificate]
BEFORE = Path(__file__).with_name("policy_2")


@pytest.fixture(scope="module")
def files() -> Mapping[str, bytes]:
    made = Proofs().members()
    return bundle.read_container(
        bundle.write_bundle(made, receipt_id=NOTIFICATION, seal=Seal(pki().seal), made_at=NOW)
    )


def test_a_seal_writes_the_low_form_only() -> None:
    seal = Seal(pki().seal)
    assert all(is_low(seal.sign(b"%d" % number, now=NOW)) for number in range(40))


def test_each_form_is_the_others_twin() -> None:
    low = Seal(pki().seal).sign(b"a text", now=NOW)
    high = twin(low)
    assert not is_low(high)
    assert low_form(high) == low_form(low) == low == twin(high)
    assert in_der(side_by_side(high)) == high
    half = P256_ORDER // 2
    assert [is_low(in_der(bytes(31) + b"\1" + s.to_bytes(32))) for s in (half, half + 1)] == [True, False]
    with pytest.raises(ValueError, match="two numbers"):
        in_der(bytes(63))


def test_the_high_form_of_a_detached_signature_is_refused() -> None:
    signature = Seal(pki().seal).sign(b"a text", now=NOW)
    verify_detached(b"a text", signature, PINS[0])
    with pytest.raises(InvalidSignature):
        verify_detached(b"a text", twin(signature), PINS[0])
    verify_detached(b"a text", twin(signature), PINS[0], either_form=True)


def test_the_high_form_of_a_receipt_is_refused_by_every_way_of_verifying(files: Mapping[str, bytes]) -> None:
    original = take_out(files[bundle.RECEIPT])[0]
    frames = Frames()
    for _ in range(2):  # step by step, and by the frame that is then known
        verify_receipt(original, seal_certificates=PINS, frames=frames)
        with pytest.raises(ReceiptInvalidError, match="form that the seal does not write"):
            verify_receipt(twin_of_receipt(original), seal_certificates=PINS, frames=frames)


def test_the_high_form_of_a_pdf_and_of_a_head_is_refused(files: Mapping[str, bytes]) -> None:
    with pytest.raises(RenditionInvalidError, match="form that the seal does not write"):
        verify_pdf(twin_of_pdf(files[bundle.FORM]), seal_certificates=PINS)
    note = read_note(files[bundle.CHECKPOINT])
    (line,) = note.lines
    high = Note(note.text, (replace(line, signature=twin(line.signature)),))
    with pytest.raises(CheckpointInvalidError):
        verify_note(high, seal_certificates=PINS)
    assert verify_note(high, seal_certificates=PINS, either_form=True).checkpoint.size == 2


def test_the_high_form_of_a_manifest_is_refused(files: Mapping[str, bytes], tmp_path: Path) -> None:
    trust = load_trust(write_trust(tmp_path))
    other = bundle.write({**files, bundle.SIGNATURE: twin(files[bundle.SIGNATURE])})
    report = verify(other, trust=trust, at=NOW + timedelta(days=1))
    assert [step.name for step in report.steps if step.outcome is Outcome.FAILED] == ["manifest"]


def test_a_token_in_its_other_form_is_not_the_one_that_the_manifest_names(
    files: Mapping[str, bytes], tmp_path: Path
) -> None:
    token = cms.ContentInfo.load(files[bundle.CHECKPOINT_TOKEN])
    (signer,) = token["content"]["signer_infos"]
    signer["signature"] = twin(signer["signature"].native)
    other = bundle.write({**files, bundle.CHECKPOINT_TOKEN: token.dump(force=True)})
    report = verify(other, trust=load_trust(write_trust(tmp_path)), at=NOW + timedelta(days=1))
    (manifest,) = [step for step in report.steps if step.name == "manifest"]
    assert manifest.outcome is Outcome.FAILED


@pytest.mark.parametrize("name", ["own", "seal"])
def test_receipts_of_the_policies_before_have_either_form(name: str) -> None:
    seal = x509.load_pem_x509_certificate((BEFORE / "seal.cert.pem").read_bytes())
    data = (BEFORE / f"{name}.xml").read_bytes()
    for one in (data, twin_of_receipt(data)):
        assert verify_receipt(one, seal_certificates=[seal], frames=Frames()).sha256
