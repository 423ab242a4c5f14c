"""Who is obliged to the electronic channel, on which ground and since when; what lapses for whom; pure.

Obliged is who the law names (Orden ISM/903/2020 art. 4.1; Ley 39/2015 art. 14). Everybody else chooses,
and a choice counts for what is put at disposal after it (art. 4.2). What lapses without access is notified
through the mandatory or the chosen electronic channel: without a ground and without a choice nothing
does (Ley 39/2015 art. 43.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import ChannelObligedError
from notigateway.law.grounds import Ground
from notigateway.law.identifiers import is_company_nif
from notigateway.law.lifecycle import Kind
from notigateway.law.representation import DeliveryChannel, ItemKind, PowerScope, effective_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from notigateway.law.grounds import Paper
    from notigateway.law.representation import Power, PowerItem


@dataclass(frozen=True)
class ObligationPolicy:
    """What the texts leave open.

    Whether a ground that the issuing body names counts where the register knows nothing of it; whether
    the attorney's obligation (art. 4.1.d) makes what the grantor does not open lapse too.
    """

    issuing_body_grounds: bool = True
    attorney_obliges_grantor: bool = False


DEFAULT_OBLIGATION: Final = ObligationPolicy()


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What the rules need to know of an act: its kind, its matter, what its body says of the channel."""

    kind: Kind
    matter: str
    procedure: str
    named_ground: Ground | None = None
    paper: Paper | None = None


