"""Explains step by step what the gateway sees in a signed envelope, and why it refuses it.

The verdict is that of `verify_envelope` itself. The steps are then walked again with the functions
that the verifier calls, in its numbering, but without stopping at the first one that fails: an old
message still has its digests explained. Nothing here admits anybody; it is for the operator's
command and for the sandbox, which may show what a fault must not.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from notigateway.errors import GatewayError
from notigateway.explaining.causes import likely_causes
from notigateway.explaining.sight import Sight
from notigateway.pki.identity import describe, describe_caller, read_caller
from notigateway.wss.canonical import canonical
from notigateway.wss.clients import NO_CLIENTS, ClientRegister, expectations_of
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.freshness import check_freshness
from notigateway.wss.header import read_security
from notigateway.wss.references import (
    check_addressing_coverage,
    check_coverage,
    find_part,
    resolve,
    signable_parts,
)
from notigateway.wss.signature_value import check_signature_value, decode_signature_value, key_for
from notigateway.wss.signed_info import read_signed_info
from notigateway.wss.tokens import check_place, read_token
from notigateway.wss.verify import Verified, check_digest, part_name, verify_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.settings import ClientRegistration
    from notigateway.wss.envelope import Envelope
    from notigateway.wss.header import SecurityHeader
    from notigateway.wss.policy import Expectations, Limits
    from notigateway.wss.signed_info import Reference
    from notigateway.wss.tokens import Token

_T = TypeVar("_T")

# The numbers of verify_envelope; 0 is what comes before it.
TITLES: Final = (
    "XML and envelope",
    "structure",
    "token",
    "algorithms",
    "references",
    "timestamp",
    "certificate",
    "signature value",
    "digests",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it went; `looked` is false where an earlier failure leaves nothing to look at."""

    number: int
    title: str
    findings: tuple[str, ...]
    error: GatewayError | None = None
    looked: bool = True


