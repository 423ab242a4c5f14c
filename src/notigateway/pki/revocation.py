"""Whether a certificate was revoked: certificate revocation lists and OCSP answers, read and asked.

Data come in as bytes from anywhere and count only when the authority (or, for OCSP, a responder that it
certified for this) signed them. Nothing is fetched here: `find` answers from what was loaded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notigateway.errors import RevocationDataError
from notigateway.pki.fitness import STRONG_HASHES, find_extension, is_authority

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Without nextUpdate newer information is always available (RFC 6960 §4.2.2.1): the answer ages fast.
OCSP_LIFE_WITHOUT_NEXT_UPDATE: Final = timedelta(minutes=10)
# What a stranger's bytes may hold that nobody reads.
UNREADABLE: Final = (x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
_UNDERSTOOD: Final = frozenset({x509.IssuingDistributionPoint.oid, x509.AuthorityKeyIdentifier.oid})
# Of an entry: why and since when. certificateIssuer (indirect lists) is not among them. RFC 5280 §5.3
_ENTRY_UNDERSTOOD: Final = frozenset({x509.CRLReason.oid, x509.InvalidityDate.oid})


class RevocationStatus(StrEnum):
    """What is known of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"


class RevocationSource(StrEnum):
    """Where that was read."""

    CRL = "crl"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationFinding:
    """What one list or answer says of a certificate; `sha256` designates the bytes that say it.

    It says so from `this_update` on and is current until `fresh_until`. A hold may end, so `is_final`
    tells whether a revocation stands for ever (RFC 5280 §5.3.1). `is_watched`: its successor is found
    only by asking for this certificate, not with the list of all of them.
    """

    status: RevocationStatus
    source: RevocationSource
    sha256: str
    this_update: datetime
    fresh_until: datetime
    revoked_at: datetime | None = None
    is_final: bool = True
    is_watched: bool = False


