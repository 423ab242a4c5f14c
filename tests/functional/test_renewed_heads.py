"""Receipts over decades: what convinces in 2045, when every certificate of their time has ended."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from decades import Decades, authority, on, seal, sunset_of_sha256
from notigateway.evidence import asic, bundle
from notigateway.evidence.history import DatedCertificate
from notigateway.law.lifecycle import State
from notigateway.repository.engine import reading
from notigateway.repository.model import Receipt
from notigateway.verifier.report import Outcome

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.verifier.report import Report
    from stack import Stack

IN_2045 = on(2045)


@pytest.fixture
def decades(stack: Stack) -> Decades:
    return Decades(stack)


def accepted(decades: Decades) -> UUID:
    """Accept a notification; return the receipt, time-stamped like all that belongs to it."""
    stack = decades.stack
    stack.accept(stack.publish())
    with reading(stack.engine) as session:
        found = session.scalars(select(Receipt.id).where(Receipt.state == State.ACCEPTED)).one()
    decades.bundle(found)
    decades.stamp()
    return found


def to_2045(decades: Decades) -> None:
    """Renew the head every year, with other authorities and other seals as the former ones end."""
    for year in range(2027, 2046):
        if year in {2027, 2034, 2041}:
            decades.use(seal(year, year + 8))
        if year in {2029, 2038}:
            decades.ask(authority(year, year + 11))
        decades.renew(on(year, 3))


def said(report: Report, name: str) -> str:
    return next(step.reason for step in report.steps if step.name == name)


def test_in_2045_a_receipt_convinces_with_renewed_heads_and_not_without(decades: Decades) -> None:
    receipt = accepted(decades)
    of_2026 = decades.bundle(receipt)
    assert decades.verify(of_2026, on(2026, 7)).outcome is Outcome.PASSED
    to_2045(decades)
    of_2045 = decades.bundle(receipt)

    report = decades.verify(of_2045, IN_2045, required_level="T")
    assert [step for step in report.steps if step.outcome in {Outcome.FAILED, Outcome.INDETERMINATE}] == []
    assert report.outcome is Outcome.PASSED
    assert said(report, "renewed heads").endswith("renewed 19 times")
    assert "existed on 2027-03-01" in said(report, "existence")

    container = decades.bundle(receipt, asic.write_container)
    assert decades.verify(container, IN_2045).outcome is Outcome.PASSED

    old = decades.verify(of_2026, IN_2045)
    assert old.outcome is Outcome.INDETERMINATE
    assert "nothing proves that this is older" in said(old, "existence")
    files = {name: data for name, data in bundle.read_container(of_2045).items() if name != bundle.RENEWALS}
    without = bundle.write_bundle(
        {name: data for name, data in files.items() if name not in bundle.SEALED},
        receipt_id=receipt,
        seal=decades.seal,
        made_at=decades.stack.now,
    )
    report = decades.verify(without, IN_2045)
    assert report.outcome is Outcome.INDETERMINATE
    assert "nothing proves that this is older" in said(report, "existence")
    # And the one of 2045 will not convince for ever.
    assert decades.verify(of_2045, on(2051)).outcome is Outcome.INDETERMINATE


def test_an_authority_that_is_put_out_of_use_is_as_one_whose_certificate_has_ended(decades: Decades) -> None:
    """First the authority, long before its certificate ends, then the seal."""
    receipt = accepted(decades)
    (first,) = decades.authorities
    decades.ask(authority(2025, 2034))
    decades.renew(on(2026, 8))
    decades.authorities[0] = DatedCertificate.of(first.certificate, until=on(2026, 9))
    decades.use(seal(2027, 2034))
    decades.stack.now = on(2028)
    decades.renew(on(2028))
    decades.stamp()

    now = on(2028, 7)
    decades.stack.now = now
    decades.bundle(receipt)
    decades.stamp()
    report = decades.verify(decades.bundle(receipt), now)

    assert report.outcome is Outcome.PASSED, report
    assert "existed on 2026-08-01" in said(report, "existence")
    assert decades.verify(decades.bundle(receipt), on(2033)).outcome is Outcome.PASSED


def test_past_the_end_of_sha_256_only_a_second_tree_of_before_convinces(decades: Decades) -> None:
    receipt = accepted(decades)
    to_2045(decades)
    ended = sunset_of_sha256(on(2046))
    assert decades.verify(decades.bundle(receipt), IN_2045, algorithms=ended).outcome is Outcome.PASSED
    later = on(2047)
    decades.stack.now = later
    assert decades.verify(decades.bundle(receipt), later, algorithms=ended).outcome is not Outcome.PASSED

    decades.digest = "sha512"
    decades.second_tree(on(2045, 9))
    decades.stack.now = later
    proven = decades.bundle(receipt)
    report = decades.verify(proven, later, algorithms=ended)
    assert "second tree (SHA-512) since 2045-09-01" in said(report, "renewed heads")
    assert "existed on 2027-03-01" in said(report, "existence")
    assert "as the receipt says" in said(report, "request")
    assert said(report, "chain").startswith("follows ")
    # The head rests on SHA-256 alone and is not needed; the PDF does too, and people read it.
    assert [step.name for step in report.steps if step.outcome is Outcome.INDETERMINATE] == ["form"]
    assert "nothing is concluded from this head, and nothing needs it" in said(report, "checkpoint's time")
    assert "do not read them. To verify all the rest, give --without-form" in report.says
    apart = decades.verify(proven, later, algorithms=ended, without_form=True)
    assert apart.outcome is Outcome.PASSED
    assert apart.says.startswith("Proven: On ")
    assert "Not proven: what the pages of receipt.pdf show" in apart.says
    # A request that is given beside the file is bound as the one in it: another one is told.
    files = {name: one for name, one in bundle.read_container(proven).items() if name not in bundle.SEALED}
    request = files.pop(bundle.REQUEST)
    left_out = bundle.LeftOut(bundle.REQUEST, sha256(request).hexdigest(), bundle.NAMES_OTHERS)
    beside = bundle.write_bundle(
        files, receipt_id=receipt, seal=decades.seal, made_at=later, left_out=(left_out,)
    )
    own = decades.verify(beside, later, algorithms=ended, request=request)
    others = decades.verify(beside, later, algorithms=ended, request=request + b" ")
    assert "as the receipt says" in said(own, "request")
    assert said(others, "renewed heads") == "request.xml is not what the second tree binds"
    # One from after that end comes too late, also for what the receipt names.
    too_early = sunset_of_sha256(on(2045, 8))
    report = decades.verify(proven, later, algorithms=too_early, without_form=True)
    for step in ("request", "chain"):
        assert "by which the receipt names it, is relied on until 2045-08-01" in said(report, step)
    assert report.outcome is Outcome.INDETERMINATE
    assert "does not convince any more" in said(report, "renewed heads")
    assert "seal on the checkpoint" in said(report, "checkpoint's time")
