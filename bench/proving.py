"""What a core does to prove receipts to others: sealed PDFs made, bundles verified."""

from __future__ import annotations

import base64
import gc
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lxml import etree
from sqlalchemy import select

from bench.measure import Cpu
from notigateway.evidence.pades import seal_pdf
from notigateway.evidence.rendition import render_pdf
from notigateway.law.lifecycle import State
from notigateway.repository.engine import reading
from notigateway.repository.model import Notification, Receipt
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.gateway import Gateway

FORMS = 40
_AT_ONCE = 10


def measure_forms(gateway: Gateway) -> Cpu:
    """Return the CPU milliseconds of the PDF of an acceptance: typeset and sealed, nothing kept."""
    office = gateway.application.gate.office
    with reading(office.engine) as session:
        accepted = select(Receipt.xml).where(Receipt.state == State.ACCEPTED).limit(FORMS + 1)
        receipts = list(session.scalars(accepted))

    def work() -> None:
        seal_pdf(render_pdf(receipts.pop(), verify_url=office.proving.verify_url), seal=office.seal, at=at)

    at = datetime.now(UTC).replace(microsecond=0)
    work()  # the first one also loads template and fonts
    gc.collect()
    return Cpu.of(work for _ in range(FORMS))


def measure_verifier(gateway: Gateway) -> Cpu:
    """Return the CPU milliseconds of a bundle of an acceptance in the stand-alone verifier, every step."""
    office = gateway.application.gate.office
    with reading(office.engine) as session:
        accepted = select(Notification.id).where(Notification.state == State.ACCEPTED).limit(FORMS)
        ids = list(session.scalars(accepted))
    bundles = [
        one for start in range(0, FORMS, _AT_ONCE) for one in _bundles(gateway, ids[start:][:_AT_ONCE])
    ]
    trust, at = load_trust(gateway.trust), datetime.now(UTC)

    def work() -> None:
        report = verify(bundles.pop(), trust=trust, at=at)
        if report.outcome is not Outcome.PASSED:
            raise SystemExit(f"a bundle is not proven: {report}")

    work()
    gc.collect()
    return Cpu.of(work for _ in range(len(bundles)))


def _bundles(gateway: Gateway, ids: Sequence[object]) -> list[bytes]:
    """Return the bundle of each acceptance, as a caller gets it."""
    inner = "".join(f"<id>{one}</id>" for one in ids) + "<format>bundle</format>"
    request = f'<RetrieveReceipts xmlns="{NOTIGATEWAY_V1}">{inner}</RetrieveReceipts>'
    answer = etree.fromstring(gateway.answer(gateway.signed(request.encode())))
    receipts = answer.iterfind(f".//{{{NOTIGATEWAY_V1}}}receipt")
    files = [
        receipt.findtext(f"{{{NOTIGATEWAY_V1}}}file", "")
        for receipt in receipts
        if receipt.findtext(f"{{{NOTIGATEWAY_V1}}}state") == State.ACCEPTED
    ]
    if len(files) != len(ids):
        raise SystemExit("an acceptance has no bundle")
    return [base64.b64decode(file) for file in files]
