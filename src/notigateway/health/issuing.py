"""By whom the gateway's own certificates were issued, as far as the files here can prove it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature

from notigateway.errors import ConfigurationError
from notigateway.health.looking import within
from notigateway.pki.keys import load_certificates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.x509 import Certificate

# It is said beside a key, which must be told of whatever lies in the folder of issuers.
_SECONDS: Final = 2.0


def issued(certificate: Certificate, folder: Path) -> str:
    """Say by whom a certificate was issued: itself, or one of the authorised issuers in a folder."""
    issuers = _authorised(folder)
    for issuer in (certificate, *(issuers or [])):
        if issuer.subject != certificate.issuer:
            continue
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return "signed by itself" if issuer is certificate else "issued by an authorised issuer"
    if issuers is None:
        return f"by whom it was issued could not be found in {_SECONDS:g} seconds"
    return "of an issuer that is not among the authorised ones, so its chain is not proven here"


def _authorised(folder: Path) -> Sequence[Certificate] | None:
    """Return the certificates of a folder; None where reading it takes too long.

    What is wrong there is told of the issuers.
    """
    end = time.monotonic() + _SECONDS

    def read() -> list[Certificate] | None:
        found: list[Certificate] = []
        with suppress(OSError):
            for file in folder.iterdir():
                if time.monotonic() > end:
                    return None
                with suppress(ConfigurationError):
                    found += load_certificates(file)
        return found

    return within(_SECONDS, read)
