"""What may be out of the ordinary on the way of a request; in production nothing is.

A sandbox has its own, so that harnesses can order faults and have clocks of their own. It sees the
request's environment only, decides nothing about who is let in, and cannot have anything executed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from wsgiref.types import WSGIEnvironment

    from notigateway.law.caller import Caller
    from notigateway.soap.telling import Telling
    from notigateway.wss.sign import Signer


class Arrivals:
    """The ordinary: each message is dated by the gateway's clock, and goes its way."""

    def dated(self, environ: WSGIEnvironment, now: datetime) -> datetime:  # noqa: ARG002
        """Return by which instant the message is fresh or not, and its answer is dated."""
        return now

    def check_arrived(self, environ: WSGIEnvironment, told: Telling) -> None:
        """Look at a request of which nothing is read. Raises: whatever its caller is to be told."""

    def check_proven(self, environ: WSGIEnvironment, caller: Caller, operation: str) -> None:
        """Look at a request that would be executed next. Raises: whatever its caller is to be told."""

    def signing(
        self,
        environ: WSGIEnvironment,  # noqa: ARG002
        signer: Signer,
        at: datetime,
    ) -> tuple[Signer, datetime]:
        """Return who signs the answer, and what time its Timestamp says."""
        return signer, at


ORDINARY = Arrivals()
