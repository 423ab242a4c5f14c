"""Whose certificates are admitted: the authorised issuers, and path validation against them.

Every certificate in the operator's folder is an authorised issuer, that is a trust anchor; there
are no others, the system's roots least of all. The path is validated by pyhanko-certvalidator at
the instant given; nothing is ever fetched, whatever addresses a certificate names.

Revocation is another question, asked in `revocation.py` of the issuer that is found here.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers, derive_quals_from_cert
from pyhanko_certvalidator.errors import PathError, ValidationError

from notigateway.errors import (
    CertificateExpiredError,
    ConfigurationError,
    GatewayError,
    IssuerNotAuthorisedError,
    KeyUsageError,
    TokenInvalidError,
    TokenTypeError,
    TokenWeakError,
)
from notigateway.pki.keys import fingerprint, load_certificates

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)

_CACHED_VERDICTS: Final = 4096
_DEFAULT_CACHE_SECONDS: Final = 600
_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer", ".der"})
_MIN_RSA_BITS: Final = 2048
_CURVES: Final = (SECP256R1, SECP384R1, SECP521R1)
STRONG_HASHES: Final = frozenset({"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"})
# RFC 5280 §4.2.1.12, RFC 9336 and its two predecessors: purposes under which a message may be signed
_SIGNING_PURPOSES: Final = frozenset(
    {
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documentSigning
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # Microsoft's
        x509.ObjectIdentifier("1.2.840.113583.1.1.5"),  # Adobe's
    }
)
# The extensions of a signing certificate that somebody here looks at; a critical one beside these
# says something that we would ignore. RFC 5280 §4.2
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """An authorised issuer, in both libraries' forms."""

    certificate: x509.Certificate
    trust: CertTrustAnchor

    @property
    def name(self) -> str:
        return str(self.trust.certificate.subject.hashable)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A path was found valid at an instant; its anchor stands until another."""

    found_at: datetime
    anchor_until: datetime
    issuer: x509.Certificate


class TrustStore:
    """The authorised issuers and the verdicts about certificates seen lately; safe between threads.

    Only favourable verdicts are kept, so forged certificates cannot push honest ones out.

    Raises: `ConfigurationError` when there is no anchor, or one that may not issue certificates.
    """

    def __init__(
        self, anchors: Iterable[x509.Certificate], *, cache_seconds: int = _DEFAULT_CACHE_SECONDS
    ) -> None:
        self._anchors: dict[str, list[_Anchor]] = {}
        # the latest first: of two certificates of one issuer and key only the first is consulted
        for certificate in sorted(anchors, key=lambda item: item.not_valid_after_utc, reverse=True):
            anchor = _read_anchor(certificate)
            self._anchors.setdefault(anchor.name, []).append(anchor)
        if not self._anchors:
            raise ConfigurationError("there is no authorised issuer")
        self._cache_time = timedelta(seconds=cache_seconds)
        self._verdicts: OrderedDict[str, _Verdict] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def from_folder(cls, folder: Path, *, cache_seconds: int = _DEFAULT_CACHE_SECONDS) -> TrustStore:
        """Read every certificate of a folder as an authorised issuer (`.pem`, `.crt`, `.cer`, `.der`).

        Hidden files are skipped, as mounted volumes contain them; any other file is an error,
        because an issuer that is silently left out is found too late.

        Raises: `ConfigurationError` naming the file or the folder.
        """
        try:
            files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
        except OSError as error:
            raise ConfigurationError(f"cannot read the folder {folder}: {error.strerror}") from error
        for file in files:
            if file.suffix.lower() not in _SUFFIXES:
                raise ConfigurationError(f"{file} is not a certificate file of an authorised issuer")
        if not files:
            raise ConfigurationError(f"the folder {folder} holds no authorised issuer")
        certificates = [certificate for file in files for certificate in load_certificates(file)]
        return cls(certificates, cache_seconds=cache_seconds)

    @property
    def issuers(self) -> list[x509.Certificate]:
        """Return the certificates of all authorised issuers."""
        return [anchor.certificate for anchors in self._anchors.values() for anchor in anchors]

    def check(self, certificate: x509.Certificate, now: datetime) -> None:
        """Check that a certificate may sign and has a valid path to an authorised issuer at `now`.

        Raises: as `find_issuer`.
        """
        self.find_issuer(certificate, now)

    def find_issuer(self, certificate: x509.Certificate, now: datetime) -> x509.Certificate:
        """Return the authorised issuer from which a valid path leads to a certificate that may sign.

        Raises: `TokenWeakError`, `TokenTypeError`, `TokenInvalidError`, `CertificateExpiredError`,
        `KeyUsageError`, `IssuerNotAuthorisedError`.
        """
        try:
            return self._check(certificate, now)
        except GatewayError:
            raise
        except Exception as error:
            # Two readers of ASN.1 meet bytes chosen by a stranger, and neither names all it raises.
            raise TokenInvalidError("the certificate cannot be processed") from error

    def _check(self, certificate: x509.Certificate, now: datetime) -> x509.Certificate:
        check_validity(certificate, now)
        mark = fingerprint(certificate)
        with self._lock:
            verdict = self._verdicts.get(mark)
            if verdict is not None and self._stands(verdict, now):
                self._verdicts.move_to_end(mark)
                return verdict.issuer
        _check_fit_to_sign(certificate)
        verdict = self._find_path(certificate, now)
        with self._lock:
            self._verdicts[mark] = verdict
            self._verdicts.move_to_end(mark)
            while len(self._verdicts) > _CACHED_VERDICTS:
                self._verdicts.popitem(last=False)
        return verdict.issuer

    def _stands(self, verdict: _Verdict, now: datetime) -> bool:
        return verdict.found_at <= now < verdict.found_at + self._cache_time and now <= verdict.anchor_until

    def _find_path(self, certificate: x509.Certificate, now: datetime) -> _Verdict:
        subject = asn1.Certificate.load(certificate.public_bytes(Encoding.DER), strict=True)
        candidates = self._anchors.get(str(subject.issuer.hashable), [])
        if not candidates:
            raise IssuerNotAuthorisedError("no anchor of that name", reason="issuer-unknown")
        try:
            anchor = asyncio.run(_validate(subject, candidates, now))
        except (ValidationError, PathError) as error:
            raise IssuerNotAuthorisedError(str(error), reason="path-not-valid") from error
        until = anchor.certificate.not_valid_after_utc
        return _Verdict(found_at=now, anchor_until=until, issuer=anchor.certificate)


async def _validate(subject: asn1.Certificate, candidates: list[_Anchor], now: datetime) -> _Anchor:
    """Validate the path from one of the candidate issuers (RFC 5280 §6.1) and return that issuer."""
    context = ValidationContext(
        trust_roots=[candidate.trust for candidate in candidates],
        moment=now,
        allow_fetching=False,
        time_tolerance=timedelta(0),
    )
    path = await CertificateValidator(subject, validation_context=context).async_validate_path()
    for candidate in candidates:
        # an anchor is no caller, so the path has a certificate below it
        if path.pkix_len and path.trust_anchor is candidate.trust:
            return candidate
    raise IssuerNotAuthorisedError("the certificate is itself an anchor", reason="path-not-valid")


def _read_anchor(certificate: x509.Certificate) -> _Anchor:
    name = certificate.subject.rfc4514_string()
    try:
        form = asn1.Certificate.load(certificate.public_bytes(Encoding.DER), strict=True)
        is_issuer = bool(form.ca) and "key_cert_sign" in (form.key_usage_value or _ALL_USAGES).native
        qualifiers = _qualifiers(form)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise ConfigurationError(f"the authorised issuer {name} cannot be processed") from error
    if not is_issuer:
        raise ConfigurationError(
            f"{name} is not a certificate authority, so it cannot be an authorised issuer"
        )
    return _Anchor(certificate, CertTrustAnchor(form, qualifiers))


# An absent extension allows every usage. RFC 5280 §4.2.1.3
_ALL_USAGES: Final = asn1.KeyUsage({"key_cert_sign"})


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


class PinnedCertificates:
    """The certificates that a client expects of its service: these, within their validity, no other.

    Raises: `ConfigurationError` when there is none.
    """

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._fingerprints = frozenset(fingerprint(certificate) for certificate in certificates)
        if not self._fingerprints:
            raise ConfigurationError("there is no pinned certificate")

    def check(self, certificate: x509.Certificate, now: datetime) -> None:
        """Check that a certificate is one of the pinned ones and valid at `now`.

        Raises: `IssuerNotAuthorisedError`, `CertificateExpiredError`.
        """
        if fingerprint(certificate) not in self._fingerprints:
            raise IssuerNotAuthorisedError("not a pinned certificate", reason="not-pinned")
        check_validity(certificate, now)


# --- the certificate by itself --------------------------------------------------------------------


def check_validity(certificate: x509.Certificate, now: datetime) -> None:
    """Check that `now` lies within the certificate's validity, both ends included.

    Raises: `CertificateExpiredError` with the two ends.
    """
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not start <= now.astimezone(UTC) <= end:
        raise CertificateExpiredError("outside its validity", not_before=start, not_after=end)


def _check_fit_to_sign(certificate: x509.Certificate) -> None:
    _check_strength(certificate)
    extensions = certificate.extensions
    for extension in extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise IssuerNotAuthorisedError("critical extension", reason="critical-extension-unknown")
    _check_usage(extensions)


def _check_strength(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if isinstance(key, RSAPublicKey):
        if key.key_size < _MIN_RSA_BITS:
            raise TokenWeakError("RSA key", key_bits=key.key_size)
    elif not isinstance(key, EllipticCurvePublicKey):
        raise TokenTypeError("kind of key", part="certificate")
    elif not isinstance(key.curve, _CURVES):
        raise TokenWeakError("curve", key_bits=key.key_size)
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name not in STRONG_HASHES:
        raise TokenWeakError(
            "the certificate's own signature is not over SHA-2", part="certificate-signature"
        )


def _check_usage(extensions: x509.Extensions) -> None:
    basic = _find(extensions, x509.BasicConstraints)
    if basic is not None and basic.ca:
        raise KeyUsageError("a certificate authority is no caller", reason="certificate-authority")
    usage = _find(extensions, x509.KeyUsage)
    # ETSI EN 319 412-2 §4.3.2: signing certificates always carry the extension
    if usage is None or not (usage.digital_signature or usage.content_commitment):
        raise KeyUsageError("key usage", reason="key-usage")
    purposes = _find(extensions, x509.ExtendedKeyUsage)
    if purposes is not None and not _SIGNING_PURPOSES & set(purposes):
        raise KeyUsageError("extended key usage", reason="extended-key-usage")


def _find(extensions: x509.Extensions, kind: type[_Kind]) -> _Kind | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
