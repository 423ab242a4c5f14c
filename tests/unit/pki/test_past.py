from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import InsufficientRevinfoError, RevokedError

from notigateway.errors import (
    CertificateExpiredError,
    CertificateRevokedError,
    IssuerNotAuthorisedError,
    RevocationUnknownError,
)
from notigateway.pki.past import check_was_good
from notigateway.pki.revocation import RevocationSource
from pki import NOW, crl, ocsp_answer, pki, responder

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair

HOUR = timedelta(hours=1)
EVENT = NOW
CRL, OCSP = RevocationSource.CRL, RevocationSource.OCSP
HOLDER, ISSUER = pki().company_seal.certificate, pki().issuing.certificate


def was_good(
    *data: tuple[RevocationSource, bytes], at: datetime = EVENT, holder: x509.Certificate = HOLDER
) -> None:
    check_was_good(holder, ISSUER, at, data=data)


def revoking_list(at: datetime, **instants: datetime) -> tuple[RevocationSource, bytes]:
    return CRL, crl(pki().issuing, (HOLDER, at), **instants)  # type: ignore[arg-type]


def revoking_answer(at: datetime, **instants: datetime) -> tuple[RevocationSource, bytes]:
    return OCSP, ocsp_answer(HOLDER, pki().issuing, revoked_at=at, **instants)  # type: ignore[arg-type]


@pytest.mark.parametrize("say", [revoking_list, revoking_answer])
def test_a_revocation_after_the_event_leaves_it_good_and_one_before_does_not(
    say: Callable[..., tuple[RevocationSource, bytes]],
) -> None:
    later = {"this_update": EVENT + 48 * HOUR, "next_update": EVENT + 72 * HOUR}
    was_good(say(EVENT + HOUR, **later))
    was_good(say(EVENT + timedelta(seconds=1), **later))
    for before in (timedelta(0), HOUR):
        with pytest.raises(CertificateRevokedError) as found:
            was_good(say(EVENT - before, **later))
        assert found.value.facts == {"revoked_at": EVENT - before}


def test_the_data_of_the_event_are_enough_years_later() -> None:
    of_then = crl(pki().issuing, this_update=EVENT - HOUR, next_update=EVENT + HOUR)
    was_good((CRL, of_then))
    was_good((OCSP, ocsp_answer(HOLDER, pki().issuing, responder=responder(pki().issuing))))


def test_data_that_ended_before_the_event_do_not_tell() -> None:
    old = crl(pki().issuing, this_update=EVENT - 3 * HOUR, next_update=EVENT - HOUR)
    with pytest.raises(RevocationUnknownError):
        was_good((CRL, old))
    with pytest.raises(RevocationUnknownError):
        was_good()


def test_anothers_or_a_forged_list_does_not_tell() -> None:
    for data in (crl(pki().other_root), crl(pki().issuing, key=pki().person.key)):
        with pytest.raises(RevocationUnknownError):
            was_good((CRL, data))


def test_a_certificate_that_had_expired_or_is_of_another_issuer_was_not_good() -> None:
    fine = (CRL, crl(pki().issuing))
    with pytest.raises(CertificateExpiredError):
        was_good(fine, holder=pki().expired.certificate)
    was_good(fine, holder=pki().expired.certificate, at=datetime(2020, 6, 1, tzinfo=UTC))
    with pytest.raises(IssuerNotAuthorisedError):
        was_good(fine, holder=pki().wrong_issuer.certificate)


def test_data_that_cannot_be_read_do_not_tell() -> None:
    for source in (CRL, OCSP):
        with pytest.raises(RevocationUnknownError):
            was_good((source, b"\x30\x80nonsense"))


def test_a_word_given_after_the_certificate_expired_does_not_tell() -> None:
    """Its entry may have been dropped from the list by then."""
    holder = pki().expired.certificate
    at, end = datetime(2020, 6, 1, tzinfo=UTC), holder.not_valid_after_utc
    with pytest.raises(RevocationUnknownError):
        was_good((CRL, crl(pki().issuing, this_update=end + HOUR)), holder=holder, at=at)
    was_good((CRL, crl(pki().issuing, this_update=end - HOUR)), holder=holder, at=at)


def test_the_finding_names_the_data_and_the_latest_word() -> None:
    old, new = (crl(pki().issuing, this_update=EVENT + n * HOUR) for n in (1, 2))
    found = check_was_good(HOLDER, ISSUER, EVENT, data=[(CRL, new), (CRL, old)])
    assert found.sha256 == hashlib.sha256(new).hexdigest()


# --- an independent reader ------------------------------------------------------------------------


def test_another_implementation_agrees() -> None:
    """pyhanko-certvalidator, with the same instant and the same data, at an issuer that is a root."""
    issuer = pki().other_root
    holder = pki().wrong_issuer.certificate
    instants = [EVENT - 2 * HOUR, EVENT - HOUR, EVENT, EVENT + HOUR, EVENT + 2 * HOUR]
    seen = set()
    for issued in instants:
        # Not to the second of the event: what is revoked then counts as revoked here, there as good.
        for revoked_at in (None, *(one - timedelta(minutes=1) for one in instants if one <= issued)):
            entries = () if revoked_at is None else ((holder, revoked_at),)
            data = crl(issuer, *entries, this_update=issued, next_update=issued + timedelta(minutes=90))
            ours, theirs = _ours(holder, issuer, data), asyncio.run(_theirs(holder, issuer, data))
            # An old list that already revokes is stale to it and final to us.
            if (ours, theirs) != ("revoked", "unknown") or issued + timedelta(minutes=90) >= EVENT:
                assert ours == theirs, (issued, revoked_at)
            seen.add(ours)
    assert seen == {"good", "revoked", "unknown"}


def _ours(holder: x509.Certificate, issuer: KeyPair, data: bytes) -> str:
    try:
        check_was_good(holder, issuer.certificate, EVENT, data=[(CRL, data)])
    except CertificateRevokedError:
        return "revoked"
    except RevocationUnknownError:
        return "unknown"
    return "good"


async def _theirs(holder: x509.Certificate, issuer: KeyPair, data: bytes) -> str:
    context = ValidationContext(
        trust_roots=[asn1.Certificate.load(issuer.certificate.public_bytes(Encoding.DER))],
        moment=EVENT,
        crls=[data],
        revocation_mode="require",
        retroactive_revinfo=True,
        time_tolerance=timedelta(0),
    )
    subject = asn1.Certificate.load(holder.public_bytes(Encoding.DER))
    try:
        await CertificateValidator(subject, validation_context=context).async_validate_path()
    except RevokedError:
        return "revoked"
    except InsufficientRevinfoError:
        return "unknown"
    return "good"