@dataclass(frozen=True, slots=True)
class Digested:
    """One reference: the octets that the gateway digested, what it found and what was expected."""

    number: int
    part: str
    method: str
    octets: bytes
    expected: str
    found: str
    error: GatewayError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What was seen of an envelope; `error` is None where `verify_envelope` accepts it and somebody calls."""

    at: datetime
    error: GatewayError | None
    verified: Verified | None
    steps: tuple[Step, ...]
    digested: tuple[Digested, ...] = ()
    signed_info: bytes | None = None
    causes: tuple[str, ...] = ()


def explain_envelope(
    data: bytes,
    *,
    now: datetime,
    limits: Limits,
    expectations: Expectations,
    check_certificate: Callable[[x509.Certificate, datetime], None],
    clients: ClientRegister = NO_CLIENTS,
) -> Explanation:
    """Tell what the gateway sees in these bytes at `now`, and the likely causes of a refusal.

    Whatever is wrong with the envelope is part of the explanation, never raised.
    """
    try:
        envelope = parse_envelope(data, limits=limits)
    except GatewayError as error:
        steps = (Step(0, TITLES[0], (f"{len(data):,} bytes",), error), *_not_looked_at(1))
        causes = likely_causes(Sight(data=data, now=now, expectations=expectations), [error])
        return Explanation(at=now, error=error, verified=None, steps=steps, causes=tuple(causes))
    verified, verdict = _verdict(
        lambda: verify_envelope(
            envelope,
            now=now,
            expectations=expectations,
            check_certificate=check_certificate,
            clients=clients,
        )
    )
    sight = Sight(data=data, now=now, expectations=expectations, envelope=envelope)
    walk = _Walk(sight, check_certificate, clients)
    walk.run(envelope)
    errors = [step.error for step in walk.steps if step.error is not None]
    named = walk.sight.certificate
    if named is not None:
        _, nobody = _verdict(lambda: read_caller(named, clients.families))
        errors += [nobody] if nobody is not None else []
        verdict = verdict or nobody
    return Explanation(
        at=now,
        error=verdict,
        verified=verified,
        steps=tuple(walk.steps),
        digested=tuple(walk.digested),
        signed_info=walk.signed,
        causes=tuple(dict.fromkeys(likely_causes(walk.sight, errors))),
    )


def _verdict(call: Callable[[], _T]) -> tuple[_T | None, GatewayError | None]:
    try:
        return call(), None
    except GatewayError as error:
        return None, error


def _not_looked_at(first: int) -> Iterator[Step]:
    for number in range(first, len(TITLES)):
        yield Step(number, TITLES[number], (), looked=False)


@dataclass
class _Walk:
    """The steps of the verifier, each tried as far as the earlier ones left something to look at."""

    sight: Sight
    check_certificate: Callable[[x509.Certificate, datetime], None]
    clients: ClientRegister
    token: Token | None = None
    client: ClientRegistration | None = None
    steps: list[Step] = field(default_factory=list)
    digested: list[Digested] = field(default_factory=list)
    signed: bytes | None = None

    def run(self, envelope: Envelope) -> None:
        """Walk all steps of one envelope."""
        self._step("XML and envelope", lambda: None)
        self._see(_envelope_findings(self.sight.data, envelope))
        self._structure(envelope)
        header = self.sight.header
        if header is None:
            self.steps.extend(_not_looked_at(len(self.steps)))
            return
        self._read_token(header)
        expected = self.sight.expectations
        self.sight.signed_info = self._step(
            "algorithms", lambda: read_signed_info(header.signed_info, expected)
        )
        self._references(envelope, header)
        self._step(
            "timestamp",
            lambda: check_freshness(header.timestamp, now=self.sight.now, expectations=expected),
        )
        self._see(_timestamp_findings(header.timestamp, self.sight.now))
        self._certificate()
        self._signature_value(header)
        self._digests()

    def _structure(self, envelope: Envelope) -> None:
        sight = self.sight

        def look() -> None:
            sight.header = read_security(envelope, max_tokens=sight.expectations.max_tokens)
            sight.parts = signable_parts(envelope, sight.header)

        self._step("structure", look)
        if sight.header is not None:
            self._see(_name(child) for child in sight.header.security)

    def _read_token(self, header: SecurityHeader) -> None:
        """Read the token; what is expected of the message from here on is what its holder agreed."""
        sight = self.sight

        def look() -> None:
            self.token = read_token(header, sight.parts, self.clients.known)
            sight.certificate = self.token.certificate
            self.client = self.clients.find(self.token.certificate)
            sight.expectations = expectations_of(self.client, sight.expectations, sight.now)
            check_place(self.token, sight.expectations)

        # without parts, the ids being doubled, a reference to a token would only seem to be wrong
        self._step("token", look, looked=bool(sight.parts))
        if self.token is not None:
            self._see(describe(self.token.certificate))
            self._see(describe_caller(self.token.certificate, self.clients.families))
            self._see(["a registered client" if self.client else "not a registered client"])

    def _references(self, envelope: Envelope, header: SecurityHeader) -> None:
        signed_info, parts = self.sight.signed_info, self.sight.parts
        references = signed_info.references if signed_info is not None else ()

        def look() -> None:
            targets = resolve(references, parts)
            check_coverage(targets, envelope, header)
            check_addressing_coverage(targets, envelope, self.sight.expectations)

        self._step("references", look, looked=bool(references and parts))
        self._see(
            f"reference {number}: {reference.uri!r} -> {self._designated(reference)}"
            for number, reference in enumerate(references if parts else (), start=1)
        )

    def _designated(self, reference: Reference) -> str:
        part = find_part(reference.uri, self.sight.parts)
        return part_name(part) if part is not None else "nothing that may be signed"

    def _certificate(self) -> None:
        token, sight = self.token, self.sight

        def look() -> None:
            assert token is not None  # noqa: S101  (looked at then only)
            self.check_certificate(token.certificate, sight.now)
            self.clients.check(self.client)
            if sight.signed_info is not None:
                key_for(sight.signed_info.method, token.public_key)

        self._step("certificate", look, looked=token is not None)
        if token is not None and sight.signed_info is not None:
            # not admitted perhaps, yet its key explains the signature value
            method = sight.signed_info.method
            sight.key, _ = _verdict(lambda: key_for(method, token.public_key))

    def _signature_value(self, header: SecurityHeader) -> None:
        signed_info, key = self.sight.signed_info, self.sight.key

        def look() -> None:
            assert signed_info is not None  # noqa: S101  (looked at then only)
            assert key is not None  # noqa: S101
            value = decode_signature_value(header.signature_value, key)
            self.signed = canonical(header.signed_info, prefixes=signed_info.prefixes)
            check_signature_value(value, self.signed, key=key, method=signed_info.method)

        self._step("signature value", look, looked=signed_info is not None and key is not None)
        if signed_info is not None:
            self._see([f"method {signed_info.method.short_name}"])
        if self.signed is not None:
            self._see([f"canonical SignedInfo: {len(self.signed):,} octets"])

    def _digests(self) -> None:
        signed_info, parts = self.sight.signed_info, self.sight.parts
        for number, reference in enumerate(signed_info.references if signed_info else (), start=1):
            target = find_part(reference.uri, parts)
            if target is not None:
                self._digest(number, reference, target)
        failed = next((one.error for one in self.digested if one.error is not None), None)
        self.steps.append(Step(len(self.steps), TITLES[-1], (), failed, looked=bool(self.digested)))

    def _digest(self, number: int, reference: Reference, target: _Element) -> None:
        _, error = _verdict(lambda: check_digest(reference, target))
        octets, _ = _verdict(lambda: canonical(target, prefixes=reference.prefixes))
        found = hashlib.new(reference.method.hash_name, octets or b"").digest()
        self.digested.append(
            Digested(
                number=number,
                part=part_name(target),
                method=reference.method.short_name,
                octets=octets or b"",
                expected="".join(reference.digest.split()),
                found=base64.b64encode(found).decode(),
                error=error,
            )
        )
        if error is not None:
            self.sight.differing.append((reference, target))

    def _step(self, title: str, look: Callable[[], _T], *, looked: bool = True) -> _T | None:
        """Take a step and note how it went; None where it failed or was not taken."""
        result, error = _verdict(look) if looked else (None, None)
        self.steps.append(Step(TITLES.index(title), title, (), error, looked))
        return result

    def _see(self, findings: Iterable[str]) -> None:
        """Add what is to be seen at the last step."""
        step = self.steps[-1]
        self.steps[-1] = replace(step, findings=(*step.findings, *findings))


def _envelope_findings(data: bytes, envelope: Envelope) -> tuple[str, ...]:
    blocks = envelope.header if envelope.header is not None else ()
    return (
        f"{len(data):,} bytes, operation {_name(envelope.operation)}",
        f"header blocks: {', '.join(map(_name, blocks)) or 'none'}",
    )


def _timestamp_findings(timestamp: _Element | None, now: datetime) -> Iterator[str]:
    if timestamp is None:
        yield "no Timestamp"
        return
    for child in timestamp:
        yield f"{_name(child)}: {(child.text or '').strip()}"
    yield f"looked at: {now.isoformat()}"


def _name(element: _Element) -> str:
    """Return a name as it is written, with the attributes that name the element."""
    local = str(element.tag).partition("}")[2] or str(element.tag)
    names = [value for name, value in element.attrib.items() if name.endswith(("}Id", "Id", "ID"))]
    return f"{local} ({', '.join(names)})" if names else local
