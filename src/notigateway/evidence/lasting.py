"""Whether a time-stamp that is kept still convinces by itself: by whose it is, and by what it rests on.

What is given to somebody now must convince now. An authority may be out of use by its `periods.toml` long
before its certificate ends, and an algorithm may end before both: all three are one question (`existence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from notigateway.evidence.algorithms import digest_name, key_name, known_algorithms
from notigateway.evidence.existence import Judgement
from notigateway.evidence.history import DatedCertificate, dated
from notigateway.evidence.timestamp import embedded_certificates, stated_hash
from notigateway.pki.keys import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.evidence.history import Pin


@dataclass(frozen=True, slots=True)
class Lasting:
    """As of which instant it is asked, and the pinned authorities with their periods."""

    judgement: Judgement
    authorities: Mapping[str, DatedCertificate]

    @classmethod
    def of(cls, authorities: Iterable[Pin], now: datetime) -> Self:
        """Return what judges by the table of algorithms of this version."""
        return cls(Judgement(now, known_algorithms()), dated(authorities))

    def until(self, token: bytes) -> datetime:
        """Return until when a token counts by itself; it is not verified here."""
        hashed = digest_name(stated_hash(token))
        return min(self.until_of(certificate, hashed) for certificate in embedded_certificates(token))

    def until_of(self, certificate: Certificate, hashed: str = "SHA-256") -> datetime:
        """Return the same of a token by that authority, about such a hash.

        Of an authority that is pinned no more its certificate says until when it did.
        """
        pin = self.authorities.get(fingerprint(certificate)) or DatedCertificate.of(certificate)
        end, _ = self.judgement.end(pin, {key_name(certificate.public_key()), hashed})
        return end

    def has_ended(self, token: bytes) -> bool:
        """Tell whether a token counts no more by itself."""
        return self.until(token) < self.judgement.at
