"""Who signed a request, and for whom, stays what it was: later registrations and families change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import update

from bundles import bundles, request_in, write_trust
from client_shapes import by_name, issuer_serial_text, ski_text, thumbprint_text
from notigateway.evidence import bundle
from notigateway.repository.engine import writing
from notigateway.repository.receipts import RequestEnvelope
from notigateway.settings import load_settings
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from pki import COMPANY_NIF, company_subject, pki, representative_subject, rsa_key, write_pem
from refusals import assert_answered
from stack import Stack
from titles import ATTORNEY_NIF, accept_power, attorney, change, grant, register_company

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from notigateway.pki.keys import KeyPair
    from notigateway.verifier.report import Report

pytestmark = pytest.mark.once

ARC: Final = "1.3.6.1.4.1.99999.7.1"
KEY: Final = rsa_key("a key that is renewed with")


def registered(folder: Path, *pairs: KeyPair) -> list[dict[str, str]]:
    """Return the registrations of certificates that messages may name."""
    return [
        {"certificate_file": str(write_pem(pair, folder, f"client{number}")[1])}
        for number, pair in enumerate(pairs)
    ]


def start_with(stack: Stack, **changes: object) -> None:
    """Start the process again with other settings."""
    stack.settings = load_settings(None, overrides={**stack.overrides, **changes})
    stack.start()


def accept_by_name(stack: Stack, pair: KeyPair, text: str, *wanted: UUID) -> None:
    """Accept with a message that only names its certificate."""
    ids = "".join(f"<n:id>{one}</n:id>" for one in wanted)
    content = f'<n:AcceptNotifications xmlns:n="urn:notigateway:v1">{ids}</n:AcceptNotifications>'
    answer = stack.send(replace(by_name(pair, text, content), now=stack.now).build())
    assert_answered(stack, answer, "AcceptNotifications")


def judged(stack: Stack, data: bytes, request: bytes | None = None) -> Report:
    trust = load_trust(write_trust(stack.folder / "trust"))
    return verify(data, trust=trust, at=stack.now + timedelta(days=1), request=request)


def forget_signers(stack: Stack) -> None:
    """Leave the requests as the release before kept them."""
    with writing(stack.engine) as session:
        session.execute(update(RequestEnvelope).values(certificate=None, party=None))


@pytest.mark.parametrize(
    "name", [issuer_serial_text, ski_text, thumbprint_text], ids=lambda one: one.__name__
)
def test_the_evidence_is_whole_after_the_registration_was_replaced(
    database_url: str, tmp_path: Path, name: Callable[[KeyPair], str]
) -> None:
    # Renewed with the same key, the new certificate has the old one's key identifier.
    old = pki().holder(company_subject(COMPANY_NIF), KEY)
    renewed = pki().holder(company_subject(COMPANY_NIF), KEY, by=pki().rsa_issuing)
    stack = Stack(database_url, tmp_path, clients=registered(tmp_path, old), special_category_roles=["own"])
    register_company(stack)
    accept_power(stack, grant(stack))
    plain, health = stack.publish("PLAIN"), stack.publish("HEALTH", special_category=True)
    accept_by_name(stack, old, name(old), plain, health)
    before = bundle.read_container(bundles(stack, plain, renewed)["accepted"])

    for clients in (registered(tmp_path, renewed), []):
        start_with(stack, clients=clients)
        data = bundles(stack, plain, renewed)["accepted"]
        files = bundle.read_container(data)
        assert files[bundle.CALLER_CERTIFICATE] == old.certificate.public_bytes(Encoding.DER)
        assert files[bundle.REQUEST] == before[bundle.REQUEST]
        assert judged(stack, data).outcome is Outcome.PASSED
        # So is what leaves the request out, for who may not see all of it.
        kept = bundles(stack, plain, attorney())["accepted"]
        assert request_in(kept) is None
        steps = {step.name: step.outcome for step in judged(stack, kept, before[bundle.REQUEST]).steps}
        assert steps["request"] is steps["caller's signature"] is Outcome.PASSED
    stack.close()


def test_its_own_word_stays_its_own_after_its_registration_was_removed(
    database_url: str, tmp_path: Path
) -> None:
    stack = Stack(database_url, tmp_path, clients=registered(tmp_path, attorney()))
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    one, two = stack.publish("ONE"), stack.publish("TWO")
    accept_by_name(stack, attorney(), thumbprint_text(attorney()), one, two)
    stack.pass_time(minutes=1)
    change(stack, "RevokePower", power)
    start_with(stack, clients=[])
    assert request_in(bundles(stack, one, attorney())["accepted"]) is not None
    forget_signers(stack)  # the event still says whose decision it was
    assert request_in(bundles(stack, one, attorney())["accepted"]) is not None
    stack.close()


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "of the release before"])
def test_a_companys_request_is_not_the_persons_once_a_row_of_families_is_gone(
    database_url: str, tmp_path: Path, *, is_kept: bool
) -> None:
    """The person may not see health data: what it signed for the company is the company's word."""
    pair = pki().holder(
        representative_subject(ATTORNEY_NIF, COMPANY_NIF),
        rsa_key("represents and is represented"),
        named_policies=(ARC,),
    )
    row = {"arc": ARC, "family": "representative", "source": "a test"}
    stack = Stack(database_url, tmp_path, special_category_roles=["own"], certificate_families=[row])
    register_company(stack)
    accept_power(stack, grant(stack))
    plain, health = stack.publish("PLAIN"), stack.publish("HEALTH", special_category=True)
    stack.accept(plain, health, holder=pair)
    if not is_kept:
        forget_signers(stack)
    for rows in ([row], []):
        start_with(stack, certificate_families=rows)
        data = bundles(stack, plain, attorney())["accepted"]
        assert request_in(data) is None
        assert str(health).encode() not in data
    stack.close()


def test_a_request_of_the_release_before_never_comes_with_anothers_certificate(
    database_url: str, tmp_path: Path
) -> None:
    """Its name leads to another certificate today: none is given, and the judge is told, not misled."""
    old = pki().holder(company_subject(COMPANY_NIF), KEY)
    renewed = pki().holder(company_subject(COMPANY_NIF), KEY, by=pki().rsa_issuing)
    stack = Stack(database_url, tmp_path, clients=registered(tmp_path, old))
    wanted = stack.publish()
    accept_by_name(stack, old, ski_text(old), wanted)
    forget_signers(stack)
    assert judged(stack, bundles(stack, wanted, old)["accepted"]).outcome is Outcome.PASSED
    start_with(stack, clients=registered(tmp_path, renewed))
    data = bundles(stack, wanted, old)["accepted"]
    assert bundle.CALLER_CERTIFICATE not in bundle.read_container(data)
    report = judged(stack, data)
    (step,) = [one for one in report.steps if one.name == "caller's signature"]
    assert (report.outcome, step.outcome) == (Outcome.PASSED, Outcome.SKIPPED)
    assert bundle.CALLER_CERTIFICATE in step.reason
    stack.close()
