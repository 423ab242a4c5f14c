"""The step about whoever signed the request: whether that certificate was good when it was validated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.contract.problems import said_of
from notigateway.errors import CertificateRevokedError, GatewayError, RevocationUnknownError
from notigateway.evidence import bundle
from notigateway.instants import instant_text
from notigateway.pki.keys import subject_of
from notigateway.pki.past import find_status
from notigateway.pki.revocation import RevocationSource
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.pki.revocation import RevocationFinding
    from notigateway.verifier.examination import Examination
    from notigateway.verifier.requests import Requests


@dataclass
class Signers:
    """Who signed the request of a case, by the word of the issuers that the trust folder holds.

    The gateway says that it found the certificate good, and by which list or answer. Here that is read anew,
    by who need not believe the gateway (ETSI EN 319 102-1 §5.2.5).
    """

    case: Examination
    requests: Requests

    def status(self) -> str:
        """Check that the certificate was valid, and not revoked, at the instant of its validation."""
        facts = self.case.proven()
        certificate = self.requests.signer
        if certificate is None:
            raise self.case.absent("who signed the request is not proven, or not in this file")
        issuers = self.case.trust.issuers
        if issuers is None:
            raise SkippedError("the trust folder has no issuers/, whose word it would be")
        at = self.case.reading.instant("ActorAuthentication", "ValidationTime") or facts.sealed_at
        try:
            authority = issuers.find_authority(certificate, at)
        except GatewayError as error:
            raise FailedError(f"it was not valid on {instant_text(at)}: {said_of(error)}") from error
        found = self._found(certificate, authority, at)
        said = f"{subject_of(certificate)} was good on {instant_text(at)}, as its issuer says in "
        said += f"{_WHAT[found.source]} of {instant_text(found.this_update)}"
        said += f", which tells until {instant_text(found.fresh_until)}"
        return said if found.revoked_at is None else f"{said}; revoked on {instant_text(found.revoked_at)}"

    def _found(self, certificate: Certificate, authority: Certificate, at: datetime) -> RevocationFinding:
        """Return what the revocation data of this file say of a certificate that the authority issued."""
        source, data = self._data()
        try:
            found = find_status(certificate, authority, at, data=[(source, data)])
        except CertificateRevokedError as error:
            since = error.facts.get("revoked_at")
            raise FailedError(f"it was revoked before it was validated: since {since}") from error
        except RevocationUnknownError as error:
            lack = f"{_WHAT[source]} in this file does not tell whether it was revoked on {instant_text(at)}"
            raise UndeterminedError(lack) from error
        self.case.existence.check_believed("the revocation data")
        return found

    def _data(self) -> tuple[RevocationSource, bytes]:
        """Return the data that the receipt names: whatever else is in the file says nothing of then."""
        stated = self.case.reading.find("ActorAuthentication", "RevocationSha256")
        source = self.case.reading.find("ActorAuthentication", "RevocationSource")
        data = self.case.files.get(bundle.REVOCATION)
        if stated is None or source not in set(RevocationSource):
            raise SkippedError("the receipt names no list or answer that told its status")
        if data is None:
            raise self.case.absent("the list or answer that told its status is not in this file")
        if hashlib.sha256(data).hexdigest() != stated:
            raise UndeterminedError("the revocation data are not those that the receipt names")
        return RevocationSource(source), data


_WHAT = {RevocationSource.CRL: "the list", RevocationSource.OCSP: "the answer (OCSP)"}
