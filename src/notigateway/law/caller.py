"""Who calls: a plain value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed a request, and whom that person acts for.

    `party` is the NIF of who is acted for, `signer` of who signed: the same for a person's own
    certificate and for an entity's seal, different for a representative's.
    """

    party: str
    party_name: str
    signer: str
    signer_name: str
    certificate_fingerprint: str
    certificate_issuer: str
    certificate_serial: str
