"""Why an answer is not believed, told so that a person can mend it: the clock, or the pinned certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.client.errors import ClockDiffersError, OtherCertificateError, ResponseNotVerifiedError
from notigateway.client.unreached import unproven
from notigateway.contract.problems import texts_of
from notigateway.errors import (
    CertificateExpiredError,
    FreshnessError,
    GatewayError,
    IssuerNotAuthorisedError,
)
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint, subject_of
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.freshness import read_instant
from notigateway.wss.ns import wsu
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.verify import Verified, verify_envelope

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from cryptography import x509

    from notigateway.client.errors import GatewayFaultError
    from notigateway.client.parts import Received
    from notigateway.pki.anchors import PinnedCertificates
    from notigateway.wss.envelope import Envelope

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_UNITS: Final = {_DAY: "d", _HOUR: "h", _MINUTE: "min", 1: "s"}
_EXPIRED: Final = FreshnessError.code


class Believing:
    """Verifies answers against the pinned certificates, and says what is wrong with one that fails."""

    def __init__(self, pinned: PinnedCertificates, limits: Limits) -> None:
        self._pinned = pinned
        self._limits = limits

    def verify(self, received: Received, *, status: int, now: datetime) -> tuple[Envelope, Verified]:
        """Return an answer that is proven. Raises: `ResponseNotVerifiedError` and its kinds."""
        came: list[x509.Certificate] = []

        def check(certificate: x509.Certificate, at: datetime) -> None:
            came.append(certificate)
            self._pinned.check(certificate, at)

        envelope = None
        try:
            envelope = parse_envelope(received.envelope, limits=self._limits)
            received.mark(envelope.root)
            verified = verify_envelope(
                envelope,
                now=now,
                expectations=Expectations(),
                check_certificate=check,
                inlined=received.inlined,
            )
        except FreshnessError as error:
            raise self._other_clock(error, envelope, now, status) from error
        except IssuerNotAuthorisedError as error:
            raise OtherCertificateError(self._other_certificate(came[-1]), status=status) from error
        except CertificateExpiredError as error:
            raise OtherCertificateError(_not_valid(came[-1], now), status=status) from error
        except GatewayError as error:
            said = texts_of(error).en + unproven(received.envelope)
            raise ResponseNotVerifiedError(error.code, said, status=status) from error
        return envelope, verified

    def _other_clock(
        self, error: FreshnessError, envelope: Envelope | None, now: datetime, status: int
    ) -> ResponseNotVerifiedError:
        """Tell the two clocks apart by an answer that is fresh by its own, if the pinned service signed it.

        An answer of yesterday that somebody kept looks the same, so nothing of it is used but its time.
        """
        created = None if envelope is None else _created(envelope)
        if envelope is None or created is None:
            return ResponseNotVerifiedError(error.code, texts_of(error).en, status=status)
        try:
            verify_envelope(
                envelope, now=created, expectations=Expectations(), check_certificate=self._pinned.check
            )
        except GatewayError:
            who = "an answer that is not proven to be the service's"
        else:
            who = "the service's signed answer"
        said = (
            f"{clock_words(now - created)}: it is {instant_text(now)} here, {instant_text(created)} in "
            f"{who}; set this clock. If it is right, somebody handed over an old answer. Nothing of the "
            "answer was used"
        )
        return ClockDiffersError(said, status=status)

    def _other_certificate(self, came: x509.Certificate) -> str:
        expected = " or ".join(_named(one) for one in self._pinned.certificates)
        return (
            f"the answer names another certificate than the pinned one: expected {expected}; came "
            f"{_named(came)}. Your own certificate is not in question. If the operator has announced a new "
            "one, get its file from the operator, compare the SHA-256, and give it as --server-cert; if "
            "not, do not go on"
        )


def clock_words(ahead: timedelta) -> str:
    """Say how the clock of this computer differs from the service's."""
    seconds = round(abs(ahead.total_seconds()))
    large, small = (_MINUTE, 1) if seconds < _HOUR else (_HOUR, _MINUTE) if seconds < _DAY else (_DAY, _HOUR)
    whole, rest = divmod(seconds, large)
    counts = ((whole, _UNITS[large]), (rest // small, _UNITS[small]))
    length = " ".join(f"{count} {unit}" for count, unit in counts if count) or "0 s"
    side = "ahead of" if ahead.total_seconds() > 0 else "behind"
    return f"the clock of this computer is {length} {side} the service's"


def clock_hint(fault: GatewayFaultError, now: datetime) -> str:
    """Return what a fault about the time of a request tells of the clock here; it is signed and fresh."""
    told = fault.facts.get("serverTime")
    if fault.code != _EXPIRED or told is None:
        return ""
    try:
        server = read_instant(told)
    except ValueError:
        return ""
    return f"{clock_words(now - server)} ({told} there, {instant_text(now)} here): set this clock"


def _not_valid(certificate: x509.Certificate, now: datetime) -> str:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    said = f"expired at {instant_text(end)}" if now > end else f"is valid only from {instant_text(start)}"
    return (
        f"the pinned certificate of the service, {_named(certificate)}, {said}, and it is "
        f"{instant_text(now)} by the clock of this computer: ask the operator for the one that replaces it"
    )


def _named(certificate: x509.Certificate) -> str:
    return f"{subject_of(certificate)} (SHA-256 {fingerprint(certificate)})"


def _created(envelope: Envelope) -> datetime | None:
    found = next(envelope.root.iter(wsu("Created")), None)
    try:
        return read_instant((found.text or "").strip()) if found is not None else None
    except ValueError:
        return None
