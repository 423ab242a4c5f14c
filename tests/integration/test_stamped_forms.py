"""The PDF of a receipt gets the time-stamp of its seal later, without a sealed byte being touched."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from notigateway.evidence.pades import verify_pdf
from notigateway.pki.keys import fingerprint
from notigateway.receipts.stamping import Authority, stamp
from notigateway.repository.engine import reading, writing
from notigateway.repository.forms import ReceiptForm, count_unstamped_forms
from pki import pki
from stack import NG
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from uuid import UUID

    from stack import Stack

AWAY = Authority("http://127.0.0.1:9/", [tsa().certificate], 1)
SECONDS = timedelta(seconds=1)


def pdf_of(stack: Stack, wanted: UUID) -> bytes:
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id><format>pdf</format>")
    (file,) = (
        one.findtext("ng:file", "", namespaces=NG)
        for one in answer.tree.iterfind("ng:item/ng:receipt", namespaces=NG)
        if one.findtext("ng:state", "", namespaces=NG) == "accepted"
    )
    return base64.b64decode(file)


def waiting(stack: Stack, seal_sha256: str | None = None) -> int:
    with reading(stack.engine) as session:
        return count_unstamped_forms(session, seal_sha256=seal_sha256)


def accepted(stack: Stack) -> UUID:
    wanted = stack.publish()
    stack.accept(wanted)
    return wanted


def test_a_form_gets_the_time_stamp_of_its_seal_and_changes_nowhere_else(stack: Stack) -> None:
    wanted = accepted(stack)
    made = pdf_of(stack, wanted)
    pins = {"seal_certificates": [pki().seal.certificate], "timestamp_certificates": [tsa().certificate]}
    assert verify_pdf(made, **pins).timestamped_at is None
    at = (stack.now + 40 * SECONDS).replace(microsecond=0)

    with serving(Answering(at=at)) as authority:
        done = stamp(stack.engine, authority=authority, now=stack.now + 30 * SECONDS, batch_size=10)
        again = stamp(stack.engine, authority=authority, now=stack.now + 60 * SECONDS, batch_size=10)

    assert (done.failed, done.waiting, again.forms) == (0, 0, 0)
    assert done.forms >= 1
    raised = pdf_of(stack, wanted)
    found = verify_pdf(raised, **pins)
    assert (found.timestamped_at, found.has_additions) == (at, False)
    assert len(raised) == len(made)
    differs = [place for place in range(len(made)) if made[place] != raised[place]]
    assert len(differs) < 3 * 4096
    start = made.index(b"/Contents <30")
    assert start < differs[0] <= differs[-1] < made.index(b">", start)


def test_an_authority_that_is_away_delays_and_the_caller_never_waits(stack: Stack) -> None:
    wanted = accepted(stack)
    made = pdf_of(stack, wanted)
    with serving(Answering(at=stack.now)) as authority:
        stamp(stack.engine, authority=authority, now=stack.now - SECONDS, batch_size=10)
    begun = waiting(stack)

    tried = stamp(stack.engine, authority=AWAY, now=stack.now, batch_size=10)
    at_once = stamp(stack.engine, authority=AWAY, now=stack.now + SECONDS, batch_size=10)

    assert tried.failed >= begun >= 1
    assert (at_once.failed, waiting(stack)) == (0, begun)
    assert pdf_of(stack, wanted) == made
    with serving(Answering(at=stack.now)) as authority:
        assert (
            stamp(stack.engine, authority=authority, now=stack.now + 40 * SECONDS, batch_size=1).waiting == 0
        )
    assert pdf_of(stack, wanted) != made


def test_a_token_that_is_wrong_is_never_kept(stack: Stack) -> None:
    wanted = accepted(stack)
    made = pdf_of(stack, wanted)
    for wrong in (
        Answering(at=stack.now - timedelta(minutes=6)),
        Answering(imprint=bytes(32)),
        Answering(nonce=1),
    ):
        with serving(wrong) as authority:
            assert stamp(stack.engine, authority=authority, now=stack.now, batch_size=10).forms == 0
        stack.pass_time(hours=2)
    assert pdf_of(stack, wanted) == made


def test_forms_without_a_time_stamp_are_counted_by_their_seal(stack: Stack) -> None:
    pdf_of(stack, accepted(stack))
    begun = waiting(stack)

    assert begun >= 1
    assert waiting(stack, fingerprint(pki().seal.certificate)) == begun
    assert waiting(stack, fingerprint(tsa().certificate)) == 0


def test_a_form_of_before_has_no_room_and_stays_as_it_is(stack: Stack) -> None:
    wanted = accepted(stack)
    made = pdf_of(stack, wanted)
    with writing(stack.engine) as session:
        session.execute(update(ReceiptForm).values(seal_sha256=None, imprint=None, timestamp_due_at=None))

    with serving(Answering(at=stack.now)) as authority:
        done = stamp(stack.engine, authority=authority, now=stack.now, batch_size=10)

    assert (done.forms, waiting(stack)) == (0, 0)
    assert pdf_of(stack, wanted) == made
