"""How it stands with the validity of the gateway's own certificates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from notigateway.health.finding import Finding, State
from notigateway.pki.validity import Validity

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.evidence.sealing import Seal

SERVICE: Final = "service_certificate"
SEAL: Final = "seal_certificate"
RENEW: Final = "get a certificate that is valid, name it in the settings, and reload"
_SUCCEED: Final = "name the next seal in the settings and reload, or correct its `until` in periods.toml"


def look_at_certificate(check: str, certificate: Certificate, now: datetime, *, cure: str) -> Finding:
    """Find whether a certificate is valid now, and for how many days it will be."""
    validity = Validity.of(certificate)
    days = validity.days_left(now)
    values = {"days_left": round(days, 3)}
    lack = validity.lack(now)
    if lack is not None:
        return Finding(check, State.FAILED, lack, cure, values)
    said = f"valid for {days:.0f} days, until {validity.until:%Y-%m-%d %H:%M} UTC"
    if validity.ends_soon(now):
        return Finding(check, State.WARNING, said, cure, values)
    return Finding(check, State.OK, said, values=values)


def look_at_seal_in_use(seal: Seal, now: datetime) -> Finding:
    """Find how the certificate of a seal is that a gateway seals with, and whether it was put out of use."""
    found = look_at_certificate(SEAL, seal.certificate, now, cure=RENEW)
    if found.state is State.FAILED:
        return found
    lack = seal.lack(now)
    if lack is not None:
        return replace(found, state=State.FAILED, says=lack, cure=_SUCCEED)
    notice = seal.notice()
    if notice is not None:
        return replace(found, state=State.WARNING, says=notice, cure=_SUCCEED)
    return found
