"""The service under test as the checks see it: who asks, what is sent, what of a reply is proven."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notigateway.client.api import NotificationClient
from notigateway.client.binding import new_message_id
from notigateway.client.transport import Retries, Speech, Transport
from notigateway.client.wscn import WscnClient, action, read_answer
from notigateway.conformance.dialects import FAULTS, code_of
from notigateway.conformance.drafting import Draft
from notigateway.conformance.kit import Need
from notigateway.conformance.raw import REPLY_LIMITS, Line, soap_headers
from notigateway.conformance.supply import Supply
from notigateway.conformance.verdict import FailedError
from notigateway.errors import ConfigurationError, GatewayError
from notigateway.pki.anchors import PinnedCertificates
from notigateway.pki.keys import KeyPair, fingerprint
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Expectations
from notigateway.wss.sign import Signer
from notigateway.wss.verify import verify_envelope

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    from lxml.etree import _Element

    from notigateway.conformance.dialects import Dialect
    from notigateway.conformance.raw import Reply
    from notigateway.conformance.steering import Steering
    from notigateway.evidence.history import Pin
    from notigateway.wss.envelope import Envelope
    from notigateway.wss.verify import Verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Who may publish acts at the service: the issuing body's unit, its key, and its contract's address."""

    url: str
    issuer_id: str
    pair: KeyPair = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Given:
    """What is told of the service at the command line; `steering` is a sandbox, `holders` whom it has."""

    url: str
    dialect: Dialect
    me: KeyPair = field(repr=False)
    second: KeyPair | None = field(default=None, repr=False)
    service: Sequence[x509.Certificate]
    seals: Sequence[Pin] = ()
    public_url: str | None = None
    may_decide: bool = False
    all_wrappings: bool = False
    timeout_seconds: float = 60.0
    tls: ssl.SSLContext | None = None
    steering: Steering | None = None
    holders: Mapping[str, Any] = field(default_factory=dict, repr=False)
    publishing: Publishing | None = None

    def has(self, need: Need) -> bool:
        """Tell whether something that a check cannot do without is there."""
        return {
            Need.EFFECT: self.may_decide or self.steering is not None,
            Need.SECOND: self.second is not None,
            Need.SEAL: bool(self.seals),
            Need.PUBLISHING: self.steering is not None or (self.publishing is not None and self.may_decide),
            Need.CLOCK: self.steering is not None,
            Need.HOLDERS: bool(self.holders),
        }[need]


@dataclass(frozen=True, slots=True)
class Proven:
    """A reply whose signature is proven to be the service's, over the Body and what `verified` names."""

    reply: Reply
    envelope: Envelope
    verified: Verified

    @property
    def element(self) -> _Element:
        """Return the element in the Body."""
        return self.verified.operation

    @property
    def is_fault(self) -> bool:
        """Tell whether it is a fault."""
        return self.element.tag in FAULTS

    @property
    def told(self) -> str:
        """Return in a word what it is: the code of a fault, else the name of the element."""
        return code_of(self.element) if self.is_fault else str(self.element.tag).rpartition("}")[2]


def pair_of(said: Mapping[str, Any]) -> KeyPair:
    """Return a holder of a sandbox, as it is told. Raises: `ConfigurationError`."""
    try:
        key = load_pem_private_key(str(said["key"]).encode(), None)
        certificate = x509.load_pem_x509_certificate(str(said["certificate"]).encode())
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError("the sandbox gives a certificate that cannot be read") from error
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ConfigurationError("the sandbox gives a key that cannot be used")
    return KeyPair(key, certificate)


