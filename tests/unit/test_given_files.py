"""A file that an operator names is read whole, or refused in a line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file
from notigateway.settings import load_settings


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    large.touch()
    os.truncate(large, 33 * 2**20)
    for file, said in (
        (pipe, f"cannot read {pipe}: it is a pipe or a device, and no file"),
        (Path("/dev/full"), "cannot read /dev/full: it is a pipe or a device, and no file"),
        (large, f"cannot read {large}: it is larger than 33554432 bytes"),
        (tmp_path, f"cannot read {tmp_path}: Is a directory"),
        (tmp_path / "absent", f"cannot read {tmp_path / 'absent'}: No such file or directory"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            read_file(file)
        assert refused.value.detail == said


def test_what_a_shell_hands_over_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"a certificate")
    os.close(writing)
    try:
        assert read_file(Path(f"/dev/fd/{reading}")) == b"a certificate"
    finally:
        os.close(reading)


def test_brackets_too_deep_are_said_with_the_name_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "notigateway.toml"
    file.write_text("clients = " + "[" * 50_000 + "]" * 50_000)
    with pytest.raises(ConfigurationError) as refused:
        load_settings(file)
    assert refused.value.detail.startswith(f"{file} is not TOML: ")
