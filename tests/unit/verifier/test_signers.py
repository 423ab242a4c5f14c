"""Whether the signer's certificate was good when it was validated is read from the bundle's own data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bundles import Proofs, write_trust
from notigateway.evidence import bundle
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from pki import NOW, crl, ocsp_answer, pki, responder, write_issuers

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.verifier.pins import Trust
    from notigateway.verifier.report import Step

AT = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)
NAME = "signer's status"
SIGNER, ISSUER = pki().company_seal.certificate, pki().issuing


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return load_trust(write_trust(tmp_path_factory.mktemp("trust")))


def status_of(proofs: Proofs, trust: Trust) -> Step:
    (found,) = [step for step in verify(proofs.build(), trust=trust, at=AT).steps if step.name == NAME]
    return found


@pytest.mark.parametrize(
    ("source", "data", "outcome", "words"),
    [
        ("crl", crl(ISSUER), Outcome.PASSED, "was good on 2026-06-01T12:00:00.000Z"),
        ("crl", crl(ISSUER, next_update=NOW + HOUR), Outcome.PASSED, "tells until 2026-06-01T13:00:00.000Z"),
        ("ocsp", ocsp_answer(SIGNER, ISSUER), Outcome.PASSED, "the answer (OCSP)"),
        ("ocsp", ocsp_answer(SIGNER, ISSUER, responder=responder(ISSUER)), Outcome.PASSED, "was good"),
        ("crl", crl(ISSUER, (SIGNER, NOW + HOUR)), Outcome.PASSED, "revoked on 2026-06-01T13:00:00.000Z"),
        ("crl", crl(ISSUER, (SIGNER, NOW - HOUR)), Outcome.FAILED, "revoked before it was validated"),
        ("crl", crl(ISSUER, (SIGNER, NOW)), Outcome.FAILED, "revoked before it was validated"),
        ("ocsp", ocsp_answer(SIGNER, ISSUER, revoked_at=NOW - HOUR), Outcome.FAILED, "revoked before"),
        ("crl", crl(pki().other_root), Outcome.INDETERMINATE, "does not tell"),
        ("crl", crl(ISSUER, key=pki().person.key), Outcome.INDETERMINATE, "does not tell"),
        ("crl", crl(ISSUER, next_update=NOW - HOUR), Outcome.INDETERMINATE, "does not tell"),
        ("crl", b"\x30\x80" * 9000, Outcome.INDETERMINATE, "does not tell"),
        ("ocsp", b"no answer", Outcome.INDETERMINATE, "does not tell"),
        ("ocsp", ocsp_answer(pki().person.certificate, ISSUER), Outcome.INDETERMINATE, "does not tell"),
    ],
)
def test_the_status_is_what_the_issuer_said_of_that_instant(
    source: str, data: bytes, outcome: Outcome, words: str, trust: Trust
) -> None:
    found = status_of(Proofs(status=(source, data)), trust)
    assert (found.outcome, words in found.reason) == (outcome, True), found


def test_a_request_that_is_left_out_still_has_a_signer(trust: Trust) -> None:
    assert status_of(Proofs().without_request(), trust).outcome is Outcome.PASSED
    revoked = ("crl", crl(ISSUER, (SIGNER, NOW - HOUR)))
    assert status_of(Proofs(status=revoked).without_request(), trust).outcome is Outcome.FAILED


def test_without_issuers_without_data_or_without_a_word_of_them_nothing_is_checked(
    trust: Trust, tmp_path: Path
) -> None:
    alone = load_trust(write_trust(tmp_path, issuers=False))
    lost = Proofs(files={bundle.REVOCATION: None})
    for proofs, trusted, why in (
        (Proofs(), alone, "no issuers/"),
        (lost, trust, "is not in this file"),
        (Proofs(status=None), trust, "names no list"),
        (Proofs(status=("telephone", b"good")), trust, "names no list"),
    ):
        found = status_of(proofs, trusted)
        assert (found.outcome, why in found.reason) == (Outcome.SKIPPED, True), found


def test_a_signer_of_another_issuer_or_data_that_the_receipt_does_not_name_do_not_pass(
    trust: Trust, tmp_path: Path
) -> None:
    others = write_trust(tmp_path)
    for file in (others / "issuers").iterdir():
        file.unlink()
    write_issuers(others / "issuers", [pki().other_root.certificate])
    assert status_of(Proofs(), load_trust(others)).outcome is Outcome.FAILED
    swapped = replace(Proofs(), files={bundle.REVOCATION: crl(ISSUER)})
    assert status_of(swapped, trust).outcome is Outcome.INDETERMINATE
