"""How it stands with the folder of revocation lists: whether the next refresh can take in what lies there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError, RevocationDataError
from notigateway.given_files import read_file
from notigateway.health.files import find_obstacle, judged
from notigateway.health.finding import Finding, State
from notigateway.health.looking import within
from notigateway.pki.anchors import load_folder
from notigateway.trust.admission import read_data
from notigateway.trust.authorities import Authorities
from notigateway.trust.dropped_files import DroppedFiles
from notigateway.trust.keeping import Own, is_of_no_issuer, nor_of_own

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
_BRING_ITS_ISSUER: Final = (
    "bring it anew from its issuer; or, where it tells of the gateway's own seal or of its authority of "
    "time-stamps, put the certificate of its issuer into evidence_issuers_folder; or take it away"
)
# A doctor ends soon, whatever lies there.
_LOOKED_INTO: Final = 200
_TOLD: Final = 5
_ISSUERS_SECONDS: Final = 2.0


def look_at_dropped_lists(settings: Settings, now: datetime) -> list[Finding]:
    """Find whether the folder is there and holds only lists and answers of authorised issuers, or of our own.

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
    own = within(_ISSUERS_SECONDS, lambda: _own(settings)) or Own()
    for kind, file in dropped.files[:_LOOKED_INTO]:
        wrong = _look_into(kind, file, authorities, own, max_bytes=settings.revocation_max_bytes)
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
    kind: RevocationSource, file: Path, authorities: Sequence[Certificate], own: Own, *, max_bytes: int
) -> Finding | None:
    """Find what would keep a refresh from taking a file in, as far as the issuers can be read."""
    obstacle = find_obstacle(FOLDER, file, setting=FOLDER)
    if obstacle is not None:
        return obstacle
    try:
        data = read_file(file, max_bytes=max_bytes)
        if authorities and not own.tells_of_it(kind, data):
            read_data(kind, data, authorities)
    except RevocationDataError as error:
        cure = _BRING_ITS_ISSUER if is_of_no_issuer(error) else _BRING_ANEW
        return Finding(FOLDER, State.FAILED, f"{file}: {nor_of_own(error)}", cure)
    except ConfigurationError as error:
        return judged(FOLDER, error, _BRING_ANEW)
    return None


def _authorities(settings: Settings, now: datetime) -> Sequence[Certificate]:
    """Return the authorised issuers; none where they cannot be read, which is told of them."""
    with suppress(ConfigurationError, OSError):
        return Authorities.read(settings, now=now, for_refreshing=True).store().authorities
    return []


def _own(settings: Settings) -> Own:
    """Return who issued the gateway's own certificates; nobody where they cannot be read."""
    folder = settings.evidence_issuers_folder
    with suppress(ConfigurationError, OSError):
        return Own(issuers=load_folder(folder) if folder.is_dir() else ())
    return Own()
