"""Who is authorised to issue: the certificates in the operator's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.pki.trust import TrustStore

if TYPE_CHECKING:
    from notigateway.settings import Settings


def load_trust(settings: Settings) -> TrustStore:
    """Read the authorised issuers. Raises: `ConfigurationError` naming the file or the folder."""
    return TrustStore.from_folder(
        settings.authorised_issuers_folder, cache_seconds=settings.trust_cache_seconds
    )
