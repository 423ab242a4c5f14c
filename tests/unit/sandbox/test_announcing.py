from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import ConfigurationError
from notigateway.sandbox.announcing import announcing

if TYPE_CHECKING:
    from pathlib import Path

SAID = {"base": "http://127.0.0.1:1", "subject": "Resolución"}


def test_the_file_has_the_json_of_the_line_until_the_end(tmp_path: Path) -> None:
    lines: list[str] = []
    file = tmp_path / "not" / "there yet" / "ready.json"
    with announcing(lines.append, file) as announce:
        assert not file.exists()
        announce(SAID)
        assert json.loads(file.read_text("utf-8")) == json.loads(lines[0].removeprefix("READY ")) == SAID
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [one.name for one in file.parent.iterdir()] == ["ready.json"]
    assert not file.exists()
    assert len(lines) == 1


def test_what_an_earlier_one_left_behind_is_gone_before_anything_is_made(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    file.write_text("{}", "utf-8")
    with announcing(print, file):
        assert not file.exists()


def test_a_worker_that_ends_leaves_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    with announcing(lambda _: None, file) as announce:
        announce(SAID)
        starter, pid = os.getpid(), os.fork()
        if pid:
            assert os.waitpid(pid, 0)[1] == 0
            assert file.exists()
    if os.getpid() != starter:
        os._exit(0)
    assert not file.exists()


def test_without_a_file_there_is_the_line_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with announcing(print, None) as announce:
        announce(SAID)
    assert capsys.readouterr().out.startswith("READY {")


@pytest.mark.parametrize("name", ["folder", "file/ready.json"])
def test_a_file_that_cannot_be_written_is_named_at_the_start(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match=rf"cannot use \S+/{name}: "),
        announcing(print, tmp_path / name),
    ):
        raise AssertionError
