"""An authorised issuer: a certificate that the operator keeps, and what path validation holds it to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers, derive_quals_from_cert

from notigateway.errors import ConfigurationError, GatewayError
from notigateway.logger import Logger
from notigateway.pki.asn1_classes import complete_classes
from notigateway.pki.fitness import check_key
from notigateway.pki.keys import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography import x509

complete_classes()
_log = Logger("notigateway.trust")


@dataclass(frozen=True, slots=True)
class Anchor:
    """An authorised issuer; one of a trusted list is so until an instant."""

    certificate: x509.Certificate
    until: datetime

    @property
    def name(self) -> str:
        """Return its name as names are compared (RFC 5280 §7.1)."""
        return comparable(self.certificate.subject)

    def trust(self, *, dated: bool) -> CertTrustAnchor:
        """Return the form in which a path is validated: a new one, since threads may not share one.

        `dated`: held to its own validity, too.
        """
        form = form_of(self.certificate)
        qualifiers = _qualifiers(form)
        if not dated:
            qualifiers = replace(qualifiers, valid_from=None, valid_until=None)
        return CertTrustAnchor(form, qualifiers)


def form_of(certificate: x509.Certificate) -> asn1.Certificate:
    """Return a certificate in the form of the library that validates paths."""
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER), strict=True)


def comparable(name: x509.Name) -> str:
    """Return a name as names are compared (RFC 5280 §7.1): in one spelling."""
    return str(asn1.Name.load(name.public_bytes(), strict=True).hashable)


def read_anchor(certificate: x509.Certificate) -> Anchor:
    """Return a certificate as an authorised issuer.

    Raises: `ConfigurationError` for one that cannot be one.
    """
    name = subject_of(certificate)
    try:
        check_key(certificate.public_key())
    except (GatewayError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(
            f"the key of the authorised issuer {name} cannot be used: {error}"
        ) from error
    try:
        form = form_of(certificate)
        # an absent extension allows every usage: RFC 5280 §4.2.1.3
        usage = form.key_usage_value
        is_issuer = bool(form.ca) and (usage is None or "key_cert_sign" in usage.native)
        _qualifiers(form)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise ConfigurationError(f"the authorised issuer {name} cannot be processed") from error
    if not is_issuer:
        raise ConfigurationError(
            f"{name} is not a certificate authority, so it cannot be an authorised issuer"
        )
    return Anchor(certificate, certificate.not_valid_after_utc)


def listed_anchors(certificates: Iterable[x509.Certificate], until: datetime | None) -> Iterable[Anchor]:
    """Yield the anchors of a trusted list; a listed certificate that cannot be one is left out."""
    for certificate in certificates:
        try:
            anchor = read_anchor(certificate)
        except ConfigurationError as error:
            _log.warning("listed_issuer_ignored", detail=error.detail)
            continue
        yield replace(anchor, until=anchor.until if until is None else min(anchor.until, until))


def _qualifiers(certificate: asn1.Certificate) -> TrustQualifiers:
    """Hold an anchor to its own validity, path length and name constraints, but to no policy set.

    RFC 5937 §3: an anchor's certificate may constrain; policies of issuers differ from those of
    the certificates below them, and which policies are admitted is decided by who is in the folder.
    """
    derived = derive_quals_from_cert(certificate)
    parameters = derived.standard_parameters
    if parameters is not None:
        parameters = replace(
            parameters,
            user_initial_policy_set=frozenset({"any_policy"}),
            initial_explicit_policy=False,
        )
    return replace(derived, standard_parameters=parameters)
