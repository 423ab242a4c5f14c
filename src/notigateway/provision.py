"""What a gateway stands on, read once: its settings, and whatever they name that stands in files.

A master reads it for all of its workers: what lies in the files later is nobody's business before the next
reload, whichever worker is replaced meanwhile. Nothing here is a connection, a thread or a device's session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from notigateway.evidence.seals import read_seal
from notigateway.pki.in_use import certificates_of
from notigateway.pki.keys import load_key_pair
from notigateway.pki.validity import check_valid_now
from notigateway.push.keys import PushKeys
from notigateway.trust.authorities import Authorities
from notigateway.wss.clients import ClientRegister

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.evidence.seals import KeptSeal
    from notigateway.pki.in_use import UsedCertificate
    from notigateway.pki.keys import KeyPair
    from notigateway.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Provision:
    """Settings, keys, certificates and registrations; the same for every process that has it."""

    settings: Settings
    service: KeyPair = field(repr=False)
    seal: KeptSeal = field(repr=False)
    clients: ClientRegister
    authorities: Authorities
    certificates: tuple[UsedCertificate, ...]
    push_keys: PushKeys

    @classmethod
    def read(cls, settings: Settings, *, now: datetime) -> Self:
        """Read the files. Raises: `ConfigurationError` for the first one that cannot be used."""
        certificate_file = settings.service_certificate_file
        service = load_key_pair(settings.service_key_file, certificate_file)
        check_valid_now(service.certificate, now, setting="service_certificate_file", file=certificate_file)
        seal = read_seal(settings, now=now)
        return cls(
            settings=settings,
            service=service,
            seal=seal,
            clients=ClientRegister.of(settings),
            authorities=Authorities.read(settings, now=now),
            certificates=tuple(certificates_of(settings)),
            push_keys=PushKeys.read(settings, others=(service.certificate, seal.certificate)),
        )
