"""Spyne's part of a request: from the verified operation element to the arguments of its operation.

Spyne sees neither bytes nor envelopes: it never parses (its parser drops what was signed and admits
document types), never resolves `href="#id"` (that re-writes a verified tree), and never writes an
answer. Envelope and signature are ours, before and after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spyne import Application, Fault, MethodContext, Unicode
from spyne.protocol.soap import Soap11
from spyne.server import ServerBase

from notigateway.errors import InvalidRequestError
from notigateway.soap.contract import not_nil
from notigateway.soap.operation import declared_in
from notigateway.soap.plain_reading import read_plainly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

_SPACE: Final = " \t\r\n"


class BodyProtocol(Soap11):
    """Reads the one element of a SOAP Body."""

    def __init__(self) -> None:
        super().__init__(validator=None)  # the published schema has validated the element before
        # and with it every `xsi:type`: it can only be the declared one, which Spyne need not look for
        self.parse_xsi_type = False

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ANN401, ARG002
        """Take the verified element as it is: one parse per message, and it was not Spyne's."""
        ctx.in_document = ctx.in_string

    def decompose_incoming_envelope(self, ctx: Any, message: str = Soap11.REQUEST) -> None:  # noqa: ANN401, ARG002
        """Name the method by the element; there is no envelope to decompose any more."""
        ctx.in_body_doc = ctx.in_document
        ctx.method_request_string = ctx.in_document.tag

    def from_unicode(self, class_: Any, string: str | None, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Read a value; around any but a text there may be white space (XML Schema part 2 §4.3.6)."""
        if string is not None and not issubclass(class_, Unicode):
            string = string.strip(_SPACE)
        return super().from_unicode(class_, string, *args, **kwargs)


class _Transport(ServerBase):
    """The transport as Spyne knows it: ours, over HTTP."""

    transport = "http://schemas.xmlsoap.org/soap/http"


class Dispatcher:
    """Calls the operation that a verified element names.

    Spyne's contexts cost as much as a database transaction, so what is written plainly is called without
    them: what is read, and what answers it, is the same.
    """

    def __init__(self, services: Sequence[type], namespace: str) -> None:
        self.application = Application(
            list(services), tns=namespace, in_protocol=BodyProtocol(), out_protocol=BodyProtocol()
        )
        self._transport = _Transport(self.application)
        self._declared = {name: one for service in services for name, one in declared_in(service).items()}

    def call(self, operation: _Element, request: object) -> bytes:
        """Run the operation with the request's context and return its answer as canonical XML.

        Raises: what the operation raises, and `InvalidRequestError` for what Spyne cannot read.
        """
        declared = self._declared.get(str(operation.tag))
        given = None if declared is None else read_plainly(declared.asked, operation)
        if declared is not None and given is not None:
            return declared.answer(request, given)
        return self.call_by_spyne(operation, request)

    def call_by_spyne(self, operation: _Element, request: object) -> bytes:
        """Run it with all of Spyne; what `call` does where the arguments are not written plainly.

        Raises: what `call` raises.
        """
        ctx = self._read(operation)
        ctx.udc = request
        answer: bytes = ctx.descriptor.service_class.call_wrapper(ctx)  # `operation` wrote it
        return answer

    def check_arguments(self, operation: _Element) -> None:
        """Read the arguments as `call` does, and run nothing. Raises: `InvalidRequestError`."""
        self._read(operation)

    def _read(self, operation: _Element) -> Any:  # noqa: ANN401
        """Return Spyne's context with the arguments. Raises: `InvalidRequestError`."""
        start = MethodContext(self._transport, MethodContext.SERVER)
        start.in_string = not_nil(operation)  # Spyne takes a nil element for no element, whatever it says
        ctx, *_ = self._transport.generate_contexts(start)
        if ctx.in_error is None:
            self._deserialise(ctx)
        if ctx.in_error is None and ctx.in_object is None:
            ctx.in_error = "nil, and not empty"  # the schema has refused it already
        if ctx.in_error is not None:
            raise InvalidRequestError(str(ctx.in_error))
        return ctx

    def _deserialise(self, ctx: Any) -> None:  # noqa: ANN401
        """Read the arguments; whatever Spyne throws at a value is a fault of the request."""
        try:
            self.application.in_protocol.deserialize(ctx, message=Soap11.REQUEST)
        except (Fault, ValueError, OverflowError) as error:
            ctx.in_error = error
