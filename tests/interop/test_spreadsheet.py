"""A workbook that `archive export --xlsx` wrote is opened by LibreOffice, and says what `--csv` says."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from typer.testing import CliRunner

from notigateway.client.archive.commands import archive_app
from notigateway.client.archive.index import Index
from notigateway.client.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.interop
SOFFICE = shutil.which("soffice")
SECONDS = 180
# As CSV: UTF-8, commas, every cell as it is shown.
FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
SUBJECTS = (
    "Reclamación de deuda, nº 1",
    '=HYPERLINK("http://evil.example";"pay")',
    "dice «así» & más",
    "-1+1",
)


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not here")
def test_another_program_reads_in_a_workbook_what_the_csv_says(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    for code, subject in enumerate(SUBJECTS, start=1):
        folder = archive / "B00000000" / "2026" / str(code)
        folder.mkdir(parents=True)
        (folder / "notification.json").write_text(json.dumps(described(code, subject)), "utf-8")
    with Spool(archive, looks=False) as spool, closing(Index(spool)) as index:
        index.open()
        index.settle()
    export(archive, "--xlsx", tmp_path / "table.xlsx")
    export(archive, "--csv", tmp_path / "ours.csv", "--comma")
    profile = (tmp_path / "profile").as_uri()
    assert SOFFICE is not None
    command = [SOFFICE, f"-env:UserInstallation={profile}", "--headless", "--convert-to", FILTER]
    subprocess.run(
        [*command, "--outdir", str(tmp_path), str(tmp_path / "table.xlsx")],
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    ours, theirs = rows(tmp_path / "ours.csv"), rows(tmp_path / "table.csv")
    assert len(ours) == len(SUBJECTS) + 1
    assert theirs == [[as_shown(cell) for cell in row] for row in ours]


def export(archive: Path, form: str, output: Path, *more: str) -> None:
    done = CliRunner().invoke(
        archive_app, ["export", str(archive), form, "--output", str(output), *more], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output


def rows(file: Path) -> list[list[str]]:
    head, *others = csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline=""))
    flags = {head.index(name) for name in ("is_proven", "has_content", "special_category")}
    told = {"TRUE": "1", "FALSE": "0"}
    return [head, *([told.get(c, c) if n in flags else c for n, c in enumerate(row)] for row in others)]


def as_shown(cell: str) -> str:
    """Return a cell of our CSV as a workbook shows it, where a text like a formula needs no mark."""
    return cell[1:] if cell[:1] == "'" else cell


def described(code: int, subject: str) -> dict[str, object]:
    return {
        "format": 1,
        "code": code,
        "id": str(UUID(int=code)),
        "kind": "notification",
        "subject": subject,
        "reference": f"0{code}",
        "issuing_body": {"issuer_id": "EA0041485", "acronym": "TGSS", "name": "Tesorería"},
        "procedure": "203546",
        "matter": "collection",
        "addressee": {"identifier": "B00000000", "name": "Peñas y Cía SL"},
        "ccc": "01123456742",
        "role": "red",
        "state": "accepted",
        "available_at": "2026-06-01T08:00:00.000Z",
        "deadline": "2026-06-11T22:00:00.000Z",
        "document_count": 1,
        "special_category": False,
        "documents": [{"file": "1-acto.pdf", "sha256": "a" * 64}],
        "receipts": [],
        "former": [],
        "decision": {"state": "accepted", "at": "2026-12-02T08:00:07.000Z", "receipt_id": str(UUID(int=9))},
        "kept_since": "2026-06-01T08:00:00.000Z",
        "stored_at": "2026-06-01T08:00:00.000Z",
    }
