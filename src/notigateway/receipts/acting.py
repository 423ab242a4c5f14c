"""What is told and attested of who acts: the same for everything that one request does in one capacity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.evidence import statement as evidence
from notigateway.law.actors import delegate_of, signing_person_of
from notigateway.law.caller import Circumstances
from notigateway.law.lifecycle import Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.law.caller import Title
    from notigateway.law.deadlines import Outage
    from notigateway.law.representation import Role
    from notigateway.receipts.asking import Asking, RequestProof
    from notigateway.repository.model import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What a receipt says beyond the notification and the event: nothing where the clock decided."""

    delegate: evidence.DelegateDetails | None = None
    signer: evidence.SignerDetails | None = None
    authentication: evidence.ActorAuthentication | None = None
    request: evidence.RequestEvidence | None = None
    report: evidence.ReportDetails | None = None
    outages: Sequence[Outage] | None = None


class Acting:
    """A caller that makes something happen through this service; `reason` is what it says of why."""

    def __init__(self, asking: Asking, reason: str | None = None) -> None:
        self.asking = asking
        self._reason = reason
        self._in: dict[tuple[Role, Title | None], tuple[Circumstances, Attested]] = {}

    def on(self, notification: Notification) -> tuple[Circumstances, Attested]:
        """Return what is told of it and attested, in the capacity in which it sees the notification."""
        capacity = notification.seen_as, notification.title
        found = self._in.get(capacity)
        if found is None:
            told = of_caller(notification, self.asking, reason=self._reason)
            found = self._in[capacity] = told, _attested(told, self.asking)
        return found


def of_caller(notification: Notification, asking: Asking, *, reason: str | None = None) -> Circumstances:
    """Say that the caller made it happen through this service, in the capacity in which it sees it."""
    caller, title = asking.caller, notification.title
    # What a secondary user receives counts as received by the holder (Orden ISM/903/2020 art. 6.2).
    holder = None if title is None else title.holder
    return Circumstances(
        channel=Channel.WEB_SERVICE,
        role=notification.seen_as,
        party=holder or caller.party,
        party_name=caller.party_name if title is None or holder is None else title.holder_name,
        title=None if title is None else title.reference,
        by_secondary_user=title is not None and holder is not None and title.registration is None,
        registration=None if title is None else title.registration,
        signer=caller.signer,
        signer_name=caller.signer_name,
        means=asking.assurance.means,
        level=asking.assurance.level,
        reason=reason,
        correlation_id=asking.proof.correlation_id,
    )


def _attested(told: Circumstances, asking: Asking) -> Attested:
    """Return what a receipt says of who acted, in which capacity, who signed, and how that is known."""
    delegate, person = delegate_of(told), signing_person_of(told)
    return Attested(
        delegate=None if delegate is None else evidence.DelegateDetails.of(delegate),
        signer=None if person is None else evidence.SignerDetails.of(person),
        authentication=authentication_of(asking),
        request=request_evidence(asking.proof),
    )


def authentication_of(asking: Asking) -> evidence.ActorAuthentication:
    """Return what a receipt says of how it is known who signed the request, a party or an issuing body."""
    caller, revocation = asking.caller, asking.proof.revocation
    return evidence.ActorAuthentication(
        certificate_sha256=caller.certificate_fingerprint,
        issuer=caller.certificate_issuer,
        serial=caller.certificate_serial,
        identifier=caller.signer,
        validated_at=asking.now,
        revocation_source=None if revocation is None else str(revocation.source),
        revocation_sha256=None if revocation is None else revocation.sha256,
        means=asking.assurance.means,
        level=asking.assurance.level,
    )


def request_evidence(proof: RequestProof) -> evidence.RequestEvidence:
    """Return what a receipt says of a signed request."""
    return evidence.RequestEvidence(
        message_id=proof.correlation_id,
        envelope_sha256=proof.sha256,
        signature_method=proof.signature_method,
    )
