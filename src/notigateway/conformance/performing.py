"""Makes the checks, one after the other: whatever becomes of one, the next is made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from notigateway.client.errors import ClientError, GatewayFaultError
from notigateway.conformance.verdict import (
    AdvisedError,
    FailedError,
    Finding,
    NothingToAskError,
    Report,
    SkippedError,
    Verdict,
)
from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from notigateway.conformance.kit import Check, Need


_VERDICTS: Final[Mapping[type[Exception], Verdict]] = {
    SkippedError: Verdict.SKIPPED,
    AdvisedError: Verdict.ADVISED,
    FailedError: Verdict.FAILED,
}


class Subject(Protocol):
    """What is asked: a service, or a client in its sandbox."""

    @property
    def name(self) -> str:
        """What it is called in the report."""
        ...

    @property
    def contract(self) -> str:
        """Which contract it claims."""
        ...

    def now(self) -> datetime:
        """Return what time it is here."""
        ...

    def has(self, need: Need) -> bool:
        """Tell whether something that a check cannot do without is there."""
        ...


def perform(checks: Sequence[Check], subject: Subject, *, told: Callable[[Finding], None]) -> Report:
    """Make all checks and return what came of them; `told` gets each finding at once.

    Raises: `NothingToAskError`.
    """
    at, findings = subject.now(), list[Finding]()
    for check in checks:
        findings.append(_made(check, subject))
        told(findings[-1])
    return Report(subject=subject.name, contract=subject.contract, at=at, findings=findings)


def _made(check: Check, subject: Subject) -> Finding:
    """Make one check. What it cannot do without is asked first."""
    lacking = next((need for need in check.needs if not subject.has(need)), None)
    if lacking is not None:
        return Finding(check, Verdict.SKIPPED, f"it needs {lacking.value}")
    began = time.monotonic()
    verdict, reason = _asked(check, subject)
    return Finding(check, verdict, reason, time.monotonic() - began)


def _asked(check: Check, subject: Subject) -> tuple[Verdict, str]:
    try:
        check.ask(subject)
    except (SkippedError, AdvisedError, FailedError) as error:
        return _VERDICTS[type(error)], str(error)
    except GatewayFaultError as error:
        return Verdict.FAILED, str(error)  # with its code
    except ClientError as error:
        return Verdict.FAILED, f"{error.code}: {error}"
    except NothingToAskError:
        raise
    except ConfigurationError as error:
        return Verdict.FAILED, error.detail
    except Exception as error:  # noqa: BLE001  (an answer that no check reckons with ends none of the others)
        return Verdict.FAILED, f"an answer that cannot be read: {type(error).__name__}: {error}"
    return Verdict.PASSED, ""
