"""What an answer must look like for the client that asked: its SOAP version and what was agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.wss.clients import is_sha1_allowed
from notigateway.wss.sign import EnvelopeForm

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.wss.verify import Verified
    from notigateway.wss.version import SoapVersion


def answer_form(verified: Verified, soap: SoapVersion, now: datetime) -> EnvelopeForm:
    """Return the form of every answer to a proven request, faults included."""
    client = verified.client
    if client is None:
        return EnvelopeForm(soap=soap)
    return EnvelopeForm(
        soap=soap,
        must_understand=client.must_understand,
        confirmation=verified.signature_value if client.signature_confirmation else None,
        sha1=client.unsafe_sha1_answers and is_sha1_allowed(client, now),
    )
