"""The step about validation data, and with it the levels LT and LTA (ETSI EN 319 132-1 §6).

LT: level T, and the receipt itself holds what shows that the certificates of seal and time-stamp were good.
LTA: an archive time-stamp that counts covers all of that. What is in the file is not enough: it must show it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from notigateway.errors import StampInvalidError
from notigateway.evidence.embedded import embedded_values
from notigateway.evidence.timestamp import embedded_certificates
from notigateway.evidence.xades import seal_certificate_of
from notigateway.instants import instant_text
from notigateway.verifier.examination import LEVEL_LT, LEVEL_LTA
from notigateway.verifier.goodness import Goodness, Known, NotShownError, RevokedBeforeError
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.evidence.existence import Proof
    from notigateway.evidence.validation_data import ValidationData
    from notigateway.verifier.examination import Examination


def check_validation_data(case: Examination) -> str:
    """Check that the data in the receipt show that seal and authority were good; that is level LT, or LTA.

    Raises: `FailedError` where a level is required and what it needs is not there; `UndeterminedError`
    where it is there and does not show it, or where the seal's own issuer says that it was revoked before.
    """
    case.proven()
    wanted = case.required_level if case.required_level in {LEVEL_LT, LEVEL_LTA} else None
    if not _has_values(embedded_values(case.held.properties)):
        if wanted is not None:
            raise FailedError(f"level {wanted} is required: there is no validation data in the receipt")
        raise SkippedError("there is none in the receipt")
    try:
        said, level = _shown(case)
    except RevokedBeforeError as error:
        lack = UndeterminedError if wanted is None else FailedError
        raise lack(f"{error}; in use or not, it proves nothing after that") from error
    except NotShownError as error:
        if wanted is not None:
            raise UndeterminedError(f"level {wanted} is required: {error}") from error
        raise SkippedError(str(error)) from error
    if wanted == LEVEL_LTA != level:
        held = case.archives
        if not (held.proofs or held.wrong):
            raise FailedError("level LTA is required: there is no archive time-stamp")
        raise UndeterminedError("level LTA is required: no archive time-stamp that counts covers the data")
    return f"{said}: level {level}"


def _has_values(data: ValidationData) -> bool:
    return bool(data.certificates or data.revocation_lists or data.status_answers)


def _shown(case: Examination) -> tuple[str, str]:
    """Return what the data show, and of which level that is.

    LTA by those that stand before an archive time-stamp that counts: the first under which they show it,
    since that one and the later ones say since when these exist. Else LT, by all that there are.

    Raises: `NotShownError`, `RevokedBeforeError`.
    """
    properties, known = case.held.properties, Known()
    for place, proof in case.archives.proofs:
        if case.existence.judgement.counts(proof):
            covered = embedded_values(properties[:place])
            with suppress(NotShownError):
                return _judged(case, covered, case.archives.after(place - 1), known), LEVEL_LTA
    return _judged(case, embedded_values(properties), (), known), LEVEL_LT


def _judged(case: Examination, data: ValidationData, proofs: Sequence[Proof], known: Known) -> str:
    """Return what data, which exist since those proofs, say of seal and authority."""
    seal = seal_certificate_of(case.original())
    issuers = case.trust.issuers
    goodness = Goodness(
        data,
        beside=[seal, *_in_tokens(case)],
        anchors=None if issuers is None else issuers.authorities,
        judgement=case.existence.judgement,
        proofs=proofs,
        known=known,
    )
    since = case.existence.judgement.earliest(case.existence.proofs)
    said = [_said(goodness, "the seal", seal, since or case.proven().sealed_at)]
    if case.stamp is None or since is None:
        raise NotShownError("no time-stamp of a pinned authority counts, which the data would be about")
    said.append(_said(goodness, "the time-stamp's authority", case.stamp.authority, case.stamp.at))
    return "; ".join(said)


def _said(goodness: Goodness, who: str, certificate: Certificate, at: datetime) -> str:
    try:
        return f"{who} was good on {instant_text(at)}, {goodness.check(certificate, at)}"
    except NotShownError as error:
        raise NotShownError(f"it does not show that {who} was good: {error}") from error
    except RevokedBeforeError as error:
        raise RevokedBeforeError(f"{who}: {error}") from error


def _in_tokens(case: Examination) -> Iterator[Certificate]:
    for token in case.held.foreign:
        with suppress(StampInvalidError):
            yield from embedded_certificates(token)
