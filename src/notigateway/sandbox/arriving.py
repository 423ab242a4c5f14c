"""The sandbox's say on the way of a request: faults by their codes, other signers, callers' clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from notigateway.errors import GatewayError, ServiceError, TransportError
from notigateway.sandbox.clock import machine_time
from notigateway.sandbox.exchange import Exchange
from notigateway.sandbox.faults import Kind
from notigateway.sandbox.steps import class_of
from notigateway.soap.arrivals import Arrivals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from wsgiref.types import WSGIEnvironment

    from notigateway.law.caller import Caller
    from notigateway.soap.telling import Telling
    from notigateway.wss.sign import Signer


class Going(StrEnum):
    """By which clock a caller's messages are dated: the world's, this machine's, or whichever is nearer."""

    WORLD = "world"
    REAL = "real"
    EITHER = "either"


@dataclass(slots=True)
class Callers:
    """By which clocks callers go: one for all, and others for some, by holder or NIF.

    A difference is from this machine's clock.
    """

    ordinary: Going | timedelta = Going.EITHER
    by_name: Mapping[str, Going | timedelta] = field(default_factory=dict)

    def of(self, exchange: Exchange) -> Going | timedelta:
        """Return the clock of whoever seems to ask."""
        holder = exchange.holder
        names = (holder.name, holder.party) if holder else ()
        return next((self.by_name[name] for name in names if name in self.by_name), self.ordinary)


def failure(code: str) -> GatewayError:
    """Return the error with a code, as it is raised on order."""
    found = class_of(code) or ServiceError
    facts: dict[str, Any] = {"retry_after_seconds": 1} if found.retryable else {}
    return found("ordered as a fault", **facts)


class Arriving(Arrivals):
    """What a world does differently for the requests that its faults and clocks are about."""

    def __init__(self, callers: Callers, signers: Callable[[Kind], Signer]) -> None:
        """Date by the clocks of `callers`; `signers` are who signs instead of the service."""
        self._callers = callers
        self._signers = signers

    def dated(self, environ: WSGIEnvironment, now: datetime) -> datetime:
        """Return the time by the caller's clock; where it may be either, of the one that its message says."""
        exchange = Exchange.of(environ)
        exchange.dated = self._dated(exchange, now)
        return exchange.dated

    def _dated(self, exchange: Exchange, now: datetime) -> datetime:
        if exchange.own is not None:
            return now
        real, going = machine_time(), self._callers.of(exchange)
        if isinstance(going, timedelta):
            return real + going
        if going is Going.EITHER:
            created = exchange.seeming.created
            return now if created is None or abs(created - now) <= abs(created - real) else real
        return now if going is Going.WORLD else real

    def check_arrived(self, environ: WSGIEnvironment, told: Telling) -> None:
        """Have it known what is told; raise what is refused before anything is read."""
        exchange = Exchange.of(environ)
        exchange.told = told
        _fail(exchange, TransportError)

    def check_proven(self, environ: WSGIEnvironment, caller: Caller, operation: str) -> None:  # noqa: ARG002
        """Raise whatever else was ordered."""
        _fail(Exchange.of(environ), GatewayError)

    def signing(self, environ: WSGIEnvironment, signer: Signer, at: datetime) -> tuple[Signer, datetime]:
        """Return another signer, or another time, where that was ordered."""
        exchange = Exchange.of(environ)
        for kind in (Kind.FOREIGN_CERTIFICATE, Kind.EXPIRED_CERTIFICATE):
            if exchange.struck_by(kind):
                signer = self._signers(kind)
        if skewed := exchange.struck_by(Kind.CLOCK_SKEW):
            at += timedelta(seconds=skewed.by)
        return signer, at


def _fail(exchange: Exchange, family: type[GatewayError]) -> None:
    """Raise the first error that was ordered and is of a family."""
    for one in exchange.drawn:
        if one.order.kind is Kind.FAULT:
            error = failure(one.order.code)
            if isinstance(error, family):
                exchange.strike(one)
                raise error
