"""The gateway's own certificates, as the settings name them: of its seals and time-stamp authorities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.evidence.seals import load_history
from notigateway.pki.anchors import load_folder
from notigateway.receipts.authorities import pinned_authorities
from notigateway.trust.keeping import Own

if TYPE_CHECKING:
    from notigateway.settings import Settings


def own_certificates(settings: Settings) -> Own:
    """Return them with those who issued them; the folder of these need not be there.

    Raises: `ConfigurationError` for a file that cannot be read.
    """
    folder = settings.evidence_issuers_folder
    seals = [one.certificate for one in load_history(settings)]
    issuers = load_folder(folder) if folder.is_dir() else []
    return Own([*seals, *pinned_authorities(settings)], issuers)