@dataclass(frozen=True, slots=True)
class Revoked:
    """An entry of a list."""

    at: datetime
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """A list whose signature was verified; `scope` is the same for it and its successor.

    `points` name the part of the authority's certificates that it speaks of; none: it speaks of all. A list
    may also speak of `holders` alone, or of `authorities`.
    """

    sha256: str
    issuer_key: str
    scope: str
    this_update: datetime
    fresh_until: datetime
    points: frozenset[str]
    revoked: Mapping[int, Revoked]
    holders: bool = True
    authorities: bool = True

    source = RevocationSource.CRL

    def find(self, certificate: x509.Certificate) -> RevocationFinding | None:
        """Return what the list says of a certificate of its authority, None where it is not in its scope."""
        if self.points and not self.points & distribution_points(certificate):
            return None
        if not (self.holders and self.authorities) and self.authorities is not is_authority(certificate):
            return None
        entry = self.revoked.get(certificate.serial_number)
        return RevocationFinding(
            status=RevocationStatus.GOOD if entry is None else RevocationStatus.REVOKED,
            source=self.source,
            sha256=self.sha256,
            this_update=self.this_update,
            fresh_until=self.fresh_until,
            revoked_at=None if entry is None else entry.at,
            is_final=entry is None or entry.is_final,
            is_watched=bool(self.points),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """An answer about one certificate, whose signature was verified.

    `delegate` is the responder that the issuer certified for this; None where the issuer signed it itself.
    """

    sha256: str
    issuer_key: str
    scope: str
    serial: int
    finding: RevocationFinding
    delegate: x509.Certificate | None = None

    source = RevocationSource.OCSP

    @property
    def this_update(self) -> datetime:
        """Return since when it says so."""
        return self.finding.this_update

    @property
    def fresh_until(self) -> datetime:
        """Return until when it is current."""
        return self.finding.fresh_until


RevocationData = RevocationList | OcspAnswer


class RevocationRecords:
    """Everything that is known, by authority; immutable, so threads share it and replace it as a whole."""

    def __init__(self, data: Iterable[RevocationData] = ()) -> None:
        self._lists: dict[str, list[RevocationList]] = {}
        self._answers: dict[tuple[str, int], list[OcspAnswer]] = {}
        for one in data:
            if isinstance(one, RevocationList):
                self._lists.setdefault(one.issuer_key, []).append(one)
            else:
                self._answers.setdefault((one.issuer_key, one.serial), []).append(one)

    def find(self, certificate: x509.Certificate, authority: x509.Certificate) -> RevocationFinding | None:
        """Return what is known of a certificate that `authority` issued; None where nothing is.

        A final revocation stands whatever else says later; otherwise the latest word counts, so that
        a hold can end.
        """
        mark = key_mark(authority)
        found = [
            finding for one in self._lists.get(mark, ()) if (finding := one.find(certificate)) is not None
        ]
        found += [one.finding for one in self._answers.get((mark, certificate.serial_number), ())]
        for finding in found:
            if finding.status is RevocationStatus.REVOKED and finding.is_final:
                return finding
        return max(found, key=lambda finding: finding.this_update, default=None)


@lru_cache(maxsize=1024)  # asked for every request, of the same few issuers
def key_mark(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate's name and public key: a renewed authority keeps its mark."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(certificate.subject.public_bytes() + spki).hexdigest()


def distribution_points(certificate: x509.Certificate) -> frozenset[str]:
    """Return the addresses at which a certificate says that its authority's list is."""
    points = find_extension(certificate, x509.CRLDistributionPoints) or ()
    # A point whose list another authority signs, or that covers some reasons only, is none of ours.
    plain = (point.full_name for point in points if not point.crl_issuer and not point.reasons)
    return frozenset(name for names in plain for name in _uris(names))


def read_list(
    data: bytes, authorities: Iterable[x509.Certificate], *, of_holders: bool = False
) -> RevocationList:
    """Read a revocation list, DER or PEM, that one of the authorities signed (RFC 5280 §6.3.3).

    `of_holders` demands that it speaks of the certificates of holders.

    Raises: `RevocationDataError` for one that is foreign, forged, indirect, partial by reasons, a
    delta, or cannot be read.
    """
    try:
        crl = (
            x509.load_pem_x509_crl(data)
            if data.lstrip().startswith(b"-----")
            else x509.load_der_x509_crl(data)
        )
        found = _read_list(crl, hashlib.sha256(data).hexdigest(), authorities)
    except (ValueError, TypeError, UnsupportedAlgorithm, *UNREADABLE) as error:
        raise RevocationDataError("the revocation list cannot be read") from error
    if of_holders and not found.holders:
        raise RevocationDataError("the revocation list does not speak of holders' certificates")
    return found


def _read_list(
    crl: x509.CertificateRevocationList, sha256: str, authorities: Iterable[x509.Certificate]
) -> RevocationList:
    authority = _signer(crl, authorities)
    if crl.next_update_utc is None:  # RFC 5280 §5.1.2.5
        raise RevocationDataError("the revocation list does not say when the next one comes")
    point = _scope(crl)
    mark = key_mark(authority)
    return RevocationList(
        sha256=sha256,
        issuer_key=mark,
        scope=hashlib.sha256(mark.encode() + (point.public_bytes() if point else b"")).hexdigest(),
        this_update=crl.last_update_utc,
        fresh_until=crl.next_update_utc,
        points=frozenset(_uris(point.full_name)) if point else frozenset(),
        revoked={entry.serial_number: _entry(entry) for entry in crl},
        holders=point is None or not point.only_contains_ca_certs,
        authorities=point is None or not point.only_contains_user_certs,
    )


def _signer(crl: x509.CertificateRevocationList, authorities: Iterable[x509.Certificate]) -> x509.Certificate:
    algorithm = crl.signature_hash_algorithm
    if algorithm is None or algorithm.name not in STRONG_HASHES:
        raise RevocationDataError("the revocation list is not signed over SHA-2")
    for authority in authorities:
        if authority.subject != crl.issuer or not _may_sign_lists(authority):
            continue
        if crl.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]  # anchors have these keys
            return authority
    raise RevocationDataError("the revocation list is not signed by an authorised issuer")


def _may_sign_lists(authority: x509.Certificate) -> bool:
    """Tell whether the key usage, where there is one, has cRLSign (RFC 5280 §6.3.3 f)."""
    usage = find_extension(authority, x509.KeyUsage)
    return usage is None or usage.crl_sign


def _scope(crl: x509.CertificateRevocationList) -> x509.IssuingDistributionPoint | None:
    """Return the part of the certificates that the list speaks of; None where it speaks of all."""
    point = None
    for extension in crl.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise RevocationDataError("the revocation list has a critical extension that is not understood")
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            point = extension.value
    if point is None:
        return None
    if point.indirect_crl or point.only_some_reasons or point.relative_name:
        raise RevocationDataError("the revocation list is indirect, or only for some reasons")
    if point.only_contains_attribute_certs:
        raise RevocationDataError("the revocation list does not speak of holders' certificates")
    if point.full_name and not any(_uris(point.full_name)):
        raise RevocationDataError("the revocation list's part of the certificates is not named by an address")
    return point


def _entry(entry: x509.RevokedCertificate) -> Revoked:
    is_final = True
    for extension in entry.extensions:
        if extension.critical and extension.oid not in _ENTRY_UNDERSTOOD:
            raise RevocationDataError("an entry of the revocation list is not understood")
        if isinstance(extension.value, x509.CRLReason):
            is_final = extension.value.reason is not x509.ReasonFlags.certificate_hold
    return Revoked(entry.revocation_date_utc, is_final)


def _uris(names: Iterable[x509.GeneralName] | None) -> Iterable[str]:
    return (name.value for name in names or () if isinstance(name, x509.UniformResourceIdentifier))
