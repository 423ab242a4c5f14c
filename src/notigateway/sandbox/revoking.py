"""The list of revoked certificates of one world: another one is issued, and taken in at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509

from notigateway.instants import instant_text
from notigateway.pki.keys import load_certificates, load_key_pair
from notigateway.sandbox.certifying import revocation_list
from notigateway.sandbox.holders import PUBLIC_FILE, write_new
from notigateway.sandbox.refusals import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from notigateway.sandbox.holders import Pki
    from notigateway.sandbox.world import World


def revoke_holder(world: World, holder: str) -> dict[str, Any]:
    """Revoke a holder's certificate at the world's time. Raises: `InvalidError`, `OccupiedError`."""
    holders = world.pki.holders()
    if holder not in holders:
        raise InvalidError(f"holder: one of {', '.join(holders)}")
    (certificate,) = load_certificates(holders[holder].certificate)
    _issue(world, until=_last(world.pki).next_update_utc, revoked=[certificate])
    return {"holder": holder, "revoked_at": instant_text(world.clock())}


def reissue_list(world: World, *, until: datetime | None) -> datetime:
    """Issue the same list anew, and return until when it lasts: by default as long as its issuer does.

    Raises: `OccupiedError`.
    """
    (issuing,) = load_certificates(world.pki.certificate("issuing"))
    until = until or issuing.not_valid_after_utc
    _issue(world, until=until)
    return until


def _issue(world: World, *, until: datetime | None, revoked: Iterable[x509.Certificate] = ()) -> None:
    """Issue a list with what was on the last one and what is revoked now, and take it in."""
    pki, at = world.pki, world.clock()
    issuing = load_key_pair(pki.key("issuing"), pki.certificate("issuing"))
    file = pki.revocation / "issuing.crl"
    making = file.with_name(".issuing.crl.making")
    with world.turn, world.using() as office:
        entries = dict(_listed(pki)) | dict.fromkeys(revoked, at)
        data = revocation_list(issuing, list(entries.items()), this_update=at, next_update=until)
        write_new(making, data, PUBLIC_FILE)
        making.replace(file)
        world.works.refresh(office.engine, at)
        world.app.gate.admission.look_again()


def _last(pki: Pki) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl((pki.revocation / "issuing.crl").read_bytes())


def _listed(pki: Pki) -> Iterable[tuple[x509.Certificate, datetime]]:
    """Yield the holders' certificates that are on the last list, and since when."""
    last = _last(pki)
    for files in pki.holders().values():
        (one,) = load_certificates(files.certificate)
        found = last.get_revoked_certificate_by_serial_number(one.serial_number)
        if found is not None:
            yield one, found.revocation_date_utc
