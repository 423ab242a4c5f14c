"""Binds an answer to its request: what a request says of itself, and what its answer must repeat, signed.

The service signs answers to others too. Whoever stands between can hand over one of those, fresh and
genuine: a list of somebody else, or an empty one. So a request has a MessageID of its own, made anew for
every attempt, and only what relates to that very one is an answer (WS-Addressing 1.0 Core §3.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from notigateway import errors
from notigateway.client.errors import GatewayFaultError, ResponseToAnotherError
from notigateway.wss.ns import WSA, soap, wsa

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.wss.envelope import Envelope
    from notigateway.wss.verify import Verified

_RELATES_TO: Final = wsa("RelatesTo")
_REPLY: Final = f"{WSA}/reply"
_XML_WHITESPACE: Final = " \t\r\n"
# What the service refuses before it has proven who asks, and therefore without repeating anything.
_UNPROVEN: Final = (
    errors.SecurityError,
    errors.VersionMismatchError,
    errors.MustUnderstandError,
    errors.EnvelopeStructureError,
    errors.AddressingError,
    errors.ReplyAddressError,
)
# Of these families what it can only say of somebody who is proven.
_PROVEN: Final = (
    errors.IdentityError,
    errors.CallerUnknownError,
    errors.CallerNotIssuingBodyError,
    errors.CallerNotOperatorError,
    errors.SealMayNotDecideError,
    errors.KeyHolderError,
    errors.ReplayError,
    errors.AddressedActionError,
)
# A service that is in trouble may be so before it reads anything.
_TROUBLE: Final = frozenset({errors.ServiceError.code, errors.TemporarilyUnavailableError.code})
_BEFORE_PROOF: Final = _TROUBLE | {
    one.code for one in errors.catalogue() if issubclass(one, _UNPROVEN) and not issubclass(one, _PROVEN)
}


def new_message_id(certificate_sha256: str) -> str:
    """Return a MessageID that was never used, and that names its signer.

    It travels in the clear: somebody else could ask under it, and be answered about himself. Under one
    that names a certificate the service answers nobody else.
    """
    return f"urn:uuid:{uuid4()}#{certificate_sha256}"


def check_related(envelope: Envelope, verified: Verified, message_id: str) -> bool:
    """Return True for a verified answer to that message, False for a fault that relates to none.

    There must be one RelatesTo in the Header, it must be among the elements whose digests were checked,
    and say nothing but the message.

    Raises: `ResponseToAnotherError`.
    """
    found = (
        [block for block in envelope.header if block.tag == _RELATES_TO]
        if envelope.header is not None
        else []
    )
    if not found and verified.operation.tag == soap("Fault"):
        return False
    if len(found) != 1 or not any(found[0] is block for block in verified.headers):
        raise ResponseToAnotherError("it does not say, signed, to which request it is the answer")
    if _text(found[0]) != message_id:
        raise ResponseToAnotherError("it is the answer to another request")
    return True


def check_unbound(fault: GatewayFaultError) -> None:
    """Let a fault pass that relates to nothing, if the service could not yet know to what; mark it so.

    Raises: `ResponseToAnotherError` for one that it says only of a request that is proven: that one would
    relate to its request.
    """
    if fault.code not in _BEFORE_PROOF:
        raise ResponseToAnotherError(f"a fault that does not say to which request ({fault.code})") from fault
    fault.is_bound = False


def _text(block: _Element) -> str | None:
    """Return the text of a header that holds nothing else and relates as a reply."""
    if len(block) or block.get("RelationshipType", _REPLY) != _REPLY:
        return None
    return (block.text or "").strip(_XML_WHITESPACE)
