"""The way of a request in nine steps, and which of them a refusal belongs to: the verdicts of the journal."""

from __future__ import annotations

from functools import cache
from typing import Final

from notigateway import errors
from notigateway.metering.account import OK

STEPS: Final = ("http", "parse", "verify", "caller", "operation", "schema", "new", "execute", "sign")
# First match wins: a family stands after its exceptions.
_STEP_OF: Final[tuple[tuple[type[errors.GatewayError], str], ...]] = (
    (errors.MimeInvalidError, "parse"),
    (errors.MalformedXmlError, "parse"),
    (errors.ForbiddenXmlError, "parse"),
    (errors.XmlLimitError, "parse"),
    (errors.TransportError, "http"),
    (errors.VersionMismatchError, "parse"),
    (errors.EnvelopeStructureError, "parse"),
    (errors.MustUnderstandError, "parse"),
    (errors.ReplayError, "new"),
    (errors.IdentityError, "caller"),
    (errors.KeyHolderError, "caller"),
    (errors.CallerUnknownError, "caller"),
    (errors.CallerNotIssuingBodyError, "caller"),
    (errors.CallerNotOperatorError, "caller"),
    (errors.SealMayNotDecideError, "caller"),
    (errors.RateLimitedError, "caller"),
    (errors.RevocationUnknownError, "caller"),
    (errors.SecurityError, "verify"),
    (errors.UnknownOperationError, "operation"),
    (errors.ActionMismatchError, "operation"),
    (errors.AddressingError, "operation"),
    (errors.ReplyAddressError, "parse"),
    (errors.InvalidRequestError, "schema"),
)


@cache
def class_of(code: str) -> type[errors.GatewayError] | None:
    """Return the error with that code; None where there is none."""
    return next((one for one in errors.catalogue() if one.code == code), None)


def step_of(code: str) -> str:
    """Return at which step a code refuses; whatever is not said above is found while executing."""
    found = class_of(code)
    return next((step for family, step in _STEP_OF if found and issubclass(found, family)), "execute")


def verdicts(code: str | None) -> list[dict[str, str]]:
    """Return the verdict of each step for what came of a request; None where no contract has answered."""
    if code is None:
        return []
    if code == OK:
        return [{"step": step, "verdict": "passed"} for step in STEPS]
    failed = STEPS.index(step_of(code))
    return [
        *({"step": step, "verdict": "passed"} for step in STEPS[:failed]),
        {"step": STEPS[failed], "verdict": "failed", "code": code},
        *({"step": step, "verdict": "not reached"} for step in STEPS[failed + 1 :]),
    ]
