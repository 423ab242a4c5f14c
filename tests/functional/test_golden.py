"""Every answer, fault and receipt is, byte for byte, what it was: see `golden` for how the files are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from golden import CHAPTERS, FAULTS, FILES, FOLDER, difference, faults, in_test, played
from notigateway.errors import catalogue
from notigateway.soap.wscn.environment import PRODUCTION, TEST
from stack import CONTRACT, ISSUING_CONTRACT
from wscn import CONTENTS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_answered_as_before(name: str, database_url: str, tmp_path: Path) -> None:
    found = difference(name, played(name, database_url, tmp_path).chapter())
    assert not found, f"\n{found}"


def test_every_error_is_told_as_before() -> None:
    found = difference(FAULTS, faults())
    assert not found, f"\n{found}"
    assert faults(TEST) == in_test(faults(PRODUCTION))


def test_the_files_are_those_of_the_chapters() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {*(FILES.get(name, name) for name in CHAPTERS), FAULTS}


def test_every_operation_is_in_a_file() -> None:
    text = "".join(file.read_text("utf-8") for file in FOLDER.iterdir())
    operations = CONTRACT.operations | ISSUING_CONTRACT.operations | set(CONTENTS)
    assert not [name for name in operations if f"{name}Response" not in text]


def test_every_code_is_in_the_file_of_faults() -> None:
    text = (FOLDER / f"{FAULTS}.txt").read_text("utf-8")
    assert not [entry.code for entry in catalogue() if f"=== {entry.code}: " not in text]
