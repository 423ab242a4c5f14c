"""Explains step by step what the gateway sees in a signed envelope, and why it refuses it.

The verdict is that of `verify_envelope` itself. The steps are then walked again with the functions
that the verifier calls, in its numbering, but without stopping at the first one that fails: an old
message still has its digests explained. Nothing here admits anybody; it is for the operator's
command and for the sandbox, which may show what a fault must not.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from notigateway.errors import GatewayError
from notigateway.pki.identity import describe
from notigateway.wss.canonical import canonical
from notigateway.wss.causes import likely_causes
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.header import read_security
from notigateway.wss.references import check_coverage, find_part, resolve, signable_parts
from notigateway.wss.sight import Sight
from notigateway.wss.signature_value import check_signature_value, decode_signature_value, key_for
from notigateway.wss.signed_info import read_signed_info
from notigateway.wss.timestamp import check_timestamp
from notigateway.wss.tokens import read_certificate
from notigateway.wss.verify import Verified, check_digest, part_name, verify_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.wss.envelope import Envelope
    from notigateway.wss.policy import Expectations, Limits
    from notigateway.wss.signed_info import Reference

_T = TypeVar("_T")

# The numbers of verify_envelope; 0 is what comes before it.
TITLES: Final = (
    "XML and envelope",
    "structure",
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
    """What was seen of an envelope; `error` is None where `verify_envelope` accepts it."""

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
            envelope, now=now, expectations=expectations, check_certificate=check_certificate
        )
    )
    walk = _Walk(Sight(data=data, now=now, expectations=expectations, envelope=envelope), check_certificate)
    walk.run(envelope)
    errors = [step.error for step in walk.steps if step.error is not None]
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
    steps: list[Step] = field(default_factory=list)
    digested: list[Digested] = field(default_factory=list)
    signed: bytes | None = None

    def run(self, envelope: Envelope) -> None:
        """Walk all steps of one envelope."""
        self._step(0, lambda: None, _envelope_findings(self.sight.data, envelope))
        expectations = self.sight.expectations
        header = self._step(1, lambda: read_security(envelope, max_tokens=expectations.max_tokens))
        if header is None:
            self.steps.extend(_not_looked_at(2))
            return
        self.sight.header = header
        self._add(1, *(_name(child) for child in header.security))
        signed_info = self._step(2, lambda: read_signed_info(header.signed_info, expectations))
        self.sight.signed_info = signed_info
        self._references(envelope)
        window = self._step(
            4, lambda: check_timestamp(header.timestamp, now=self.sight.now, expectations=expectations)
        )
        self._add(4, *_timestamp_findings(header.timestamp, self.sight.now))
        if window is not None:
            self._add(4, f"fresh until {window.fresh_until.isoformat()}")
        self._certificate()
        self._signature_value()
        self._digests()

    def _references(self, envelope: Envelope) -> None:
        header, signed_info = self.sight.header, self.sight.signed_info
        assert header is not None  # noqa: S101  (run calls it then only)

        def look() -> None:
            self.sight.parts = signable_parts(envelope, header)
            if signed_info is not None:
                check_coverage(resolve(signed_info.references, self.sight.parts), envelope, header)

        if signed_info is None:
            _verdict(look)  # the parts are looked for all the same: the certificate is one
        self._step(3, look, looked=signed_info is not None)
        for number, reference in enumerate(signed_info.references if signed_info else (), start=1):
            self._add(3, f"reference {number}: {reference.uri!r} -> {self._designated(reference)}")

    def _designated(self, reference: Reference) -> str:
        part = find_part(reference.uri, self.sight.parts)
        return part_name(part) if part is not None else "nothing that may be signed"

    def _certificate(self) -> None:
        header, sight = self.sight.header, self.sight
        assert header is not None  # noqa: S101

        def look() -> None:
            sight.certificate, public_key = read_certificate(header, sight.parts)
            self.check_certificate(sight.certificate, sight.now)
            if sight.signed_info is not None:
                sight.key = key_for(sight.signed_info.method, public_key)

        self._step(5, look)
        if sight.certificate is not None:
            self._add(5, *describe(sight.certificate))
            if sight.key is None and sight.signed_info is not None:
                # not admitted, yet its key explains the signature value
                method, public_key = sight.signed_info.method, sight.certificate.public_key()
                sight.key, _ = _verdict(lambda: key_for(method, public_key))

    def _signature_value(self) -> None:
        header, signed_info, key = self.sight.header, self.sight.signed_info, self.sight.key
        assert header is not None  # noqa: S101
        if signed_info is None or key is None:
            self._step(6, lambda: None, looked=False)
            return

        def look() -> None:
            value = decode_signature_value(header.signature_value, key)
            self.signed = canonical(header.signed_info, prefixes=signed_info.prefixes)
            check_signature_value(value, self.signed, key=key, method=signed_info.method)

        self._step(6, look, (f"method {signed_info.method.short_name}",))
        if self.signed is not None:
            self._add(6, f"canonical SignedInfo: {len(self.signed):,} octets")

    def _digests(self) -> None:
        signed_info, sight = self.sight.signed_info, self.sight
        if signed_info is None or not sight.parts:
            self._step(7, lambda: None, looked=False)
            return
        for number, reference in enumerate(signed_info.references, start=1):
            target = find_part(reference.uri, sight.parts)
            if target is not None:
                self._digest(number, reference, target)
        failed = next((one.error for one in self.digested if one.error is not None), None)
        self.steps.append(Step(7, TITLES[7], (), failed, looked=bool(self.digested)))

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

    def _step(
        self, number: int, look: Callable[[], _T], findings: tuple[str, ...] = (), *, looked: bool = True
    ) -> _T | None:
        """Take a step and note how it went; None where it failed or was not taken."""
        result, error = _verdict(look) if looked else (None, None)
        self.steps.append(Step(number, TITLES[number], findings, error, looked))
        return result

    def _add(self, number: int, *findings: str) -> None:
        """Add what is to be seen at a step that was taken."""
        step = self.steps[number]
        self.steps[number] = Step(
            number, step.title, (*step.findings, *findings), step.error, step.looked or bool(findings)
        )


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
