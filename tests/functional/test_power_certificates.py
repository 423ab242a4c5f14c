"""The certificate of a power: what it says, who gets it, and what the stand-alone verifier says of it."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from catalogue import GROUP
from following import asking
from notigateway.addressee.certifying import certify_power
from notigateway.addressee.powers import revoke_power
from notigateway.addressee.register import name_addressee
from notigateway.errors import ReceiptInvalidError
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.power_certificate import PowerCertificate, verify_power_certificate
from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from notigateway.law.representation import PowerState
from notigateway.pki.identity import read_caller
from notigateway.published import published_folder
from notigateway.repository.engine import writing
from notigateway.verifier.pins import Trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from patience import PATIENCE_SECONDS
from pki import COMPANY_NIF, PERSON_NIF, pki
from stack import Stack, text
from titles import (
    ATTORNEY_NIF,
    accept_power,
    attorney,
    change,
    grant,
    item,
    register_company,
    state_power,
    unchanged,
)

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.pki.keys import KeyPair
    from notigateway.receipts.asking import Asking


def certified(stack: Stack, power: UUID, by: KeyPair | None = None) -> bytes:
    """Return the bytes of a certificate."""
    tree = stack.ask("CertifyPower", f"<powerId>{power}</powerId>", holder=by).tree
    data = b64decode(text(tree, "xml") or "")
    assert hashlib.sha256(data).hexdigest() == text(tree, "sha256")
    return data


def proven(data: bytes) -> PowerCertificate:
    """Verify the seal and return what it says."""
    return verify_power_certificate(data, seal_certificates=[pki().seal.certificate])


def of_company(stack: Stack, **later: float) -> Asking:
    """Return the company that asks, so much later than the stack's now."""
    asked = asking(stack, read_caller(pki().representative.certificate))
    return replace(asked, now=stack.now + timedelta(**later))


