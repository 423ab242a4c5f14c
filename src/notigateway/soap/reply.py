"""What an answer must look like for the client that asked: its SOAP version and what was agreed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from notigateway.soap.addressing import NO_ADDRESSING, Addressing, read_addressing
from notigateway.wss.clients import is_sha1_allowed

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notigateway.wss.sign import EnvelopeForm, Signer
    from notigateway.wss.verify import Verified


@dataclass(frozen=True, slots=True)
class Reply:
    """The form of every answer to one request, faults included, and what they must refer to."""

    form: EnvelopeForm
    signer: Signer
    # What time its Timestamp says.
    dated: datetime
    addressing: Addressing = NO_ADDRESSING
    operation: str = ""

    def form_with(self, action: str, identifier: UUID) -> EnvelopeForm:
        """Return the form with the WS-Addressing headers of an answer, where they are asked for."""
        return replace(self.form, addressing=self.addressing.answer(action, identifier))

    def to(self, verified: Verified, now: datetime) -> Self:
        """Return how a proven request is answered. Raises: `AddressingError`."""
        addressing = read_addressing(verified.headers, self.form.soap)
        addressing.check_signer(verified.certificate)
        operation = str(verified.operation.tag).partition("}")[2]
        form = _agreed(self.form, verified, now)
        return replace(self, form=form, addressing=addressing, operation=operation)


def _agreed(form: EnvelopeForm, verified: Verified, now: datetime) -> EnvelopeForm:
    client = verified.client
    if client is None:
        return form
    return replace(
        form,
        must_understand=client.must_understand,
        confirmation=verified.signature_value if client.signature_confirmation else None,
        sha1=client.unsafe_sha1_answers and is_sha1_allowed(client, now),
    )
