"""The first question: whether what answers can be the service at all, before anything is held against it.

It is a right request that changes nothing. Only what makes every check useless ends the run: a service that
answers it wrongly is what the checks are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.client.unreached import one_line
from notigateway.conformance.dialects import FAULTS, code_of, text_of
from notigateway.conformance.raw import REPLY_LIMITS, NoAnswerError
from notigateway.conformance.verdict import FailedError, NothingToAskError
from notigateway.errors import AuthenticationError, GatewayError
from notigateway.pki.keys import fingerprint, subject_of
from notigateway.wss.envelope import parse_envelope

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.conformance.raw import Reply
    from notigateway.conformance.target import Target

_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
_ADDRESSES: Final = (f"{{{_WSDL}soap/}}address", f"{{{_WSDL}soap12/}}address")
_ADDRESSED: Final = "ADDRESSING_INVALID"
_ANOTHER_CONTRACT: Final = "OPERATION_UNKNOWN"
# Said of any message, whatever is right or wrong in it.
_SAID: Final = frozenset({"PATH_UNKNOWN", "MESSAGE_EXPIRED", "TOO_MANY_FAILURES"})
_CALLER_REFUSED: Final = frozenset(
    {"TOKEN_WEAK", *(one.code for one in AuthenticationError.__subclasses__())}
)


def check_asked(target: Target) -> None:
    """Ask it. Raises: `NothingToAskError` where nothing useful can be asked of what answers, or does not."""
    url = target.given.url
    try:
        reply = target.send(target.draft())
    except NoAnswerError as error:
        raise NothingToAskError(f"{url} cannot be reached: {error.why}") from error
    except FailedError:
        return
    if not reply.is_soap:
        raise NothingToAskError(f"no SOAP service answers at {url}: {reply.words}{_leading(reply)}")
    _check_signer(target, reply)
    try:
        element = parse_envelope(reply.body, limits=REPLY_LIMITS).operation
    except GatewayError:
        return
    if element.tag in FAULTS:
        _check_fault(target, one_line(code_of(element)), one_line(text_of(element)))


def _leading(reply: Reply) -> str:
    location = one_line(reply.headers.get("location", ""))
    return f"; it leads to {location}" if location else ""


def _check_signer(target: Target, reply: Reply) -> None:
    """Check that it is not somebody else who answers in due form. Raises: `NothingToAskError`."""
    signer = target.signed_by(reply)
    if signer is not None and not target.is_pinned(signer):
        name = one_line(subject_of(signer))
        raise NothingToAskError(
            "the answer is signed by another certificate than --server-cert: "
            f"{name}, SHA-256 {fingerprint(signer)}"
        )


def _check_fault(target: Target, code: str, text: str) -> None:
    """Check that a fault is not one that every request will get. Raises: `NothingToAskError`."""
    if code in _SAID:
        raise NothingToAskError(f"the service at {target.given.url} says {code}: {text}")
    if code in _CALLER_REFUSED:
        raise NothingToAskError(f"the caller is refused with {code}: {text}")
    if code == _ADDRESSED:
        _check_called(target, _wsdl(target))
    if code == _ANOTHER_CONTRACT:
        _check_contract(target, _wsdl(target))


def _check_called(target: Target, wsdl: _Element | None) -> None:
    """Check that the service says of itself that it is called so. Raises: `NothingToAskError`."""
    found = [] if wsdl is None else [one.get("location", "") for one in wsdl.iter(*_ADDRESSES)]
    if target.called in found:
        return
    said = f"; its WSDL says {one_line(found[0])}" if found else ""
    raise NothingToAskError(
        f"the service calls itself otherwise than {target.called} ({_ADDRESSED}): give --public-url{said}"
    )


def _check_contract(target: Target, wsdl: _Element | None) -> None:
    """Check that no other contract is published there. Raises: `NothingToAskError`."""
    namespace = target.dialect.namespace if wsdl is None else one_line(wsdl.get("targetNamespace", ""))
    if namespace != target.dialect.namespace:
        raise NothingToAskError(
            f"another contract is spoken at {target.given.url}: its WSDL is of {namespace}, not "
            f"{target.dialect.namespace}; see --contract"
        )


def _wsdl(target: Target) -> _Element | None:
    """Return the WSDL that the service gives, if it gives one."""
    try:
        reply = target.send(b"", method="GET", query="wsdl")
        root = etree.fromstring(reply.body, etree.XMLParser(resolve_entities=False, no_network=True))
    except (FailedError, etree.XMLSyntaxError):
        return None
    return root if root.tag == f"{{{_WSDL}}}definitions" else None