def test_a_certificate_waits_for_who_changes_the_power(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    stack.pass_time(minutes=1)
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            revoke_power(session, of_company(stack), power)
            session.flush()
            running = pool.submit(certified, stack, power)
            with pytest.raises(TimeoutError):
                running.result(timeout=0.2)
        said = proven(running.result(timeout=PATIENCE_SECONDS))
    assert (said.state, said.ended_at) == (PowerState.REVOKED, stack.now)


def test_a_power_ends_after_what_was_certified_of_it(stack: Stack) -> None:
    """Though that was asked for a moment later than the end, and was faster."""
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    stack.pass_time(minutes=1)
    asked = of_company(stack, milliseconds=40)
    with writing(stack.engine) as session:
        issued = certify_power(session, asked, power, seal=stack.office.mailbox.seal)
        said = proven(issued.xml)
    assert (said.state, said.ended_at) == (PowerState.IN_FORCE, None)
    revoked = change(stack, "RevokePower", power).tree
    assert text(revoked, "power/endedAt") == instant_text(asked.now + timedelta(milliseconds=1))


def test_a_certificate_names_the_grantor_as_its_entry_does(stack: Stack) -> None:
    register_company(stack)
    power, name = grant(stack), proven(certified(stack, grant(stack))).grantor.name
    for number in range(2):
        stack.pass_time(days=1)
        with writing(stack.engine) as session:
            name_addressee(session, COMPANY_NIF, f"Another name {number}", now=stack.now)
    assert proven(certified(stack, power)).grantor.name == name


def test_a_certificate_says_what_the_register_holds_of_a_power(stack: Stack) -> None:
    register_company(stack)
    contacts = "<grantorContact>900 000 000</grantorContact><attorneyContact>c@example.org</attorneyContact>"
    named = item("procedure", "203546") + item("group", GROUP)
    power, granted_at = grant(stack, scope="procedure", more=named + contacts), stack.now
    stack.pass_time(days=1)
    accept_power(stack, power)
    inscribed_at = stack.now
    stack.pass_time(days=1)
    change(stack, "RevokePower", power, more=item("group", GROUP))
    stack.pass_time(days=1)

    said = proven(certified(stack, power))
    assert (said.event_time, said.power_id, said.scope, said.state) == (
        stack.now,
        power,
        "procedure",
        "in_force",
    )
    assert (said.grantor.identifier, said.grantor.contact) == (COMPANY_NIF, "900 000 000")
    assert (said.attorney.identifier, said.attorney.contact) == (ATTORNEY_NIF, "c@example.org")
    assert [(one.kind, one.value, one.state) for one in said.items] == [
        ("procedure", "203546", "in_force"),
        ("group", GROUP, "revoked"),
    ]
    assert said.items[1].ended_at == stack.now - timedelta(days=1)
    assert (said.granted_at, said.accepted_at, said.inscribed_at) == (granted_at, inscribed_at, inscribed_at)
    assert said.expires_at == granted_at + timedelta(days=300)


def test_each_certificate_says_how_the_power_stands_then_for_both_sides(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    before = certified(stack, power, attorney())
    stack.pass_time(days=1)
    change(stack, "RevokePower", power)
    stack.pass_time(days=1)
    after = certified(stack, power, pki().representative)
    assert (proven(before).state, proven(before).awaits) == ("pending", ("acceptance",))
    assert (proven(after).state, proven(after).ended_at) == ("revoked", stack.now - timedelta(days=1))
    assert stack.rows()["power_certificates"] == 2


def test_a_company_as_attorney_gets_its_statement_certified(stack: Stack) -> None:
    power = grant(stack, by=pki().person, attorney=COMPANY_NIF)
    assert proven(certified(stack, power, pki().person)).awaits == ("acceptance", "statement")
    stack.pass_time(days=1)
    state_power(stack, power)
    said = proven(certified(stack, power, pki().representative))
    assert (said.awaits, said.stated_at, said.inscribed_at) == (("acceptance",), stack.now, None)


def test_who_is_no_side_of_a_power_gets_no_certificate(stack: Stack) -> None:
    register_company(stack)
    stack.publish("P", addressee=PERSON_NIF)
    power = grant(stack)
    before = stack.rows()
    for somebody in (pki().person, pki().stranger):
        answer = stack.ask("CertifyPower", f"<powerId>{power}</powerId>", holder=somebody)
        assert answer.code == "POWER_UNKNOWN"
    assert unchanged(stack, before)


def test_a_certificate_is_of_the_published_schema_and_names_its_request(stack: Stack) -> None:
    register_company(stack)
    data = certified(stack, grant(stack, scope="matter", value="collection"))
    schema = etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd"))
    schema.assertValid(etree.fromstring(data))
    kept = {row[0] for row in stack.contents()["request_envelopes"]}
    assert proven(data).request.envelope_sha256 in kept


def test_the_stand_alone_verifier_believes_the_seal_and_no_changed_byte(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    register_company(stack)
    data = certified(stack, grant(stack))
    trust = Trust(seals=[DatedCertificate.of(pki().seal.certificate)], authorities=[], issuers=None)
    report = verify(data, trust=trust, at=stack.now)
    assert report.outcome is Outcome.PASSED, report
    assert [step.name for step in report.steps] == ["schema", "seal certificate", "seal", "policy"]
    changed = data.replace(b">pending<", b">in_force<")
    assert verify(changed, trust=trust, at=stack.now).outcome is Outcome.FAILED
    assert verify(data, trust=trust, at=stack.now - timedelta(days=1)).outcome is Outcome.INDETERMINATE
    # What it has not, nobody is told that it has.
    levelled = verify(data, trust=trust, at=stack.now, required_level="T")
    witnessed = verify(data, trust=trust, at=stack.now, require_witnesses=True)
    assert {levelled.outcome, witnessed.outcome} == {Outcome.INDETERMINATE}
    assert verify(data, trust=trust, at=stack.now, request=b"<any/>").outcome is Outcome.FAILED
    other = Trust(seals=[DatedCertificate.of(pki().service.certificate)], authorities=[], issuers=None)
    assert verify(data, trust=other, at=stack.now).outcome is Outcome.FAILED


def test_a_receipt_is_no_certificate_of_a_power_nor_the_other_way_round(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    register_company(stack)
    one = stack.publish()
    (accepted,) = stack.accept(one)
    receipt = b64decode(text(accepted, "receipt/xml") or "")
    certificate = certified(stack, grant(stack))
    seals = [pki().seal.certificate]
    with pytest.raises(ReceiptInvalidError):
        verify_power_certificate(receipt, seal_certificates=seals)
    with pytest.raises(ReceiptInvalidError):
        verify_receipt(certificate, seal_certificates=seals)
