"""The steps about the signed request that caused a fact, and about who signed it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from notigateway.errors import GatewayError, TokenUnavailableError
from notigateway.evidence import bundle
from notigateway.pki.keys import fingerprint, read_certificate, subject_of
from notigateway.pki.known import KnownCertificates
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError
from notigateway.wss.clients import ClientRegister
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import NOTIGATEWAY_V1, namespace_of
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.verify import verify_envelope

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from notigateway.verifier.examination import Examination

# What the gateway has admitted is read within wide limits. How fresh it had to be, and whether it had to
# say so, was the gateway's matter: here a Timestamp only must not be later than the validation.
_LIMITS: Final = Limits(request_max_bytes=64 * 1024 * 1024, max_elements=500_000)
_EXPECTATIONS: Final = Expectations(
    require_timestamp=False, max_age=timedelta(days=1), skew=timedelta(minutes=5), bare_x509_data=True
)
_NO_CERTIFICATE: Final = (
    f"who signed the request is not told: there is no {bundle.CALLER_CERTIFICATE} in this file, nor in the "
    "request a certificate that the receipt names"
)
_WHY_LEFT_OUT: Final = {
    bundle.NAMES_OTHERS: (
        "it names other notifications, of which the one who got this bundle may not know; who holds the "
        "request shows by its SHA-256 that it is this one"
    )
}


@dataclass
class Requests:
    """The request of a case: in its file, or `beside` it, from whoever holds it.

    What is given beside a file is always compared, also with a file that holds its own: whoever gives it asks
    whether it is the one. `signer` is the certificate that signed it, once that is proven: by its signature
    or, of a request that is left out, by the receipt, which names it.
    """

    case: Examination
    beside: bytes | None = None
    signer: Certificate | None = None

    def request(self) -> str:
        """Check that the stored request is the one that the receipt names."""
        self.case.proven()
        stated = self.case.reading.find("RequestEvidence", "EnvelopeSha256")
        envelope = self._envelope()
        if stated is None and envelope is None:
            raise SkippedError("no request caused this fact")
        if envelope is None:
            self._is_left_out(stated)
            if bundle.MANIFEST in self.case.files:
                raise FailedError("the receipt names a request that the bundle does not hold")
            raise self.case.absent("the request is not in this file")
        if stated is None:
            raise FailedError("the receipt names no request")
        for one in (envelope, self.beside):
            if one is not None and not _is_named(one, stated):
                whose = "given beside this file" if one is self.beside else "in this file"
                raise FailedError(f"the request {whose} is not the one that the receipt names")
        self.case.existence.check_named(bundle.REQUEST)
        return f"SHA-256 {stated}, as the receipt says"

    def request_signature(self) -> str:
        """Check the caller's signature, by the certificate that the receipt says was validated."""
        facts = self.case.proven()
        envelope = self._envelope()
        if envelope is None:
            self._caller_of_what_is_left_out()
            raise self.case.absent("there is no request in this file")
        # Anything else may be of any size and shape: it is hashed, and not read.
        if not _is_named(envelope, self.case.reading.find("RequestEvidence", "EnvelopeSha256")):
            raise UndeterminedError("the request is not the one that the receipt names")
        validated = self.case.reading.instant("ActorAuthentication", "ValidationTime") or facts.sealed_at
        expected = self._caller_sha256()
        caller = self.case.files.get(bundle.CALLER_CERTIFICATE)

        clients, nobody = ClientRegister(), _Nobody()
        clients.known = nobody if caller is None else KnownCertificates([_read(caller)])

        def check_certificate(certificate: Certificate, _now: datetime) -> None:
            if fingerprint(certificate) != expected:
                raise FailedError("signed with another certificate than the one that was validated")

        try:
            verified = verify_envelope(
                parse_envelope(envelope, limits=_LIMITS),
                now=validated,
                expectations=_EXPECTATIONS,
                check_certificate=check_certificate,
                clients=clients,
            )
        except TokenUnavailableError as error:
            # What points to a token that is not in the message, no gateway has admitted.
            if not nobody.is_asked:
                raise
            raise SkippedError(_NO_CERTIFICATE) from error
        if verified.signature_method.value != self.case.reading.find("RequestEvidence", "SignatureMethod"):
            raise FailedError("signed by another algorithm than the receipt says")
        # In our own contract a request names notifications by their identifiers.
        if namespace_of(str(verified.operation.tag)) == NOTIGATEWAY_V1:
            named = {(one.text or "").strip().lower() for one in verified.operation.iter()}
            if str(facts.notification_id) not in named:
                raise FailedError("the request does not name this notification")
        self.signer = verified.certificate
        return self._about_the_caller(verified.certificate, validated)

    def _is_left_out(self, stated: str | None) -> None:
        """Say so where the manifest, whose seal is proven, says why the request is not in the bundle."""
        left = self.case.left_out.get(bundle.REQUEST)
        if left is None:
            return
        if left.sha256 != stated:
            raise FailedError("the manifest leaves out another request than the receipt names")
        why = _WHY_LEFT_OUT.get(left.reason, left.reason)
        if not self.case.is_manifest_proven:
            why += " (so says a manifest whose seal is out of use, which is not proven)"
        raise SkippedError(f"left out of this bundle: {why}; its SHA-256 is {stated}, as the receipt says")

    def _caller_of_what_is_left_out(self) -> None:
        """Check the certificate that is here although what it signed is not."""
        if bundle.REQUEST in self.case.left_out and bundle.CALLER_CERTIFICATE in self.case.files:
            self._caller_sha256()
            if self.case.reading.find("ActorAuthentication", "CertificateSha256") is not None:
                self.signer = _read(self.case.files[bundle.CALLER_CERTIFICATE])
            raise SkippedError("the certificate is the receipt's; what it signed is left out of this bundle")

    def _caller_sha256(self) -> str:
        """Return the certificate to expect: the receipt's, or, of a report, the one beside it.

        Where there is none beside it, one in the request's own token is as good, if the receipt names it.
        """
        stated = self.case.reading.find("ActorAuthentication", "CertificateSha256")
        caller = self.case.files.get(bundle.CALLER_CERTIFICATE)
        if caller is None:
            if stated is None:
                raise SkippedError(_NO_CERTIFICATE)
            return stated
        beside = hashlib.sha256(caller).hexdigest()
        if beside != (stated or beside):
            raise FailedError(f"{bundle.CALLER_CERTIFICATE} is not the certificate that the receipt names")
        return beside

    def _about_the_caller(self, certificate: Certificate, validated: datetime) -> str:
        said = f"signed by {subject_of(certificate)}, the certificate that was validated"
        if self.case.trust.issuers is None:
            return f"{said}; its issuer is not checked, the trust folder has no issuers"
        try:
            self.case.trust.issuers.check(certificate, validated)
        except GatewayError as error:
            raise FailedError(f"its issuer is none of the trust folder's: {error}") from error
        return f"{said}, of an authorised issuer"

    def revocation(self) -> str:
        """Check that the revocation data are those by which the certificate was found good."""
        self.case.proven()
        stated = self.case.reading.find("ActorAuthentication", "RevocationSha256")
        data = self.case.files.get(bundle.REVOCATION)
        if data is None:
            raise self.case.absent("there are no revocation data in this file")
        if hashlib.sha256(data).hexdigest() != stated:
            raise FailedError("the revocation data are not those that the receipt names")
        self.case.existence.check_believed("the revocation data")
        return f"SHA-256 {stated}, as the receipt says"

    def _envelope(self) -> bytes | None:
        return self.case.files.get(bundle.REQUEST, self.beside)


def _is_named(envelope: bytes, stated: str | None) -> bool:
    return hashlib.sha256(envelope).hexdigest() == stated


class _Nobody(KnownCertificates):
    """Knows no certificate, and remembers whether a message named one: some messages only name theirs."""

    is_asked: bool = False

    def by_issuer_serial(self, issuer: str, serial: int) -> None:  # noqa: ARG002
        """Find nobody."""
        self.is_asked = True

    def by_subject(self, subject: str) -> None:  # noqa: ARG002
        """Find nobody."""
        self.is_asked = True

    def by_key_identifier(self, identifier: bytes) -> None:  # noqa: ARG002
        """Find nobody."""
        self.is_asked = True

    def by_thumbprint(self, octets: bytes) -> None:  # noqa: ARG002
        """Find nobody."""
        self.is_asked = True


def _read(certificate: bytes) -> Certificate:
    try:
        return read_certificate(certificate)
    except ValueError as error:
        raise FailedError(f"{bundle.CALLER_CERTIFICATE} is no certificate") from error
