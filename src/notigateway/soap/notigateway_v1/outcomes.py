"""Outcomes of a batch of decisions as text, like the pages in `rows.py` and for the same reason.

Spyne takes longer to write five hundred outcomes than it takes to decide and seal them. What is written
here is in exclusive canonical form; tests compare it with Spyne's rendering.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from notigateway.contract.problems import texts_of
from notigateway.errors import (
    AlreadyDecidedError,
    GatewayError,
    LapsedError,
    NotificationUnknownError,
)
from notigateway.instants import instant_text
from notigateway.soap.notigateway_v1.rows import FLAG
from notigateway.wss.canonical import canonical_text
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.addressee.mailbox import Outcome
    from notigateway.repository.model import Event, Receipt

_OUTCOMES: dict[type[GatewayError] | None, str] = {
    None: "decided",
    AlreadyDecidedError: "already_decided",
    LapsedError: "lapsed",
    NotificationUnknownError: "unknown",
}


def render_outcomes(element: str, results: Iterable[tuple[str, Outcome]]) -> bytes:
    """Return the answer `element` as canonical bytes; each outcome is named as it was asked for.

    What was asked for is the text of a UUID, perhaps in upper case: the schema has checked it.
    """
    items = "".join(_item(asked, result) for asked, result in results)
    return f'<{element} xmlns="{NOTIGATEWAY_V1}">{items}</{element}>'.encode()


def _item(asked: str, result: Outcome) -> str:
    """Return what became of one item."""
    if result.is_repeat:
        word, refusal = "already_decided_by_you", None
    else:
        word, refusal = _OUTCOMES.get(result.problem, "refused"), result.problem
    return (
        f"<item><id>{asked}</id><outcome>{word}</outcome>"
        f"{_decision(result.event)}{_receipt(result.receipt)}{_problem(refusal)}</item>"
    )


def _decision(event: Event | None) -> str:
    """Return who decided, where and when."""
    if event is None:
        return ""
    return (
        f"<decision><state>{event.state}</state><at>{instant_text(event.at)}</at>"
        f"<channel>{event.channel}</channel>{_party('party', event.party, event.party_name)}"
        f"{_party('signer', event.signer, event.signer_name)}</decision>"
    )


def _party(element: str, identifier: str | None, name: str | None) -> str:
    """Return who it was, as far as it is known: other channels do not always tell."""
    if identifier is None:
        return ""
    return (
        f"<{element}><identifier>{canonical_text(identifier)}</identifier>"
        f"<name>{canonical_text(name or identifier)}</name></{element}>"
    )


def _receipt(row: Receipt | None) -> str:
    """Return a receipt, its bytes as they are stored."""
    if row is None:
        return ""
    return (
        f"<receipt><receiptId>{row.id}</receiptId><state>{row.state}</state>"
        f"<eventTime>{instant_text(row.event_time)}</eventTime><sha256>{row.sha256}</sha256>"
        f"<xml>{base64.b64encode(row.xml).decode()}</xml><level>XAdES-EPES</level></receipt>"
    )


def _problem(error: type[GatewayError] | None) -> str:
    """Return the catalogue's entry of an error."""
    if error is None:
        return ""
    texts = texts_of(error)
    return (
        f"<problem><code>{error.code}</code><textEs>{canonical_text(texts.es)}</textEs>"
        f"<textEn>{canonical_text(texts.en)}</textEn><retryable>{FLAG[error.retryable]}</retryable></problem>"
    )
