"""The address of a gateway that runs, read from settings that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notigateway.health.named_address import find_named_address

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT = "127.0.0.1:8081"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ('no_such = 1\noperations_address = "127.0.0.1:9"\n', "127.0.0.1:9"),
        ("mode =\noperations_address = '127.0.0.1:9' # here\n", "127.0.0.1:9"),
        ('operations_address = "127.0.0.1:9"\noperations_address = "127.0.0.1:9"\n', "127.0.0.1:9"),
        ('operations_address = "127.0.0.1"\n', DEFAULT),
        ("operations_address = 9\n", DEFAULT),
        ("mode =\noperations_address = nowhere\n", DEFAULT),
        ('operations_address = ""\n', DEFAULT),
        ("a = " + "[" * 5000, DEFAULT),
        ("\xff", DEFAULT),
    ],
)
def test_what_can_be_read_of_it_counts(tmp_path: Path, text: str, address: str) -> None:
    file = tmp_path / "notigateway.toml"
    file.write_text(text, "latin-1")
    assert find_named_address(file) == address


def test_the_environment_wins_and_a_file_need_not_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "notigateway.toml"
    assert find_named_address(file) == find_named_address(None) == DEFAULT
    monkeypatch.setenv("NOTIGATEWAY_OPERATIONS_ADDRESS", "127.0.0.1:7")
    file.write_text('operations_address = "127.0.0.1:9"\n')
    assert find_named_address(file) == find_named_address(None) == "127.0.0.1:7"
