"""The steps by which the certificate of a power is verified: schema, seal certificate, seal, policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.evidence.power_certificate import verify_power_certificate
from notigateway.evidence.xades import seal_certificate_of
from notigateway.instants import instant_text
from notigateway.verifier.report import FailedError, Report, UndeterminedError

if TYPE_CHECKING:
    from notigateway.evidence.power_certificate import PowerCertificate
    from notigateway.verifier.examination import Examination


def verify_power(case: Examination, data: bytes, request: bytes | None = None) -> Report:
    """Verify the certificate of a power; it says how the power stood then, not how it stands now.

    It rests on no request, and has neither time-stamp nor place in the log: who requires these is not told
    that all is well.
    """
    report = Report()
    proven: list[PowerCertificate] = []

    def seal() -> str:
        case.need_seals()
        found = verify_power_certificate(data, seal_certificates=case.trust.seals)
        if found.event_time > case.known_until:
            raise UndeterminedError(case.is_later("it was sealed", found.event_time))
        proven.append(found)
        if request is not None:
            raise FailedError("it names no request, and one was given beside it")
        if case.required_level is not None or case.needs_witnesses:
            raise UndeterminedError("it has no time-stamp and is in no log, so no level and no witness")
        lack = case.existence.lack(seal_certificate_of(data), ())
        if lack is not None:
            raise UndeterminedError(f"{lack}; ask for a new one: it has no time-stamp")
        return (
            f"power {found.power_id} of {found.grantor.identifier} to {found.attorney.identifier}: "
            f"{found.state} on {instant_text(found.event_time)}"
        )

    def policy() -> str:
        if not proven:
            raise UndeterminedError("the seal of the certificate is not proven")
        return case.published_policy()

    report.take("schema", case.schema)
    report.take("seal certificate", case.seal_certificate)
    report.take("seal", seal)
    report.take("policy", policy)
    return report
