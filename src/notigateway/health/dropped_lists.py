"""How it stands with the folder of revocation lists: whether the next refresh can take in what lies there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError, RevocationDataError
from notigateway.given_files import read_file
from notigateway.health.files import find_obstacle, judged
from notigateway.health.finding import Finding, State
from notigateway.health.looking import within
from notigateway.trust.admission import read_data
from notigateway.trust.authorities import Authorities
from notigateway.trust.dropped_files import DroppedFiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography.x509 import Certificate

    from notigateway.pki.revocation import RevocationSource
    from notigateway.settings import Settings

FOLDER: Final = "revocation_folder"
_MAKE_IT: Final = "make it or mount it, or correct revocation_folder"
_TAKE_AWAY: Final = "give it its ending or take it away"
_BRING_ANEW: Final = "bring it anew from its issuer, or take it away"
# A doctor ends soon, whatever lies there.
_LOOKED_INTO: Final = 200
_TOLD: Final = 5
_ISSUERS_SECONDS: Final = 2.0


def look_at_dropped_lists(settings: Settings, now: datetime) -> list[Finding]:
    """Find whether the folder is there and holds only lists and answers of authorised issuers.

    Nothing where the settings name no folder and the default is not there: it need not be.
    """
    folder = settings.revocation_folder
    obstacle = find_obstacle(FOLDER, folder, setting=FOLDER)
    if obstacle is not None and obstacle.state is State.UNKNOWN:
        return [obstacle]
    dropped = DroppedFiles.of(settings)
    found = [
        Finding(FOLDER, State.FAILED, problem, _MAKE_IT if obstacle else _TAKE_AWAY)
        for problem in dropped.problems
    ]
    authorities = within(_ISSUERS_SECONDS, lambda: _authorities(settings, now)) or []
    for kind, file in dropped.files[:_LOOKED_INTO]:
        wrong = _look_into(kind, file, authorities, max_bytes=settings.revocation_max_bytes)
        if wrong is not None:
            found.append(wrong)
        if len(found) > _TOLD:
            return [*found[:_TOLD], Finding(FOLDER, State.FAILED, "and others like these", _BRING_ANEW)]
    if found or not dropped.files:
        return found
    count = len(dropped.files)
    looked = f", the first {_LOOKED_INTO} looked into" if count > _LOOKED_INTO else ""
    return [Finding(FOLDER, State.OK, f"{count} in {folder}{looked}", values={"count": count})]


def _look_into(
    kind: RevocationSource, file: Path, authorities: Sequence[Certificate], *, max_bytes: int
) -> Finding | None:
    """Find what would keep a refresh from taking a file in, as far as the issuers can be read."""
    obstacle = find_obstacle(FOLDER, file, setting=FOLDER)
    if obstacle is not None:
        return obstacle
    try:
        data = read_file(file, max_bytes=max_bytes)
        if authorities:
            read_data(kind, data, authorities)
    except RevocationDataError as error:
        return Finding(FOLDER, State.FAILED, f"{file}: {error.detail}", _BRING_ANEW)
    except ConfigurationError as error:
        return judged(FOLDER, error, _BRING_ANEW)
    return None


def _authorities(settings: Settings, now: datetime) -> Sequence[Certificate]:
    """Return the authorised issuers; none where they cannot be read, which is told of them."""
    with suppress(ConfigurationError, OSError):
        return Authorities.read(settings, now=now, for_refreshing=True).store().authorities
    return []
