"""From when to when a certificate is valid, and how long it will be: one answer for everybody who asks.

The service's certificate, the seal's, the issuers' and the authorities' all end one day. Whoever signs,
starts, warns, diagnoses or counts asks here, so that they agree to the millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from notigateway.errors import ConfigurationError
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography import x509

# An issuer of qualified certificates needs days, an operator's holidays are weeks: two months are enough.
WARNING_DAYS: Final = 60
# What a caller is asked to wait while a certificate of ours has ended: a person has to bring the next one.
RENEWAL_SECONDS: Final = 60
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Validity:
    """The first and the last instant of a certificate, both included (RFC 5280 §4.1.2.5)."""

    since: datetime
    until: datetime

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Self:
        """Return what stands in the certificate, which is in whole seconds."""
        return cls(certificate.not_valid_before_utc, certificate.not_valid_after_utc)

    def covers(self, instant: datetime) -> bool:
        """Tell whether the certificate is valid at that instant."""
        return self.since <= instant <= self.until

    def days_left(self, now: datetime) -> float:
        """Return how many days are left until its end, with fractions; negative since."""
        return (self.until - now) / _DAY

    def ends_soon(self, now: datetime) -> bool:
        """Tell whether its end is near enough to be told of, or has passed."""
        return self.days_left(now) <= WARNING_DAYS

    def lack(self, now: datetime) -> str | None:
        """Return why it is not valid, in words of ours for a line of the log; None while it is."""
        if now > self.until:
            return f"ended at {instant_text(self.until.astimezone(UTC))}"
        if now < self.since:
            return f"is not valid before {instant_text(self.since.astimezone(UTC))}"
        return None


def check_valid_now(certificate: x509.Certificate, now: datetime, *, setting: str, file: Path) -> None:
    """Refuse to begin with a certificate that has ended or is not valid yet.

    Raises: `ConfigurationError` in one line: the setting, the file, and the instant.
    """
    lack = Validity.of(certificate).lack(now)
    if lack is not None:
        raise ConfigurationError(f"{setting}: the certificate in {file} {lack}")


def last_to_end(certificates: Iterable[x509.Certificate]) -> Validity | None:
    """Return the validity of that certificate of several which ends last; None where there is none."""
    return max(map(Validity.of, certificates), key=lambda one: one.until, default=None)
