"""The one line of the log about each request, and its count: answered, failed and refused alike.

What happens on the way notes it here; it is told when the answer is made, so that the line knows how long
everything took.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from notigateway.errors import ServiceError, UnknownOperationError
from notigateway.http.calling import WHOLE_AT
from notigateway.logger import Logger
from notigateway.metering.account import UNKNOWN_OPERATION, Account, accounting
from notigateway.metering.tracing import open_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID
    from wsgiref.types import WSGIEnvironment

    from notigateway.errors import GatewayError
    from notigateway.log.access import AccessNotes

_log = Logger("notigateway.soap")


def _answered(**said: object) -> None:
    _log.info("request_answered", **said)


def _refused_by_code(**said: object) -> None:
    _log.warning("request_refused_by_code", **said)


def _refused(**said: object) -> None:
    _log.warning("request_refused", **said)


def _failed(**said: object) -> None:
    _log.warning("request_failed", **said)


def _crashed(**said: object) -> None:
    _log.error("request_crashed", **said)


class Telling:
    """What there is to tell of one request."""

    def __init__(self, account: Account) -> None:
        self.account = account
        # Who asked, once that is proven.
        self.party: str | None = None
        self.signer: str | None = None
        self._write: Callable[..., None] | None = None
        self._said: dict[str, Any] = {}

    def noted(self, access: AccessNotes) -> None:
        """Take over what a proven request did: its operation, and which notifications the answer tells of."""
        account = self.account
        account.operation, account.rows = access.operation, access.rows
        account.refused = access.refused_items
        self.party, self.signer = access.caller.party, access.caller.signer

    def answered(self, access: AccessNotes) -> None:
        """Tell of a request that was executed; one that was refused by a number has its own event."""
        self.account.code = access.result
        self._said |= {"party": self.party, "signer": self.signer}
        self._write = self._write or _answered

    def refused_by_number(self, error: GatewayError, number: int) -> None:
        """Tell of what the Social Security's contract answers with a number."""
        self._write = _refused_by_code
        self._said |= {"wscn_code": number, **error.line}

    def refused(self, error: GatewayError) -> None:
        """Tell of what was refused unsigned, before there was a message."""
        self._fail(_refused, error)

    def failed(self, error: GatewayError) -> None:
        """Tell of a signed fault."""
        self._fail(_failed, error)

    def crashed(self, error: Exception) -> None:
        """Tell of a defect, with its trace."""
        self._write = _crashed
        self.account.code = ServiceError.code
        self._said |= {"code": ServiceError.code, "exc_info": error}

    def _fail(self, write: Callable[..., None], error: GatewayError) -> None:
        self._write = write
        self.account.code = error.code
        if isinstance(error, UnknownOperationError):
            self.account.operation = UNKNOWN_OPERATION
        self._said |= error.line

    def tell(self) -> None:
        """Write the line, and count."""
        if self._write is not None:  # the contract's files, which anybody reads, have no line
            self._write(**self.account.line(), **self._said)
        self.account.end()


@contextmanager
def telling(contract: str, environ: WSGIEnvironment, correlation_id: UUID) -> Iterator[Telling]:
    """Give what there is to tell of a request; it is told when the answer is made.

    It began when all of it was here, by the clock that nobody sets, where the server says so.
    """
    account = open_account(
        contract,
        environ.get(WHOLE_AT),
        traceparent=environ.get("HTTP_TRACEPARENT"),
        correlation_id=correlation_id,
    )
    with accounting(account):
        told = Telling(account)
        yield told
        told.tell()
