from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from notigateway.evidence.element import render
from notigateway.evidence.sealing import Seal
from notigateway.evidence.statement import (
    ActorAuthentication,
    AttestedDocument,
    DelegateDetails,
    RecipientDetails,
    RequestEvidence,
    SenderDetails,
    Statement,
    UserContent,
)
from notigateway.law.lifecycle import Channel, State
from notigateway.law.representation import Role
from notigateway.sandbox.certifying import AUTHORITY_USAGES, CertificateWish, authority_name, new_ec_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.certifying import PrivateKey

EVENT_TIME = datetime(2026, 3, 29, 1, 59, 59, 123999, tzinfo=UTC)


@pytest.fixture(scope="session")
def certify() -> Callable[..., KeyPair]:
    """Make seal certificates of one authority, by the holder's name."""
    wish = partial(
        CertificateWish,
        not_before=EVENT_TIME - timedelta(days=1),
        not_after=EVENT_TIME + timedelta(days=1),
    )
    authority = wish(authority_name("Seal authority"), new_ec_key(), usages=AUTHORITY_USAGES, ca=True).make()

    def certify(holder: str, key: PrivateKey | None = None) -> KeyPair:
        return wish(authority_name(holder), key or new_ec_key(), by=authority).make()

    return certify


@pytest.fixture(scope="session")
def seal_pair(certify: Callable[[str], KeyPair]) -> KeyPair:
    return certify("Seal of the gateway")


@pytest.fixture(scope="session")
def seal(seal_pair: KeyPair) -> Seal:
    return Seal(seal_pair)


@pytest.fixture(scope="session")
def accepted() -> Statement:
    """An acceptance with every field, two documents and texts that tempt a serialiser."""
    return Statement(
        evidence_id=UUID("01931e7c-5c00-7cc3-98c4-dc0c0c07398f"),
        event=State.ACCEPTED,
        event_time=EVENT_TIME,
        submission_time=EVENT_TIME - timedelta(days=3),
        deadline=datetime(2026, 4, 5, 22, tzinfo=UTC),
        channel=Channel.WEB_SERVICE,
        sender=SenderDetails(dir3="EA0041778", name="Tesorería General", nif="S2819001E"),
        recipient=RecipientDetails(identifier="B00000000", name="Pérez & Hijos <SL>"),
        delegate=DelegateDetails(role=Role.OWN, identifier="00000000T", name="Ana Ñuñez"),
        authentication=ActorAuthentication(
            certificate_sha256="b" * 64,
            issuer="CN=Issuing CA,C=ES",
            serial="123456789012345678901234567890",
            identifier="B00000000",
            validated_at=EVENT_TIME,
        ),
        request=RequestEvidence(
            message_id=UUID("01931e7c-5c00-7cc3-98c4-dc0c0c073990"),
            envelope_sha256="c" * 64,
            signature_method="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        ),
        content=UserContent(
            notification_id=UUID("01931e7c-5c00-7cc3-98c4-dc0c0c073991"),
            notification_code=2147483647,
            act_reference="TGSS/2026/000001",
            subject='Reclamación de "deuda"\r\n\tsegunda línea',
            procedure="2001234",
            documents=tuple(
                AttestedDocument(
                    document_id=UUID(int=number),
                    media_type="application/pdf",
                    size=number,
                    sha256=f"{number:064x}",
                )
                for number in (1, 2)
            ),
        ),
    )


@pytest.fixture(scope="session")
def receipt(seal: Seal, accepted: Statement) -> bytes:
    return seal.seal(render(accepted), accepted.event_time, now=accepted.event_time)