@dataclass(frozen=True)
class Obligation:
    """That somebody is obliged, in a time; `since` is None where it was never otherwise.

    With `matters` or `procedures` only for acts of these: the activity of a professional, or what a power
    covers.
    """

    ground: Ground
    since: datetime | None = None
    until: datetime | None = None
    matters: frozenset[str] = frozenset()
    procedures: frozenset[str] = frozenset()

    @property
    def is_general(self) -> bool:
        """Tell whether it counts for every act."""
        return not (self.matters or self.procedures)

    def stands_at(self, at: datetime) -> bool:
        """Tell whether it stands at that instant: from its beginning, no longer at its end."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def covers(self, issued: Issued) -> bool:
        """Tell whether it counts for an act."""
        return self.is_general or issued.matter in self.matters or issued.procedure in self.procedures


@dataclass(frozen=True)
class Access:
    """How a notification is at disposal here: why its addressee is obliged, and whether it lapses."""

    ground: Ground | None
    lapses: bool


def obligations_by_nature(identifier: str) -> tuple[Obligation, ...]:
    """Return what a NIF says: legal persons and entities without personality are obliged (art. 4.1.a)."""
    return (Obligation(Ground.A),) if is_company_nif(identifier) else ()


def obligation_by_account(
    identifier: str, *, since: datetime | None, until: datetime | None = None
) -> tuple[Obligation, ...]:
    """Return what a main account says of a natural person: a member of the RED system (art. 4.1.b).

    Employers have a contribution account; the self-employed, who must be members since 1 October 2018,
    have their affiliation number as their main account.
    """
    return () if is_company_nif(identifier) else (Obligation(Ground.B, since, until),)


def obligations_by_power(
    power: Power, *, is_attorney: bool, policy: ObligationPolicy
) -> tuple[Obligation, ...]:
    """Return what a power says of one of its two parties (art. 4.1.d), from its inscription to its end.

    The obligation is the attorney's, for all that is addressed to the attorney. The grantor is not
    obliged by it; by policy what the power covers lapses for the grantor too.
    """
    since = effective_at(power)
    if since is None or power.is_void:
        return ()
    end = min(power.expires_at, power.ended_at or power.expires_at)
    items = [(min(end, item.ended_at or end), item) for item in power.items]
    if is_attorney:
        spans = [Obligation(Ground.D, since, max((until for until, _ in items), default=end))]
    elif not policy.attorney_obliges_grantor:
        spans = []
    elif power.scope is PowerScope.GENERAL:
        spans = [Obligation(Ground.D, since, end)]
    else:
        spans = [_by_item(item, since=since, until=until) for until, item in items]
    return tuple(one for one in spans if one.until is None or since < one.until)


def _by_item(item: PowerItem, *, since: datetime, until: datetime) -> Obligation:
    """Return what one thing that a power names says of its grantor."""
    if item.kind is ItemKind.MATTER:
        return Obligation(Ground.D, since, until, matters=frozenset({item.value}))
    procedures = item.procedures if item.kind is ItemKind.GROUP else frozenset({item.value})
    return Obligation(Ground.D, since, until, procedures=procedures)


def ground_of(obligations: Iterable[Obligation], issued: Issued, *, at: datetime) -> Ground | None:
    """Return on which ground an addressee is obliged for an act at an instant; None for who is not.

    Of several the first letter: each of them begins where the one before leaves off.
    """
    standing = (one.ground for one in obligations if one.stands_at(at) and one.covers(issued))
    return min(standing, default=None)


def access_to(
    issued: Issued,
    obligations: Iterable[Obligation],
    *,
    choice: DeliveryChannel | None,
    at: datetime,
    policy: ObligationPolicy = DEFAULT_OBLIGATION,
) -> Access:
    """Return how an act is at its addressee's disposal at `at`; `obligations` is all the register ever knew.

    The register decides, whatever the issuing body says; a ground that the body names counts only where
    the register is silent, and never against a choice of paper. Who chose electronic delivery is obliged
    from then on without a ground. What is practised on paper is at disposal here all the same, with full
    effect, and never lapses (Orden ISM/903/2020 art. 4.2, 5.2 and 9; RD 203/2021 art. 43.2).
    """
    known = tuple(obligations)
    ground = ground_of(known, issued, at=at)
    if ground is None and choice is not DeliveryChannel.POSTAL:
        ground = _named(issued.named_ground, known, policy)
    is_electronic = ground is not None or choice is DeliveryChannel.ELECTRONIC
    return Access(ground, lapses=issued.kind is Kind.NOTIFICATION and is_electronic and issued.paper is None)


def _named(named: Ground | None, known: tuple[Obligation, ...], policy: ObligationPolicy) -> Ground | None:
    """Return the ground that the issuing body names, where its word counts."""
    is_silent = all(one.ground is not named for one in known)
    return named if policy.issuing_body_grounds and is_silent else None


def standing_obligations(obligations: Iterable[Obligation], at: datetime) -> tuple[Obligation, ...]:
    """Return what stands at an instant, by ground and by how long."""
    standing = [one for one in obligations if one.stands_at(at)]
    return tuple(sorted(standing, key=_by_ground_and_age))


def _by_ground_and_age(obligation: Obligation) -> tuple[Ground, float]:
    """Return the place of an obligation among others; what was always so comes first."""
    return obligation.ground, 0 if obligation.since is None else obligation.since.timestamp()


def is_obliged(obligations: Iterable[Obligation], at: datetime) -> bool:
    """Tell whether somebody has no choice at an instant: obliged for every act, not only for some."""
    return any(one.is_general for one in standing_obligations(obligations, at))


def channel_in_force(choice: DeliveryChannel | None, *, obliged: bool) -> DeliveryChannel | None:
    """Return an addressee's channel; None where the issuing body decides.

    An obligation overrides a choice made before it.
    """
    return DeliveryChannel.ELECTRONIC if obliged else choice


def changes_channel(asked: DeliveryChannel, choice: DeliveryChannel | None, *, obliged: bool) -> bool:
    """Tell whether choosing that channel is a new choice; a repeat changes nothing, not even its instant.

    Raises: `ChannelObligedError` for paper where electronic means are obligatory.
    """
    if obliged and asked is DeliveryChannel.POSTAL:
        raise ChannelObligedError
    return not obliged and asked is not choice
