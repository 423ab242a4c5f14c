"""Who calls, and what an event tells beyond the rule; plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.assurance import Level, Means
    from notigateway.law.families import Family
    from notigateway.law.lifecycle import Channel
    from notigateway.law.representation import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed a request, and whom that person acts for.

    `party` is the NIF of who is acted for, `signer` of who signed: the same for a person's own
    certificate and for an entity's seal, different for a representative's. `family` is what the
    certificate proves; `employer` is the public body that an employee's certificate names, which the
    employee does not act for by that alone; `member_of` the entity, public or not, that a certificate of who
    works there names: it says for whom its holder may have been registered.
    """

    party: str
    party_name: str
    signer: str
    signer_name: str
    certificate_fingerprint: str
    certificate_issuer: str
    certificate_serial: str
    family: Family
    employer: str | None = None
    member_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """By what a representative acts: the power's identifier, the succession's, or the RED authorisation.

    `holder` is who holds the title where the caller is a secondary user of it: what that one receives counts
    as received by the holder (Orden ISM/903/2020 art. 6.2). Where the holder is an entity that says itself
    who works for it, `registration` is by which; without `reference` it is the addressee itself.
    """

    reference: str | None
    holder: str | None = None
    holder_name: str | None = None
    registration: UUID | None = None
    may_decide: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Who made something happen, in which channel and capacity, and who told of it.

    `party` held the title (`title` is the power or the RED authorisation), `signer` is whom the certificate
    names that signed: see `actors`; `registration` is by which that one works for the party, an entity.
    `means` and `level` are those of the access.
    """

    channel: Channel | None = None
    role: Role | None = None
    party: str | None = None
    party_name: str | None = None
    title: str | None = None
    signer: str | None = None
    signer_name: str | None = None
    by_secondary_user: bool = False
    registration: UUID | None = None
    means: Means | None = None
    level: Level | None = None
    reason: str | None = None
    # A decision taken in another channel: which issuing body (DIR3) told of it, when, and where it
    # keeps that channel's evidence.
    reported_by: str | None = None
    reported_at: datetime | None = None
    reported_reference: str | None = None
    # When paper was brought in vain for the first time, where it was twice.
    first_attempt_at: datetime | None = None
    correlation_id: UUID | None = None


# What the clock does: nobody caused it, in no channel.
NOBODY: Final = Circumstances()
