"""Who is authorised to issue: the certificates in the operator's folder, and those of a trusted list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from notigateway.errors import ConfigurationError
from notigateway.pki.anchors import TrustStore, load_folder
from notigateway.pki.trusted_list import read_trusted_list
from notigateway.repository.engine import writing
from notigateway.repository.trust import remember_trusted_list

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.pki.trusted_list import TrustedList
    from notigateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Authorities:
    """The authorised issuers as the operator's files name them: the folder's, and those of a trusted list."""

    own: tuple[Certificate, ...]
    listed: TrustedList | None
    cache_seconds: int

    @classmethod
    def read(cls, settings: Settings, *, now: datetime, for_refreshing: bool = False) -> Self:
        """Read them; those of a trusted list are so until its next update is due.

        With a trusted list the folder may be missing or empty. `for_refreshing` takes a list that is out of
        date: it must not keep the folder's issuers from having their revocation lists fetched.

        Raises: `ConfigurationError` naming the file or the folder.
        """
        folder, seconds = settings.authorised_issuers_folder, settings.trust_cache_seconds
        if not settings.trusted_list_file:
            own = load_folder(folder)
            if not own:
                raise ConfigurationError(f"the folder {folder} holds no authorised issuer")
            return cls(tuple(own), None, seconds)
        own = load_folder(folder) if folder.is_dir() else []
        signers = load_folder(settings.trusted_list_signers_folder)
        listed = read_trusted_list(Path(settings.trusted_list_file), signers, now=now)
        if not for_refreshing:
            listed.check_current(now)
        return cls(tuple(own), listed, seconds)

    def store(self) -> TrustStore:
        """Return what judges certificates by them. Raises: `ConfigurationError` for what is no authority."""
        if self.listed is None:
            return TrustStore(self.own, cache_seconds=self.cache_seconds)
        return TrustStore(
            self.own,
            listed=self.listed.issuers,
            listed_until=self.listed.next_update,
            cache_seconds=self.cache_seconds,
        )

    def check_not_rolled_back(self, engine: Engine, now: datetime) -> None:
        """Refuse a list that is older than one that was in use: who was withdrawn since would come back.

        Two lists of one number are not both genuine (ETSI TS 119 612 §5.3.2), so only the first one counts.

        Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
        """
        found = self.listed
        if found is None:
            return
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
                f"the trusted list of {found.territory} has number {found.sequence_number}, but number"
                f" {number} was already in use"
            )
        if sha256 != found.sha256:
            raise ConfigurationError(
                f"another trusted list of {found.territory} with number {number} was already in use"
            )


def load_trust(
    settings: Settings, engine: Engine, *, now: datetime, for_refreshing: bool = False
) -> TrustStore:
    """Read the authorised issuers, and remember which trusted list is in use.

    Raises: `ConfigurationError` naming the file or the folder; `TemporarilyUnavailableError`.
    """
    authorities = Authorities.read(settings, now=now, for_refreshing=for_refreshing)
    authorities.check_not_rolled_back(engine, now)
    return authorities.store()
