"""The receipts of one notification hang together: one that was taken away or replaced is noticed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from bundles import NOTIFICATION, STAMPED_AT, Proofs, put_at_disposal, sealed, stamped, statement
from notigateway.client.proof import Verdict, examine
from notigateway.client.values import NotificationReceipts, Receipt
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.xades import verify_receipt
from notigateway.pki.keys import fingerprint
from pki import NOW, pki
from tsa import tsa

SEALS = [pki().seal.certificate]


def received(xml: bytes) -> Receipt:
    """Return a receipt as the service would name it."""
    facts = verify_receipt(xml, seal_certificates=SEALS)
    return Receipt(
        receipt_id=str(facts.receipt_id),
        state=facts.state.value,
        event_time=facts.event_time,
        sha256=hashlib.sha256(xml).hexdigest(),
        sealed=xml,
    )


def verdicts(*receipts: bytes) -> list[Verdict]:
    item = NotificationReceipts(id=str(NOTIFICATION), receipts=tuple(map(received, receipts)), problem=None)
    return list(examine(item, SEALS))


@pytest.fixture(scope="module")
def accepted() -> bytes:
    return sealed(Proofs().statement())


def test_receipts_that_follow_each_other_are_verified(accepted: bytes) -> None:
    assert [one.verified for one in verdicts(put_at_disposal(), accepted)] == [True, True]


def test_a_receipt_whose_predecessor_was_taken_away_is_not(accepted: bytes) -> None:
    (one,) = verdicts(accepted)

    assert not one.verified
    assert "which is missing" in one.problem


def test_a_receipt_whose_predecessor_was_replaced_is_not(accepted: bytes) -> None:
    facts = verify_receipt(put_at_disposal(), seal_certificates=SEALS)
    other = sealed(
        replace(
            statement(b""),
            evidence_id=facts.receipt_id,
            event=facts.state,
            event_time=facts.event_time - timedelta(hours=1),
            submission_time=NOW - timedelta(days=4),
            channel=None,
            delegate=None,
            authentication=None,
            request=None,
        )
    )

    first, second = verdicts(other, accepted)

    assert first.verified
    assert not second.verified
    assert "which is another" in second.problem


def test_what_a_seal_out_of_use_sealed_is_told_where_nothing_dates_it() -> None:
    end, later = NOW + timedelta(hours=1), NOW + timedelta(days=30)
    retired = [DatedCertificate.of(pki().seal.certificate, until=end)]
    told = {
        "bare": sealed(statement(b"")),
        "in time": stamped(sealed(statement(b""))),
        "late": stamped(sealed(statement(b"")), at=end + timedelta(days=3)),
    }
    problems = {}
    for name, xml in told.items():
        item = NotificationReceipts(id=str(NOTIFICATION), receipts=(received(xml),), problem=None)
        (verdict,) = examine(item, retired, now=later)
        assert verdict.verified
        problems[name] = verdict.problem
        assert next(examine(item, retired, now=end)).problem == ""
        assert next(examine(item, SEALS, now=later)).problem == ""
    assert problems["in time"] == ""
    assert problems["bare"].endswith("out of use since 2026-06-01T13:00:00.000Z, and it has no time-stamp")
    assert problems["late"].endswith("its time-stamp is of 2026-06-04T13:00:00.000Z")


def told(xml: bytes, *authorities: DatedCertificate, until: timedelta | None = None) -> str:
    """Return what is told a month later of a verified receipt, its seal out of use or not."""
    seals = SEALS if until is None else [DatedCertificate.of(pki().seal.certificate, until=NOW + until)]
    item = NotificationReceipts(id=str(NOTIFICATION), receipts=(received(xml),), problem=None)
    (verdict,) = examine(item, seals, now=NOW + timedelta(days=30), authorities=authorities)
    assert verdict.verified
    return verdict.problem


def test_a_time_stamp_of_somebody_elses_authority_is_told_whatever_the_seal() -> None:
    ours, theirs = (DatedCertificate.of(one.certificate) for one in (tsa(), tsa("theirs")))
    xml, bare = stamped(sealed(statement(b""))), sealed(statement(b""))
    assert [told(xml), told(xml, ours), told(xml, theirs, ours), told(bare, ours)] == ["", "", "", ""]

    said = told(xml, theirs)
    assert said.startswith("its time-stamp is by an authority that is not pinned: ")
    assert said.endswith(f"(SHA-256 {fingerprint(tsa().certificate)})")
    out_of_use = told(xml, theirs, until=timedelta(hours=2))
    assert out_of_use.startswith("to others it proves nothing: its seal is out of use since 2026-06-01T14:00")
    assert said in out_of_use
    assert told(xml, ours, until=timedelta(hours=2)) == ""


def test_a_time_stamp_of_an_authority_that_was_out_of_use_by_then_is_told() -> None:
    xml = stamped(sealed(statement(b"")))
    retired = DatedCertificate.of(tsa().certificate, until=STAMPED_AT - timedelta(seconds=1))
    assert told(xml, retired).endswith("when its authority was not in use")
    assert told(xml, DatedCertificate.of(tsa().certificate, until=STAMPED_AT)) == ""
