"""A folder of seal certificates with the periods in which they were in use."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import ConfigurationError
from notigateway.evidence.history import PERIODS, DatedCertificate, dated, load_seals
from notigateway.pki.keys import fingerprint
from pki import NOW, pki, write_issuers

if TYPE_CHECKING:
    from pathlib import Path

NAME = "issuer-0.pem"


def folder_with(folder: Path, periods: str) -> Path:
    write_issuers(folder, [pki().seal.certificate])
    (folder / PERIODS).write_text(periods, "utf-8")
    return folder


def test_a_certificate_counts_until_the_instant_of_the_table(tmp_path: Path) -> None:
    (seal,) = load_seals(folder_with(tmp_path, f'["{NAME}"]\nuntil = {NOW.isoformat()}\n'))

    moment = timedelta(milliseconds=1)
    assert seal.since == pki().seal.certificate.not_valid_before_utc
    assert (seal.covers(NOW), seal.covers(NOW + moment)) == (True, False)


def test_it_counts_from_an_instant_on_where_the_table_says_so(tmp_path: Path) -> None:
    (seal,) = load_seals(folder_with(tmp_path, f'["{NAME}"]\nsince = {NOW.isoformat()}\n'))

    assert (seal.covers(NOW), seal.covers(NOW - timedelta(milliseconds=1))) == (True, False)


def test_no_period_is_longer_than_the_certificate_is_valid(tmp_path: Path) -> None:
    text = f'["{NAME}"]\nsince = 1990-01-01T00:00:00Z\nuntil = 2090-01-01T00:00:00Z\n'
    (seal,) = load_seals(folder_with(tmp_path, text))

    assert seal == DatedCertificate.of(pki().seal.certificate)


def test_without_a_table_or_a_folder(tmp_path: Path) -> None:
    assert load_seals(tmp_path / "none") == []
    write_issuers(tmp_path, [pki().seal.certificate])
    assert load_seals(tmp_path) == [DatedCertificate.of(pki().seal.certificate)]


def test_pins_with_and_without_dates_are_found_by_their_fingerprint() -> None:
    retired = DatedCertificate.of(pki().seal.certificate, until=NOW)

    found = dated([retired, pki().ec_company.certificate])

    assert found[fingerprint(pki().seal.certificate)] is retired
    assert found[fingerprint(pki().ec_company.certificate)].covers(NOW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('["other.pem"]\nuntil = 2026-01-01T00:00:00Z', "there is no file other.pem"),
        (f'["{NAME}"]\nuntil = 2026-01-01T00:00:00', "with their zone"),
        (f'["{NAME}"]\nuntil = 2026-01-01', "with their zone"),
        (f'["{NAME}"]\nuntil = "2026-01-01T00:00:00Z"', "with their zone"),
        (f'["{NAME}"]\nend = 2026-01-01T00:00:00Z', "a table of until, stops and since"),
        (f'["{NAME}"]\n', "a table of until, stops and since"),
        (f'"{NAME}" = 1', "a table of until, stops and since"),
        (
            f'["{NAME}"]\nsince = 2026-01-02T00:00:00Z\nuntil = 2026-01-01T00:00:00Z',
            "ends before it begins",
        ),
        ("until =", "cannot read"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        load_seals(folder_with(tmp_path, text))


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a certificate")

    with pytest.raises(ConfigurationError, match="no readable certificate"):
        load_seals(tmp_path)


def test_a_folder_around_the_folder_of_certificates_says_which_is_meant(tmp_path: Path) -> None:
    (tmp_path / "trust" / "seals").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"perhaps .*/trust/seals is meant, not what is around it"):
        load_seals(tmp_path / "trust")
