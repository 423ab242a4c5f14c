"""WS-Addressing 1.0, as far as a service needs it that answers on the same connection and nowhere else.

Only signed headers are read; unsigned ones count as absent. The one exception refuses: whoever asks
for an answer elsewhere is told that there is none, signed or not, and no connection is ever made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import AddressedActionError, AddressingError, ReplyAddressError
from notigateway.pki.keys import fingerprint
from notigateway.wss.envelope import is_for_us
from notigateway.wss.ns import WSA, WSA_ANONYMOUS, namespace_of, wsa

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.wss.envelope import Envelope
    from notigateway.wss.version import SoapVersion

# What may be repeated in a signed answer: a URI (RFC 3986), so no markup but the `&` of a query.
_MESSAGE_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,31}:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{1,224}")
# A MessageID that ends so says by whose certificate it is signed.
_NAMED_SIGNER: Final = re.compile(r".*#([0-9A-Fa-f]{64})")
_XML_WHITESPACE: Final = " \t\r\n"
_REPLY_ADDRESSES: Final = (wsa("ReplyTo"), wsa("FaultTo"))
SOAP_FAULT_ACTION: Final = f"{WSA}/soap/fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """What the signed headers of a request say; None where they say nothing."""

    to: str | None = None
    action: str | None = None
    message_id: str | None = None

    @property
    def is_asked_for(self) -> bool:
        """Tell whether the answer must have WS-Addressing headers too."""
        return self.action is not None or self.message_id is not None

    def check(self, *, to: str, action: str) -> None:
        """Check that the message is for this service and this operation. Raises: `AddressingError` family."""
        if self.to not in {None, to, WSA_ANONYMOUS}:
            raise AddressingError("To is not this service", header="To", rule="other-address")
        if self.action not in {None, action}:
            raise AddressedActionError("Action is not the operation", header="Action", rule="other-operation")

    @property
    def names_signer(self) -> bool:
        """Tell whether the MessageID says by whose certificate it is signed; `check_signer` compares."""
        return _NAMED_SIGNER.fullmatch(self.message_id or "") is not None

    def check_signer(self, certificate: x509.Certificate) -> None:
        """Check that a MessageID which names a certificate, by its SHA-256, is signed with that one.

        A MessageID is no secret: whoever stands between could put it into a request of his own and get an
        answer about himself that relates to it. To one that names its signer nobody else gets an answer.

        Raises: `AddressingError`.
        """
        named = _NAMED_SIGNER.fullmatch(self.message_id or "")
        if named is not None and named[1].lower() != fingerprint(certificate):
            raise AddressingError("MessageID names another signer", header="MessageID", rule="other-signer")

    def answer(self, action: str, identifier: UUID) -> tuple[tuple[str, str], ...]:
        """Return the headers of an answer with that action, name and text."""
        if not self.is_asked_for:
            return ()
        relates = (("RelatesTo", self.message_id),) if self.message_id is not None else ()
        return ("Action", action), ("MessageID", f"urn:uuid:{identifier}"), *relates


NO_ADDRESSING: Final = Addressing()


def check_reply_addresses(envelope: Envelope) -> None:
    """Check that an answer is wanted on this connection, by every header that could say otherwise.

    Raises: `ReplyAddressError`; `AddressingError` for an endpoint reference that cannot be read, or
    that asks to repeat parameters of the caller's choice in a signed answer.
    """
    for block in envelope.header if envelope.header is not None else ():
        if block.tag not in _REPLY_ADDRESSES or not is_for_us(block, envelope.soap):
            continue
        name = str(block.tag).partition("}")[2]
        addresses = block.findall(wsa("Address"))
        if len(addresses) != 1 or len(addresses[0]):
            raise AddressingError("no single Address", header=name, rule="address")
        # Web Services Addressing 1.0 Core §2.1, §3.2.1
        if (addresses[0].text or "").strip(_XML_WHITESPACE) != WSA_ANONYMOUS:
            raise ReplyAddressError(f"{name} is not anonymous", header=name)
        if any(len(one) for one in block.iterfind(wsa("ReferenceParameters"))):
            raise AddressingError("reference parameters", header=name, rule="reference-parameters")


def read_addressing(headers: Iterable[_Element], soap: SoapVersion) -> Addressing:
    """Read the signed headers that are addressed to us.

    Raises: `AddressingError` for one that is repeated or cannot be read (SOAP Binding §6.4.1).
    """
    found: dict[str, str] = {}
    for block in headers:
        name = str(block.tag).partition("}")[2]
        if namespace_of(str(block.tag)) != WSA or name not in _READ or not is_for_us(block, soap):
            continue
        if name in found:
            raise AddressingError("repeated", header=name, rule="repeated")
        if len(block):
            raise AddressingError("holds elements", header=name, rule="text")
        found[name] = (block.text or "").strip(_XML_WHITESPACE)
    message_id = found.get("MessageID")
    if message_id is not None and _MESSAGE_ID.fullmatch(message_id) is None:
        raise AddressingError("MessageID is no URI that can be repeated", header="MessageID", rule="uri")
    return Addressing(to=found.get("To"), action=found.get("Action"), message_id=message_id)


_READ: Final = frozenset({"To", "Action", "MessageID"})
