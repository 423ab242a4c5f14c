"""WS-Addressing: what is signed of it counts, and an answer goes nowhere but back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.client.binding import new_message_id
from notigateway.conformance.expecting import answered, expect, refused
from notigateway.conformance.kit import BOTH, Need, check
from notigateway.pki.keys import fingerprint
from notigateway.wss.ns import WSA, WSA_ANONYMOUS, wsa

if TYPE_CHECKING:
    from notigateway.conformance.drafting import Draft
    from notigateway.conformance.target import Target

_SOURCE: Final = "docs/security.md, WS-Addressing"


@check(
    "ADDR-01",
    "a signed To of another service is refused",
    f"{_SOURCE}; WS-Addressing 1.0 SOAP Binding §6.4.1",
    contracts=BOTH,
)
def _to(target: Target) -> None:
    refused(target, _with(target, To="https://another.example/service"), "ADDRESSING_INVALID")


@check("ADDR-02", "a signed To that is anonymous is welcome", _SOURCE, contracts=BOTH)
def _anonymous(target: Target) -> None:
    answered(target, target.send(_with(target, To=WSA_ANONYMOUS)))


@check(
    "ADDR-03",
    "a signed Action of another operation is refused",
    "docs/errors.md, ADDRESSING_ACTION_MISMATCH",
    contracts=BOTH,
)
def _action(target: Target) -> None:
    other = target.dialect.action(target.dialect.other)
    refused(target, _with(target, Action=other), "ADDRESSING_ACTION_MISMATCH")


@check(
    "ADDR-04",
    "an answer that is wanted at another address is refused",
    "docs/errors.md, REPLY_ADDRESS_UNSUPPORTED",
    contracts=BOTH,
)
def _reply_to(target: Target) -> None:
    header = f'<wsa:ReplyTo xmlns:wsa="{WSA}"><wsa:Address>http://127.0.0.1:9/elsewhere</wsa:Address></wsa:ReplyTo>'
    refused(target, target.draft(header=header), "REPLY_ADDRESS_UNSUPPORTED")


@check(
    "ADDR-05",
    "under a MessageID that names its signer's certificate nobody else is answered",
    "docs/integration.md, Answers that answer, 1",
    Need.SECOND,
    contracts=BOTH,
)
def _others_id(target: Target) -> None:
    stolen = new_message_id(fingerprint(target.second.certificate))
    refused(target, _with(target, MessageID=stolen), "ADDRESSING_INVALID")


@check("ADDR-06", "a MessageID that is not signed is not repeated", _SOURCE, contracts=BOTH)
def _unsigned(target: Target) -> None:
    found = answered(target, target.send(target.draft(signs=("Timestamp", "Body"))))
    header = found.envelope.header
    blocks = [] if header is None else list(header.iter(wsa("RelatesTo")))
    expect(not blocks, "the answer relates to a MessageID that nobody signed")


@check("ADDR-07", "a signed header of WS-Addressing that stands twice is refused", _SOURCE, contracts=BOTH)
def _twice(target: Target) -> None:
    addressing = target.addressing(target.dialect.harmless)
    draft = target.draft(addressing=(*addressing, addressing[-1]))
    refused(target, draft, "ADDRESSING_INVALID")


def _with(target: Target, **said: str) -> Draft:
    addressing = dict(target.addressing(target.dialect.harmless)) | said
    return target.draft(addressing=tuple(addressing.items()))
