"""`notigateway check` and the rule of time: what a seal out of use made, and nothing proves to be older."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from sqlalchemy import text as sql

from decades import Decades, authority, on, seal
from notigateway.evidence.history import PERIODS, DatedCertificate
from notigateway.log.existing import Dating
from notigateway.log.growing import advance
from notigateway.log.wholeness import Checking
from notigateway.receipts.stamping import stamp
from notigateway.repository.engine import reading
from notigateway.repository.forms import ReceiptForm
from notigateway.repository.model import Receipt
from overdue import run, settings_file
from pki import NOW, pki, write_issuers, write_pem
from titles import grant, register_company
from tsa import Answering, serving, token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from notigateway.log.rules import Finding
    from stack import Stack

pytestmark = pytest.mark.once

END = NOW + timedelta(days=30)
LATER = END + timedelta(days=300)
SEAL = DatedCertificate.of(pki().seal.certificate, until=END)


def findings(
    stack: Stack, *, authorities: Sequence[DatedCertificate] | None = None, pin: DatedCertificate = SEAL
) -> list[Finding]:
    """Check a stack after its seal was put out of use."""
    pinned = [DatedCertificate.of(tsa().certificate)] if authorities is None else authorities
    return list(Checking(stack.engine, stack.office.store, [pin], pinned, now=LATER).findings())


def told(stack: Stack, *, authorities: Sequence[DatedCertificate] | None = None) -> list[tuple[str, str]]:
    return [(one.rule, one.subject) for one in findings(stack, authorities=authorities)]


def date(stack: Stack, at: datetime, *, only_heads: bool = False) -> None:
    """Sign the log's head, and time-stamp everything."""
    advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)
    with serving(Answering(at=at)) as asked:
        assert not stamp(stack.engine, authority=asked, now=stack.now, batch_size=50).waiting
    if only_heads:
        change(stack, "DELETE FROM receipt_timestamps")


def change(stack: Stack, statement: str) -> None:
    with stack.engine.begin() as connection:
        connection.execute(sql(statement))


def receipts(stack: Stack) -> list[UUID]:
    """Return the identifiers of all receipts, in their order."""
    with reading(stack.engine) as session:
        return list(session.scalars(select(Receipt.id).order_by(Receipt.id)))


def with_another_seal(stack: Stack) -> Path:
    """Write settings by which the first seal has been retired, and return their file."""
    key, certificate = write_pem(seal(2026, 2035), stack.folder / "keys", "seal-2")
    retired = write_issuers(stack.folder / "retired", [pki().seal.certificate])
    (retired / PERIODS).write_text(f'["issuer-0.pem"]\nuntil = {END.isoformat()}\n')
    return settings_file(
        stack,
        seal_key_file=key,
        seal_certificate_file=certificate,
        retired_seals_folder=retired,
        timestamp_authority_folder=write_issuers(stack.folder / "authorities", [tsa().certificate]),
    )


def form_of(stack: Stack, wanted: UUID) -> None:
    """Have the PDFs of a notification's receipts made."""
    stack.ask("RetrieveReceipts", f"<id>{wanted}</id><format>pdf</format>")


def test_what_was_dated_before_the_end_of_its_seal_is_proven(stack: Stack) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    form_of(stack, wanted)
    date(stack, NOW)
    assert findings(stack) == []


def test_a_head_that_was_dated_before_the_end_proves_every_receipt_under_it(stack: Stack) -> None:
    stack.accept(*stack.publish_many(3))
    date(stack, NOW, only_heads=True)
    assert findings(stack) == []
    stack.pass_time(seconds=2)
    stack.publish("under a head of after the end")
    date(stack, END + timedelta(seconds=1), only_heads=True)
    ((rule, subject),) = told(stack)
    assert (rule, subject) == ("unproven", f"receipt {receipts(stack)[-1]}")


def test_receipts_that_were_dated_after_the_end_are_named_with_the_reason(stack: Stack) -> None:
    stack.publish()
    date(stack, END + timedelta(seconds=1))
    (finding,) = findings(stack)
    end = "its certificate was in use until 2026-07-01T12:00:00.000Z"
    lack = "neither its time-stamp nor that of a head of the log proves that it is older"
    assert (finding.rule, finding.detail) == ("unproven", f"{end}, and {lack}")


