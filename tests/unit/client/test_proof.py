"""The receipts of one notification hang together: one that was taken away or replaced is noticed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bundles import NOTIFICATION, STAMPED_AT, Proofs, put_at_disposal, sealed, stamped, statement
from notigateway.client.proof import Verdict, examine
from notigateway.client.values import NotificationReceipts, Receipt
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.raising import add_archive_timestamp, archive_imprint, raise_to_lt
from notigateway.evidence.validation_data import ValidationData
from notigateway.evidence.xades import verify_receipt
from notigateway.pki.keys import fingerprint
from pki import NOW, pki
from tsa import token_of, tsa

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair

SEALS = [pki().seal.certificate]
DATA = ValidationData([pki().root.certificate.public_bytes(Encoding.DER)])


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


def archived(raised: bytes, *, at: timedelta, by: KeyPair | None = None) -> bytes:
    """Return a raised receipt with an archive time-stamp of that long after now."""
    return add_archive_timestamp(raised, token_of(archive_imprint(raised), at=NOW + at, pair=by))


def test_the_time_stamp_of_a_raised_receipt_is_found() -> None:
    ours, theirs = (DatedCertificate.of(one.certificate) for one in (tsa(), tsa("theirs")))
    end = timedelta(hours=1)
    lt = raise_to_lt(stamped(sealed(statement(b""))), DATA)
    lta = archived(lt, at=timedelta(minutes=5))
    for raised in (lt, lta, archived(lta, at=timedelta(days=20))):
        assert [told(raised, until=end), told(raised, ours, until=end), told(raised, ours)] == ["", "", ""]
        assert "is not pinned" in told(raised, theirs)
        assert "to others it proves nothing" in told(raised, theirs, until=end)
        assert "is not pinned" in told(raised, theirs, until=end)
    late = archived(raise_to_lt(stamped(sealed(statement(b"")), at=NOW + 3 * end), DATA), at=4 * end)
    assert told(late, until=end).endswith("its time-stamp is of 2026-06-01T15:00:00.000Z")


def test_an_archive_time_stamp_dates_a_receipt_too_if_its_authority_is_pinned() -> None:
    theirs = DatedCertificate.of(tsa("theirs").certificate)
    lt, end = raise_to_lt(stamped(sealed(statement(b""))), DATA), timedelta(hours=1)
    in_time = archived(lt, at=timedelta(minutes=5), by=tsa("theirs"))
    assert told(in_time, theirs) == told(in_time, theirs, until=end) == ""
    late = archived(lt, at=2 * end, by=tsa("theirs"))
    assert told(late, theirs) == ""
    assert told(late, theirs, until=end).endswith("its time-stamp is of 2026-06-01T14:00:00.000Z")
    early = archived(lt, at=-timedelta(days=1), by=tsa("theirs"))
    assert "is not pinned" in told(early, theirs, until=end)
    retired = DatedCertificate.of(tsa("theirs").certificate, until=NOW)
    assert "is not pinned" in told(in_time, retired, until=end)


def test_what_somebody_else_added_hinders_no_time_stamp_that_is_believed() -> None:
    ours, end = DatedCertificate.of(tsa().certificate), timedelta(hours=1)
    lt = raise_to_lt(stamped(sealed(statement(b"")), pair=tsa("theirs")), DATA)
    far = archived(lt, at=timedelta(days=20), by=tsa("theirs"))
    assert "is not pinned" in told(far, ours, until=end)
    assert told(archived(far, at=timedelta(minutes=5)), ours, until=end) == ""
