"""The registered clients: what was agreed with each, and the certificates that they are known by.

A registration is found by the certificate that a message designates, before anything is proven. So
it only changes what is expected of the message; the signature must then be that certificate's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final, Self

from notigateway.errors import ClientNotRegisteredError, ConfigurationError, IdentityError
from notigateway.pki.families import KNOWN_FAMILIES, Families
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import fingerprint, load_certificates
from notigateway.pki.known import KnownCertificates
from notigateway.wss.policy import DigestMethod, SignatureMethod

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography import x509

    from notigateway.settings import ClientRegistration, Settings
    from notigateway.wss.policy import Expectations


class ClientRegister:
    """Finds the registration of a certificate: its own first, then that of the NIF it is for.

    Raises: `ConfigurationError` for a certificate file that cannot be read, and for two
    registrations of one certificate or NIF.
    """

    def __init__(
        self,
        registrations: Iterable[ClientRegistration] = (),
        *,
        is_registration_required: bool = False,
        families: Families = KNOWN_FAMILIES,
    ) -> None:
        self.families = families
        self._by_fingerprint: dict[str, ClientRegistration] = {}
        self._by_nif: dict[str, ClientRegistration] = {}
        self._is_required = is_registration_required
        certificates = []
        for one in registrations:
            found = load_certificates(one.certificate_file)[:1] if one.certificate_file else []
            certificates += found
            marks = [fingerprint(certificate) for certificate in found] or [one.fingerprint]
            for index, name in ((self._by_fingerprint, marks[0]), (self._by_nif, one.nif)):
                if name and index.setdefault(name, one) is not one:
                    raise ConfigurationError(f"the client {name} is registered twice")
        self.known = KnownCertificates(certificates)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the clients that the operator registered."""
        return cls(
            settings.clients,
            is_registration_required=settings.require_registered_clients,
            families=Families.of(settings),
        )

    def find(self, certificate: x509.Certificate) -> ClientRegistration | None:
        """Return what was agreed with the holder of a certificate, or None."""
        if not self._by_fingerprint and not self._by_nif:
            return None
        found = self._by_fingerprint.get(fingerprint(certificate))
        if found is not None or not self._by_nif:
            return found
        try:
            return self._by_nif.get(read_caller(certificate, self.families).party)
        except IdentityError:
            return None  # said where the caller is read

    def check(self, client: ClientRegistration | None) -> None:
        """Check that a client may call at all. Raises: `ClientNotRegisteredError`."""
        if client is None and self._is_required:
            raise ClientNotRegisteredError("no registration", reason="not-registered")
        if client is not None and client.disabled:
            raise ClientNotRegisteredError("registration disabled", reason="disabled")


NO_CLIENTS: Final = ClientRegister()


def expectations_of(
    client: ClientRegistration | None, expectations: Expectations, now: datetime
) -> Expectations:
    """Return what is expected of a message of that client at `now`."""
    if client is None:
        return expectations
    expected = replace(
        expectations,
        bare_x509_data=client.bare_x509_data,
        signed_addressing=client.require_signed_addressing,
    )
    if client.timestamp_skew_seconds is not None:
        expected = replace(expected, skew=timedelta(seconds=client.timestamp_skew_seconds))
    if is_sha1_allowed(client, now):
        expected = replace(
            expected,
            signature_methods=expected.signature_methods | {SignatureMethod.RSA_SHA1},
            digest_methods=expected.digest_methods | {DigestMethod.SHA1},
        )
    return expected


def may_repeat_reads(client: ClientRegistration | None, now: datetime) -> bool:
    """Tell whether the client may send the same read without Timestamp again: the last day counts, in UTC."""
    until = None if client is None else client.repeat_reads_until
    return until is not None and now.astimezone(UTC).date() <= until


def is_sha1_allowed(client: ClientRegistration, now: datetime) -> bool:
    """Tell whether the client may still sign with SHA-1: the last day counts, in UTC."""
    until = client.unsafe_allow_sha1_until
    return until is not None and now.astimezone(UTC).date() <= until
