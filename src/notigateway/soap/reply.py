"""What an answer must look like for the client that asked: its SOAP version and what was agreed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notigateway.soap.addressing import NO_ADDRESSING, Addressing, read_addressing
from notigateway.wss.clients import is_sha1_allowed
from notigateway.wss.sign import EnvelopeForm

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notigateway.wss.verify import Verified
    from notigateway.wss.version import SoapVersion


@dataclass(frozen=True, slots=True)
class Reply:
    """The form of every answer to one request, faults included, and what they must refer to."""

    form: EnvelopeForm
    addressing: Addressing = NO_ADDRESSING
    operation: str = ""

    def form_with(self, action: str, identifier: UUID) -> EnvelopeForm:
        """Return the form with the WS-Addressing headers of an answer, where they are asked for."""
        return replace(self.form, addressing=self.addressing.answer(action, identifier))


def reply_to(verified: Verified, soap: SoapVersion, now: datetime) -> Reply:
    """Return how a proven request is answered. Raises: `AddressingError`."""
    addressing = read_addressing(verified.headers, soap)
    addressing.check_signer(verified.certificate)
    return Reply(_form(verified, soap, now), addressing, str(verified.operation.tag).partition("}")[2])


def _form(verified: Verified, soap: SoapVersion, now: datetime) -> EnvelopeForm:
    client = verified.client
    if client is None:
        return EnvelopeForm(soap=soap)
    return EnvelopeForm(
        soap=soap,
        must_understand=client.must_understand,
        confirmation=verified.signature_value if client.signature_confirmation else None,
        sha1=client.unsafe_sha1_answers and is_sha1_allowed(client, now),
    )
