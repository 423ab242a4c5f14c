"""The steps of the verifier, walked again without stopping at the first that fails."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from notigateway.errors import GatewayError, TokenTooLargeError
from notigateway.explaining.explanation import TITLES, VERIFYING, Digested, Step
from notigateway.explaining.meant import meant_signed_info, meant_token
from notigateway.pki.fitness import check_key
from notigateway.pki.identity import describe, describe_caller, read_caller
from notigateway.soap.addressing import NO_ADDRESSING
from notigateway.wss.canonical import canonical
from notigateway.wss.clients import ClientRegister, expectations_of
from notigateway.wss.freshness import check_freshness
from notigateway.wss.header import read_security
from notigateway.wss.references import (
    check_addressing_coverage,
    check_coverage,
    find_part,
    part_facts,
    resolve,
    signable_parts,
)
from notigateway.wss.signature_value import check_signature_value, decode_signature_value, key_for
from notigateway.wss.signed_info import read_signed_info
from notigateway.wss.tokens import check_place, check_signed_tokens, read_token
from notigateway.wss.verify import check_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.explaining.sight import Sight
    from notigateway.explaining.way import Way
    from notigateway.settings import ClientRegistration
    from notigateway.wss.envelope import Envelope
    from notigateway.wss.header import SecurityHeader
    from notigateway.wss.signed_info import Reference
    from notigateway.wss.tokens import Token

_T = TypeVar("_T")


def attempt(call: Callable[[], _T]) -> tuple[_T | None, GatewayError | None]:
    """Return what a call returns, or the error that it raises."""
    try:
        return call(), None
    except GatewayError as error:
        return None, error


def not_looked_at(first: int, last: int) -> Iterator[Step]:
    """Yield steps that nothing is left for."""
    for number in range(first, last):
        yield Step(number, TITLES[number], (), looked=False)


@dataclass
class Walk:
    """The steps of the verifier, each tried as far as the earlier ones left something to look at.

    `designated` is what KeyInfo says; `token` is what it meant, where it says nothing that can be read.
    """

    sight: Sight
    check_certificate: Callable[[x509.Certificate, datetime], None]
    clients: ClientRegister
    token: Token | None = None
    designated: Token | None = None
    client: ClientRegistration | None = None
    steps: list[Step] = field(default_factory=list)
    digested: list[Digested] = field(default_factory=list)
    signed: bytes | None = None

    def run(self, envelope: Envelope, arrival: GatewayError | None = None) -> None:
        """Walk the steps of the verifier; `arrival` is what HTTP made wrong."""
        self.steps.append(Step(0, TITLES[0], (), arrival))
        self._see(_envelope_findings(self.sight.data, envelope))
        self._structure(envelope)
        header = self.sight.header
        if header is None:
            self.steps.extend(not_looked_at(len(self.steps), VERIFYING))
            return
        self._read_token(header)
        expected = self.sight.expectations
        stated = self._step("algorithms", lambda: read_signed_info(header.signed_info, expected))
        self.sight.signed_info = stated or meant_signed_info(header, expected)
        self._references(envelope, header)
        self._step(
            "timestamp",
            lambda: check_freshness(header.timestamp, now=self.sight.now, expectations=expected),
        )
        self._see(_timestamp_findings(header.timestamp, self.sight.now))
        self._certificate()
        self._signature_value(header)
        self._digests()

    def go_on(self, way: Way) -> None:
        """Walk what follows the signature, as if it had been proven."""
        sight, certificate = self.sight, self.sight.certificate
        addressing = self._step("addressing", lambda: way.addressing(sight)) or NO_ADDRESSING
        if certificate is None:
            self._step("identity", lambda: None, looked=False)
        else:
            self._step("identity", lambda: read_caller(certificate, self.clients.families))
            self._see(describe_caller(certificate, self.clients.families))
        operation = self._step("operation", lambda: way.check_operation(sight, addressing))
        self._see([f"contract {sight.served.name}" if sight.served else "no contract has this namespace"])
        is_known = operation is not None or _is_operation(sight)
        self._step("arguments", lambda: way.check_arguments(sight), looked=is_known)

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
            self.token = self.designated = read_token(header, sight.parts, self.clients.known)
            sight.certificate = self.token.certificate
            self.client = self.clients.find(self.token.certificate)
            sight.expectations = expectations_of(self.client, sight.expectations, sight.now)
            check_place(self.token, sight.expectations)

        # without parts, the ids being doubled, a reference to a token would only seem to be wrong
        self._step("token", look, looked=bool(sight.parts))
        if self.token is None:
            self.token = meant_token(sight)
            if self.token is not None:
                sight.certificate = self.token.certificate
                self._see(["what follows is of the certificate that was meant"])
        if self.token is not None:
            self._see(describe(self.token.certificate))
            self._see(["a registered client" if self.client else "not a registered client"])

    def _references(self, envelope: Envelope, header: SecurityHeader) -> None:
        signed_info, parts = self.sight.signed_info, self.sight.parts
        references = signed_info.references if signed_info is not None else ()

        def look() -> None:
            targets = resolve(references, parts)
            if self.designated is not None:
                check_signed_tokens(targets, header, self.designated)
            check_coverage(targets, envelope, header)
            check_addressing_coverage(targets, envelope, self.sight.expectations)

        self._step("references", look, looked=bool(references and parts))
        self._see(
            f"reference {number}: {reference.uri!r} -> {self._designated(reference)}"
            for number, reference in enumerate(references if parts else (), start=1)
        )

    def _designated(self, reference: Reference) -> str:
        part = find_part(reference.uri, self.sight.parts)
        return part_facts(part)["part"] if part is not None else "nothing that may be signed"

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
            _, unfit = attempt(lambda: check_key(token.public_key))
            key, _ = attempt(lambda: key_for(method, token.public_key))
            sight.key = key if not isinstance(unfit, TokenTooLargeError) else None

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
        number = VERIFYING - 1
        self.steps.append(Step(number, TITLES[number], (), failed, looked=bool(self.digested)))

    def _digest(self, number: int, reference: Reference, target: _Element) -> None:
        _, error = attempt(lambda: check_digest(reference, target))
        octets, _ = attempt(lambda: canonical(target, prefixes=reference.prefixes))
        found = hashlib.new(reference.method.hash_name, octets or b"").digest()
        self.digested.append(
            Digested(
                number=number,
                part=part_facts(target)["part"],
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
        result, error = attempt(look) if looked else (None, None)
        self.steps.append(Step(TITLES.index(title), title, (), error, looked))
        return result

    def _see(self, findings: Iterable[str]) -> None:
        """Add what is to be seen at the last step."""
        step = self.steps[-1]
        self.steps[-1] = replace(step, findings=(*step.findings, *findings))


def _is_operation(sight: Sight) -> bool:
    """Tell whether the Body holds an operation of the contract, whatever the headers say."""
    envelope, contract = sight.envelope, sight.contract
    if envelope is None or contract is None:
        return False
    return attempt(lambda: contract.operation_name(envelope.operation))[1] is None


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
