"""What an explanation consists of: the steps as they went, the digests, the verdict and its causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.errors import GatewayError
    from notigateway.explaining.cause import Cause
    from notigateway.wss.verify import Verified

# 0 is what comes before `verify_envelope`, then its numbers; the last four are what follows it.
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
    "addressing",
    "identity",
    "operation",
    "arguments",
)
VERIFYING: Final = 9


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
    """What was seen of an envelope; `error` is None where everything holds that was looked at.

    `remarks` are no reason to refuse it. `contract` is the name of the contract that it was held against;
    `unchecked` is what only the service itself can tell.
    """

    at: datetime
    error: GatewayError | None
    verified: Verified | None
    steps: tuple[Step, ...]
    digested: tuple[Digested, ...] = ()
    signed_info: bytes | None = None
    causes: tuple[Cause, ...] = ()
    remarks: tuple[Cause, ...] = ()
    contract: str = ""
    unchecked: tuple[str, ...] = ()
