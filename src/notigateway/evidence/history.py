"""Certificates with their periods, of seals and of time-stamp authorities: each counts while it was in use.

A folder holds them, for the gateway, its clients and the stand-alone verifier alike: the certificates, and
`periods.toml`, which says of those that are no longer in use until when they were:

    ["seal-2025.cert.pem"]
    until = 2026-11-25T09:00:00Z

`since` may stand beside it, and `stops`: when it sealed last, while its period has not ended yet
(`notigateway seal retire` writes both). A certificate that the table does not name counts while it is valid.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from cryptography import x509

from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file
from notigateway.pki.keys import fingerprint, load_certificates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

PERIODS: Final = "periods.toml"
_PERIOD_KEYS: Final = frozenset({"since", "stops", "until"})


@dataclass(frozen=True, slots=True)
class DatedCertificate:
    """A certificate of a seal or an authority of time-stamps, with the instants of its first and last use."""

    certificate: x509.Certificate
    since: datetime
    # Until when it counts by itself (`evidence.existence`), and since when it signs nothing new.
    until: datetime
    stops: datetime

    @classmethod
    def of(
        cls,
        certificate: x509.Certificate,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        stops: datetime | None = None,
    ) -> Self:
        """Return it bounded by the certificate's validity, which stands where nothing is said."""
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        last = min(until or end, end)
        return cls(certificate, max(since or start, start), last, min(stops or last, last))

    def within(self, other: DatedCertificate) -> DatedCertificate:
        """Return it with the period that it has in common with another pin of the same certificate."""
        return DatedCertificate(
            self.certificate,
            max(self.since, other.since),
            min(self.until, other.until),
            min(self.stops, other.stops),
        )

    def covers(self, instant: datetime) -> bool:
        """Tell whether a signature of that instant can be by this certificate."""
        return self.since <= instant <= min(self.stops, self.until)


# A certificate without dates counts as long as it is valid.
Pin = x509.Certificate | DatedCertificate


def dated(pins: Iterable[Pin]) -> dict[str, DatedCertificate]:
    """Return pinned certificates with their periods, by their fingerprints."""
    found: dict[str, DatedCertificate] = {}
    for pin in pins:
        one = pin if isinstance(pin, DatedCertificate) else DatedCertificate.of(pin)
        name = fingerprint(one.certificate)
        # Pinned twice, it counts where both periods say so: a copy does not undo an end.
        found[name] = found[name].within(one) if name in found else one
    return found


def load_seals(folder: Path) -> list[DatedCertificate]:
    """Read a folder of seal certificates; a folder that is not there holds none.

    Raises: `ConfigurationError` for what is no folder, a file that is no certificate, or a table that does
    not fit them.
    """
    try:
        found = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigurationError(f"cannot read the folder {folder}: {error.strerror}") from error
    files = [one for one in found if one.name != PERIODS and not one.name.startswith(".")]
    inner = next((one for one in files if one.is_dir()), None)
    if inner is not None:
        raise ConfigurationError(
            f"{folder} holds a folder, not only certificates: perhaps {inner} is meant, not what is around it"
        )
    return dated_by(folder, files)


def dated_by(folder: Path, files: Sequence[Path]) -> list[DatedCertificate]:
    """Read the certificates in these files of a folder, with the periods that its table gives them.

    Raises: `ConfigurationError`.
    """
    periods = _read_periods(folder / PERIODS)
    unknown = set(periods) - {file.name for file in files}
    if unknown:
        raise ConfigurationError(f"{folder / PERIODS}: there is no file {', '.join(sorted(unknown))}")
    return [
        DatedCertificate.of(certificate, **periods.get(file.name, {}))
        for file in files
        for certificate in load_certificates(file)
    ]


def _read_periods(file: Path) -> Mapping[str, dict[str, datetime]]:
    if not file.is_file():
        return {}
    try:
        table: dict[str, Any] = tomllib.loads(read_file(file).decode())
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    for name, period in table.items():
        _check_period(period, f"{file}: {name}")
    return table


def _check_period(period: object, name: str) -> None:
    if not isinstance(period, dict) or not period or not set(period) <= _PERIOD_KEYS:
        raise ConfigurationError(f"{name}: a period is a table of until, stops and since")
    instants = list(period.values())
    if not all(isinstance(one, datetime) and one.tzinfo is not None for one in instants):
        raise ConfigurationError(f"{name}: a period needs instants with their zone")
    ordered = [period[key] for key in ("since", "stops", "until") if key in period]
    if ordered != sorted(ordered):
        raise ConfigurationError(f"{name}: its period ends before it begins, or before it stops sealing")
