"""The step about validation data, and with it the levels LT and LTA (ETSI EN 319 132-1 §6).

LT: level T, and the file itself holds what shows that the certificates of seal and time-stamp were good.
LTA: an archive time-stamp that counts covers all of that. What is in the file is not enough: it must show it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notigateway.errors import StampInvalidError
from notigateway.evidence import bundle
from notigateway.evidence.embedded import embedded_values
from notigateway.evidence.timestamp import embedded_certificates
from notigateway.evidence.xades import seal_certificate_of
from notigateway.instants import instant_text
from notigateway.verifier.examination import LEVEL_LT, LEVEL_LTA
from notigateway.verifier.goodness import Goodness, NotShownError, RevokedBeforeError
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.evidence.existence import Proof
    from notigateway.evidence.timestamp import Stamp
    from notigateway.evidence.validation_data import ValidationData
    from notigateway.verifier.examination import Examination


@dataclass
class _Judged:
    """What a level is asked of: a receipt, or a PDF alone, each by its own seal.

    `covered` are the data that a word which counts is about, with it and the later ones; `has_archives` tells
    whether there are such words, counting or not.
    """

    what: str
    seal: Certificate
    sealed_at: datetime
    stamp: Stamp | None
    proofs: Sequence[Proof]
    data: ValidationData
    beside: Sequence[Certificate]
    covered: Sequence[tuple[ValidationData, Sequence[Proof]]]
    has_archives: bool


def _receipt(case: Examination) -> _Judged:
    properties, archives = case.held.properties, case.archives
    seal = seal_certificate_of(case.original())
    return _Judged(
        what="receipt",
        seal=seal,
        sealed_at=case.proven().sealed_at,
        stamp=case.stamp,
        proofs=case.existence.proofs,
        data=embedded_values(properties),
        beside=[seal, *_in_tokens(case)],
        covered=[
            (embedded_values(properties[:place]), archives.after(place - 1))
            for place, proof in archives.proofs
            if case.existence.judgement.counts(proof)
        ],
        has_archives=bool(archives.proofs or archives.wrong),
    )


def _pdf(case: Examination) -> _Judged:
    form = case.read_form(case.files[bundle.FORM])
    proofs = case.existence.chain(form.stamps)
    return _Judged(
        what="PDF",
        seal=form.certificate,
        sealed_at=form.sealed_at,
        stamp=next(iter(form.stamps), None),
        proofs=proofs,
        data=form.data,
        beside=[form.certificate, *(one.authority for one in form.stamps)],
        covered=[
            (data, proofs[place:])
            for place, data in enumerate(form.covered)
            if case.existence.judgement.counts(proofs[place])
        ],
        has_archives=any(form.covered),
    )


def check_validation_data(case: Examination) -> str:
    """Check that the data in the file show that seal and authority were good; that is level LT, or LTA.

    Raises: `FailedError` where a level is required and what it needs is not there; `UndeterminedError`
    where it is there and does not show it, or where the seal's own issuer says that it was revoked before.
    """
    case.proven()
    wanted = case.required_level if case.required_level in {LEVEL_LT, LEVEL_LTA} else None
    judged = _pdf(case) if case.is_pdf else _receipt(case)
    if not judged.data:
        if wanted is not None:
            raise FailedError(f"level {wanted} is required: there is no validation data in the {judged.what}")
        raise SkippedError(f"there is none in the {judged.what}")
    try:
        said, level = _shown(case, judged)
    except RevokedBeforeError as error:
        lack = UndeterminedError if wanted is None else FailedError
        raise lack(f"{error}; in use or not, it proves nothing after that") from error
    except NotShownError as error:
        if wanted is not None:
            raise UndeterminedError(f"level {wanted} is required: {error}") from error
        raise SkippedError(str(error)) from error
    if wanted == LEVEL_LTA != level:
        if not judged.has_archives:
            raise FailedError("level LTA is required: there is no archive time-stamp")
        raise UndeterminedError("level LTA is required: no archive time-stamp that counts covers the data")
    return f"{said}: level {level}"


def _shown(case: Examination, judged: _Judged) -> tuple[str, str]:
    """Return what the data show, and of which level that is.

    LTA by those that stand before an archive time-stamp that counts: the first under which they show it,
    since that one and the later ones say since when these exist. Else LT, by all that there are.

    Raises: `NotShownError`, `RevokedBeforeError`.
    """
    issuers = case.trust.issuers
    goodness = Goodness(
        judged.data,
        beside=judged.beside,
        anchors=None if issuers is None else issuers.authorities,
        judgement=case.existence.judgement,
    )
    for data, proofs in judged.covered:
        with suppress(NotShownError):
            return _judge(case, judged, replace(goodness, data=data, proofs=proofs)), LEVEL_LTA
    return _judge(case, judged, goodness), LEVEL_LT


def _judge(case: Examination, judged: _Judged, goodness: Goodness) -> str:
    """Return what data say of seal and authority."""
    since = case.existence.judgement.earliest(judged.proofs)
    said = [_said(goodness, "the seal", judged.seal, since or judged.sealed_at)]
    if judged.stamp is None or since is None:
        raise NotShownError("no time-stamp of a pinned authority counts, which the data would be about")
    said.append(_said(goodness, "the time-stamp's authority", judged.stamp.authority, judged.stamp.at))
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
