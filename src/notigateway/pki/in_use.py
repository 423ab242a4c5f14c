"""The certificates that a gateway's settings name, which of them end soon, and the daily word about it.

The service's and the seal's, every authorised issuer's in its folder, and the last of the time-stamp
authority's: what the operator has to renew or to replace. Those of a trusted list are its publisher's to look
after, retired seals have ended anyway, and callers' are their own business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.logger import Logger
from notigateway.pki.anchors import certificate_files
from notigateway.pki.keys import load_certificates
from notigateway.pki.validity import Validity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from notigateway.settings import Settings

_log = Logger("notigateway.certificates")
_DAILY: Final = timedelta(days=1)


class Use(StrEnum):
    """What a certificate is for; the word in logs and metrics."""

    SERVICE = "service"
    SEAL = "seal"
    ISSUER = "issuer"
    TIMESTAMP_AUTHORITY = "timestamp_authority"


@dataclass(frozen=True, slots=True)
class UsedCertificate:
    """A certificate that is in use: for what, which setting names it, where it is, and its validity."""

    use: Use
    setting: str
    file: Path
    validity: Validity


def certificates_of(settings: Settings) -> list[UsedCertificate]:
    """Read the certificates that the settings name; whether they are valid is for whoever asks.

    Raises: `ConfigurationError` for a file that cannot be read or is no certificate.
    """
    return [*_own(settings), *_issuers(settings), *_authority(settings)]


def _own(settings: Settings) -> Iterator[UsedCertificate]:
    for use, setting, file in (
        (Use.SERVICE, "service_certificate_file", settings.service_certificate_file),
        (Use.SEAL, "seal_certificate_file", settings.seal_certificate_file),
    ):
        yield UsedCertificate(use, setting, file, Validity.of(load_certificates(file)[0]))


def _issuers(settings: Settings) -> Iterator[UsedCertificate]:
    folder = settings.authorised_issuers_folder
    if settings.trusted_list_file and not folder.is_dir():
        return
    for file in certificate_files(folder):
        for certificate in load_certificates(file):
            yield UsedCertificate(Use.ISSUER, "authorised_issuers_folder", file, Validity.of(certificate))


def _authority(settings: Settings) -> Iterator[UsedCertificate]:
    """Yield the one that ends last: former ones stay in the folder, for what they have stamped."""
    folder = settings.timestamp_authority_folder
    files = sorted(folder.glob("*.pem")) if settings.timestamp_authority_url and folder.is_dir() else []
    found = [
        UsedCertificate(Use.TIMESTAMP_AUTHORITY, "timestamp_authority_folder", file, Validity.of(certificate))
        for file in files
        for certificate in load_certificates(file)
    ]
    yield from sorted(found, key=lambda one: one.validity.until)[-1:]


class Reminder:
    """Says in the log which certificates end soon or have ended: when it is made, and then once a day.

    Asking costs a comparison of two instants, so a worker's loop may ask whenever it likes.
    """

    def __init__(self, certificates: Sequence[UsedCertificate], clock: Callable[[], datetime]) -> None:
        self._certificates = certificates
        self._clock = clock
        self._due = clock()
        self()

    def __call__(self) -> None:
        """Say it where a day has passed since the last time."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + _DAILY
        for one in self._certificates:
            if one.validity.ends_soon(now):
                _log.warning(
                    "certificate_ends_soon",
                    certificate=one.use.value,
                    days=round(one.validity.days_left(now), 1),
                    file=str(one.file),
                )
