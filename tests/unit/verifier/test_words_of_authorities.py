"""Which time-stamps on a seal count: each that verifies, for as long as what it and the seal rest on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from bundles import STAMPED_AT, Proofs, sealed, stamped
from notigateway.evidence.algorithms import Algorithms
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.timestamp import add_token, signature_imprint
from notigateway.verifier.pins import Trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome, Report
from pki import NOW, OTHER_COMPANY_NIF, company_subject, ec_key, pki
from tsa import token_of, tsa

SUNSET = datetime(2040, 1, 1, tzinfo=UTC)
PAST_SHA_256 = Algorithms({"SHA-256": SUNSET}, SUNSET.date())
SEAL_ENDS, FIRST_ENDS = NOW + timedelta(days=50), NOW + timedelta(days=100)
LATER = NOW + timedelta(days=200)
OTHER = tsa("another authority")


@cache
def original() -> bytes:
    return sealed(Proofs().statement())


def trust() -> Trust:
    """Pin a seal that is out of use, one authority that is so since, and another one."""
    return Trust(
        seals=[DatedCertificate.of(pki().seal.certificate, until=SEAL_ENDS)],
        authorities=[
            DatedCertificate.of(tsa().certificate, until=FIRST_ENDS),
            DatedCertificate.of(OTHER.certificate),
        ],
        issuers=None,
    )


def block(token: bytes) -> bytes:
    one = add_token(original(), token)
    start, end = one.index(b"<xades:SignatureTimeStamp>"), one.index(b"</xades:SignatureTimeStamp>")
    return one[start : end + len(b"</xades:SignatureTimeStamp>")]


def with_tokens(*tokens: bytes) -> bytes:
    """Return the receipt with several time-stamps on its seal, as tools of others add them."""
    one = add_token(original(), tokens[0])
    return one.replace(block(tokens[0]), b"".join(map(block, tokens)))


def said(report: Report, step: str) -> tuple[Outcome, str]:
    (found,) = (one for one in report.steps if one.name == step)
    return found.outcome, found.reason


def test_of_two_the_one_that_still_counts_does_whichever_is_first() -> None:
    imprint = signature_imprint(original())
    ended = token_of(imprint, at=STAMPED_AT)
    lasting = token_of(imprint, at=STAMPED_AT + timedelta(days=1), pair=OTHER)
    for tokens in ((ended, lasting), (lasting, ended)):
        report = verify(with_tokens(*tokens), trust=trust(), at=LATER, required_level="T")
        assert report.outcome is Outcome.PASSED
        assert said(report, "time-stamp")[1].startswith("the seal existed on 2026-06-02T")
    assert verify(with_tokens(ended, ended), trust=trust(), at=LATER).outcome is Outcome.INDETERMINATE


def test_one_that_is_broken_hinders_nothing_beside_one_that_is_right() -> None:
    right = token_of(signature_imprint(original()), at=STAMPED_AT)
    broken = right[:-1] + bytes([right[-1] ^ 1])
    for tokens in ((broken, right), (right, broken)):
        assert verify(with_tokens(*tokens), trust=trust(), at=NOW + timedelta(days=2)).outcome is (
            Outcome.PASSED
        )
    both = verify(with_tokens(broken, broken), trust=trust(), at=NOW + timedelta(days=2))
    assert said(both, "time-stamp")[0] is Outcome.FAILED


def test_a_longer_hash_of_the_seal_does_not_outlive_the_hash_by_which_the_seal_holds_the_content() -> None:
    token = token_of(signature_imprint(original(), "sha512"), at=STAMPED_AT, digest="sha512")
    foreign = add_token(original(), token).replace(
        b"<xades:SignatureTimeStamp>", b'<xades:SignatureTimeStamp Id="TS-1">'
    )
    in_use = Trust(
        seals=[DatedCertificate.of(pki().seal.certificate)],
        authorities=[DatedCertificate.of(tsa().certificate)],
        issuers=None,
    )
    for data in (foreign, stamped(original())):
        before = verify(data, trust=in_use, at=SUNSET, algorithms=PAST_SHA_256, required_level="T")
        after = verify(
            data,
            trust=in_use,
            at=SUNSET + timedelta(days=366),
            algorithms=PAST_SHA_256,
            required_level="T",
        )
        assert before.outcome is Outcome.PASSED
        assert after.outcome is Outcome.INDETERMINATE
        assert "SHA-256 is relied on until 2040-01-01" in said(after, "time-stamp")[1]


@pytest.mark.parametrize("is_new_first", [True, False])
def test_a_certificate_renewed_over_the_same_key_makes_no_old_head_wrong(*, is_new_first: bool) -> None:
    subject = company_subject(OTHER_COMPANY_NIF, "Sello de la pasarela")
    old = pki().holder(subject, ec_key("seal"), not_after=NOW + timedelta(days=30))
    new = pki().holder(subject, ec_key("seal"), not_before=NOW + timedelta(days=20))
    certificates = [new.certificate, old.certificate] if is_new_first else [old.certificate, new.certificate]
    both = Trust(
        seals=[DatedCertificate.of(one) for one in certificates],
        authorities=[DatedCertificate.of(tsa().certificate)],
        issuers=None,
    )
    report = verify(Proofs(seal=old).build(), trust=both, at=NOW + timedelta(days=1))
    assert said(report, "checkpoint")[0] is Outcome.PASSED
