"""Whether what a file holds shows that a certificate was good at an instant: by paths and revocation data.

Anybody may have put the data there. What counts is whose signature is on them: the issuer of a pinned
certificate is whoever has signed that, so its word on it cannot be made by others. Of issuers further up the
same is true only where the path leads to an anchor that the trust folder holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from notigateway.errors import CertificateRevokedError, RevocationUnknownError
from notigateway.evidence.algorithms import sealed_by
from notigateway.evidence.history import DatedCertificate
from notigateway.instants import instant_text
from notigateway.pki.fitness import is_authority
from notigateway.pki.keys import fingerprint, read_certificate, subject_of
from notigateway.pki.past import find_among, read_data
from notigateway.pki.revocation import UNREADABLE, OcspAnswer, RevocationSource, key_mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cryptography import x509

    from notigateway.evidence.existence import Judgement, Proof
    from notigateway.evidence.validation_data import ValidationData
    from notigateway.pki.revocation import RevocationData, RevocationFinding

_WORDS: Final = {RevocationSource.CRL: "list", RevocationSource.OCSP: "answer (OCSP)"}
_UNREADABLE: Final = (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, *UNREADABLE)


class NotShownError(Exception):
    """The data do not show it; the text says what they lack."""


class RevokedBeforeError(Exception):
    """The issuer of a pinned certificate says that it was revoked before the instant; the text says since."""


@dataclass
class Known:
    """Lists and answers that were read, each once for each issuer, however often they are asked."""

    _read: dict[tuple[str, bytes], list[RevocationData]] = field(default_factory=dict)

    def said_by(
        self, issuer: x509.Certificate, data: Iterable[tuple[RevocationSource, bytes]]
    ) -> Iterator[RevocationData]:
        """Yield what the issuer has signed of the data."""
        mark = key_mark(issuer)
        for source, one in data:
            key = mark, hashlib.sha256(one).digest()
            if key not in self._read:
                self._read[key] = read_data([(source, one)], issuer)
            yield from self._read[key]


@dataclass
class Goodness:
    """What a file holds, and by what it is judged.

    `data` may be a part of the `whole`: what they show is by them alone, and a revocation counts wherever it
    stands. `anchors` are those of the trust folder, None where it has none. `proofs` say since when a list or
    an answer exists, by its SHA-256: past the end of whoever has signed it it needs one, as everything does.
    """

    data: ValidationData
    whole: ValidationData
    beside: Sequence[x509.Certificate]
    anchors: Sequence[x509.Certificate] | None
    judgement: Judgement
    proofs: Mapping[str, Sequence[Proof]] = field(default_factory=dict)
    known: Known = field(default_factory=Known)

    def __post_init__(self) -> None:
        """Read the certificates; what is none is left out."""
        known = [*(self.anchors or ()), *self.beside]
        self._pool = _pool([*known, *_certificates(self.data.certificates)])
        self._whole_pool = _pool([*known, *_certificates(self.whole.certificates)])
        self._anchored = {fingerprint(one) for one in self.anchors or ()}
        self._said, self._whole = _words(self.data), _words(self.whole)

    def check_not_revoked(self, certificate: x509.Certificate, at: datetime) -> None:
        """Check that whose key has signed a pinned certificate does not have it revoked before an instant.

        A word of later, and of whose own time has ended, warns nevertheless: nothing untrue follows from it.

        Raises: `RevokedBeforeError`.
        """
        for issuer in _issuers(certificate, self._whole_pool):
            try:
                find_among(self.known.said_by(issuer, self._whole), certificate, issuer, at)
            except RevocationUnknownError:
                continue
            except CertificateRevokedError as error:
                since = error.facts.get("revoked_at")
                said = (
                    f"{subject_of(issuer)} says that it was revoked before {instant_text(at)}: since {since}"
                )
                raise RevokedBeforeError(said) from error

    def check(self, certificate: x509.Certificate, at: datetime) -> str:
        """Return who says that a pinned certificate, which is not revoked, was good at an instant.

        Raises: `NotShownError`.
        """
        if certificate.issuer == certificate.subject:
            return "it has no issuer but itself"
        seen: set[str] = set()
        lack = f"the certificate of its issuer, {certificate.issuer.rfc4514_string()}, is not there"
        for issuer in self._valid_issuers(certificate, at):
            try:
                found = self._status(certificate, issuer, at)
                self._climb(issuer, at, seen)
            except NotShownError as error:
                lack = str(error)
                continue
            said = f"as {subject_of(issuer)} says in the {_WORDS[found.source]} of "
            said += f"{instant_text(found.this_update)}, which tells until {instant_text(found.fresh_until)}"
            if found.revoked_at is None:
                return said
            return f"{said}; revoked on {instant_text(found.revoked_at)}"
        raise NotShownError(lack)

    def _climb(self, certificate: x509.Certificate, at: datetime, seen: set[str]) -> None:
        """Check that a path leads on from an issuer to an anchor; each certificate is looked at once."""
        if fingerprint(certificate) in self._anchored:
            return
        name = subject_of(certificate)
        if certificate.issuer == certificate.subject:
            if self.anchors is None:
                return
            raise NotShownError(f"the trust folder does not hold {name} in issuers/")
        lack = f"the certificate of the issuer of {name} is not there"
        for issuer in self._valid_issuers(certificate, at):
            if fingerprint(issuer) in seen:
                continue
            seen.add(fingerprint(issuer))
            try:
                self._status(certificate, issuer, at)
                self._climb(issuer, at, seen)
            except NotShownError as error:
                lack = str(error)
            except CertificateRevokedError:
                lack = f"{name} was revoked before {instant_text(at)}"
            else:
                return
        raise NotShownError(lack)

    def _valid_issuers(self, certificate: x509.Certificate, at: datetime) -> Iterator[x509.Certificate]:
        """Yield the certificates by whose key this one is signed, and that were valid then."""
        for one in _issuers(certificate, self._pool):
            if one.not_valid_before_utc <= at <= one.not_valid_after_utc:
                yield one

    def _status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime
    ) -> RevocationFinding:
        """Return what an issuer says of a certificate in the data, while its word counts.

        That it was revoked counts in any case.

        Raises: `NotShownError`, `CertificateRevokedError`.
        """
        name, said = subject_of(issuer), list(self.known.said_by(issuer, self._said))
        try:
            find_among(self.known.said_by(issuer, self._whole), certificate, issuer, at)
            find_among(said, certificate, issuer, at)
        except RevocationUnknownError as error:
            lack = f"no list or answer of {name} tells of {subject_of(certificate)} on {instant_text(at)}"
            raise NotShownError(lack) from error
        doubts = [self._doubt(one, issuer) for one in said]
        counting = [one for one, doubt in zip(said, doubts, strict=True) if doubt is None]
        try:
            return find_among(counting, certificate, issuer, at)
        except RevocationUnknownError as error:
            raise NotShownError(f"the word of {name}: {next(filter(None, doubts), '')}") from error

    def _doubt(self, word: RevocationData, issuer: x509.Certificate) -> str | None:
        """Return why what an issuer says, itself or by a responder, does not count; None where it does."""
        until, signers = self.judgement.known_until, [issuer]
        if until is not None and word.this_update > until:
            return f"it is of {instant_text(word.this_update)}, and so of later"
        if isinstance(word, OcspAnswer) and word.delegate is not None:
            signers.append(word.delegate)
        for one in signers:
            try:
                relied = sealed_by(one.public_key())
            except _UNREADABLE:
                return "its key is of no known kind"
            lack = self.judgement.lack(DatedCertificate.of(one), relied, self.proofs.get(word.sha256, ()))
            if lack is not None:
                return lack if one is issuer else f"{subject_of(one)}, which answered for it: {lack}"
        return None


def _pool(certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """Return each of them once."""
    return list({fingerprint(one): one for one in certificates}.values())


def _issuers(certificate: x509.Certificate, pool: Iterable[x509.Certificate]) -> Iterator[x509.Certificate]:
    """Yield the certificates by whose key this one is signed."""
    for one in pool:
        try:
            if one.subject != certificate.issuer:
                continue
            certificate.verify_directly_issued_by(one)
            may_issue = is_authority(one)
        except _UNREADABLE:
            continue
        if may_issue:
            yield one


def _words(data: ValidationData) -> list[tuple[RevocationSource, bytes]]:
    """Return lists and answers, each with what it is."""
    lists = [(RevocationSource.CRL, one) for one in data.revocation_lists]
    return [*lists, *((RevocationSource.OCSP, one) for one in data.status_answers)]


def _certificates(values: Iterable[bytes]) -> Iterator[x509.Certificate]:
    for one in values:
        try:
            yield read_certificate(one)
        except ValueError:
            continue
