"""What the sandbox's own address refuses: a stable code and a status each, in words for who writes tests."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class SandboxError(Exception):
    """Something was asked of the sandbox that it does not do; nothing was changed."""

    code: ClassVar[str] = "INVALID"
    status: ClassVar[int] = 400

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def near(word: str, words: Iterable[str]) -> str:
    """Return which of some words may have been meant, to be said behind a refusal; "" where none is near."""
    found = get_close_matches(word, list(words), n=3)
    return f"; is {' or '.join(found)} meant?" if found else ""


class InvalidError(SandboxError):
    """The request is not what it should be; the text names the member."""


class MediaTypeError(SandboxError):
    """Only JSON is taken, and archives where one is restored: a page of a stranger can send neither."""

    code, status = "MEDIA_TYPE", 415


class HostError(SandboxError):
    """It is for another name than those at which the sandbox listens, or a page of another address asks."""

    code, status = "HOST_NOT_OURS", 403


class TokenMissingError(SandboxError):
    """It listens beyond this machine, and the request has not its token."""

    code, status = "TOKEN_MISSING", 401


class FormError(SandboxError):
    """A form was sent that no page of this sandbox gave to this browser."""

    code, status = "FORM_NOT_OURS", 403


class UnknownError(SandboxError):
    """No such world, entry, fault or notification."""

    code, status = "UNKNOWN", 404


class LackingError(SandboxError):
    """What a sample request would be about is not there yet; its page offers to make it."""

    code, status = "LACKING", 409

    def __init__(self, detail: str, spanish: str, steps: list[dict[str, Any]]) -> None:
        super().__init__(detail)
        self.spanish = spanish
        self.steps = steps


class ScenarioUnknownError(SandboxError):
    """No scenario, or verb, of that name."""

    code, status = "SCENARIO_UNKNOWN", 404


class ScenarioDiffersError(SandboxError):
    """A step of a scenario came to something else than it says; what it has done is done."""

    code, status = "SCENARIO_DIFFERS", 409


class WorldExistsError(SandboxError):
    """There is a world of that name, or one that is found by the same certificates."""

    code, status = "WORLD_EXISTS", 409


class NotFreshError(SandboxError):
    """A clock goes back only where nothing has happened yet, and with a reason."""

    code, status = "NOT_FRESH", 409


class ClockRangeError(SandboxError):
    """The certificates of the sandbox do not reach that far."""

    code, status = "CLOCK_OUT_OF_RANGE", 409


class NotHereError(SandboxError):
    """This sandbox cannot do that: it has several workers, a database of its own server, or 64 worlds."""

    code, status = "NOT_HERE", 409


class NotReachedError(SandboxError):
    """What was waited for did not come in time."""

    code, status = "NOT_REACHED", 409


class BusyError(SandboxError):
    """Requests are being answered, the clock is moved, a scenario plays, or somebody else comes first."""

    code, status = "BUSY", 409


class SnapshotError(SandboxError):
    """The archive is no snapshot of a world."""

    code, status = "SNAPSHOT_INVALID", 400


class SnapshotSizeError(SandboxError):
    """The world is larger than an archive may be that a sandbox takes back."""

    code, status = "SNAPSHOT_TOO_LARGE", 409


class SnapshotVersionError(SandboxError):
    """The snapshot was taken by another version."""

    code, status = "SNAPSHOT_OF_ANOTHER_VERSION", 409


class RefusedError(SandboxError):
    """The gateway refuses it, as it refuses an issuing body or an operator; the code is the gateway's."""

    status = 422

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.gateway_code = code


def all_refusals() -> list[type[SandboxError]]:
    """Return the list, for the documents."""
    return [one for one in SandboxError.__subclasses__() if one is not RefusedError]
