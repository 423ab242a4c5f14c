"""One published contract as a WSGI application: the way of a request, from bytes to signed bytes.

Order: HTTP, parse, verify, who is it, which operation, schema, replay, execute, sign. Nothing is
executed before all of it holds; nothing of the envelope but the verified element goes further.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import structlog

from notigateway import errors
from notigateway.http.calling import WHOLE_AT
from notigateway.instants import to_milliseconds
from notigateway.law.assurance import SIGNED
from notigateway.log.access import AccessNotes
from notigateway.metering.account import Stage, timed
from notigateway.pki.identity import read_caller
from notigateway.pki.validity import RENEWAL_SECONDS, Validity
from notigateway.receipts.asking import Asking, RequestProof
from notigateway.repository.engine import reading
from notigateway.repository.kept_connection import one_connection
from notigateway.soap.addressing import check_reply_addresses
from notigateway.soap.entry import Entry, named_identifiers
from notigateway.soap.faults import fault_status, render_fault, render_static_fault
from notigateway.soap.gate import Request
from notigateway.soap.guard import read_actions, read_envelope, read_version
from notigateway.soap.http_answer import HttpAnswer, refusal, retry_after
from notigateway.soap.memory import memory_of
from notigateway.soap.packaging import asked_packaging
from notigateway.soap.parcel import Parcel
from notigateway.soap.reply import Reply
from notigateway.soap.telling import Telling, telling
from notigateway.time_left import bounded
from notigateway.trust.key_holders import KeyUse
from notigateway.uuids import uuid7
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.sign import EnvelopeForm, sign_envelope
from notigateway.wss.verify import Verified, verify_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from uuid import UUID
    from wsgiref.types import StartResponse, WSGIEnvironment

    from lxml.etree import _Element

    from notigateway.law.caller import Caller
    from notigateway.repository.session import Session
    from notigateway.soap.contract import Contract
    from notigateway.soap.gate import Gate
    from notigateway.soap.memory import Memory
    from notigateway.wss.policy import Expectations
    from notigateway.wss.version import SoapVersion


class Calling(Protocol):
    """Runs the operation that a verified element names, and returns its answer as canonical XML."""

    def call(self, operation: _Element, request: Request, /) -> bytes:
        """Raise what only a fault can tell."""
        ...


class Endpoint:
    """Serves one contract at one path."""

    def __init__(
        self,
        gate: Gate,
        *,
        path: str,
        contract: Contract,
        dispatcher: Calling,
        check_caller: Callable[[Session, Caller, str], None],
        as_whom: Callable[[Session, Caller, str, datetime], Caller] | None = None,
        without_effect: frozenset[str] = frozenset(),
        on_one_connection: frozenset[str] = frozenset(),
        expectations: Expectations | None = None,
    ) -> None:
        """Serve the contract; `check_caller` raises for who may not ask for the operation it is given.

        `as_whom` says before as whom a caller asks, where that is more than the certificate alone proves.

        `without_effect` names the operations that decide nothing; all others need a current revocation
        status. `on_one_connection` names those that wait for nothing but the database. `expectations` are the
        gate's unless the contract has its own.
        """
        self.gate = gate
        self.path = path
        self._validity = Validity.of(gate.signer.certificate)
        self._contract = contract
        self._dispatcher = dispatcher
        self._check_caller = check_caller
        self._as_whom = as_whom
        self._expectations = expectations or gate.expectations
        self._without_effect = without_effect
        self._on_one_connection = on_one_connection

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        now = to_milliseconds(self.gate.office.clock())
        correlation_id = uuid7(now)
        with (
            structlog.contextvars.bound_contextvars(correlation_id=str(correlation_id)),
            bounded(self.gate.request_seconds, since=environ.get(WHOLE_AT)),
            telling(self._contract.name, environ, correlation_id) as told,
        ):
            answer = self._answer(environ, now, correlation_id, told=told)
            told.account.answer_bytes = sum(map(len, answer.body)) + (
                answer.parcel.size if answer.parcel else 0
            )
        return answer.give(environ, start_response, correlation_id=correlation_id)

    def _answer(
        self, environ: WSGIEnvironment, now: datetime, correlation_id: UUID, *, told: Telling
    ) -> HttpAnswer:
        """Route by method and path; turn every error into its one kind of answer."""
        try:
            self.gate.arrivals.check_arrived(environ, told)
            if environ.get("PATH_INFO", "") != self.path:
                raise errors.NotOurPathError
            if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
                return self._publish(environ.get("QUERY_STRING", ""))
            if environ["REQUEST_METHOD"] != "POST":
                raise errors.MethodNotAllowedError
            self._check_own_certificate(now)
            return self._answer_soap(environ, now, correlation_id, told=told)
        except (errors.TransportError, errors.TemporarilyUnavailableError) as error:
            # Unsigned: nothing was read, and a signature would cost more than the request, or prove nothing.
            told.refused(error)
            soap = read_version(environ)
            body = render_static_fault(
                error, correlation_id=correlation_id, soap=soap, add_detail=self._contract.add_detail
            )
            return refusal(error, body, soap)

    def _check_own_certificate(self, now: datetime) -> None:
        """Refuse to do what could not be answered: a client must refuse what an ended certificate signed.

        Raises: `TemporarilyUnavailableError`.
        """
        lack = self._validity.lack(now)
        if lack is not None:
            raise errors.TemporarilyUnavailableError(
                f"the service's certificate {lack}",
                part=errors.Part.SERVICE_CERTIFICATE,
                retry_after_seconds=RENEWAL_SECONDS,
            )

    def _publish(self, query: str) -> HttpAnswer:
        """Give the contract's files and nothing else. Raises: `MethodNotAllowedError`, `NotOurPathError`."""
        if query.lower() in {"wsdl", "singlewsdl"}:
            return HttpAnswer(200, [self._contract.wsdl])
        if query.lower() == "wsdl=soap12":
            return HttpAnswer(200, [self._contract.wsdl_soap12])
        if not query.lower().startswith("xsd="):
            raise errors.MethodNotAllowedError
        schema = self._contract.schemas.get(query[len("xsd=") :])
        if schema is None:
            raise errors.NotOurPathError
        return HttpAnswer(200, [schema])

    def _answer_soap(
        self, environ: WSGIEnvironment, now: datetime, correlation_id: UUID, *, told: Telling
    ) -> HttpAnswer:
        """Run a SOAP request and sign what comes of it, faults included.

        The only place that turns an exception into an answer; unknown ones give no detail away.
        """
        self.gate.failures.check(environ, now)
        dated = self.gate.arrivals.dated(environ, now)
        data = read_envelope(environ, limits=self.gate.limits)
        told.account.request_bytes = len(data)
        soap = read_version(environ)
        reply = Reply(EnvelopeForm(soap=soap), *self.gate.arrivals.signing(environ, self.gate.signer, dated))
        parcel = Parcel(asked_packaging(environ))
        try:
            self.gate.first_look.check()
            with timed(Stage.VERIFY):
                verified = self._prove(data, soap, now, dated=dated)
            reply = reply.to(verified, now)
            with timed(Stage.EXECUTE):
                content = self._execute(
                    verified,
                    data,
                    reply=reply,
                    parcel=parcel,
                    environ=environ,
                    now=now,
                    correlation_id=correlation_id,
                    told=told,
                )
        except errors.TransportError:
            raise
        except errors.GatewayError as error:
            told.failed(error)
            # Who sends again what somebody else signed has proven nothing, though an honest caller may retry.
            if isinstance(error, errors.ReplayError) or (
                isinstance(error, errors.SecurityError) and not error.retryable
            ):
                self.gate.failures.count(environ, now)
            return self._fault(error, reply, now=now, correlation_id=correlation_id)
        except MemoryError:
            short = errors.TemporarilyUnavailableError("out of memory", part=errors.Part.MEMORY)
            told.failed(short)
            return self._fault(short, reply, now=now, correlation_id=correlation_id)
        except Exception as error:  # noqa: BLE001  (the one border: whatever it is, the caller gets a fault)
            behind = self.gate.first_look.doubt(error)
            if behind is not None:
                told.failed(behind)
                return self._fault(behind, reply, now=now, correlation_id=correlation_id)
            told.crashed(error)
            return self._fault(errors.ServiceError(), reply, now=now, correlation_id=correlation_id)
        form = reply.form_with(self._contract.answer_action(reply.operation), uuid7(now))
        try:
            with timed(Stage.SIGN):
                signed = sign_envelope(
                    content, signer=reply.signer, now=reply.dated, form=form, beside=parcel or None
                )
                body, apart = parcel.unpacked(signed)
        except errors.GatewayError as error:  # what travels beside it cannot be read any more
            told.failed(error)
            return self._fault(error, reply, now=now, correlation_id=correlation_id)
        return HttpAnswer(200, body, soap, parcel=apart, piece_seconds=self.gate.request_seconds)

    def _fault(
        self, error: errors.GatewayError, reply: Reply, *, now: datetime, correlation_id: UUID
    ) -> HttpAnswer:
        """Sign a fault in the shape of every answer."""
        form = reply.form_with(self._contract.fault_action(reply.operation), uuid7(now))
        content = render_fault(
            error, correlation_id=correlation_id, soap=form.soap, add_detail=self._contract.add_detail
        )
        with timed(Stage.SIGN):
            body = sign_envelope(content, signer=reply.signer, now=reply.dated, is_fault=True, form=form)
        return HttpAnswer(fault_status(error, form.soap), [body], form.soap, retry_after(error))

    def _prove(self, data: bytes, soap: SoapVersion, now: datetime, *, dated: datetime) -> Verified:
        """Parse and verify the request; an answer must be wanted here.

        Raises: `VersionMismatchError`, `ReplyAddressError`, `AddressingError` beside what verifying raises.
        """
        gate = self.gate
        envelope = parse_envelope(data, limits=gate.limits)
        if envelope.soap is not soap:
            raise errors.VersionMismatchError("the Envelope is not of the version that the media type says")
        verified = verify_envelope(
            envelope,
            now=now,
            dated=dated,
            expectations=self._expectations,
            check_certificate=gate.admission.check,
            clients=gate.clients,
        )
        check_reply_addresses(envelope)
        return verified

    def _execute(
        self,
        verified: Verified,
        data: bytes,
        *,
        reply: Reply,
        parcel: Parcel,
        environ: WSGIEnvironment,
        now: datetime,
        correlation_id: UUID,
        told: Telling,
    ) -> bytes:
        """Run the operation of a proven request; return the answer's element."""
        gate, contract = self.gate, self._contract
        caller = read_caller(verified.certificate, gate.families)
        access = AccessNotes(caller, correlation_id=correlation_id, now=now)
        entry = Entry(gate.office.engine, access)
        with one_connection(gate.office.engine) as kept, self._noting(told, access), self._entered(entry):
            operation = access.operation = contract.operation_name(verified.operation)
            if not read_actions(environ) <= {contract.action(operation)}:
                raise errors.ActionMismatchError
            reply.addressing.check(to=contract.public_url, action=contract.request_action(operation))
            contract.check_request(verified.operation)
            access.ask(named_identifiers(verified.operation))
            has_effect = operation not in self._without_effect
            is_bound = verified.is_token_signed or reply.addressing.names_signer
            use = KeyUse(verified.key_mark, caller, is_bound)
            memory = memory_of(verified, has_effect=has_effect, now=now)
            caller = self._admit(entry, use, memory, operation=operation, now=now)
            gate.arrivals.check_proven(environ, caller, operation)
            revocation = gate.admission.require_status(verified.certificate, now, has_effect=has_effect)
            proof = RequestProof(
                correlation_id, data, verified.signature_method.value, revocation, verified.certificate
            )
            asking = Asking(caller=caller, assurance=SIGNED, now=now, proof=proof)
            request = Request(office=gate.office, asking=asking, entry=entry, told=told, parcel=parcel)
            if operation not in self._on_one_connection:
                kept.end()
            with structlog.contextvars.bound_contextvars(operation=operation):
                content = self._dispatcher.call(verified.operation, request)
        told.answered(access)
        return content

    @contextmanager
    def _noting(self, told: Telling, access: AccessNotes) -> Iterator[None]:
        """Have it told what a proven request did, whatever became of it."""
        try:
            yield
        finally:
            told.noted(access)

    @contextmanager
    def _entered(self, entry: Entry) -> Iterator[None]:
        """Enter whatever becomes of a request, before anybody is told.

        What changes something was entered with it; the rest is here. Where that is impossible the caller
        gets that fault and nothing else.
        """
        try:
            yield
        except (errors.TemporarilyUnavailableError, errors.RateLimitedError, MemoryError):
            raise  # nothing was looked at; a record would cost what the limit saves, or cannot be kept
        except errors.GatewayError as refusal:
            entry.make(refusal.code)
            raise
        except Exception:
            entry.make(errors.ServiceError.code)
            raise
        if not entry.is_made:
            entry.make(entry.access.result)

    def _admit(self, entry: Entry, use: KeyUse, memory: Memory, *, operation: str, now: datetime) -> Caller:
        """Check that the party may ask, and that the message is new, before anything is executed.

        Returns the caller as whom it asks, of which the access record tells.

        Raises: `KeyHolderError`; what the contract's `check_caller` raises; `ReplayError` for a message that
        any worker has answered before; `RateLimitedError`.
        """
        with reading(self.gate.office.engine) as session:
            self.gate.key_holders.check(session, use)
            if self._as_whom is not None:
                entry.access.caller = self._as_whom(session, entry.access.caller, operation, now)
            caller = entry.access.caller
            self._check_caller(session, caller, operation)
            entry.check_new(session, memory)
        self.gate.callers.check(self.gate.office.engine, f"{caller.party}:{caller.signer}", now)
        self.gate.key_holders.claim(use, now=now)
        self.gate.forgetting.run(now)
        return caller
