"""What a verification comes to, in words for who has to decide by it and reads no steps.

Of what passed it says the fact, who attests it, and by whose clock it is that old: all of it from the sealed
receipt, never from what is not proven. Of anything else it says why not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.x509.oid import NameOID

from notigateway.errors import GatewayError
from notigateway.evidence import bundle
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.power_certificate import BEGINNING
from notigateway.evidence.wording import lead
from notigateway.evidence.xades import seal_certificate_of
from notigateway.instants import instant_text
from notigateway.pki.keys import subject_of
from notigateway.verifier.misfits import told_at_once
from notigateway.verifier.report import Outcome

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from notigateway.verifier.examination import Examination
    from notigateway.verifier.report import Report, Step

NO_SEALS: Final = "nothing can be verified without a seal certificate"


def conclude(report: Report, case: Examination, data: bytes) -> None:
    """Write into a report what its steps come to."""
    whole = _told_at_once(report, case, data)
    if whole is not None:
        report.says, report.is_told_at_once = whole, True
    elif report.outcome is Outcome.PASSED:
        report.says = _proven(report, case, data)
    else:
        word = "Not proven" if report.outcome is Outcome.FAILED else "It cannot be told"
        decisive = _decisive(report, case)
        report.says = f"{word}: {decisive.name}: {decisive.reason}"


def _decisive(report: Report, case: Examination) -> Step:
    """Return the step that says most: the first of that outcome.

    Of a receipt whose seal is proven nothing is doubtful before it is whether it existed in time: what stands
    around it has an end as well, and needs none where the receipt is proven otherwise.
    """
    found = [step for step in report.steps if step.outcome is report.outcome]
    if report.outcome is Outcome.INDETERMINATE and case.facts is not None:
        return next((step for step in found if step.name == "existence"), found[0])
    return found[0]


def _told_at_once(report: Report, case: Examination, data: bytes) -> str | None:
    """Return why no step says more than that about this file or folder; None where they do."""
    if not case.trust.seals and report.outcome is Outcome.INDETERMINATE:
        return NO_SEALS
    if case.container or case.pdf is not None or data.startswith((b"PK", b"%PDF-")) or _has_additions(case):
        return None
    return told_at_once(data, report)


def _has_additions(case: Examination) -> bool:
    """Tell whether others have written the file anew, as they may, so that its spelling says nothing."""
    try:
        return bool(case.held.properties)
    except (GatewayError, ValueError, LookupError):
        return False


def _proven(report: Report, case: Examination, data: bytes) -> str:
    if data.startswith(BEGINNING):
        return f"Proven: {next(step.reason for step in report.steps if step.name == 'seal')}"
    reading = case.reading
    seal = _name(seal_certificate_of(case.original()))
    issuer = reading.find("EvidenceIssuerDetails", "Name")
    attests = f"So attests {issuer} by its seal ({seal})." if issuer else f"So attests the seal of {seal}."
    identified = f"Notification {case.proven().notification_id}, receipt {case.proven().receipt_id}."
    words = [f"Proven: {lead(reading).en}", identified, attests, _since(case)]
    if bundle.MANIFEST not in case.files:
        words.append("This file is not the whole evidence: the bundle holds the signed request and the log.")
    elif case.sets_form_aside:
        words.append("Not proven: what the pages of receipt.pdf show, which were left alone.")
    return " ".join(one for one in words if one)


def _since(case: Examination) -> str:
    """Return by whose clock the receipt is that old."""
    judgement = case.existence.judgement
    counting = [one for one in case.existence.proofs if judgement.counts(one)]
    first = min(counting, key=lambda one: one.at, default=None)
    if first is None:
        return "The time is by the clock of the gateway alone: no time-stamp of a pinned authority counts."
    by = "witnesses of the log"
    if isinstance(first.pin, DatedCertificate):
        by = _name(first.pin.certificate)
    return f"It existed on {instant_text(first.at)}, by the clock of {by}."


def _name(certificate: Certificate) -> str:
    """Return the name of a pinned certificate as a person says it."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else subject_of(certificate)
