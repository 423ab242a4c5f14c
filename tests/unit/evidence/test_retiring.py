"""A folder of retired seals is looked at again and again, and seldom read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from notigateway.evidence.history import PERIODS
from notigateway.evidence.retiring import Retirement
from notigateway.evidence.sealing import Seal
from pki import NOW, pki, write_issuers

if TYPE_CHECKING:
    from pathlib import Path

NAME = "issuer-0.pem"
SECOND = timedelta(seconds=1)


def retire(folder: Path, period: str) -> None:
    write_issuers(folder, [pki().seal.certificate])
    (folder / PERIODS).write_text(f'["{NAME}"]\n{period}\n', "utf-8")


def test_it_is_seen_within_a_second_and_without_a_folder_nothing_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "retired"
    retirement = Retirement(folder, pki().seal.certificate)
    assert (retirement.lack(NOW), retirement.notice()) == (None, None)
    retire(folder, f"until = {NOW.isoformat()}")
    assert retirement.lack(NOW + SECOND / 2) is None  # it was looked at half a second ago
    assert retirement.lack(NOW + SECOND) == (
        "was put out of use at 2026-06-01T12:00:00.000Z, by retired_seals_folder"
    )
    assert retirement.lack(NOW) is None
    # A clock that is set back does not stop the looking.
    retire(folder, f"until = {(NOW - 9 * SECOND).isoformat()}")
    assert retirement.lack(NOW - SECOND) is not None


def test_the_beginning_of_a_period_counts_too(tmp_path: Path) -> None:
    retire(tmp_path, f"since = {NOW.isoformat()}")
    seal = Seal(pki().seal, Retirement(tmp_path, pki().seal.certificate))
    assert (seal.covers(NOW), seal.covers(NOW - SECOND)) == (True, False)
    lack = seal.lack(NOW - SECOND)
    assert lack == "is in use from 2026-06-01T12:00:00.000Z only, by retired_seals_folder"


def test_other_seals_in_the_folder_change_nothing(tmp_path: Path) -> None:
    write_issuers(tmp_path, [pki().company_seal.certificate])
    retirement = Retirement(tmp_path, pki().seal.certificate)
    assert (retirement.lack(NOW), retirement.notice()) == (None, None)


def test_a_trouble_is_told_once_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "retired"
    folder.write_text("no folder")
    with capture_logs() as lines:
        retirement = Retirement(folder, pki().seal.certificate)
        assert retirement.lack(NOW) is None
        assert retirement.lack(NOW + SECOND) is None
        assert "cannot be read" in str(retirement.notice())
        folder.unlink()
        retire(folder, f"until = {NOW.isoformat()}")
        assert retirement.lack(NOW + 2 * SECOND) is not None
    assert [one["event"] for one in lines] == ["retired_seals_unreadable"]


def test_a_look_that_hangs_holds_up_nobody_else(tmp_path: Path) -> None:
    retirement = Retirement(tmp_path, pki().seal.certificate)
    retire(tmp_path, f"until = {NOW.isoformat()}")
    with retirement._lock:  # as while another thread looks
        assert retirement.lack(NOW + SECOND) is None
    assert retirement.lack(NOW + SECOND) is not None
