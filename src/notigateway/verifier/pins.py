"""Whom the verifier trusts: what the folder of `--trust` holds, obtained beforehand and by another way.

- `seals/`: the gateway's seal certificates, all that were ever used; each is pinned by itself. Of those that
  are no longer in use `periods.toml` says until when they were.
- `timestamp/`: the authorities of time-stamps, all that were ever asked; optional. They have periods too.
- `issuers/`: the authorised issuers of callers' certificates, and those of seals and authorities, whose
  word levels LT and LTA rest on; optional. Without it the caller's certificate is the one that the receipt
  names, and that is all that is said of it.
- `witnesses.toml`: whose cosignatures on heads of the log count, and how many are needed; optional.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError
from notigateway.evidence.history import DatedCertificate, dated, load_seals
from notigateway.pki.anchors import TrustStore
from notigateway.pki.keys import load_certificates
from notigateway.tlog.quorum import Quorum, load_quorum

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificates of the folder; `issuers` is None where it names none."""

    seals: list[DatedCertificate]
    authorities: list[DatedCertificate]
    issuers: TrustStore | None
    quorum: Quorum | None = None

    @property
    def stampers(self) -> list[Certificate]:
        """The certificates of the authorities, whatever their periods are."""
        return [one.certificate for one in self.authorities]


def load_trust(folder: Path) -> Trust:
    """Read a trust folder. Raises: `ConfigurationError` when it is not there or a file is no certificate."""
    if not folder.is_dir():
        raise ConfigurationError(f"there is no trust folder {folder}")
    issuers = _certificates(folder / "issuers")
    return Trust(
        seals=load_seals(folder / "seals"),
        authorities=list(dated(load_seals(folder / "timestamp")).values()),
        issuers=TrustStore(issuers) if issuers else None,
        quorum=load_quorum(folder),
    )


def _certificates(folder: Path) -> list[Certificate]:
    if not folder.is_dir():
        return []
    files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
    return [certificate for file in files for certificate in load_certificates(file)]
