"""The step about validation data, and with it the levels LT and LTA (ETSI EN 319 132-1 §6).

LT: level T, and the file itself holds what shows that the certificates of seal and time-stamp were good.
LTA: an archive time-stamp that counts covers all of that. What is in the file is not enough: it must show it.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notigateway.errors import StampInvalidError
from notigateway.evidence import bundle
from notigateway.evidence.embedded import embedded_values
from notigateway.evidence.timestamp import embedded_certificates
from notigateway.evidence.validation_data import ValidationData
from notigateway.evidence.xades import seal_certificate_of
from notigateway.instants import instant_text
from notigateway.verifier.examination import LEVEL_LT, LEVEL_LTA
from notigateway.verifier.goodness import Goodness, NotShownError, RevokedBeforeError
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.evidence.existence import Proof
    from notigateway.evidence.timestamp import Stamp
    from notigateway.verifier.examination import Examination


@dataclass
class _Judged:
    """What a level is asked of: a receipt, or a PDF alone, each by its own seal.

    `covered` are the data that a word which counts is about, and `behind` the words about each list and
    answer by its SHA-256, counting or not; `has_archives` tells whether there are such words.
    """

    what: str
    seal: Certificate
    sealed_at: datetime
    stamp: Stamp | None
    proofs: Sequence[Proof]
    data: ValidationData
    beside: Sequence[Certificate]
    covered: Sequence[ValidationData]
    behind: Mapping[str, Sequence[Proof]]
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
            embedded_values(properties[:place])
            for place, proof in archives.proofs
            if case.existence.judgement.counts(proof)
        ],
        behind=_behind(
            (embedded_values([one]), archives.after(place)) for place, one in enumerate(properties)
        ),
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
            data for place, data in enumerate(form.covered) if case.existence.judgement.counts(proofs[place])
        ],
        behind=_behind((data, proofs[place:]) for place, data in enumerate(form.covered)),
        has_archives=any(form.covered),
    )


def _behind(held: Iterable[tuple[ValidationData, Sequence[Proof]]]) -> Mapping[str, Sequence[Proof]]:
    """Return the words about each list and answer, from the first place on at which it stands."""
    found: dict[str, Sequence[Proof]] = {}
    for data, proofs in held:
        for one in (*data.revocation_lists, *data.status_answers):
            found.setdefault(hashlib.sha256(one).hexdigest(), proofs)
    return found


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

    LTA by those that stand before an archive time-stamp that counts. Else LT, by all that there are. Whether
    one was revoked before is asked of all: an issuer may say so in a list that was added last.

    Raises: `NotShownError`, `RevokedBeforeError`.
    """
    issuers = case.trust.issuers
    # Who appends to a PDF may leave out of its store what an update before it holds.
    whole = [judged.data, *judged.covered]
    goodness = Goodness(
        judged.data,
        ValidationData(
            [value for one in whole for value in one.certificates],
            [value for one in whole for value in one.revocation_lists],
            [value for one in whole for value in one.status_answers],
        ),
        beside=judged.beside,
        anchors=None if issuers is None else issuers.authorities,
        judgement=case.existence.judgement,
        proofs=judged.behind,
    )
    for who, certificate, at in _asked(case, judged):
        try:
            goodness.check_not_revoked(certificate, at)
        except RevokedBeforeError as error:
            raise RevokedBeforeError(f"{who}: {error}") from error
    for data in judged.covered:
        with suppress(NotShownError):
            return _judge(case, judged, replace(goodness, data=data)), LEVEL_LTA
    return _judge(case, judged, goodness), LEVEL_LT


def _asked(case: Examination, judged: _Judged) -> Iterator[tuple[str, Certificate, datetime]]:
    """Yield of whom it is asked since when they were good, and for which instant."""
    yield "the seal", judged.seal, case.existence.judgement.earliest(judged.proofs) or judged.sealed_at
    if judged.stamp is not None:
        yield "the time-stamp's authority", judged.stamp.authority, judged.stamp.at


def _judge(case: Examination, judged: _Judged, goodness: Goodness) -> str:
    """Return what data say of seal and authority. Raises: `NotShownError`."""
    said = []
    for who, certificate, at in _asked(case, judged):
        try:
            said.append(f"{who} was good on {instant_text(at)}, {goodness.check(certificate, at)}")
        except NotShownError as error:
            raise NotShownError(f"it does not show that {who} was good: {error}") from error
    if judged.stamp is None or case.existence.judgement.earliest(judged.proofs) is None:
        raise NotShownError("no time-stamp of a pinned authority counts, which the data would be about")
    return "; ".join(said)


def _in_tokens(case: Examination) -> Iterator[Certificate]:
    for token in case.held.foreign:
        with suppress(StampInvalidError):
            yield from embedded_certificates(token)
