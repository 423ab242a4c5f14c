"""Who is authorised to issue: the certificates in the operator's folder, and those of a trusted list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError
from notigateway.pki.anchors import TrustStore, load_folder
from notigateway.pki.trusted_list import TrustedList, read_trusted_list
from notigateway.repository.engine import writing
from notigateway.repository.trust import remember_trusted_list

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.settings import Settings


def load_trust(
    settings: Settings, engine: Engine, *, now: datetime, for_refreshing: bool = False
) -> TrustStore:
    """Read the authorised issuers; those of a trusted list are so until its next update is due.

    With a trusted list the folder may be missing or empty. `for_refreshing` takes a list that is out of
    date: it must not keep the folder's issuers from having their revocation lists fetched.

    Raises: `ConfigurationError` naming the file or the folder; `TemporarilyUnavailableError`.
    """
    folder, cache_seconds = settings.authorised_issuers_folder, settings.trust_cache_seconds
    if not settings.trusted_list_file:
        return TrustStore.from_folder(folder, cache_seconds=cache_seconds)
    own = load_folder(folder) if folder.is_dir() else []
    signers = load_folder(settings.trusted_list_signers_folder)
    found = read_trusted_list(Path(settings.trusted_list_file), signers, now=now)
    if not for_refreshing:
        found.check_current(now)
    _check_not_rolled_back(engine, found, now)
    return TrustStore(own, listed=found.issuers, listed_until=found.next_update, cache_seconds=cache_seconds)


def _check_not_rolled_back(engine: Engine, found: TrustedList, now: datetime) -> None:
    """Refuse a list that is older than one that was in use: who was withdrawn since would come back.

    Two lists of one number are not both genuine (ETSI TS 119 612 §5.3.2), so only the first one counts.
    """
    with writing(engine) as session:
        newest = remember_trusted_list(
            session,
            scheme=found.territory,
            sequence_number=found.sequence_number,
            sha256=found.sha256,
            now=now,
        )
        number, sha256 = newest.sequence_number, newest.sha256
    if number > found.sequence_number:
        raise ConfigurationError(
            f"the trusted list of {found.territory} has number {found.sequence_number}, but number {number}"
            " was already in use"
        )
    if sha256 != found.sha256:
        raise ConfigurationError(
            f"another trusted list of {found.territory} with number {number} was already in use"
        )
