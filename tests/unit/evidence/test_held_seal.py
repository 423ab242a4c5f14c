"""The seal of a process that runs for long follows what the settings name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ending import END, MOMENT, named, seal
from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.evidence.history import PERIODS
from notigateway.evidence.seals import HeldSeal
from notigateway.settings import Settings, load_settings
from pki import NOW, pki, write_issuers

if TYPE_CHECKING:
    from pathlib import Path


class Named:
    """Settings that somebody edits."""

    def __init__(self, folder: Path) -> None:
        self.retired = folder / "retired"
        self.values: dict[str, Any] = named(folder / "first", "seal", seal())

    def read(self) -> Settings:
        return load_settings(None, overrides=self.values | {"retired_seals_folder": self.retired})


def test_another_seal_is_taken_up_and_a_mistake_leaves_the_one_that_is_held(tmp_path: Path) -> None:
    settings = Named(tmp_path)
    held = HeldSeal(settings.read)
    assert held.at(NOW).certificate == seal().certificate
    second = named(tmp_path / "second", "seal", pki().seal)
    settings.values = second | {"seal_key_file": tmp_path / "mistyped"}
    assert held.at(NOW).certificate == seal().certificate
    assert "mistyped" in str(held.trouble)
    settings.values = {"request_seconds": "many"}
    assert held.at(NOW).certificate == seal().certificate
    assert "request_seconds" in str(held.trouble)
    settings.values = second
    assert held.at(NOW).certificate == pki().seal.certificate
    assert held.trouble is None


def test_a_certificate_that_is_renewed_in_its_place_is_taken_up(tmp_path: Path) -> None:
    settings = Named(tmp_path)
    held = HeldSeal(settings.read)
    assert held.at(END).certificate == seal().certificate
    with pytest.raises(TemporarilyUnavailableError, match=r"ended at 2026-06-04") as refusal:
        held.at(END + MOMENT)
    assert refusal.value.part is Part.SEAL
    renewed = seal(END + timedelta(days=900))
    named(tmp_path / "first", "seal", renewed)
    assert held.at(END + MOMENT).certificate == renewed.certificate


def test_the_held_seal_is_used_to_the_end_of_its_period_and_no_longer(tmp_path: Path) -> None:
    settings = Named(tmp_path)
    held = HeldSeal(settings.read)
    held.at(NOW)
    write_issuers(settings.retired, [seal().certificate])
    end = NOW + timedelta(minutes=1)
    (settings.retired / PERIODS).write_text(f'["issuer-0.pem"]\nuntil = {end.isoformat()}\n')
    assert held.at(end).certificate == seal().certificate
    with pytest.raises(TemporarilyUnavailableError, match="the present seal is among them"):
        held.at(end + MOMENT + timedelta(seconds=1))


def test_without_any_seal_the_reason_is_told_each_time(tmp_path: Path) -> None:
    settings = Named(tmp_path)
    held = HeldSeal(settings.read)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"ended at 2026-06-04"):
            held.at(END + MOMENT)
    settings.values = named(tmp_path / "second", "seal", pki().seal)
    assert held.at(END + MOMENT).certificate == pki().seal.certificate
