"""The procedure: which steps a file goes through, by what it is, in which order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from notigateway.evidence import bundle
from notigateway.evidence.algorithms import known_algorithms
from notigateway.evidence.asic import is_container
from notigateway.evidence.power_certificate import BEGINNING
from notigateway.verifier.archives import check_archives
from notigateway.verifier.conclusion import conclude
from notigateway.verifier.examination import Examination
from notigateway.verifier.levels import check_validation_data
from notigateway.verifier.power_certificates import verify_power
from notigateway.verifier.renewals import check_renewals
from notigateway.verifier.report import Report
from notigateway.verifier.requests import Requests
from notigateway.verifier.signers import Signers
from notigateway.verifier.surroundings import Surroundings

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.evidence.algorithms import Algorithms
    from notigateway.verifier.pins import Trust


def verify(
    data: bytes,
    *,
    trust: Trust,
    at: datetime,
    required_level: str | None = None,
    request: bytes | None = None,
    algorithms: Algorithms | None = None,
    require_witnesses: bool = False,
    without_form: bool = False,
    ahead: timedelta = timedelta(0),
) -> Report:
    """Verify a bundle, a container, a PDF, a receipt or the certificate of a power: its first bytes tell.

    A container or a PDF that is not whole ends the procedure: there is nothing in it to be judged.
    Otherwise every step is taken, so that the report says all that is wrong. `request` is the signed request
    that the file does not hold, from whoever has it. `without_form` leaves the PDF of a bundle alone: it is
    then not proven, which the report says. Nothing counts that is from after `at`; `ahead` is how much later
    it may be by another's clock where `at` is the time of now.

    1. container and manifest of a bundle or a container of signatures, or the seal of a PDF
    2. receipt: schema, seal certificate, seal, policy, renewed heads of the log that prove it, time-stamp;
       of a raised one also archive time-stamps and validation data
    3. request: digest, the caller's signature, revocation data, whether its certificate was good then
    4. surroundings: chain, log, checkpoint with its cosignatures and its time-stamp, form
    5. whether the seals still count at `at`, by the periods of the pins and the ends of `algorithms`
    """
    case = Examination(
        trust=trust,
        at=at,
        required_level=required_level,
        algorithms=algorithms or known_algorithms(),
        needs_witnesses=require_witnesses,
        sets_form_aside=without_form,
        ahead=ahead,
    )
    report = _taken(case, data, request)
    conclude(report, case, data)
    return report


def _taken(case: Examination, data: bytes, request: bytes | None) -> Report:
    """Take the steps of a file, in their order."""
    around, requests = Surroundings(case), Requests(case, request)
    report = Report()
    if is_container(data):
        if not report.take("container", lambda: case.open_container(data)):
            return report
        report.take("manifest", case.manifest)
    elif data.startswith(b"PK"):
        if not report.take("container", lambda: case.open_bundle(data)):
            return report
        report.take("manifest", case.manifest)
    elif data.startswith(b"%PDF-"):
        if not report.take("PDF", lambda: case.open_form(data)):
            return report
    else:
        case.files = {bundle.RECEIPT: data}
        if data.startswith(BEGINNING):
            return verify_power(case, data, request)
    report.take("schema", case.schema)
    report.take("seal certificate", case.seal_certificate)
    report.take("seal", case.signature)
    report.take("policy", case.policy)
    report.take("renewed heads", lambda: check_renewals(case, request))
    if case.is_raised:
        report.take("archive time-stamps", lambda: check_archives(case))
    report.take("time-stamp", case.timestamp)
    if case.is_raised:
        report.take("validation data", lambda: check_validation_data(case))
    report.take("request", requests.request)
    report.take("caller's signature", requests.request_signature)
    report.take("revocation data", requests.revocation)
    report.take("signer's status", Signers(case, requests).status)
    report.take("chain", around.chain)
    report.take("log", around.inclusion)
    report.take("checkpoint", around.checkpoint)
    report.take("cosignatures", around.cosignatures)
    report.take("checkpoint's time", around.checkpoint_timestamp)
    report.take("form", around.form)
    report.take("existence", case.existence.step)
    return report
