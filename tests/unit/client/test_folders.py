"""Templates of folders: what they resolve to, and what leads out of an archive or into one folder twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notigateway.client import wire
from notigateway.client.errors import FolderTemplateError
from notigateway.client.file_names import safe_part, safe_piece
from notigateway.client.folders import DEFAULT, FolderTemplate
from notigateway.client.values import Notification
from service_simulator import Item

ROW = wire.read(Notification, Item(code=7, id="01931e7c-5c00-7cc3-98c4-dc0c0c07398f").metadata())


@pytest.mark.parametrize(
    ("template", "folder"),
    [
        (DEFAULT, "B00000000/2026/7"),
        ("{nif} {name}/{year}-{month}/{body} {code}", "B00000000 Ejemplo SL/2026-11/TGSS 7"),
        ("clients/{nif}/{matter}/{id}", "clients/B00000000/collection/01931e7c-5c00-7cc3-98c4-dc0c0c07398f"),
        ("{ccc}/{naf}/{code}", "none/none/7"),
    ],
)
def test_a_template_says_where_a_folder_stands(template: str, folder: str) -> None:
    assert FolderTemplate.parse(template).folder_of(ROW) == folder


@pytest.mark.parametrize(
    ("template", "matter", "folder"),
    [
        ("{matter}/{id}", "archive.db", "_archive.db"),
        ("{matter}/{id}", "Archive.DB-wal", "_Archive.DB-wal"),
        ("{matter}/{id}", ".cursor", "cursor"),
        ("{matter}/{id}", f"7-{ROW.id}", f"_7-{ROW.id}"),
        ("{nif}/{matter}/{id}", "notification.json", "B00000000/_notification.json"),
        ("{nif}/{matter}/{id}", "archive.db", "B00000000/archive.db"),
    ],
)
def test_no_value_becomes_a_name_of_the_archive_itself(template: str, matter: str, folder: str) -> None:
    row = replace(ROW, matter=matter)
    assert FolderTemplate.parse(template).folder_of(row) == f"{folder}/{ROW.id}"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("../{code}", "lead out"),
        ("{nif}/../{code}", "lead out"),
        ("/srv/{code}", "begins or ends with /"),
        ("{nif}//{code}", "begins or ends with /"),
        ("{code}/", "begins or ends with /"),
        ("", "begins or ends with /"),
        (".hidden/{code}", "hide the folder"),
        ("C:\\{code}", "every computer"),
        ("CON/{code}", "every computer"),
        ("com1.txt/{code}", "every computer"),
        ("clients./{code}", "every computer"),
        ("clients /{code}", "every computer"),
        ("a\x00b/{code}", "every computer"),
        ("archive.db/{code}", "files of the archive"),
        ("{nif}/{client}/{code}", r"\{client\} is no word"),
        ("{}/{code}", "is no word"),
        ("{nif/{code}", "a brace"),
        ("{nif}/{year}", r"without \{code\} or \{id\}"),
        ("{name}/{code}", "two clients may have one name"),
        ("a/b/c/d/e/f/g/h/{code}", "deeper than 8"),
    ],
)
def test_a_template_that_escapes_or_mixes_is_refused(template: str, why: str) -> None:
    with pytest.raises(FolderTemplateError, match=why) as refusal:
        FolderTemplate.parse(template)
    assert (refusal.value.code, refusal.value.exit_code) == ("FOLDER_TEMPLATE", 2)


@given(st.text(max_size=200))
@example("../../etc")
@example("CON")
@example("com1.txt")
@example("lpt² .x")
@example("trailing. . ")
@example(".hidden")
@example("a/b\\c:d|e\0f\u202e")
@example("ñ" * 300)
def test_whatever_a_name_is_it_is_one_folder_on_every_computer(name: str) -> None:
    row = replace(ROW, addressee=replace(ROW.addressee, name=name))
    folder = FolderTemplate.parse("{name}/{nif}/{code}").folder_of(row)
    first, *others = PurePosixPath(folder).parts
    assert others == ["B00000000", "7"]
    assert first == safe_part(safe_piece(first))
    assert not first.startswith(".")
    assert first[-1] not in ". "
    assert not set(first) & set('<>:"/\\|?*\0')
    assert len(first.encode()) <= 120
    assert first.partition(".")[0].strip().lower() not in {"con", "nul", "aux", "prn", "com1", "lpt²"}
