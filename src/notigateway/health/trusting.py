"""How it stands with whom the gateway believes: issuers, trusted list, time-stamp authority."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.health.certificates import look_at_certificate
from notigateway.health.files import find_obstacle, judged
from notigateway.health.finding import Finding, State
from notigateway.health.issuers import DOWNLOAD, ISSUERS, LIST, LIST_WARNING_DAYS, REPLACE
from notigateway.pki.anchors import TrustStore, certificate_files, load_folder
from notigateway.pki.keys import load_certificates
from notigateway.pki.trusted_list import read_trusted_list
from notigateway.receipts.stamping import Authority

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.settings import Settings

AUTHORITY: Final = "timestamp_authority"
_PIN: Final = "make it, and pin the authority's own certificate there"


def look_at_issuers(settings: Settings, now: datetime) -> list[Finding]:
    """Find whether the folder of authorised issuers can be used, and which of them end soon."""
    folder = settings.authorised_issuers_folder
    if settings.trusted_list_file and not folder.is_dir():
        return []
    obstacle = find_obstacle(ISSUERS, folder, setting="authorised_issuers_folder")
    if obstacle is not None:
        return [obstacle]
    try:
        dated = [(file, one) for file in certificate_files(folder) for one in load_certificates(file)]
        if dated or not settings.trusted_list_file:
            TrustStore(one for _, one in dated)
    except ConfigurationError as error:
        return [judged(ISSUERS, error, "correct authorised_issuers_folder")]
    told = [(file, look_at_certificate(ISSUERS, one, now, cure=REPLACE)) for file, one in dated]
    ending = [
        Finding(ISSUERS, State.WARNING, f"{file.name}: {one.says}", one.cure, one.values)
        for file, one in told
        if one.state is not State.OK
    ]
    if dated and len(ending) == len(dated) and all(one.values["days_left"] < 0 for one in ending):
        return [Finding(ISSUERS, State.FAILED, "all of them have ended", REPLACE)]
    return ending or [Finding(ISSUERS, State.OK, f"{len(dated)} in {folder}", values={"count": len(dated)})]


def look_at_trusted_list(settings: Settings, now: datetime) -> list[Finding]:
    """Find whether the trusted list verifies and is current; whether it is the newest, the start says."""
    if not settings.trusted_list_file:
        return []
    file = Path(settings.trusted_list_file)
    obstacle = find_obstacle(LIST, file, setting="trusted_list_file")
    if obstacle is not None:
        return [obstacle]
    cure = DOWNLOAD
    try:
        found = read_trusted_list(file, load_folder(settings.trusted_list_signers_folder), now=now)
        found.check_current(now)
    except ConfigurationError as error:
        return [judged(LIST, error, cure)]
    days = (found.next_update - now).total_seconds() / 86_400
    state = State.WARNING if days < LIST_WARNING_DAYS else State.OK
    count = len(found.issuers)
    said = f"number {found.sequence_number} of {found.territory}, {count} issuers, for {days:.0f} days"
    return [Finding(LIST, state, said, cure if state is State.WARNING else "", {"days_left": round(days, 3)})]


def look_at_authority(settings: Settings, now: datetime) -> list[Finding]:
    """Find whether the time-stamp authority's certificates are pinned, and one of them goes on."""
    if settings.timestamp_authority_url:
        folder = settings.timestamp_authority_folder
        obstacle = find_obstacle(AUTHORITY, folder, setting="timestamp_authority_folder", cure=_PIN)
        if obstacle is not None:
            return [obstacle]
    try:
        authority = Authority.by(settings, now=now)
    except ConfigurationError as error:
        return [judged(AUTHORITY, error, "pin the authority's own certificate there")]
    if authority is None:
        said = "none is set: receipts stay without a time-stamp"
        return [
            Finding(AUTHORITY, State.WARNING, said, "set timestamp_authority_url and pin its certificate")
        ]
    last = max(authority.certificates, key=lambda one: one.not_valid_after_utc)
    return [look_at_certificate(AUTHORITY, last, now, cure="pin the authority's next certificate beside it")]
