"""Periods are written into the table that a person writes too: comments and other entries stay."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import ConfigurationError
from notigateway.evidence.history import PERIODS, load_seals
from notigateway.evidence.periods import write_period
from pki import NOW, pki, write_issuers

if TYPE_CHECKING:
    from pathlib import Path

STOPS = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
UNTIL = datetime(2026, 11, 25, 9, 5, 0, 123000, tzinfo=UTC)
BEFORE = """# kept by hand
["seal-2024.pem"]  # the first one
until = 2025-01-01T00:00:00Z

["seal-2026.pem"]
# it was late
since = 2026-01-02T00:00:00Z
stops = 2027-01-01T00:00:00Z
"""


def test_a_table_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    write_period(tmp_path, "seal-2026.pem", "stops", STOPS)
    write_period(tmp_path, "seal-2026.pem", "until", UNTIL)
    said = tomllib.loads((tmp_path / PERIODS).read_text())
    assert said == {"seal-2026.pem": {"stops": STOPS, "until": UNTIL}}
    assert [one.name for one in tmp_path.iterdir()] == [PERIODS]


@pytest.mark.parametrize(
    "text", [BEFORE, BEFORE.rstrip("\n"), BEFORE + '\n["other.pem"]\nuntil = 2030-01-01T00:00:00Z']
)
def test_what_a_person_wrote_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / PERIODS).write_text(text)
    (tmp_path / PERIODS).chmod(0o640)
    write_period(tmp_path, "seal-2026.pem", "stops", STOPS)
    write_period(tmp_path, "seal-2026.pem", "until", UNTIL)
    after = (tmp_path / PERIODS).read_text()
    expected = tomllib.loads(text)
    expected["seal-2026.pem"] |= {"stops": STOPS, "until": UNTIL}
    assert tomllib.loads(after) == expected
    assert {"# kept by hand", '["seal-2024.pem"]  # the first one', "# it was late"} <= set(
        after.splitlines()
    )
    assert (tmp_path / PERIODS).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "text",
    [
        '"seal-2026.pem" = {since = 2026-01-02T00:00:00Z}\n',
        "['seal-2026.pem']\nsince = 2026-01-02T00:00:00Z\n",
        '["seal-2026.pem"\n',
        '"seal-2026.pem" = 3\n',
        "\xff",
    ],
)
def test_a_table_that_cannot_be_edited_line_by_line_is_told_and_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / PERIODS).write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError):
        write_period(tmp_path, "seal-2026.pem", "until", UNTIL)
    assert (tmp_path / PERIODS).read_bytes() == text.encode("latin-1")


def test_what_stops_seals_no_more_and_counts_on(tmp_path: Path) -> None:
    write_issuers(tmp_path, [pki().seal.certificate])
    (name,) = [one.name for one in tmp_path.iterdir()]
    write_period(tmp_path, name, "stops", NOW)
    (pinned,) = load_seals(tmp_path)
    assert pinned.covers(NOW)
    assert not pinned.covers(STOPS)
    assert pinned.until == pki().seal.certificate.not_valid_after_utc
    write_period(tmp_path, name, "until", NOW.replace(year=NOW.year - 1))
    with pytest.raises(ConfigurationError, match="before it stops sealing"):
        load_seals(tmp_path)


@pytest.mark.parametrize("key", ["stops", "until"])
def test_an_end_is_never_moved_to_later(tmp_path: Path, key: str) -> None:
    assert write_period(tmp_path, "seal-2026.pem", key, STOPS) == STOPS
    written = (tmp_path / PERIODS).read_bytes()
    assert write_period(tmp_path, "seal-2026.pem", key, UNTIL) == STOPS
    assert (tmp_path / PERIODS).read_bytes() == written
