"""How a refusal names a seal certificate, so that somebody can look for it: holder, SHA-256, period.

Of one that is not pinned nothing is proven: the words are those of whoever wrote the file, made printable
and cut short.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.evidence.unpinned import NOT_PINNED
from notigateway.instants import instant_text
from notigateway.pki.keys import read_certificate, subject_of

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.evidence.history import DatedCertificate

_HOLDER_CHARACTERS: Final = 150


def not_pinned(what: str, der: bytes) -> str:
    """Return that something was sealed with this certificate, which nobody has pinned."""
    return f"{what} was {NOT_PINNED}, but with {named(der)}"


def not_in_use(pin: DatedCertificate, at: datetime) -> str:
    """Return that a pinned seal certificate did not seal at an instant, by its period."""
    period = f"in use from {instant_text(pin.since)} until {instant_text(min(pin.stops, pin.until))}"
    who = named(pin.certificate.public_bytes(Encoding.DER))
    return f"the seal certificate was not valid, or not in use, on {instant_text(at)}: {who} was {period}"


def named(der: bytes) -> str:
    """Return the holder of a certificate, where it can be read, and its SHA-256."""
    sha256 = f"SHA-256 {hashlib.sha256(der).hexdigest()}"
    try:
        holder = subject_of(read_certificate(der))[:_HOLDER_CHARACTERS]
    except Exception:  # noqa: BLE001  (whatever a reader meets in foreign bytes)
        return sha256
    return f"{''.join(one if one.isprintable() else ' ' for one in holder)} ({sha256})"