class Target:
    """A service under test; closed at the end. Not to be shared between threads."""

    def __init__(self, given: Given) -> None:
        """Raise: `ConfigurationError` for an address or a key that cannot be used."""
        self.given = given
        self.dialect = given.dialect
        self.signer = Signer(given.me.key, given.me.certificate)
        self.supply = Supply(self)
        # What several checks look at, made by the first one that asks for it.
        self.stories: dict[str, Any] = {}
        self._pinned = PinnedCertificates(list(given.service))
        self._line = Line(given.url, timeout_seconds=given.timeout_seconds, tls=given.tls)
        self._clients: dict[tuple[str, bool], NotificationClient] = {}
        self._open = ExitStack()
        self._open.callback(self._line.close)

    def close(self) -> None:
        """Close the connections."""
        self._open.close()

    @property
    def name(self) -> str:
        """Return its address."""
        return self.given.url

    @property
    def called(self) -> str:
        """Return what the service calls itself, as far as is told."""
        return self.given.public_url or self.given.url

    @property
    def contract(self) -> str:
        """Return which contract it claims."""
        return self.dialect.name

    def has(self, need: Need) -> bool:
        """Tell whether something that a check cannot do without is there."""
        return self.given.has(need)

    @staticmethod
    def now() -> datetime:
        """Return what time it is here: by it messages are dated."""
        return datetime.now(UTC)

    @property
    def steering(self) -> Steering:
        """Return the sandbox; a check that needs its clock is not made without one."""
        assert self.given.steering is not None  # noqa: S101
        return self.given.steering

    @cached_property
    def second(self) -> Signer:
        """Return the second caller; a check that needs one is not made without."""
        assert self.given.second is not None  # noqa: S101
        return Signer(self.given.second.key, self.given.second.certificate)

    def holder(self, name: str) -> Signer:
        """Return a holder of the sandbox. Raises: `ConfigurationError`."""
        pair = pair_of(self.given.holders[name])
        return Signer(pair.key, pair.certificate)

    # --- raw

    def draft(self, operation: str | None = None, *, content: bytes | None = None, **changes: Any) -> Draft:  # noqa: ANN401
        """Return a request as the contract wants it, but for `changes`; by default it has no effect."""
        operation = operation or self.dialect.harmless
        signer: Signer = changes.pop("signer", self.signer)
        return Draft(
            content=self.dialect.content(operation) if content is None else content,
            signer=signer,
            created=changes.pop("created", self.now()),
            addressing=changes.pop("addressing", self.addressing(operation, signer)),
            **changes,
        )

    def addressing(self, operation: str, signer: Signer | None = None) -> tuple[tuple[str, str], ...]:
        """Return the WS-Addressing headers of a request, under a MessageID that was never used."""
        message_id = new_message_id(fingerprint((signer or self.signer).certificate))
        return ("To", self.called), ("Action", self.dialect.action(operation)), ("MessageID", message_id)

    def send(
        self,
        data: Draft | bytes,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "POST",
        query: str = "",
    ) -> Reply:
        """Send a request, by default with the headers of the harmless operation; nothing is proven yet.

        Raises: `NoAnswerError`; `FailedError` for an answer in parts that are none.
        """
        data = data if isinstance(data, bytes) else data.build()
        ordinary = soap_headers(self.dialect.action(self.dialect.harmless)) if method == "POST" else {}
        return self._line.send(data, ordinary if headers is None else headers, method=method, query=query)

    def prove(self, reply: Reply) -> Proven:
        """Return a reply that the pinned certificate signed just now. Raises: `FailedError`."""
        if not reply.is_soap:
            raise FailedError(f"the answer is no SOAP message: {reply.words}")
        try:
            return self._verified(reply, self._pinned.check)
        except GatewayError as error:
            words = f"{error.code}: {error.detail}" if error.detail else error.code
            raise FailedError(
                f"the answer (HTTP status {reply.status}) is not proven to be the service's: {words}"
            ) from error

    def signed_by(self, reply: Reply) -> x509.Certificate | None:
        """Return whoever's certificate a reply is rightly signed by, just now; None where it is not."""
        try:
            return self._verified(reply, lambda *_: None).verified.certificate
        except GatewayError:
            return None

    def is_pinned(self, certificate: x509.Certificate) -> bool:
        """Tell whether it is one of those that prove answers."""
        return certificate in self.given.service

    def _verified(
        self, reply: Reply, check_certificate: Callable[[x509.Certificate, datetime], None]
    ) -> Proven:
        """Return a reply that somebody signed just now. Raises: `GatewayError`."""
        envelope = parse_envelope(reply.body, limits=REPLY_LIMITS)
        reply.received.mark(envelope.root)
        verified = verify_envelope(
            envelope,
            now=self.now(),
            expectations=Expectations(),
            check_certificate=check_certificate,
            inlined=reply.received.inlined,
        )
        return Proven(reply, envelope, verified)

    def ask(self, operation: str, content: bytes | None = None, *, signer: Signer | None = None) -> Proven:
        """Send an operation and return its proven answer, fault or not. Raises: `FailedError`."""
        changes = {} if signer is None else {"signer": signer}
        draft = self.draft(operation, content=content, **changes)
        return self.prove(self.send(draft, soap_headers(self.dialect.action(operation))))

    # --- by our client

    def client(self, pair: KeyPair | None = None, *, mtom: bool = False) -> NotificationClient:
        """Return a client that asks once: it proves each answer and binds it to its request."""
        given, pair = self.given, pair or self.given.me
        key = fingerprint(pair.certificate), mtom
        if key not in self._clients:
            self._clients[key] = client = NotificationClient(
                given.url,
                key=pair.key,
                certificate=pair.certificate,
                server_certificates=given.service,
                timeout_seconds=given.timeout_seconds,
                retries=Retries(attempts=1),
                tls=given.tls,
                public_url=given.public_url,
                mtom=mtom,
            )
            self._open.callback(client.close)
        return self._clients[key]

    @cached_property
    def wscn_client(self) -> WscnClient:
        """Return a client of the Social Security's contract that asks once."""
        return WscnClient(
            self.transport(self.given.url, self.given.me, Speech(action, read_answer)), self.signer
        )

    def transport(self, url: str, pair: KeyPair, speech: Speech) -> Transport:
        """Return what signs, sends once and proves, in any contract of the service."""
        transport = Transport(
            url,
            key_pair=pair,
            pinned=self._pinned,
            timeout_seconds=self.given.timeout_seconds,
            retries=Retries(attempts=1),
            clock=self.now,
            tls=self.given.tls,
            speech=speech,
            public_url=self.given.public_url if url == self.given.url else None,
        )
        self._open.callback(transport.close)
        return transport
