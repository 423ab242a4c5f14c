"""The gateway's own certificates, as the settings name them: of its seals and time-stamp authorities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError
from notigateway.evidence.seals import load_history
from notigateway.pki.anchors import load_folder
from notigateway.receipts.authorities import pinned_authorities
from notigateway.trust.keeping import Own

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from notigateway.settings import Settings


def own_certificates(settings: Settings, present: Certificate | None = None) -> Own:
    """Return them with those who issued them; `present` is what seals now, as for `load_history`.

    The default folder of the issuers need not be there. One that the operator names must, and hold some: a
    volume that is not mounted would look like none, and what is not kept now cannot be had later.

    Raises: `ConfigurationError`, also for a file that cannot be read.
    """
    folder = settings.evidence_issuers_folder
    seals = [one.certificate for one in load_history(settings, present)]
    issuers = load_folder(folder) if folder.is_dir() else []
    if not issuers and folder != type(settings).model_fields["evidence_issuers_folder"].default:
        lack = "there is no certificate in it" if folder.is_dir() else "there is no such folder"
        raise ConfigurationError(f"{folder}: {lack}: nothing is kept that validates the gateway's own seals")
    return Own([*seals, *pinned_authorities(settings)], issuers)
