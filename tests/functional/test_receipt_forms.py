"""RetrieveReceipts gives the PDF and the bundle of a receipt, and the verifier passes what it gives."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from cryptography import x509

from bundles import write_trust
from notigateway.evidence import asic, bundle
from notigateway.evidence.pades import verify_pdf
from notigateway.evidence.timestamp import take_out
from notigateway.instants import instant_text
from notigateway.receipts.stamping import stamp
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from stack import NG
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from notigateway.verifier.pins import Trust
    from stack import Stack


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return load_trust(write_trust(tmp_path / "trust"))


def forms(stack: Stack, wanted: UUID, name: str) -> dict[str, tuple[bytes, bytes]]:
    """Return XML and other form of each receipt, by what it proves."""
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id><format>{name}</format>")
    found = {}
    for receipt in answer.tree.iterfind("ng:item/ng:receipt", namespaces=NG):
        state, xml, file = (
            receipt.findtext(f"ng:{one}", "", namespaces=NG) for one in ("state", "xml", "file")
        )
        found[state] = (base64.b64decode(xml), base64.b64decode(file))
    return found


def test_every_receipt_has_a_pdf_that_is_made_once_and_stays(stack: Stack, trust: Trust) -> None:
    wanted = stack.publish()
    stack.accept(wanted)

    first = forms(stack, wanted, "pdf")
    stack.pass_time(minutes=1)

    assert {"accepted"} <= set(first)
    for xml, pdf in first.values():
        report = verify(pdf, trust=trust, at=stack.now)
        assert report.outcome is Outcome.PASSED, report
        assert verify_pdf(pdf, seal_certificates=trust.seals).receipt == xml
    assert forms(stack, wanted, "pdf") == first


def test_a_bundle_of_what_was_reported_proves_who_reported_it(stack: Stack, trust: Trust) -> None:
    wanted = stack.publish()
    stack.pass_time(hours=1)
    report_of = (
        "<report><reference>ACT-1</reference><channel>sede</channel><decision>accepted</decision>"
        f"<at>{instant_text(stack.now)}</at><evidence>SEDE-1</evidence></report>"
    )
    stack.ask_issuing("ReportExternalDecisions", report_of)

    _, data = forms(stack, wanted, "bundle")["accepted"]

    files = bundle.read_container(data)
    assert {bundle.REVOCATION, bundle.CALLER_CERTIFICATE, bundle.REQUEST} <= set(files)
    report = verify(data, trust=trust, at=stack.now + timedelta(days=1))
    assert report.outcome is Outcome.PASSED, report
    said = {step.name: step.reason for step in report.steps if step.outcome is Outcome.PASSED}
    assert "of an authorised issuer" in said["caller's signature"]
    assert "was good on" in said["signer's status"]


def test_a_bundle_of_an_acceptance_passes_every_step(stack: Stack, trust: Trust) -> None:
    wanted = stack.publish()
    stack.accept(wanted)

    xml, data = forms(stack, wanted, "bundle")["accepted"]

    report = verify(data, trust=trust, at=stack.now + timedelta(days=1))
    assert report.outcome is Outcome.PASSED, report
    skipped = {step.name for step in report.steps if step.outcome is Outcome.SKIPPED}
    assert skipped <= {"time-stamp", "cosignatures", "checkpoint's time", "existence", "renewed heads"}
    files = bundle.read_container(data)
    assert files[bundle.RECEIPT] == xml
    assert str(wanted).encode() in files[bundle.REQUEST]


def test_a_bundle_holds_the_time_stamped_form_and_passes_at_level_t(stack: Stack, trust: Trust) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    with serving(Answering(at=stack.now + timedelta(seconds=30))) as authority:
        assert stamp(stack.engine, authority=authority, now=stack.now, batch_size=10).stamped == 2

    xml, data = forms(stack, wanted, "bundle")["accepted"]

    report = verify(data, trust=trust, at=stack.now + timedelta(days=1), required_level="T")
    assert report.outcome is Outcome.PASSED, report
    files = bundle.read_container(data)
    assert files[bundle.RECEIPT] == xml
    assert take_out(xml)[1] is not None
    assert x509.load_der_x509_certificate(files[bundle.AUTHORITY_CERTIFICATE]) == tsa().certificate


def test_a_container_that_others_open_passes_like_the_bundle(stack: Stack, trust: Trust) -> None:
    wanted = stack.publish()
    stack.accept(wanted)

    xml, data = forms(stack, wanted, "asice")["accepted"]

    files = asic.read_container(data)
    assert asic.verify_container(files, seal_certificates=trust.seals).sealed_at == stack.now
    packed = bundle.read_container(forms(stack, wanted, "bundle")["accepted"][1])
    held = asic.members_of(files)
    assert {name: held[name] for name in held if name != bundle.MANIFEST} == {
        name: packed[name] for name in packed if name not in bundle.SEALED
    }
    for at in (stack.now, stack.now + timedelta(days=1)):
        said = [
            {step.name: step.outcome for step in verify(one, trust=trust, at=at).steps}
            for one in (data, bundle.write(packed))
        ]
        assert said[0] == said[1]
    assert held[bundle.RECEIPT] == xml


def test_without_a_format_the_answer_is_as_before(stack: Stack) -> None:
    wanted = stack.publish()
    stack.accept(wanted)

    plain = forms(stack, wanted, "xml")

    assert all(file == b"" for _, file in plain.values())
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>")
    assert answer.tree.find(".//ng:file", namespaces=NG) is None


def test_more_than_ten_pdfs_at_once_or_another_format_are_refused(stack: Stack) -> None:
    stack.publish()
    ids = "".join(f"<id>{uuid4()}</id>" for _ in range(11))

    for inner in (f"{ids}<format>pdf</format>", f"<id>{uuid4()}</id><format>docx</format>"):
        assert stack.ask("RetrieveReceipts", inner).code == "INVALID_REQUEST"
