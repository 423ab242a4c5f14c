"""The authorities whose time-stamps count, former ones too: what whoever verifies reads of the settings.

Nobody is asked for anything here, so who only verifies loads nothing that asking needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.evidence.history import dated_by

if TYPE_CHECKING:
    from cryptography import x509

    from notigateway.evidence.history import DatedCertificate
    from notigateway.settings import Settings


def pinned_authorities(settings: Settings) -> list[x509.Certificate]:
    """Return the certificates of all authorities whose time-stamps count, former ones too; none by default.

    Raises: `ConfigurationError` for a file that is no certificate, or periods that do not fit.
    """
    return [one.certificate for one in dated_authorities(settings)]


def dated_authorities(settings: Settings) -> list[DatedCertificate]:
    """Return all authorities whose time-stamps count, with their periods. Raises: as `pinned_authorities`."""
    folder = settings.timestamp_authority_folder
    files = sorted(folder.glob("*.pem")) if folder.is_dir() else []
    return dated_by(folder, files)
