"""Certificates of powers for their two sides (Orden ISM/189/2021 art. 11)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from notigateway.errors import PowerUnknownError
from notigateway.evidence.power_certificate import CertifiedItem, PowerCertificate, PowerParty, render
from notigateway.evidence.statement import RequestEvidence
from notigateway.law.representation import PowerState, awaited, effective_at
from notigateway.receipts.recording import record_request
from notigateway.repository import powers as register
from notigateway.repository.accounts import name_at
from notigateway.repository.power_certificates import IssuedPowerCertificate
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.evidence.sealing import Seal
    from notigateway.receipts.asking import Asking
    from notigateway.repository.rights import Power
    from notigateway.repository.session import Session


def certify_power(session: Session, asking: Asking, power_id: UUID, *, seal: Seal) -> IssuedPowerCertificate:
    """Certify what the register holds of a power now, for the grantor or the attorney who asks.

    Each is a new one: it states how the power stands when it is asked for. Nothing is changed by it, and by
    nobody while it is made: what is ended meanwhile ends after that.

    Raises: `PowerUnknownError` for who is neither; `TemporarilyUnavailableError`.
    """
    power = register.share_power(session, power_id)
    if power is None or asking.party not in {power.attorney, power.grantor.identifier}:
        raise PowerUnknownError
    record_request(session, asking)
    # Of its entry, like the attorney's: not what the register of addressees says by now.
    grantor_name = name_at(session, power.grantor, power.registered_at)
    certificate = _certificate(power, asking, seal=seal, grantor_name=grantor_name)
    xml = seal.seal(render(certificate), asking.now, now=asking.now)
    row = IssuedPowerCertificate(
        id=certificate.evidence_id,
        power_id=power.id,
        issued_at=asking.now,
        party=asking.party,
        sha256=hashlib.sha256(xml).hexdigest(),
        xml=xml,
    )
    session.add(row)
    return row


def _certificate(power: Power, asking: Asking, *, seal: Seal, grantor_name: str) -> PowerCertificate:
    """Say what an entry holds (art. 7.2)."""
    now, terms, proof = asking.now, power.terms, asking.proof
    state = power.state_at(now)
    names = {(row.kind, row.value): row.name for row in power.items}
    return PowerCertificate(
        evidence_id=uuid7(now),
        event_time=now,
        issuer=seal.issuer,
        grantor=PowerParty(
            identifier=power.grantor.identifier, name=grantor_name, contact=power.grantor_contact
        ),
        attorney=PowerParty(
            identifier=power.attorney, name=power.attorney_name, contact=power.attorney_contact
        ),
        power_id=power.id,
        scope=power.scope,
        items=tuple(
            CertifiedItem(
                kind=one.kind,
                value=one.value,
                name=names.get((one.kind, one.value), one.value),
                state=one.end_cause or state,
                ended_at=one.ended_at,
            )
            for one in terms.items
        ),
        granted_at=power.registered_at,
        accepted_at=power.accepted_at,
        stated_at=power.stated_at,
        inscribed_at=effective_at(terms),
        expires_at=power.expires_at,
        ended_at=power.ended_at,
        state=state,
        awaits=awaited(terms) if state is PowerState.PENDING else (),
        request=RequestEvidence(
            message_id=proof.correlation_id,
            envelope_sha256=proof.sha256,
            signature_method=proof.signature_method,
        ),
    )
