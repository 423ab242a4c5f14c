"""The seals of a gateway as its settings name them: the present one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.evidence.xades import Seal
from notigateway.pki.keys import load_key_pair

if TYPE_CHECKING:
    from notigateway.settings import Settings


def load_seal(settings: Settings) -> Seal:
    """Return the present seal; its key is read once. Raises: `ConfigurationError`."""
    return Seal(load_key_pair(settings.seal_key_file, settings.seal_certificate_file))
