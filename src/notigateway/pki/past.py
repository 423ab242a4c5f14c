"""Whether a certificate was good at a past instant: the question that evidence is asked years later.

The revocation data may be of that time or of any later one. An authority's word of today says since when a
certificate is revoked, so also that it was not before (RFC 5280 §5.3, ETSI EN 319 102-1 §5.2.5): a
revocation after the event does not touch it. Data of the time are the better ones, since a hold that has
ended leaves no trace; so the gateway keeps those that its receipts name. The instant itself is proven by
others, as by a time-stamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.errors import CertificateRevokedError, RevocationDataError, RevocationUnknownError
from notigateway.pki.anchors import TrustStore
from notigateway.pki.ocsp import read_answer
from notigateway.pki.revocation import (
    RevocationData,
    RevocationFinding,
    RevocationRecords,
    RevocationSource,
    RevocationStatus,
    read_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography.x509 import Certificate


def check_was_good(
    certificate: Certificate,
    authority: Certificate,
    at: datetime,
    *,
    data: Iterable[tuple[RevocationSource, bytes]],
) -> RevocationFinding:
    """Return what says that a certificate of that authority was valid and not revoked at an instant.

    `data` are lists and OCSP answers, as they are kept under their digests; those that the authority did
    not sign say nothing. The authority is trusted as it was when the evidence was made.

    Raises: what `TrustStore.check` raises at that instant; `CertificateRevokedError`;
    `RevocationUnknownError` where the data do not tell.
    """
    TrustStore([authority]).check(certificate, at)
    return find_status(certificate, authority, at, data=data)


def find_status(
    certificate: Certificate,
    authority: Certificate,
    at: datetime,
    *,
    data: Iterable[tuple[RevocationSource, bytes]],
) -> RevocationFinding:
    """Return the same for a certificate to which a valid path led from that authority at that instant.

    Raises: `CertificateRevokedError`; `RevocationUnknownError` where the data do not tell.
    """
    return find_among(read_data(data, authority), certificate, authority, at)


def find_among(
    known: Iterable[RevocationData], certificate: Certificate, authority: Certificate, at: datetime
) -> RevocationFinding:
    """Return the same by data that `read_data` has read, once for several certificates."""
    found = [_find(one, certificate, authority) for one in known]
    telling = [finding for finding in found if finding is not None and _tells(finding, certificate, at)]
    for finding in telling:
        if finding.revoked_at is not None and finding.revoked_at <= at:
            raise CertificateRevokedError("before the instant", revoked_at=finding.revoked_at)
    if not telling:
        raise RevocationUnknownError("no data tell of that instant", reason="not-known")
    return max(telling, key=lambda finding: finding.this_update)


def read_data(data: Iterable[tuple[RevocationSource, bytes]], authority: Certificate) -> list[RevocationData]:
    """Return those of the lists and answers that an authority has signed; others say nothing."""
    read: list[RevocationData] = []
    for source, one in data:
        try:
            read.append((read_list if source is RevocationSource.CRL else read_answer)(one, [authority]))
        except RevocationDataError:
            continue
    return read


def _find(one: RevocationData, certificate: Certificate, authority: Certificate) -> RevocationFinding | None:
    return RevocationRecords([one]).find(certificate, authority)


def _tells(finding: RevocationFinding, certificate: Certificate, at: datetime) -> bool:
    """Tell whether a finding speaks of the instant.

    A revocation always does. That there was none is said up to nextUpdate, and not once the certificate
    has expired, for then its entry may have been dropped (RFC 5280 §3.3).
    """
    if finding.status is RevocationStatus.REVOKED:
        return True
    return at <= finding.fresh_until and finding.this_update <= certificate.not_valid_after_utc