def test_an_authority_that_was_out_of_use_by_then_proves_nothing(stack: Stack) -> None:
    stack.publish()
    date(stack, NOW + timedelta(days=1))
    for until in (NOW, NOW + timedelta(days=2)):  # before it said so, and by now
        pinned = [DatedCertificate.of(tsa().certificate, until=until)]
        assert {rule for rule, _ in told(stack, authorities=pinned)} == {"unproven"}
    assert told(stack, authorities=[DatedCertificate.of(tsa().certificate, until=LATER)]) == []


def test_while_seals_are_in_use_or_nobody_is_pinned_nothing_is_asked(stack: Stack) -> None:
    stack.publish()
    assert Dating.of([SEAL], [tsa().certificate], END) is None
    assert Dating.of([SEAL], [], LATER) is None
    assert findings(stack, authorities=[]) == []
    assert findings(stack, pin=DatedCertificate.of(pki().seal.certificate)) == []


def test_of_many_twenty_are_named_and_all_are_counted(stack: Stack) -> None:
    stack.publish_many(23)
    found = findings(stack)
    assert len(found) == 21
    assert (found[-1].subject, found[-1].detail) == (
        "receipts",
        "3 more, 23 in all, that nothing proves to be older",
    )


def test_a_pdf_is_proven_by_its_own_time_stamp_alone(stack: Stack) -> None:
    wanted = stack.publish()
    date(stack, NOW)
    form_of(stack, wanted)
    ((rule, subject),) = told(stack)
    assert (rule, subject[:4]) == ("unproven", "PDF ")
    with serving(Answering(at=END + timedelta(seconds=1))) as asked:
        stamp(stack.engine, authority=asked, now=stack.now, batch_size=50)
    assert [one for one, _ in told(stack)] == ["unproven"]
    with stack.engine.begin() as connection:
        connection.execute(update(ReceiptForm).values(token=token_of(bytes(32), at=NOW)))
    (finding,) = findings(stack)
    assert (finding.rule, finding.detail) == (
        "time-stamp",
        "the token is about something else: wrong imprint",
    )


def test_a_pdf_that_is_made_anew_for_whoever_asks_is_no_fault(stack: Stack) -> None:
    wanted = stack.publish()
    date(stack, NOW)
    form_of(stack, wanted)
    ended = tsa("ended", (NOW - timedelta(days=1), END - timedelta(days=1)))
    with serving(Answering(ended, at=NOW), pinned=ended) as asked:
        stamp(stack.engine, authority=asked, now=stack.now, batch_size=50)
    pinned = [DatedCertificate.of(one.certificate) for one in (tsa(), ended)]
    assert findings(stack, authorities=pinned) == []


def test_renewed_heads_prove_receipts_whose_authority_has_ended(stack: Stack) -> None:
    stack.accept(*stack.publish_many(2))
    decades = Decades(stack)
    decades.stamp()
    decades.renew(on(2027))
    decades.ask(authority(2028, 2039))
    decades.use(seal(2028, 2044))
    decades.renew(on(2028))

    def unproven(at: datetime, *authorities: DatedCertificate) -> set[str]:
        checking = Checking(stack.engine, stack.office.store, decades.seals, authorities, now=at)
        return {one.subject for one in checking.findings() if one.rule == "unproven"}

    # The first authority ends with 2029, the seal with 2027: the second one has seen the first one's word.
    assert unproven(on(2035), *decades.authorities) == set()
    first, second = decades.authorities
    short = replace(second, since=on(2030))
    assert len(unproven(on(2035), first, short)) == len(receipts(stack))
    assert len(unproven(on(2041), *decades.authorities)) == len(receipts(stack))


def test_certificates_of_powers_are_told_and_are_no_fault(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    register_company(stack)
    stack.ask("CertifyPower", f"<powerId>{grant(stack)}</powerId>")
    file = with_another_seal(stack)
    code, out, _ = run("check", "--settings", file)
    said = (
        "void: certificates of powers: 1 are of a seal out of use, and have no time-stamp: ask for new ones"
    )
    assert (code, said in out) == (0, True)


def test_the_command_ends_with_1_and_several_processes_tell_the_same(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.publish_many(1_100)
    advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)
    file = with_another_seal(stack)
    alone, together = (run("check", "--settings", file, "--json", "--processes", number) for number in (1, 2))
    assert alone == together
    code, out, err = together
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err, lines[-1]["findings"]) == (1, "", 21)
    assert lines[-2]["detail"] == "1,080 more, 1,100 in all, that nothing proves to be older"
