"""The way of a request beside its signature: HTTP before it, and all that follows, up to the effect.

The same functions as in `notigateway.soap.endpoint`, in its order; what needs the service's data (replay,
who is known, rights, revocation, rates) is not looked at and said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import ActionMismatchError, UnknownOperationError, VersionMismatchError
from notigateway.soap.addressing import Addressing, check_reply_addresses, read_addressing
from notigateway.soap.guard import check_headers, made_whole, read_actions, read_version
from notigateway.soap.served import SERVED, Served
from notigateway.wss.ns import namespace_of
from notigateway.wss.references import find_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from notigateway.explaining.sight import Sight
    from notigateway.wss.envelope import Envelope
    from notigateway.wss.policy import Limits

UNCHECKED: Final = (
    "replay: whether this very message was received before",
    "the key: whether another identity has called with it before",
    "admission of the party: whether it is known here, as addressee or as issuing body",
    "rights to what the message names, and whether that exists",
    "what an operation asks of its content: cursors, ranges, texts, the data of an act, a signed receipt",
    "revocation of the certificate, and how many requests came before",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What is known of the request beside its body, and where it is going.

    `served` is the contract it is held against, by the namespace of the Body where it is None;
    `content_type` and `action` are the HTTP headers, where they are known. `public_url` is the address of
    the service, None where it is not known: then nobody can say that `To` is another's. `instant_by` says how
    the instant of receipt is given, where it is looked at now for want of it.
    """

    public_url: str | None
    served: Served | None = None
    content_type: str | None = None
    action: str | None = None
    content_encoding: str | None = None
    instant_by: str = ""

    @property
    def environ(self) -> dict[str, Any]:
        """Return the headers as WSGI has them."""
        return {
            "CONTENT_TYPE": "text/xml" if self.content_type is None else self.content_type,
            "HTTP_CONTENT_ENCODING": self.content_encoding or "",
            "HTTP_SOAPACTION": self.action or "",
        }

    def made_whole(self, data: bytes, limits: Limits) -> bytes:
        """Return the envelope of a message in parts, where the header says that it is one.

        Raises: `TransportError` family.
        """
        return made_whole(self.environ, data, limits=limits)

    def check_headers(self) -> None:
        """Check the HTTP headers that are known. Raises: `UnsupportedMediaTypeError`."""
        if self.content_type is not None:
            check_headers(self.environ)

    def check_version(self, envelope: Envelope) -> None:
        """Check that the envelope is of the media type's version. Raises: `VersionMismatchError`."""
        if self.content_type is not None and envelope.soap is not read_version(self.environ):
            raise VersionMismatchError("the Envelope is not of the version that the media type says")

    def contract_for(self, envelope: Envelope) -> Served | None:
        """Return the contract that the Body's element belongs to, unless one was named."""
        namespace = namespace_of(str(envelope.operation.tag))
        return self.served or next((one for one in SERVED.values() if one.namespace == namespace), None)

    def unchecked(self) -> Iterator[str]:
        """Yield what is not looked at here."""
        if self.content_type is None:
            yield "the HTTP headers; give --content-type and --action"
        if self.instant_by:
            yield f"the instant at which it was received: it is looked at now; give {self.instant_by}"
        if self.public_url is None:
            yield "whether To of WS-Addressing is the service's address; give --settings"
        yield from UNCHECKED

    # --- the steps behind the signature

    def addressing(self, sight: Sight) -> Addressing:
        """Read the signed headers of WS-Addressing. Raises: `ReplyAddressError`, `AddressingError`."""
        envelope = sight.envelope
        assert envelope is not None  # noqa: S101  (looked at then only)
        check_reply_addresses(envelope)
        found = read_addressing(_signed_headers(sight, envelope), envelope.soap)
        if sight.certificate is not None:
            found.check_signer(sight.certificate)
        return found

    def check_operation(self, sight: Sight, addressing: Addressing) -> str:
        """Return the operation that the Body, SOAPAction and WS-Addressing agree on.

        Raises: `UnknownOperationError`, `ActionMismatchError`, `AddressingError`.
        """
        contract, envelope = sight.contract, sight.envelope
        assert envelope is not None  # noqa: S101  (looked at then only)
        if contract is None:
            raise UnknownOperationError("a namespace of no contract")
        operation = contract.operation_name(envelope.operation)
        if not read_actions(self.environ) <= {contract.action(operation)}:
            raise ActionMismatchError
        to = contract.public_url if self.public_url is not None else addressing.to or ""
        addressing.check(to=to, action=contract.request_action(operation))
        return operation

    def check_arguments(self, sight: Sight) -> None:
        """Check the operation element by the schema, and read it. Raises: `InvalidRequestError`."""
        assert sight.contract is not None  # noqa: S101  (looked at then only)
        assert sight.served is not None  # noqa: S101
        assert sight.envelope is not None  # noqa: S101
        sight.contract.check_request(sight.envelope.operation)
        sight.served.check_arguments(sight.envelope.operation)


def _signed_headers(sight: Sight, envelope: Envelope) -> list[_Element]:
    """Return the header blocks that references designate, in their order."""
    references = sight.signed_info.references if sight.signed_info is not None else ()
    found = (find_part(reference.uri, sight.parts) for reference in references)
    return [part for part in found if part is not None and part.getparent() is envelope.header]
