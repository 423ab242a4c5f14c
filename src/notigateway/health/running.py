"""How it stands with the gateway that runs already: ready or not, and with what lies in the files now.

The doctor's other looks are at the files. What runs read them when it began or was last reloaded, so a file
that was mended since heals nothing by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.health.asking import NobodyThereError, ask, at
from notigateway.health.certificates import SEAL, SERVICE
from notigateway.health.finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notigateway.health.asking import Told

RUNNING: Final = "running_gateway"
_READY: Final = "/readyz"
_RELOAD: Final = (
    "reload it (`kill -HUP` of its master); where its log says `reload_refused`, first for that reason"
)
_SEE: Final = (
    "see what is told of these here; where the files are right, reload it (`kill -HUP` of its master)"
)
# Both look within some seconds; certificates differ by more.
_SAME_DAYS: Final = 0.01
_HTTP_OK: Final = 200


def look_at_running(address: str, own: Sequence[Finding]) -> Finding:
    """Find whether the gateway that answers there is ready, and serves with the certificates of the files.

    `own` is what was found of the files.
    """
    try:
        told = ask(at(address), _READY)
    except NobodyThereError as error:
        return Finding(RUNNING, State.UNKNOWN, f"it does not say whether it is ready: {error}", _SEE)
    is_ready = told.status == _HTTP_OK
    older = _older(told, {one.check: one for one in own})
    if older:
        ready = "" if is_ready else ", is not ready,"
        said = f"it runs{ready} and has another {' and '.join(older)} than the files"
        return Finding(RUNNING, State.WARNING if is_ready else State.FAILED, said, _RELOAD)
    if not is_ready:
        said = f"it runs and is not ready: {told.findings(State.FAILED, State.UNKNOWN)}"
        return Finding(RUNNING, State.FAILED, said, _SEE)
    return Finding(RUNNING, State.OK, "it runs and is ready")


def _older(told: Told, own: Mapping[str, Finding]) -> list[str]:
    """Return the checks of certificates by which what runs has others than lie in the files."""
    return [
        one.check
        for one in told.said.findings
        if one.check in {SERVICE, SEAL}
        and one.check in own
        and abs(one.values.get("days_left", 0.0) - own[one.check].values.get("days_left", 0.0)) > _SAME_DAYS
    ]
