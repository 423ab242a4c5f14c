"""Who asks for something, when, and the proof of it: what every use case is called with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from notigateway.law.assurance import SIGNED, rights_by

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from cryptography.x509 import Certificate

    from notigateway.law.assurance import Assurance
    from notigateway.law.caller import Caller
    from notigateway.law.representation import RightsPolicy
    from notigateway.pki.revocation import RevocationFinding


@dataclass(frozen=True)
class RequestProof:
    """The signed request as it was received: the caller's proof of will.

    `revocation` is what was known of the status of its certificate; None where nobody asks for it.
    `certificate` is whose signature it bears: many messages only name theirs, and what a name leads to
    changes with the registrations.
    """

    correlation_id: UUID
    envelope: bytes = field(repr=False)
    signature_method: str
    revocation: RevocationFinding | None = None
    certificate: Certificate | None = None

    @cached_property
    def sha256(self) -> str:
        """Return the hash under which the envelope is kept."""
        return hashlib.sha256(self.envelope).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks, by which means of access, when (the one reading of the clock), and the proof of it."""

    caller: Caller
    assurance: Assurance
    now: datetime
    proof: RequestProof

    @property
    def party(self) -> str:
        """The NIF of the party on whose behalf the caller asks."""
        return self.caller.party

    def rights(self, policy: RightsPolicy) -> RightsPolicy:
        """Return the rights of this request: what the policy gives, by its means of access."""
        return rights_by(self.assurance, policy)


@dataclass(frozen=True, kw_only=True)
class Looking:
    """A party for whom the gateway itself looks, without a request, by the rights that the party has then."""

    party: str
    now: datetime

    def rights(self, policy: RightsPolicy) -> RightsPolicy:
        """Return what the policy gives to who signs its requests."""
        return rights_by(SIGNED, policy)
