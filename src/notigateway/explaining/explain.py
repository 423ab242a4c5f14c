"""Explains step by step what the gateway sees in a signed envelope, and why it refuses it.

The verdict is that of `verify_envelope` itself, and of the functions that follow it in the service. The
steps are then walked again with the functions that the verifier calls, in its numbering, but without
stopping at the first one that fails: an old message still has its digests explained. Nothing here admits
anybody; it is for the operator's command and for the sandbox, which may show what a fault must not.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from notigateway.explaining import binding
from notigateway.explaining.causes import likely_causes
from notigateway.explaining.explanation import TITLES, VERIFYING, Explanation, Step
from notigateway.explaining.sight import Sight
from notigateway.explaining.walk import Walk, attempt, not_looked_at
from notigateway.wss.clients import NO_CLIENTS, ClientRegister
from notigateway.wss.envelope import Envelope, parse_envelope, parse_xml
from notigateway.wss.verify import verify_envelope

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509

    from notigateway.errors import GatewayError
    from notigateway.explaining.cause import Cause
    from notigateway.explaining.way import Way
    from notigateway.wss.policy import Expectations, Limits


def explain_envelope(
    data: bytes,
    *,
    now: datetime,
    limits: Limits,
    expectations: Expectations,
    check_certificate: Callable[[x509.Certificate, datetime], None],
    clients: ClientRegister = NO_CLIENTS,
    way: Way | None = None,
) -> Explanation:
    """Tell what the gateway sees in these bytes at `now`, and the likely causes of a refusal.

    Without a `way` it ends where `verify_envelope` does. Whatever is wrong with the envelope is part of the
    explanation, never raised.
    """
    whole, parted = attempt(partial(way.made_whole, data, limits)) if way is not None else (data, None)
    data = data if whole is None else whole
    sight = Sight(data=data, now=now, expectations=expectations, limits=limits, registered=clients.known)
    unchecked = tuple(way.unchecked()) if way is not None else ()
    if way is not None:
        sight.content_type, sight.instant_by = way.content_type, way.instant_by
    envelope, arrival = _arrive(data, limits, way, parted)
    error = next(iter(arrival), None)
    if envelope is None:
        sight.root, _ = attempt(lambda: parse_xml(data, limits=limits))
        last = len(TITLES) if way is not None else VERIFYING
        steps = (Step(0, TITLES[0], (f"{len(data):,} bytes",), error), *not_looked_at(1, last))
        causes = tuple(likely_causes(sight, arrival))
        return Explanation(
            at=now, error=error, verified=None, steps=steps, causes=causes, unchecked=unchecked
        )
    sight.envelope, sight.root = envelope, envelope.root
    if way is not None:
        _choose_contract(sight, way, envelope)
    expected = sight.expectations
    verified, verdict = attempt(
        lambda: verify_envelope(
            envelope,
            now=now,
            expectations=expected,
            check_certificate=check_certificate,
            clients=clients,
        )
    )
    walk = Walk(sight, check_certificate, clients)
    walk.run(envelope, error)
    verdict = error or verdict
    if way is not None:
        walk.go_on(way)
        verdict = verdict or next((step.error for step in walk.steps[VERIFYING:] if step.error), None)
    errors = [step.error for step in walk.steps if step.error is not None]
    return Explanation(
        at=now,
        error=verdict,
        verified=verified,
        steps=tuple(walk.steps),
        digested=tuple(walk.digested),
        signed_info=walk.signed,
        causes=tuple(dict.fromkeys(likely_causes(sight, errors))),
        remarks=_remarks(sight, walk, way),
        contract=sight.served.name if sight.served is not None else "",
        unchecked=unchecked,
    )


def _remarks(sight: Sight, walk: Walk, way: Way | None) -> tuple[Cause, ...]:
    """Return what is to be said of the MessageID, unless its refusal or the signature's says more."""
    steps = {step.title: step for step in walk.steps}
    wanted = [steps.get(title) for title in ("references", "addressing")]
    if way is None or any(one is None or not one.looked or one.error is not None for one in wanted):
        return ()
    is_confirmed = walk.client is not None and walk.client.signature_confirmation
    return tuple(binding.remarks(sight, is_confirmed=is_confirmed))


def _arrive(
    data: bytes, limits: Limits, way: Way | None, parted: GatewayError | None
) -> tuple[Envelope | None, list[GatewayError]]:
    """Take the bytes in as the service does, HTTP first; a wrong header does not hide the rest.

    `parted` is what is wrong with a message in parts.
    """
    _, refused = attempt(way.check_headers) if way is not None else (None, None)
    envelope, broken = attempt(lambda: parse_envelope(data, limits=limits))
    other = None
    if way is not None and envelope is not None:
        _, other = attempt(partial(way.check_version, envelope))
    return envelope, [one for one in (refused, parted, broken, other) if one is not None]


def _choose_contract(sight: Sight, way: Way, envelope: Envelope) -> None:
    """Hold the message against its contract: one of them wants no Timestamp."""
    served = sight.served = way.contract_for(envelope)
    if served is not None:
        sight.contract = served.contract(way.public_url or "http://127.0.0.1/")
        sight.expectations = replace(sight.expectations, require_timestamp=served.requires_timestamp)
